"""Aligned tables, as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gluepy.utils.text import escape

__all__ = ["render_table"]

_GAP = "  "


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
    widths = [max(map(len, column)) for column in columns]
    numbers = set(right)
    template = _GAP.join(
        f"%{width}s" if place in numbers else f"%-{width}s" for place, width in enumerate(widths)
    )
    return "\n".join([(template % row).rstrip() for row in zip(*columns, strict=True)])
