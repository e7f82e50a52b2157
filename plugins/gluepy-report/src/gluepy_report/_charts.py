"""Charts of the runs of a DAG: where each bar, dot and line goes.

Across, places are in percent, so that a chart is as wide as its column; down, in pixels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from gluepy_report._text import date, duration, number

__all__ = ["BAR_HEIGHT", "LINE_HEIGHT", "SPARK_HEIGHT", "Bars", "Lines", "Spark", "bars", "lines"]

BAR_HEIGHT = 120
LINE_HEIGHT = 64
SPARK_HEIGHT = 24

#: Kept free for the symbols of what did not succeed.
_FOOT = 14
_DOT = 3.0
#: More bars than these in one small chart cannot be told apart.
_SPARKS = 20
#: Two moments need so much of a chart, in percent.
_LABELS = 50.0
#: So many charts of metrics; the twin of the page has all.
MAX_CHARTS = 24

#: What is, so far, no bad end.
_GOOD = frozenset({"succeeded", "running"})


class Column(NamedTuple):
    """A run as a bar.

    Attributes:
        run: The run, as the document has it.
        x: Where it begins.
        width: Its width.
        y: Its top.
        height: Its height.
        middle: Its middle.
        text: What it says.
    """

    run: Mapping[str, Any]
    x: float
    width: float
    y: float
    height: float
    middle: float
    text: str


class Bars(NamedTuple):
    """How long runs took, and how they ended."""

    columns: Sequence[Column]
    top: str
    middle: str
    first: str
    last: str
    #: Whether the moment of the newest run has a place beside that of the oldest.
    has_room: bool


class Dot(NamedTuple):
    """A value of one run."""

    run: Mapping[str, Any]
    x: float
    y: float
    text: str


class Lines(NamedTuple):
    """A metric from run to run."""

    name: str
    dots: Sequence[Dot]
    segments: Sequence[tuple[float, float, float, float]]
    low: str
    high: str
    newest: str
    first: str
    last: str


class Spark(NamedTuple):
    """The last runs in small: up for those that succeeded or go on, down for all others."""

    columns: Sequence[Column]
    text: str


def bars(runs: Sequence[Mapping[str, Any]]) -> Bars | None:
    """Return the chart of how long runs took; None where there are none.

    Args:
        runs: The oldest first.
    """
    if not runs:
        return None
    longest = max((run["seconds"] or 0.0 for run in runs), default=0.0) or 1.0
    room = BAR_HEIGHT - _FOOT
    columns = [
        _column(runs, place, max((run["seconds"] or 0.0) / longest * room, 1.0), room)
        for place, run in enumerate(runs)
    ]
    ends = date(runs[0]["started_at"]), date(runs[-1]["started_at"])
    return Bars(columns, duration(longest), duration(longest / 2), *ends, columns[-1].x > _LABELS)


def spark(runs: Sequence[Mapping[str, Any]]) -> Spark | None:
    """Return the last runs in small; None where there are none.

    Args:
        runs: The oldest first.
    """
    runs = runs[-_SPARKS:]
    if not runs:
        return None
    longest = max((run["seconds"] or 0.0 for run in runs), default=0.0) or 1.0
    base = SPARK_HEIGHT * 2 / 3
    columns = []
    for place, run in enumerate(runs):
        if run["status"] in _GOOD:
            height = max((run["seconds"] or 0.0) / longest * (base - 1), 2.0)
            columns.append(_column(runs, place, height, base, slots=_SPARKS))
        else:
            low = SPARK_HEIGHT - base - 1
            columns.append(_column(runs, place, low, SPARK_HEIGHT, slots=_SPARKS))
    statuses = Counter(run["status"] for run in runs)
    told = ", ".join(f"{amount} {status}" for status, amount in statuses.most_common())
    return Spark(columns, f"last {len(runs)} runs: {told}" if len(runs) > 1 else f"one run: {told}")


def _column(
    runs: Sequence[Mapping[str, Any]], place: int, height: float, foot: float, *, slots: int = 24
) -> Column:
    run = runs[place]
    slot = 100 / max(len(runs), slots)
    gap = slot * 0.22
    x = place * slot + gap / 2
    text = f"{run['status']}, {date(run['started_at'])}, {duration(run['seconds'])}"
    return Column(
        run,
        x=round(x, 3),
        width=round(slot - gap, 3),
        y=round(foot - height, 3),
        height=round(height, 3),
        middle=round(x + (slot - gap) / 2, 3),
        text=text,
    )


def lines(runs: Sequence[Mapping[str, Any]]) -> tuple[list[Lines], int]:
    """Return a chart for each metric, and how many more there are.

    Args:
        runs: The oldest first.
    """
    names = list(dict.fromkeys(name for run in reversed(runs) for name in run["metrics"]))
    charts = [_line(name, runs) for name in names]
    drawn = [chart for chart in charts if chart is not None]
    return drawn[:MAX_CHARTS], len(drawn[MAX_CHARTS:])


def _line(name: str, runs: Sequence[Mapping[str, Any]]) -> Lines | None:
    """Return the chart of a metric; None if it was never a number."""
    known = [(run, value) for run in runs if (value := _finite(run["metrics"].get(name)))]
    if not known:
        return None
    values = [value[0] for _, value in known]
    low, high = min(values), max(values)
    dots = [
        Dot(
            run,
            round(_across(place, len(known)), 3),
            round(_down(value[0], low, high), 2),
            f"{number(value[0])}, {date(run['started_at'])}",
        )
        for place, (run, value) in enumerate(known)
    ]
    segments = [(a.x, a.y, b.x, b.y) for a, b in pairwise(dots)]
    ends = date(known[0][0]["started_at"]), date(known[-1][0]["started_at"])
    return Lines(name, dots, segments, number(low), number(high), number(values[-1]), *ends)


def _finite(value: object) -> tuple[float] | None:
    """Return a number in a tuple, which is true for 0 as well; None for what cannot be drawn."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (float(value),) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _across(place: int, amount: int) -> float:
    margin = 1.0
    if amount == 1:
        return 50.0
    return margin + place * (100 - 2 * margin) / (amount - 1)


def _down(value: float, low: float, high: float) -> float:
    room = LINE_HEIGHT - 2 * _DOT
    # Halves, because the difference of two large numbers may be infinite.
    part = (value / 2 - low / 2) / (high / 2 - low / 2) if high / 2 > low / 2 else 0.5
    return _DOT + (1 - part) * room
