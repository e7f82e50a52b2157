"""What a person sees of a run: a line per step, what is going on, and why it failed.

The display is a hook plugin like any other, added by the command that runs something.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import click

from gluepy import RunInfo, RunReport, TaskInfo, TaskOutcome, hookimpl
from gluepy.commands._failure import MAX_LINES, render_failure, render_others, short_path
from gluepy.commands._outlook import Outlook, render_progress
from gluepy.commands._output import can_draw, note
from gluepy.commands._progress import ProgressLine, Ticker
from gluepy.engine.output import (
    behind,
    columns_of,
    end_text,
    guard_terminal,
    is_terminal,
    mind_others,
)
from gluepy.exec.plan import split_label
from gluepy.exec.records import Outcome
from gluepy.utils.text import cells, count, escape, format_duration, pad, shorten
from gluepy.views.words import status_word

__all__ = ["RunDisplay", "is_in_ci"]

_COLORS: dict[Outcome, str] = {
    "succeeded": "green",
    "failed": "red",
    "timed-out": "red",
    "interrupted": "yellow",
    "lost": "red",
    "skipped": "cyan",
}
_WIDTH = max(len(status_word(status)) for status in _COLORS)

#: Outcomes after which a run goes on.
_GOOD = ("succeeded", "skipped")

_REDRAW_S = 0.25

# Room for the names of partitions, which become known only during the run.
_MIN_LABEL, _MAX_LABEL = 16, 60

#: What the columns before and behind the label take, less the place of the step.
_OTHER_COLUMNS = 2 + 1 + _WIDTH + 1 + 1 + 11


class RunDisplay:
    """Prints a run as it goes, on standard error.

    On a terminal a line at the bottom tells what is going on; elsewhere, and under continuous
    integration, every line begins with the time, and a step that takes long gives signs of life.

    Args:
        tb: How much of a traceback to show: ``short``, ``full``, ``line`` or ``no``.
        is_quiet: Print nothing but why the run failed and how to go on.
        verbosity: 1 for more: where and how often each step ran, and what it logged.
        heartbeat_s: How often a step that is going on is told of, where nothing is redrawn; 0 for
            never.
        selected_by: The words of the command line that chose the steps of the first run.
        clock: Tells the time in seconds, and never goes back.
    """

    def __init__(
        self,
        *,
        tb: str = "short",
        is_quiet: bool = False,
        verbosity: int = 0,
        heartbeat_s: float = 60.0,
        selected_by: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tb = tb
        self._is_quiet = is_quiet
        self._is_verbose = verbosity > 0
        self._heartbeat_s = heartbeat_s
        self._selected_by = selected_by
        self._clock = clock
        self._first_run = ""
        # By run, as several may go on at once, in threads or within a task.
        self._runs: dict[str, _Shown] = {}
        self._line: ProgressLine | None = None
        self._ticker: Ticker | None = None
        self._lock = threading.Lock()

    # -- hooks -----------------------------------------------------------------------------------

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        """Print which run this is and where its files lie."""
        self._first_run = self._first_run or run.run_id
        self._open(run)
        title, place = _title(run), escape(short_path(run.location))
        if self._line is None or cells(f"{title}  {place}") < columns_of(self._shown(run).stream):
            self._say(f"{title}  {place}")
        else:
            self._say(title)
            self._say(f"  {place}")
        if run.done:
            self._say(f"  {len(run.done)} done before")
        for change in run.changes:
            self._say(escape(f"  other than before: {change}"))

    @hookimpl
    def before_task(self, task: TaskInfo, run: RunInfo) -> None:
        """Print that an attempt begins, where no line is redrawn that tells it."""
        shown = self._shown(run)
        shown.make_room(task.label)
        shown.beats.pop(task.label, None)
        waited_s = shown.outlook.begin(task)
        if self._line is None or self._is_verbose:
            again = f"{_attempt(task)}, after {format_duration(waited_s)}"
            rest = again if task.attempt > 1 else ""
            self._say(shown.line(task.index, "start", task.label, rest))

    @hookimpl
    def after_task(self, task: TaskInfo, run: RunInfo, outcome: TaskOutcome) -> None:
        """Print how a step ended."""
        shown = self._shown(run)
        is_good = outcome.status in _GOOD
        shown.outlook.end(task, is_good=is_good)
        shown.failed.pop(task.label, None)  # that was another attempt
        if not is_good:
            shown.failed[task.label] = task, outcome
        details = [_attempt(task) if task.attempt > 1 else "", outcome.reason]
        if self._is_verbose and outcome.pid:
            details.append(f"in process {outcome.pid} on {outcome.host}")
        self._say(
            shown.line(
                task.index,
                status_word(outcome.status),
                task.label,
                "  ".join(filter(None, details)),
                seconds=outcome.seconds,
                color=_COLORS[outcome.status],
            )
        )

    @hookimpl
    def on_metric(self, run: RunInfo, task: TaskInfo | None, name: str, value: float) -> None:
        """Print what a task has logged, if that is asked for."""
        if self._is_verbose:
            who = task.label if task is not None else ""
            index = task.index if task is not None else 0
            self._say(self._shown(run).line(index, "logged", who, f"{name} = {value:g}"))

    @hookimpl
    def after_dag(self, run: RunInfo, report: RunReport) -> None:
        """Print what did not run, what failed and how to go on."""
        shown = self._shown(run)
        places = {label: place for place, label in enumerate(run.steps, start=1)}
        for step in report.steps:
            if step.outcome is None and not step.is_done:
                index = places.get(step.label) or places.get(split_label(step.label)[0], 0)
                self._say(shown.line(index, "not run", step.label, step.reason))
        self._close(run)
        failed = [*shown.failed.values()]
        if failed:
            self._say_again()
            self._explain(run, failed)
        self._say_again()
        self._say_again(_summary(report))
        if report.status != "succeeded":
            advice = "Go on" if report.status == "interrupted" else "Fix it, then go on"
            words = self._selected_by if run.run_id == self._first_run else ()
            note(f"{advice}:  {_command_that_goes_on(run, report, words)}")

    def stop(self) -> None:
        """Show nothing more of runs that have come to no end, as by an error of ours."""
        for shown in [*self._runs.values()]:
            self._close(shown.outlook.run)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Leave the terminal alone while the block runs."""
        with self._line.held() if self._line is not None else contextlib.nullcontext():
            yield

    # -- printing --------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        """Print a line about what is going on."""
        if self._is_quiet:
            return
        end_text()
        if self._line is not None:
            note(text)
        else:
            note(f"{datetime.now().astimezone():%H:%M:%S} {text.removeprefix('  ')}")

    def _say_again(self, text: str = "") -> None:
        """Print a line of what is told in the end."""
        if not self._is_quiet:
            note(text)

    def _explain(self, run: RunInfo, failed: list[tuple[TaskInfo, TaskOutcome]]) -> None:
        """Print why tasks have failed: the last one at length."""
        task, outcome = failed[-1]
        others = render_others(failed[:-1])
        printed, place = _what_it_left(run, task, outcome)
        lines = render_failure(
            task,
            outcome,
            tb=self._tb,
            printed=printed,
            place=place,
            max_lines=MAX_LINES - len(others),
        )
        for line in (*others, *lines):
            note(line)

    # -- runs that go on -------------------------------------------------------------------------

    def _open(self, run: RunInfo) -> None:
        with self._lock:
            is_first = not self._runs
            shown = self._runs[run.run_id] = _Shown(run, behind(sys.stderr), self._clock)
            if is_first:
                mind_others(is_drawn_on=False)
            if self._is_quiet:
                return
            # The index of runs is asked only if a run takes so long that somebody wants to know.
            shown.learn = contextvars.copy_context()
            if is_first and is_terminal(shown.stream) and not is_in_ci():
                self._line = ProgressLine(shown.stream)
                self._line.begin()
                self._ticker = Ticker(self._redraw, _REDRAW_S)
            elif is_first and self._heartbeat_s > 0:
                self._ticker = Ticker(self._give_signs, min(1.0, self._heartbeat_s / 2))
            if is_first and self._ticker is not None:
                self._ticker.start()
            shown.is_on_terminal = self._line is not None

    def _shown(self, run: RunInfo) -> _Shown:
        if run.run_id not in self._runs:  # a test, or a plugin, that calls only this hook
            self._open(run)
        return self._runs[run.run_id]

    def _close(self, run: RunInfo) -> None:
        with self._lock:
            self._runs.pop(run.run_id, None)
            if self._runs:
                return
            ticker, self._ticker = self._ticker, None
            line, self._line = self._line, None
        if ticker is not None:
            ticker.stop()
        end_text()
        if line is not None:
            line.end()
        guard_terminal(None)

    def _redraw(self) -> None:
        """Draw what is going on; of several runs, that which began last."""
        shown, line = next(reversed([*self._runs.values()]), None), self._line
        if shown is not None and line is not None:
            shown.ask_for_medians()
            line.draw(shown.progress())

    def _give_signs(self) -> None:
        """Tell of every step that goes on for long."""
        for shown in [*self._runs.values()]:
            for label, seconds in shown.outlook.elapsed().items():
                beats = int(seconds / self._heartbeat_s)
                entry = shown.outlook.running.get(label)
                if beats <= shown.beats.get(label, 0) or entry is None:
                    continue  # it is early, or the step has just ended
                shown.beats[label] = beats
                shown.ask_for_medians()
                expected_s = shown.outlook.expected_s(label)
                usual = f"of about {format_duration(expected_s)}" if expected_s else ""
                index = entry[0].index
                self._say(shown.line(index, "still", label, usual, seconds=seconds))


