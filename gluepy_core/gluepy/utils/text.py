"""Text for people: durations, counts, and what is safe to print on a terminal."""

from __future__ import annotations

__all__ = [
    "cells",
    "count",
    "escape",
    "format_about",
    "format_age",
    "format_duration",
    "format_size",
    "pad",
    "shorten",
    "without_middle",
]

_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400
_KILO = 1000


def escape(text: str) -> str:
    """Return ``text`` with control characters written as escapes, on one line.

    Labels, messages and file names come from others: a line feed could forge a line of output,
    and an escape sequence could command the terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def format_duration(seconds: float) -> str:
    """Return a duration as people say it: ``12 ms``, ``3.1 s``, ``2 min 01 s``, ``1 h 05 min``."""
    if seconds < 0.9995:  # noqa: PLR2004 - below what rounds to 1000 ms
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE_S - 0.05:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def format_age(seconds: float) -> str:
    """Return how long ago something was, in its largest unit: ``3 h ago``; ``just now``."""
    for unit, name in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name} ago"
    return "just now"


def format_about(seconds: float) -> str:
    """Return a duration that is only an estimate: ``45 s``, ``2 min 01 s``."""
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < _MINUTE_S else format_duration(whole)


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes; it has no control characters."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def pad(text: str, width: int) -> str:
    """Return ``text`` with spaces behind it, so that it takes so many columns."""
    return text + " " * (width - cells(text))


def shorten(text: str, width: int, *, mark: str = "…") -> str:
    """Return ``text`` without its middle if it takes more than ``width`` columns.

    Args:
        text: Without control characters.
        width: So many columns at most.
        mark: Stands for what is left out.
    """
    if cells(text) <= width:
        return text
    room = width - cells(mark)
    if room <= 0:
        return mark[: max(0, width)]
    begin, end = text[: (room + 1) // 2], text[len(text) - room // 2 :]
    while cells(begin) + cells(end) > room:  # some characters take two
        begin, end = begin[:-1], end[1:]
    return f"{begin}{mark}{end}"


def format_size(size_bytes: int) -> str:
    """Return a size as people say it: ``312 bytes``, ``4.2 kB``, ``13 MB``."""
    if size_bytes < _KILO:
        return count(size_bytes, "byte")
    size, units = size_bytes / _KILO, ["kB", "MB", "GB", "TB"]
    while size >= _KILO - 0.5 and len(units) > 1:
        size, units = size / _KILO, units[1:]
    digits = 1 if size < 9.95 else 0  # noqa: PLR2004 - two of them say enough
    return f"{size:,.{digits}f} {units[0]}"


def count(number: int, noun: str) -> str:
    """Return ``1 task`` or ``3 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def without_middle(text: str, limit: int) -> str:
    """Leave out the middle of a text that is longer than ``limit`` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters ...] {text[-half:]}"
