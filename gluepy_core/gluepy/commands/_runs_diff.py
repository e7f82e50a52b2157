"""``gluepy runs diff``: two runs side by side, and what is different between them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from gluepy.commands._output import drawing_width, format_option, note, print_document, print_result
from gluepy.commands._runs_options import run_argument
from gluepy.commands._setup import is_quiet
from gluepy.utils.text import cells, escape, format_duration, pad
from gluepy.views.words import status_word

__all__ = ["diff"]

Row = Mapping[str, Any]

_GAP = "  "
#: With fewer columns the values of two runs stand below each other.
_MIN_WIDTH = 60
_MAX_NAME = 30
_MAX_VALUE = 60
_MIN_VALUE = 12
_COLORS = ("red", "green")


@click.command("diff")
@run_argument("a")
@run_argument("b")
@click.option("--all", "is_whole", is_flag=True, help="Show also what is equal.")
@format_option("text", "json")
def diff(a: str, b: str, *, is_whole: bool, form: str) -> None:
    """Compare two runs: how they ended, code, plugins, context, times and metrics.

    A and B are runs: the id of one or the beginning of it, a run folder, @last, or @-2 for the one
    before the last. Durations count as equal that differ by less than a tenth.
    """
    from gluepy.views import diff_view

    document = diff_view(a, b)
    if form == "json":
        print_document(document)
        return
    rows = [row for row in document["rows"] if is_whole or not row["is_equal"]]
    ids = [run["run_id"] for run in document["runs"]]
    width = drawing_width()
    render = _side_by_side if width >= _MIN_WIDTH else _stacked
    print_result("\n".join(render(ids, rows, width)))
    hidden = len(document["rows"]) - len(rows)
    if not is_quiet():
        if not rows:
            note("There is no difference.")
        elif hidden:
            note(f"{hidden} equal; --all shows them.")


def _side_by_side(ids: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[str]:
    """Iterate over the lines of a table; what is too long for its column goes on below."""
    table = [
        (row["section"], escape(row["name"]), _text(row, "a"), _text(row, "b"), _change(row))
        for row in rows
    ]
    columns = [["", "", *ids, ""], *table]
    longest = [max(cells(row[place]) for row in columns) for place in range(5)]
    section, name, change = longest[0], min(longest[1], _MAX_NAME), longest[4]
    room = width - section - name - change - 4 * len(_GAP)
    value = max(min(room // 2, max(longest[2:4]), _MAX_VALUE), _MIN_VALUE)
    widths = [section, name, value, value, change]
    # The beginning of an id names a run as well.
    yield from _lines(("", "", *(run_id[:value].rstrip("-") for run_id in ids), ""), widths)
    before = ""
    for row in table:
        yield from _lines(("" if row[0] == before else row[0], *row[1:]), widths)
        before = row[0]


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [
        textwrap.wrap(cell, max(width, 1), break_on_hyphens=False) or [""]
        for cell, width in zip(row, widths, strict=True)
    ]
    for number in range(max(map(len, wrapped))):
        parts = [
            pad(lines[number] if number < len(lines) else "", width)
            for lines, width in zip(wrapped, widths, strict=True)
        ]
        yield _GAP.join(parts).rstrip()


def _stacked(ids: Sequence[str], rows: Sequence[Row], width: int) -> Iterator[str]:
    yield from (f"{sign} {escape(run_id)}" for sign, run_id in zip("-+", ids, strict=True))
    for row in rows:
        yield " ".join(filter(None, [row["section"], escape(row["name"]), _change(row)]))
        for sign, key, color in zip("-+", "ab", _COLORS, strict=True):
            for line in textwrap.wrap(_text(row, key), width - 4, break_on_hyphens=False):
                text = f"{sign} {line}"
                yield f"  {text if row['is_equal'] else click.style(text, fg=color)}"
                sign = " "  # noqa: PLW2901 - of the lines after the first


def _text(row: Row, key: str) -> str:
    value = row[key]
    if value is None:
        return "-"
    place = row["section"], row["name"]
    if isinstance(value, float) and (row["section"] == "steps" or place == ("run", "took")):
        return format_duration(value)
    if row["section"] == "steps" or place == ("run", "status"):
        status, _, why = value.partition(" ")
        return escape(f"{status_word(status)} {why}".rstrip())
    if row["section"] == "git":
        commit, _, rest = str(value).partition(" ")
        return escape(f"{commit[:12]} {rest}".rstrip())
    if row["section"] == "metrics" and isinstance(value, float):
        return f"{value:.6g}"
    return escape(value) if isinstance(value, str) else escape(json.dumps(value))


def _change(row: Row) -> str:
    change = row["change"]
    if change is None or row["is_equal"]:
        return ""
    return f"{change:+.0%}" if abs(change) >= 0.01 else f"{change:+.2%}"  # noqa: PLR2004 - one per cent