class _Shown:
    """What is known of a run that is shown.

    Args:
        run: The run.
        stream: Where it is shown.
        clock: Tells the time in seconds.
    """

    def __init__(self, run: RunInfo, stream: object, clock: Callable[[], float]) -> None:
        self.run = run
        self.stream = stream
        self.outlook = Outlook(run, clock=clock)
        self.failed: dict[str, tuple[TaskInfo, TaskOutcome]] = {}
        self.beats: dict[str, int] = {}
        self.is_on_terminal = False
        self.learn: contextvars.Context | None = None
        self._unicode = can_draw(stream)
        self._label_width = max([_MIN_LABEL, *(cells(escape(label)) for label in run.steps)])

    def make_room(self, label: str) -> None:
        """Let the column of labels be wide enough for one that has become known."""
        self._label_width = max(self._label_width, min(_MAX_LABEL, cells(escape(label))))

    def line(
        self,
        index: int,
        word: str,
        label: str,
        rest: str = "",
        *,
        seconds: float | None = None,
        color: str = "",
    ) -> str:
        """Return a line about a step, in the columns of all lines."""
        self.make_room(label)
        label, width = escape(label), self.label_width
        label = pad(shorten(label, width, mark=self._mark) if self.is_on_terminal else label, width)
        took = "" if seconds is None else f"{format_duration(seconds):>11}"
        styled = click.style(f"{word:<{_WIDTH}}", fg=color) if color else f"{word:<{_WIDTH}}"
        end = f"{label} {took}  {escape(rest)}" if took else f"{label}  {escape(rest)}"
        return f"  {self._place(index)} {styled} {end}".rstrip()

    def progress(self) -> str:
        """Return the line that tells what is going on."""
        return render_progress(
            self.outlook,
            columns_of(self.stream) - 1,
            label_width=self.label_width,
            place=self._place,
            unicode=self._unicode,
        )

    @property
    def label_width(self) -> int:
        """How wide the column of labels is."""
        width = min(self._label_width, _MAX_LABEL)
        if not self.is_on_terminal:
            return width
        room = columns_of(self.stream) - 1 - _OTHER_COLUMNS - len(self._place(1))
        return max(4, min(width, room))

    def ask_for_medians(self) -> None:
        """Find out, once, how long the steps of this DAG take usually."""
        learn, self.learn = self.learn, None
        if learn is not None and self.run.dag:
            self.outlook.medians = learn.run(_medians, self.run.dag)

    @property
    def _mark(self) -> str:
        return "…" if self._unicode else "..."

    def _place(self, index: int) -> str:
        total = max(index, len(self.run.steps))
        width = 2 * len(str(total)) + 1
        return f"{index}/{total}".rjust(width) if index else " " * width


