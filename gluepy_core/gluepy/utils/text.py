"""Text for people: durations, counts, and what is safe to print on a terminal."""

from __future__ import annotations

__all__ = ["count", "escape", "format_duration"]

_MINUTE_S = 60
_HOUR_S = 3600


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


def count(number: int, noun: str) -> str:
    """Return ``1 task`` or ``3 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
