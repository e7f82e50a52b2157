"""``gluepy plugins``: what installed distributions contribute, and whether it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from gluepy.commands._output import format_option, note, print_document, print_result
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.utils.text import count

__all__ = ["command"]

_NOUNS = {
    "dag": "DAG",
    "task": "task",
    "hook": "hook plugin",
    "command": "command",
    "executor": "executor",
    "storage": "storage",
}

_Row = Mapping[str, Any]


@click.command("plugins")
@click.option("-l", "--long", is_flag=True, help="One line for everything that is contributed.")
@format_option("table", "json")
def command(*, long: bool, form: str) -> None:
    """List installed distributions with what they contribute; nothing is imported."""
    from gluepy.views.environment import plugins_view

    document = plugins_view()
    if form == "json":
        print_document(document)
        return
    if document["distributions"]:
        print_result(_long(document) if long else _short(document))
    elif not is_quiet():
        note("No installed distribution contributes anything to Gluepy.")


def _short(document: _Row) -> str:
    rows = [
        (", ".join(row["plugins"]) or "-", row["name"], row["version"], _gives(row), row["state"])
        for row in document["distributions"]
    ]
    return render_table(["PLUGIN", "PACKAGE", "VERSION", "GIVES", "STATE"], rows)


def _gives(row: _Row) -> str:
    parts = [
        count(row["hooks"], "hook")
        if kind == "hook" and row["hooks"]
        else count(row["gives"][kind], noun)
        for kind, noun in _NOUNS.items()
        if kind in row["gives"]
    ]
    return ", ".join(parts) or "?"


def _long(document: _Row) -> str:
    rows = [
        (
            _NOUNS.get(row["kind"], "?"),
            row["name"],
            row["distribution"],
            row["version"],
            row["value"],
            f"broken: {row['problem']}" if row["problem"] else row["state_text"],
        )
        for row in document["contributions"]
    ]
    return render_table(["KIND", "NAME", "PACKAGE", "VERSION", "TARGET", "STATE"], rows)
