"""Durations, moments, numbers and values as people read them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

__all__ = [
    "change",
    "count",
    "date",
    "duration",
    "flatten",
    "moment",
    "number",
    "plain",
    "short",
    "value",
    "visible",
]

#: Stands for what is not known.
NOTHING = "\N{EN DASH}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_MINUTE_S = 60
_HOUR_S = 3600
_ID_LENGTH = 8
_UUID_LENGTH = 36
#: A ratio beyond this is told as a factor.
_LARGE = 10
#: A change of fewer percent has a digit behind its point.
_TEN_PERCENT = 10
_LEAST_PERCENT = 0.1
_FOUR_FIGURES = 1e3
_MANY_FIGURES = 1e15
#: What tells a terminal to change its colours.
_STYLE = re.compile(r"\x1b\[[0-9;:]*m")
#: Control characters have no form; others turn the direction of what stands behind them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def duration(seconds: float | None) -> str:
    """Return a duration as people say it: ``12 ms``, ``3.1 s``, ``2 min 01 s``, ``1 h 05 min``."""
    if seconds is None:
        return NOTHING
    if seconds < _MINUTE_S - 0.05:
        return _short_duration(seconds)
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def _short_duration(seconds: float) -> str:
    if seconds == 0:
        return "0 s"
    if round(seconds * 1e6) < 1000:  # noqa: PLR2004 - so many make the next unit
        return f"{seconds * 1e6:.0f} µs"
    if round(seconds * 1e3) < 1000:  # noqa: PLR2004 - as above
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.1f} s"


def moment(text: str | None, form: str = "%-d %b %Y, %H:%M:%S") -> str:
    """Return a moment in ISO form as people write it, in UTC; what is none comes back as it is."""
    try:
        return datetime.fromisoformat(text or "").astimezone(UTC).strftime(form)
    except (ValueError, OverflowError):
        return text or NOTHING


def date(text: str | None) -> str:
    """Return a moment without its year and seconds, as in a list."""
    return moment(text, "%-d %b, %H:%M")


def number(value: object) -> str:
    """Return a number with four figures or all that stand before its point."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= _MANY_FIGURES:
        return f"{value:g}"
    if abs(value) >= _FOUR_FIGURES or float(value).is_integer():
        return f"{value:,.0f}".replace(",", "\N{THIN SPACE}")
    return f"{value:.4g}"


def change(ratio: float | None) -> str:
    """Return by how much something has changed: ``+12 %``, ``+0.2 %``, fourteen times."""
    if ratio is None:
        return ""
    if ratio > _LARGE:
        return f"{_TIMES}{ratio + 1:.0f}"
    percent = ratio * 100
    if 0 < abs(percent) < _LEAST_PERCENT:
        return f"< {_LEAST_PERCENT} %"
    digits = 0 if percent == 0 or abs(percent) >= _TEN_PERCENT else 1
    return f"{percent:+.{digits}f} %".replace("-", "\N{MINUS SIGN}")


def count(amount: int, noun: str) -> str:
    """Return ``1 task`` or ``3 tasks``."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def value(what: object) -> str:
    """Return a value of a document as text: JSON, and text without quotes."""
    return what if isinstance(what, str) else json.dumps(what, ensure_ascii=False, default=str)


def plain(text: str) -> str:
    """Return what was printed for a terminal without its colours."""
    return _STYLE.sub("", text)


def visible(what: object) -> object:
    """Return text with escapes for what cannot be seen, or would hide the rest; else the same."""
    if not isinstance(what, str) or hasattr(what, "__html__"):
        return what
    return _HIDDEN.sub(lambda found: repr(found[0])[1:-1], what)


def short(run_id: str) -> str:
    """Return the beginning of a long id, which is enough to tell runs apart."""
    return run_id[:_ID_LENGTH] if len(run_id) == _UUID_LENGTH else run_id


def flatten(tree: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Yield the leaves of nested tables with their dotted names."""
    for key, item in tree.items():
        name = f"{above}.{key}" if above else str(key)
        if isinstance(item, Mapping) and item:
            yield from flatten(item, name)
        else:
            yield name, item
