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
    # Escaping the rows joined, not cell by cell: thousands of clean rows then cost one test.
    cells = [tuple(map(str, row)) for row in rows]
    if not all("".join(row).isprintable() for row in cells):
        cells = [tuple(map(escape, row)) for row in cells]
    table = [tuple(headers), *cells] if any(headers) else cells
    if not table:
        return ""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    numbers = set(right)
    template = _GAP.join(
        f"%{width}s" if place in numbers else f"%-{width}s" for place, width in enumerate(widths)
    )
    return "\n".join([(template % row).rstrip() for row in table])
