"""A run drawn as bars over time, one line per step, in as many columns as there are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from gluepy.exec.partitions import split_label
from gluepy.utils.text import cells, escape, format_duration, pad, shorten
from gluepy.views.words import status_word

__all__ = ["Line", "fold", "render_timeline"]

#: Partitions of a task that are more than this are drawn as one line.
_MAX_PARTITIONS = 10

# A cell that is filled from the left: by no, one, two, ... eight eighths.
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_RIGHT_HALF = "▐"

_MIN_BARS = 8
_MIN_LABEL = 8
_MAX_BARS = 100
_GAP = "  "


class Line(NamedTuple):
    """What is drawn of a step, or of the partitions of a task together.

    Attributes:
        label: Of the step or task.
        took: How long it took, as text.
        note: What is to be said of it; empty where all is well.
        spans: When its attempts began and ended.
    """

    label: str
    took: str
    note: str
    spans: tuple[tuple[datetime, datetime], ...]


# -- lines -----------------------------------------------------------------------------------------


def fold(
    steps: Mapping[str, Mapping[str, Any]], now: datetime, *, is_whole: bool
) -> Iterator[Line]:
    """Iterate over the lines for the steps of a run, in order.

    Args:
        steps: As `gluepy.views.run_view` has them.
        now: Until when a step that is running has come.
        is_whole: Whether to draw each partition of a task, however many there are. Else those that
            did not succeed stand alone where there are many.
    """
    by_task: dict[str, list[str]] = {}
    for label in steps:
        by_task.setdefault(split_label(label)[0], []).append(label)
    for task, labels in by_task.items():
        if is_whole or len(labels) <= _MAX_PARTITIONS:
            shown = labels
        else:
            yield _together(task, {one: steps[one] for one in labels}, now)
            odd = [one for one in labels if steps[one]["status"] not in {"succeeded", "planned"}]
            shown = odd[:_MAX_PARTITIONS]
        for label in shown:
            yield _alone(label, steps[label], now)


def _alone(label: str, step: Mapping[str, Any], now: datetime) -> Line:
    status, seconds, attempts = step["status"], step["seconds"], step["attempts"]
    notes = [
        "" if status == "succeeded" else status_word(status),
        f"attempt {attempts}" if attempts > 1 else "",
    ]
    return Line(
        escape(label),
        "" if seconds is None else format_duration(seconds),
        ", ".join(note for note in notes if note),
        tuple(_spans(step, now)),
    )


def _together(task: str, steps: Mapping[str, Mapping[str, Any]], now: datetime) -> Line:
    spans = [span for step in steps.values() for span in _spans(step, now)]
    numbers = Counter(step["status"] for step in steps.values())
    note = ", ".join(f"{number} {status_word(status)}" for status, number in numbers.items())
    if not spans:
        return Line(f"{escape(task)}[*]", "", note, ())
    whole = min(start for start, _ in spans), max(end for _, end in spans)
    took = (whole[1] - whole[0]).total_seconds()
    return Line(f"{escape(task)}[*]", format_duration(took), note, (whole,))


def _spans(step: Mapping[str, Any], now: datetime) -> Iterator[tuple[datetime, datetime]]:
    for one in step["tries"]:
        start = datetime.fromisoformat(one["started_at"])
        if one["status"] == "running":
            end = now
        elif one["seconds"] is not None:
            end = start + timedelta(seconds=one["seconds"])
        else:
            end = datetime.fromisoformat(one["ended_at"] or one["started_at"])
        yield start, max(start, end)


# -- bars ------------------------------------------------------------------------------------------


def render_timeline(
    lines: Sequence[Line],
    sessions: Iterable[tuple[datetime, datetime]],
    width: int,
    *,
    is_ascii: bool,
) -> list[tuple[str, str]]:
    """Return for each line its text without its note, and the note.

    The times between sessions are left out: a run that is resumed after a night still has bars.

    Args:
        lines: What to draw.
        sessions: When each session began and ended.
        width: Columns that a text and its note have together.
        is_ascii: Whether to do without block characters.
    """
    scale = _Scale(sessions)
    label_width = min(max((cells(line.label) for line in lines), default=0), max(width // 3, 12))
    took_width = max((len(line.took) for line in lines), default=0)
    note_width = max((len(line.note) for line in lines), default=0)
    bars = width - label_width - took_width - note_width - len(_GAP) * (4 if note_width else 3)
    bars = min(bars, _MAX_BARS)
    if bars < _MIN_BARS:
        rest = width - took_width - note_width - len(_GAP) * 3
        label_width = min(label_width, max(rest, _MIN_LABEL))
    drawn = []
    for line in lines:
        label = pad(shorten(line.label, label_width, mark=".." if is_ascii else "…"), label_width)
        text = f"{_GAP}{label}{_GAP}{line.took:>{took_width}}"
        if bars >= _MIN_BARS:
            bar = _bar([scale.part(span) for span in line.spans], bars, is_ascii=is_ascii)
            text = f"{text}{_GAP}{bar}"
        drawn.append((text, line.note))
    return drawn


class _Scale:
    """Places moments between 0 and 1, without the times between sessions."""

    def __init__(self, sessions: Iterable[tuple[datetime, datetime]]) -> None:
        self._parts = [(start, max(start, end)) for start, end in sessions]
        self._total_s = math.fsum((end - start).total_seconds() for start, end in self._parts)

    def part(self, span: tuple[datetime, datetime]) -> tuple[float, float]:
        return self._place(span[0]), self._place(span[1])

    def _place(self, moment: datetime) -> float:
        before_s = 0.0
        for start, end in self._parts:
            # Clocks of machines differ: what lies outside is put at the edge.
            before_s += (min(max(moment, start), end) - start).total_seconds()
        return before_s / self._total_s if self._total_s else 0.0


def _bar(spans: Sequence[tuple[float, float]], width: int, *, is_ascii: bool) -> str:
    row = [" "] * width
    for start, end in spans:
        _fill(row, start * width, end * width, is_ascii=is_ascii)
    return "".join(row)


def _fill(row: list[str], start: float, end: float, *, is_ascii: bool) -> None:
    """Fill the cells from one place to another; what is short is still to be seen."""
    first = min(int(start), len(row) - 1)
    last = min(int(end), len(row) - 1)
    if is_ascii:
        row[first : last + 1] = "#" * (last + 1 - first)
        return
    eighths = round((min(end, len(row)) - last) * 8)
    if first == last:
        row[first] = _EIGHTHS[max(eighths, 1)]
        return
    row[first] = _EIGHTHS[8] if start - first < 0.5 else _RIGHT_HALF  # noqa: PLR2004 - half a cell
    row[first + 1 : last] = _EIGHTHS[8] * (last - first - 1)
    if eighths:
        row[last] = _EIGHTHS[eighths]