def is_in_ci() -> bool:
    """Return whether the environment says that this is continuous integration."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _medians(dag: str) -> dict[str, float]:
    from gluepy.exceptions import GluepyError
    from gluepy.files.storages import default_storage
    from gluepy.runs.index import INDEX_FILE, RunIndex

    try:
        # Where the index is no file, all journals would have to be read.
        if default_storage.local_path(INDEX_FILE) is None:
            return {}
        return RunIndex(default_storage).medians(dag)
    except GluepyError:
        return {}


def _title(run: RunInfo) -> str:
    """Return which run it is, and how large."""
    tasks = list(dict.fromkeys(split_label(step)[0] for step in run.steps))
    size = count(len(tasks), "task")
    if len(tasks) < len(run.steps):
        size += f", {count(len(run.steps), 'step')}"
    return escape(f"{run.dag or tasks[0]}  {size}  run {run.run_id}")


def _attempt(task: TaskInfo) -> str:
    return f"attempt {task.attempt}"


def _what_it_left(run: RunInfo, task: TaskInfo, outcome: TaskOutcome) -> tuple[str, str]:
    """Return what a task has printed last, and where to read more."""
    from gluepy.exceptions import GluepyError
    from gluepy.files.storages import default_storage
    from gluepy.runs.logs import log_path, read_attempt

    printed, location = outcome.output, run.location
    try:
        path = f"{run.folder}{default_storage.separator}{log_path(task.label)}"
        if not default_storage.isfile(path):
            return printed, f"Run folder: {short_path(location)}"
        location = default_storage.location(path)
        if not printed:  # its process could not tell
            printed = read_attempt(
                *(default_storage, run.folder, task.label),
                attempt=task.attempt,
                since=run.started_at,
            )
    except GluepyError:  # a storage that has failed was the reason, maybe
        return printed, f"Run folder: {short_path(location)}"
    return printed, f"Log: {short_path(location)}"


def _summary(report: RunReport) -> str:
    ends = [step.outcome.status for step in report.steps if step.outcome]
    parts = [
        f"{ends.count(status)} {status_word(status).lower()}"
        for status in _COLORS
        if status in ends
    ]
    for number, words in (
        (sum(step.is_done for step in report.steps), "done before"),
        (sum(not step.outcome and not step.is_done for step in report.steps), "not run"),
    ):
        if number:
            parts.append(f"{number} {words}")
    return f"{', '.join(parts)} in {format_duration(report.seconds)}"


def _command_that_goes_on(run: RunInfo, report: RunReport, selected_by: Sequence[str]) -> str:
    """Return the command that goes on where this run has stopped."""
    import shlex

    if run.dag:
        return shlex.join(["gluepy", "dag", run.dag, *selected_by, "--resume"])
    done = {label for label, end in report.outcomes().items() if end.status in _GOOD}
    label = next((label for label in run.steps if label not in done), run.steps[0])
    return shlex.join(["gluepy", "task", label, "--run", run.folder])
