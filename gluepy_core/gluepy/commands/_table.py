"""Aligned tables, as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gluepy.commands._output import terminal_width
from gluepy.utils.text import cells, escape

__all__ = ["render_facts", "render_table", "wrap"]

_GAP = "  "
_NAME_WIDTH = 10
_MIN_WIDTH = 20


def render_table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[int] = ()
) -> str:
    """Return a table with one line per row; the last column is not padded.

    Args:
        headers: Names of the columns; when all are empty there is no line of headers.
        rows: As many cells as there are headers; control characters in them are escaped.
        right: Numbers of the columns, from 0, that are aligned to the right.
    """
    # Column by column, not cell by cell: thousands of clean cells then cost one test.
    columns = [list(map(str, column)) for column in zip(*rows, strict=True)]
    columns = [
        column if "".join(column).isprintable() else list(map(escape, column)) for column in columns
    ]
    if any(headers):
        columns = columns or [[] for _ in headers]
        columns = [[header, *column] for header, column in zip(headers, columns, strict=True)]
    if not columns:
        return ""
    numbers = set(right)
    columns = [_aligned(column, is_right=place in numbers) for place, column in enumerate(columns)]
    return "\n".join([_GAP.join(row).rstrip() for row in zip(*columns, strict=True)])


def _aligned(column: Sequence[str], *, is_right: bool) -> list[str]:
    if "".join(column).isascii():
        width = max(map(len, column))
        return [cell.rjust(width) if is_right else cell.ljust(width) for cell in column]
    width = max(map(cells, column))  # some characters take two columns of a terminal
    spaces = [" " * (width - cells(cell)) for cell in column]
    return [
        space + cell if is_right else cell + space
        for cell, space in zip(column, spaces, strict=True)
    ]


def render_facts(facts: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Return a line per text, each after the name of what it says; names are not repeated.

    On a terminal, what is longer than its line goes on below, under its beginning.

    Args:
        facts: Names, each with texts; what is empty is left out.
    """
    lines = []
    start = f"{_GAP}{'':<{_NAME_WIDTH}}"
    for name, texts in facts:
        shown = [line for text in texts if text for line in wrap(escape(text), len(start))]
        lines += [
            f"{_GAP}{'' if place else name:<{_NAME_WIDTH}}{text}"
            for place, text in enumerate(shown)
        ]
    return "\n".join(lines)


def wrap(text: str, indent: int) -> list[str]:
    """Return a text in lines that fit into what a terminal leaves beside an indent.

    Where no terminal reads, it is one line: programs and log files do not want them cut.
    """
    width = terminal_width()
    if width is None or cells(text) <= width - indent:
        return [text]
    import textwrap

    return textwrap.wrap(
        text, max(width - indent, _MIN_WIDTH), break_long_words=False, break_on_hyphens=False
    )
