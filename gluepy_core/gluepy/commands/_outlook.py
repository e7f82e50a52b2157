"""What is going on in a run, and how long it will take, from what is known of earlier runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from gluepy import RunInfo, TaskInfo
from gluepy.exec.plan import split_label
from gluepy.utils.text import cells, escape, format_about, format_duration, pad, shorten

__all__ = ["Outlook", "render_progress"]

Clock = Callable[[], float]

_BAR_CELLS = 12


class Outlook:
    """A run that is going on.

    Args:
        run: The run.
        clock: Tells the time in seconds, and never goes back.

    Attributes:
        run: The run.
        running: The attempts that are going on, with the time when each began, by label.
        medians: How long each step takes usually.
    """

    def __init__(self, run: RunInfo, *, clock: Clock = time.monotonic) -> None:
        self.run = run
        self.running: dict[str, tuple[TaskInfo, float]] = {}
        self.medians: Mapping[str, float] = {}
        self._clock = clock
        self._start = clock()
        self._ended: set[str] = set(run.done)
        self._seen: set[str] = set(run.done)
        self._ends: dict[str, float] = {}
        self._at_once = 1

    def begin(self, task: TaskInfo) -> float:
        """An attempt begins; return how long ago the one before ended, or 0."""
        now = self._clock()
        self.running[task.label] = task, now
        self._seen.add(task.label)
        self._at_once = max(self._at_once, len(self.running))
        return now - self._ends.pop(task.label, now)

    def end(self, task: TaskInfo, *, is_good: bool) -> None:
        """An attempt has ended."""
        self.running.pop(task.label, None)
        if is_good:
            self._ended.add(task.label)
        else:
            self._ends[task.label] = self._clock()

    @property
    def elapsed_s(self) -> float:
        """How long the run goes on."""
        return self._clock() - self._start

    def elapsed(self) -> dict[str, float]:
        """Return how long each attempt goes on, the one that began first first."""
        now = self._clock()
        # A copy, as steps begin and end in another thread.
        return {label: now - start for label, (_, start) in self.running.copy().items()}

    def expected_s(self, label: str) -> float | None:
        """Return how long a step takes usually; of a task with partitions, all those to come."""
        if label in self.medians:
            return self.medians[label]
        parts = self._parts(label)
        return sum(parts.values()) if parts else None

    def left_s(self) -> float | None:
        """Return how long the run will still take; None if that is not known of every step."""
        elapsed = self.elapsed()
        single, together = 0.0, 0.0
        for label, seconds in elapsed.items():
            expected = self.expected_s(label)
            if expected is None:
                return None
            single = max(single, expected - seconds)
            together += max(0.0, expected - seconds)
        for label in self.run.steps:
            if label in self._ended or label in elapsed:
                continue
            expected = self.expected_s(label)
            if expected is None:
                return None
            together += expected
        return max(single, together / self._at_once)

    def done_count(self) -> int:
        """Return how many steps of the plan have ended well."""
        return sum(label in self._ended for label in self.run.steps)

    def _parts(self, label: str) -> dict[str, float]:
        """Return how long the partitions of a task take that have not begun yet."""
        return {
            known: seconds
            for known, seconds in self.medians.items()
            if known not in self._seen and split_label(known)[0] == label and known != label
        }


def render_progress(
    outlook: Outlook, width: int, *, label_width: int, place: Callable[[int], str], unicode: bool
) -> str:
    """Return the line that tells what is going on.

    Args:
        outlook: Of the run.
        width: So many columns at most.
        label_width: Of the column of labels.
        place: Gives the column of places for the index of a step.
        unicode: Whether the terminal can show more than ASCII.
    """
    mark = "…" if unicode else "..."
    for text in _candidates(outlook, label_width, place, mark, unicode=unicode):
        if cells(text) <= width:
            return text
    return shorten(text, width, mark=mark)


def _candidates(
    outlook: Outlook,
    label_width: int,
    place: Callable[[int], str],
    mark: str,
    *,
    unicode: bool,
) -> Iterator[str]:
    """Iterate over ways to say it, the longest first."""
    so_far = format_duration(outlook.elapsed_s)
    left_s = outlook.left_s()
    left = f", about {format_about(left_s)} left" if left_s else ""
    ends = [f"    {so_far} so far{left}", f"    {so_far}{left}" if left else "", ""]
    ends.insert(0, f"    {_bar(outlook, left_s, unicode=unicode)}{ends[0].removeprefix('  ')}")
    beginnings = [*_beginnings(outlook, label_width, place, mark)]
    yield from (beginnings[0] + end for end in ends[:3])
    for beginning in beginnings[1:]:
        yield from (beginning + end for end in ends[1:])


def _beginnings(
    outlook: Outlook, label_width: int, place: Callable[[int], str], mark: str
) -> Iterator[str]:
    running = outlook.elapsed()
    column = place(max(1, outlook.done_count()))
    if not running:
        yield f"  {column} waiting"
    elif len(running) == 1:
        ((label, seconds),) = running.items()
        entry = outlook.running.get(label)
        head = f"  {place(entry[0].index) if entry else column} running  "
        name = pad(shorten(escape(label), label_width, mark=mark), label_width)
        took = f"{format_duration(seconds):>11}"
        yield f"{head} {name} {took}{_of(outlook, label)}"
        yield f"{head} {name} {took}"
        yield f"{head} {shorten(escape(label), 12, mark=mark)} {format_duration(seconds)}"
    else:
        column = f"{len(running)} running".rjust(len(column))
        parts = [
            (shorten(escape(label), label_width, mark=mark), format_duration(seconds), label)
            for label, seconds in running.items()
        ]
        for number in range(len(parts), 0, -1):
            more = f", {len(parts) - number} more" if number < len(parts) else ""
            shown = parts[:number]
            full = ", ".join(f"{name} {took}{_of(outlook, label)}" for name, took, label in shown)
            yield f"  {column}: {full}{more}"
            yield f"  {column}: {', '.join(f'{name} {took}' for name, took, _ in shown)}{more}"
        yield f"  {column}"


def _of(outlook: Outlook, label: str) -> str:
    expected_s = outlook.expected_s(label)
    return f" of about {format_about(expected_s)}" if expected_s else ""


def _bar(outlook: Outlook, left_s: float | None, *, unicode: bool) -> str:
    """Draw how much is done: of the time where that is known, else of the steps."""
    elapsed_s = outlook.elapsed_s
    if left_s is not None and elapsed_s + left_s > 0:
        share = elapsed_s / (elapsed_s + left_s)
    else:
        share = outlook.done_count() / max(1, len(outlook.run.steps))
    full = round(min(1.0, share) * _BAR_CELLS)
    return ("█" if unicode else "#") * full + ("░" if unicode else "-") * (_BAR_CELLS - full)
