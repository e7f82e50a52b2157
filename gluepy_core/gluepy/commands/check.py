"""``gluepy check``: whether project, plugins and runs are in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from gluepy.commands._output import format_option, print_document, print_result
from gluepy.commands._table import wrap
from gluepy.commands._types import Seconds
from gluepy.utils.text import count, escape

__all__ = ["command"]

_AREA_WIDTH = 14
_LEVEL_WIDTH = 6
_ENV_WIDTH = 14

_COLORS = {"ok": "green", "warn": "yellow", "FAIL": "red"}


@click.command("check")
@click.option("--strict", is_flag=True, help="Take warnings for failures.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Seconds(min=0, min_open=True),
    default=30,
    show_default=True,
    help="How long each import may take.",
)
@click.option(
    "--env", is_flag=True, help="Print what a bug report needs to say of this environment."
)
@format_option("table", "json")
def command(*, strict: bool, timeout: float, env: bool, form: str) -> int:
    """Check project, plugins and runs; everything that is installed for Gluepy is imported.

    Each import happens in a process of its own. The exit code is 3 if something failed.
    """
    if env:
        _print_environment(form)
        return 0
    from gluepy.views.checks import check_view

    document = check_view(is_strict=strict, limit_s=timeout)
    if form == "json":
        print_document(document)
    else:
        print_result("\n".join([*_lines(document["findings"]), _summary(document)]))
    return 0 if document["is_good"] else 3


def _lines(findings: Iterable[Mapping[str, str]]) -> Iterator[str]:
    area, indent = "", _AREA_WIDTH + _LEVEL_WIDTH
    for one in findings:
        start = one["area"] if one["area"] != area else ""
        area = one["area"]
        level = click.style(f"{one['level']:<{_LEVEL_WIDTH}}", fg=_COLORS[one["level"]])
        first, *rest = wrap(escape(one["text"]), indent) or [""]
        yield f"{start:<{_AREA_WIDTH}}{level}{first}"
        if one["hint"]:
            rest += wrap(escape(f"hint: {one['hint']}"), indent)
        yield from (f"{'':<{indent}}{line}" for line in rest)


def _summary(document: Mapping[str, Any]) -> str:
    failures, warnings = document["failures"], document["warnings"]
    if not failures + warnings:
        return "Everything is in order."
    return f"{count(failures, 'failure')}, {count(warnings, 'warning')}."


def _print_environment(form: str) -> None:
    from gluepy.views.support import environment_view

    document = environment_view()
    if form == "json":
        print_document(document)
        return
    lines = []
    for name, value in document.items():
        texts = _texts(value) if name != "schema" else []
        lines += [
            f"{'' if place else name.replace('_', ' '):<{_ENV_WIDTH}}{escape(text)}"
            for place, text in enumerate(texts)
        ]
    print_result("\n".join(lines))


def _texts(value: Any) -> list[str]:
    """Return what a part of the document says, a line each."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, Mapping):
        return [", ".join(f"{name} {version}" for name, version in value.items())]
    return [" ".join(f"{part}" for part in one.values() if part != "") for one in value] or ["-"]
