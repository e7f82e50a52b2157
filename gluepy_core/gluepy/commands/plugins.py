"""``gluepy plugins``: what installed distributions contribute, and whether it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gluepy.commands._output import format_option, note, print_json, print_result
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.plugin.contributions import FINE
from gluepy.utils.text import count

if TYPE_CHECKING:
    from gluepy.plugin.contributions import Contribution

__all__ = ["command"]

_NOUNS = {
    "dag": "DAG",
    "task": "task",
    "hook": "hook plugin",
    "command": "command",
    "executor": "executor",
    "storage": "storage",
}


@click.command("plugins")
@click.option("-l", "--long", is_flag=True, help="One line for everything that is contributed.")
@format_option("table", "json")
def command(*, long: bool, form: str) -> None:
    """List installed distributions with what they contribute; nothing is imported."""
    from gluepy.app import get_app

    found = get_app().contributions
    if form == "json":
        content = [{**one.as_dict(), "state_text": one.state_text} for one in found]
        print_json("gluepy.plugins/1", {"contributions": content})
        return
    print_result(_long(found) if long else _short(found))
    if not found and not is_quiet():
        note("No installed distribution contributes anything to Gluepy.")


def _short(found: Sequence[Contribution]) -> str:
    rows = []
    by_source: dict[tuple[str, str, str], list[Contribution]] = {}
    for one in found:
        copy = one.file if one.state == "shadowed" else ""
        by_source.setdefault((one.distribution, one.version, copy), []).append(one)
    for (distribution, version, _), ones in sorted(by_source.items()):
        names = ", ".join(one.name for one in ones if one.kind == "hook")
        rows.append((distribution, version, names or "-", _gives(ones), _state(ones)))
    return render_table(["PACKAGE", "VERSION", "PLUGIN", "GIVES", "STATE"], rows)


def _gives(ones: Sequence[Contribution]) -> str:
    kinds = [one.kind for one in ones]
    parts = [count(kinds.count(kind), noun) for kind, noun in _NOUNS.items() if kind in kinds]
    return ", ".join(parts) or "?"


def _state(ones: Sequence[Contribution]) -> str:
    """Return the one state that all share, or those that are unusual, with their names."""
    states = {one.state_text if one.state not in FINE else "on" for one in ones}
    if len(states) == 1:
        return states.pop()
    unusual = [one for one in ones if one.state not in FINE]
    return "; ".join(dict.fromkeys(f"{one.name}: {one.state_text}" for one in unusual))


def _long(found: Sequence[Contribution]) -> str:
    rows = [
        (
            _NOUNS.get(one.kind, "?"),
            one.name,
            one.distribution,
            one.version,
            one.value,
            one.state_text,
        )
        for one in found
    ]
    return render_table(["KIND", "NAME", "PACKAGE", "VERSION", "TARGET", "STATE"], rows)
