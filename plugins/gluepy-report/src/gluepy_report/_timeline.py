"""When each step of a run was tried: bars along one axis, without the time in which nothing ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from gluepy_report._text import duration

__all__ = ["Bar", "Row", "Timeline", "lay_out"]

#: More rows than these nobody reads; the twin of the page has them all.
MAX_ROWS = 400

_NARROWEST = 0.4
_TICKS = 6
#: A pause is cut out if it takes more than this part of the time in which something ran.
_LONG_PAUSE = 0.5
_SHORTEST_CUT_S = 60.0
#: So much of the axis is left of it.
_LEFT_OF_PAUSE = 0.03
#: So much of the axis a symbol beside a bar takes.
_MARK = 4.0
_WHOLE = 100.0

_Span = tuple[float, float]


class Bar(NamedTuple):
    """One attempt; places are in percent of the axis.

    Attributes:
        status: How it ended.
        start: Where it begins.
        width: How long it is.
        text: What it says to who cannot see it.
        mark: Where its symbol is, as nothing is said by colour alone: ``after`` it, ``before`` it
            where there is no place, or ``inside``.
    """

    status: str
    start: float
    width: float
    text: str
    mark: Literal["after", "before", "inside"]

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.start + self.width


class Row(NamedTuple):
    """A step.

    Attributes:
        label: Of the step.
        step: What the document has of it.
        bars: Its attempts.
        took: What it took, in seconds, or has taken so far.
    """

    label: str
    step: Mapping[str, Any]
    bars: Sequence[Bar]
    took: float | None


class Timeline(NamedTuple):
    """All steps of a run.

    Attributes:
        rows: In the order of the plan.
        ticks: Place and text of the marks of the axis.
        cuts: Where time is left out.
        hidden: How many steps have no row.
    """

    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str]]
    cuts: Sequence[float]
    hidden: int


def lay_out(steps: Mapping[str, Mapping[str, Any]], now: datetime) -> Timeline:
    """Return the bars of steps.

    Args:
        steps: Of ``gluepy.runs.show``, by label.
        now: Until when those take that have not ended.
    """
    shown = _most_telling(steps)
    tries = {label: list(_tries(steps[label], now)) for label in shown}
    spans = [(one[1], one[2]) for some in tries.values() for one in some]
    axis = _Axis(spans)
    rows = [
        Row(label, steps[label], [_bar(axis, *one) for one in some], _took(steps[label], some))
        for label, some in tries.items()
    ]
    return Timeline(rows, axis.ticks(), axis.cuts(), len(steps) - len(shown))


def _took(step: Mapping[str, Any], tries: Sequence[_Try]) -> float | None:
    if step["status"] == "running" and tries:
        _, start, end = tries[-1]
        return end - start
    seconds: float | None = step["seconds"]
    return seconds


def _most_telling(steps: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return which steps get a row: all, or else those that have not succeeded before others."""
    if len(steps) <= MAX_ROWS:
        return list(steps)
    first = [label for label, step in steps.items() if step["status"] not in _QUIET]
    rest = [label for label, step in steps.items() if step["status"] in _QUIET]
    chosen = set([*first, *rest][:MAX_ROWS])
    return [label for label in steps if label in chosen]


_QUIET = frozenset({"succeeded", "skipped", "planned"})

_Try = tuple[str, float, float]


def _tries(step: Mapping[str, Any], now: datetime) -> Iterator[_Try]:
    """Yield status, begin and end of each attempt that has begun."""
    for one in step.get("tries") or [step]:
        if not one["started_at"]:
            continue
        start = datetime.fromisoformat(one["started_at"])
        end = _end(one, start, now)
        yield one["status"], start.timestamp(), max(end, start).timestamp()


def _end(one: Mapping[str, Any], start: datetime, now: datetime) -> datetime:
    """Return when an attempt ended: durations come from a better clock than moments do."""
    if one["seconds"] is not None:
        return start + timedelta(seconds=one["seconds"])
    if one["ended_at"]:
        return datetime.fromisoformat(one["ended_at"])
    return now if one["status"] == "running" else start


def _bar(axis: _Axis, status: str, start: float, end: float) -> Bar:
    left, right = axis.place(start), axis.place(end)
    width = max(right - left, _NARROWEST)
    left = min(left, 100 - width)
    text = f"{status}, {duration(end - start)}"
    return Bar(status, round(left, 3), round(width, 3), text, _mark(left, left + width))


def _mark(left: float, right: float) -> Literal["after", "before", "inside"]:
    if right < _WHOLE - _MARK:
        return "after"
    return "before" if left > _MARK else "inside"


class _Axis:
    """Puts moments into percent; long pauses in which nothing ran are cut out."""

    def __init__(self, spans: Iterable[_Span]) -> None:
        self._busy = list(_merged(sorted(spans)))
        work = sum(end - start for start, end in self._busy)
        self._pause = max(work * _LEFT_OF_PAUSE, 1e-3)
        longest = max(work * _LONG_PAUSE, _SHORTEST_CUT_S)
        # Where each time of work begins in reality and on the axis.
        self._parts: list[tuple[float, float, float]] = []
        self._cuts: list[float] = []
        place = 0.0
        for number, (start, end) in enumerate(self._busy):
            if number:
                gap = start - self._busy[number - 1][1]
                if gap > longest:
                    self._cuts.append(place + self._pause / 2)
                place += self._pause if gap > longest else gap
            self._parts.append((start, end, place))
            place += end - start
        self._whole = place or 1.0

    def place(self, moment: float) -> float:
        """Return where a moment is, of those in which something ran."""
        for start, end, place in self._parts:
            if start <= moment <= end:
                return (place + moment - start) / self._whole * 100
        raise ValueError(f"nothing ran at {moment}")

    def ticks(self) -> list[tuple[float, str]]:
        """Return marks at round times."""
        if not self._parts:
            return []
        step = _round_step(self._whole / _TICKS)
        amount = int(self._whole / step)
        marks = [number * step for number in range(amount + 1)]
        return [(round(one / self._whole * 100, 3), duration(one)) for one in marks]

    def cuts(self) -> list[float]:
        """Return where time is left out."""
        return [round(one / self._whole * 100, 3) for one in self._cuts]


def _merged(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Yield the times in which something ran; the spans are sorted."""
    first: _Span | None = None
    for start, end in spans:
        if first is None:
            first = (start, end)
        elif start <= first[1]:
            first = (first[0], max(first[1], end))
        else:
            yield first
            first = (start, end)
    if first is not None:
        yield first


def _round_step(seconds: float) -> float:
    """Return the least of the round durations that is not shorter."""
    for step in _STEPS_S:
        if step >= seconds:
            return step
    return -(-seconds // _DAY_S) * _DAY_S


_DAY_S = 86400.0
_STEPS_S = (
    *(base * 10.0**power for power in range(-4, 1) for base in (1, 2, 5)),
    *(10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0),
    *(3600.0, 7200.0, 14400.0, 21600.0, 43200.0, _DAY_S),
)
