"""What a person sees of a run: a line per step, and for a failure the lines that matter.

The display is a hook plugin like any other, added by the command that runs something.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import click

from gluepy import RunInfo, RunReport, TaskInfo, TaskOutcome, hookimpl
from gluepy.commands._output import note
from gluepy.exec.records import Frame, Outcome
from gluepy.utils.text import count, escape, format_duration

__all__ = ["RunDisplay", "render_failure"]

_WORDS: dict[Outcome, tuple[str, str]] = {
    "succeeded": ("done", "green"),
    "failed": ("FAILED", "red"),
    "timed-out": ("TIMED OUT", "red"),
    "interrupted": ("STOPPED", "yellow"),
    "lost": ("LOST", "red"),
    "skipped": ("skipped", "cyan"),
}
_WIDTH = max(len(word) for word, _ in _WORDS.values())

_VERBS: dict[Outcome, str] = {
    "interrupted": "was interrupted",
    "timed-out": "timed out",
    "lost": "was lost",
}

_MAX_FRAMES = 5

#: Outcomes after which a run goes on.
_GOOD = ("succeeded", "skipped")


class RunDisplay:
    """Prints a run as it goes, on standard error.

    Args:
        tb: How much of a traceback to show: ``short``, ``full``, ``line`` or ``no``.
        is_quiet: Print nothing but why the run failed and how to go on.
        selected_by: The words of the command line that chose the steps of the first run.
    """

    def __init__(
        self, *, tb: str = "short", is_quiet: bool = False, selected_by: Sequence[str] = ()
    ) -> None:
        self._tb = tb
        self._is_quiet = is_quiet
        self._selected_by = selected_by
        self._first_run = ""
        # By run, as several may go on at once, in threads or within a task; and by step.
        self._failed: dict[str, dict[str, tuple[TaskInfo, TaskOutcome]]] = {}

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        """Print which run this is and where its files lie."""
        self._first_run = self._first_run or run.run_id
        title = [run.dag or "one task", count(len(run.steps), "task"), f"run {run.run_id}"]
        self._say("  ".join(map(escape, [*title, run.location])))
        if run.done:
            self._say(f"  {len(run.done)} done before")
        for change in run.changes:
            self._say(escape(f"  other than before: {change}"))

    @hookimpl
    def after_task(self, task: TaskInfo, run: RunInfo, outcome: TaskOutcome) -> None:
        """Print how a step ended."""
        self._say(_step_line(task.index, run.steps, _name_of(task), outcome))
        failed = self._failed.setdefault(run.run_id, {})
        failed.pop(task.label, None)  # that was another attempt
        if outcome.status not in _GOOD:
            failed[task.label] = task, outcome

    @hookimpl
    def after_dag(self, run: RunInfo, report: RunReport) -> None:
        """Print what did not run, what failed and how to go on."""
        for index, step in enumerate(report.steps, start=1):
            if step.outcome is None and not step.is_done:
                self._say(_step_line(index, run.steps, step.label, None, step.reason))
        failed = [*self._failed.pop(run.run_id, {}).values()]
        if failed:
            self._say()
            for line in render_failure(*failed[-1], tb=self._tb):
                note(line)
        self._say()
        self._say(_summary(report))
        if report.status != "succeeded":
            advice = "Go on" if report.status == "interrupted" else "Fix it, then go on"
            words = self._selected_by if run.run_id == self._first_run else ()
            note(f"{advice}:  {_command_that_goes_on(run, report, words)}")

    def _say(self, text: str = "") -> None:
        if not self._is_quiet:
            note(text)


def render_failure(task: TaskInfo, outcome: TaskOutcome, *, tb: str) -> list[str]:
    """Return the lines that explain why a task did not succeed.

    Args:
        task: The attempt.
        outcome: How it ended.
        tb: ``short`` for the author's own frames, ``full`` for the whole traceback, ``line`` for
            the error and its place, ``no`` for the error alone.
    """
    verb = _VERBS.get(outcome.status, "failed")
    title, *causes = outcome.error.splitlines() or [outcome.status]
    lines = [
        click.style(f"Task {escape(repr(task.label))} {verb}: {escape(title)}", fg="red"),
        *(f"  {escape(cause)}" for cause in causes),
    ]
    if tb == "full":
        lines += map(escape, outcome.traceback.splitlines())
    elif tb == "line" and outcome.frames:
        last = _own(outcome.frames)[-1:] or outcome.frames[-1:]
        lines += [f"  {_place(frame)}" for frame in last]
    elif tb == "short":
        lines += _short(outcome.frames)
    if outcome.hint:
        lines.append(f"Hint: {escape(outcome.hint)}")
    return lines


def _short(frames: tuple[Frame, ...]) -> Iterable[str]:
    """Return the author's own frames with their source, and the others as counts."""
    shown = set(map(id, _own(frames)[-_MAX_FRAMES:]))
    hidden: list[Frame] = []
    for frame in frames:
        if id(frame) not in shown:
            hidden.append(frame)
            continue
        yield from _folded(hidden)
        hidden = []
        yield f"  {_place(frame)}"
        if frame.code:
            yield f"    {escape(frame.code)}"
        if frame.marker:
            yield f"    {frame.marker}"
    yield from _folded(hidden)
    if len(shown) < len(frames):
        yield "  (--tb full shows all frames)"


def _folded(frames: list[Frame]) -> Iterable[str]:
    """Return a line for each library whose frames are left out; ours are never worth one."""
    packages = [frame.package or "your code" for frame in frames if frame.origin != "gluepy"]
    for package in dict.fromkeys(packages):
        yield f"  ({count(packages.count(package), 'frame')} in {package})"


def _own(frames: tuple[Frame, ...]) -> list[Frame]:
    return [frame for frame in frames if frame.origin == "user"]


def _place(frame: Frame) -> str:
    return escape(f"{_short_path(frame.file)}:{frame.line} in {frame.function}")


def _short_path(path: str) -> str:
    """Return a path relative to the current folder where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # no current folder, or another drive
        return path
    return relative if not relative.startswith(os.pardir) else path


def _name_of(task: TaskInfo) -> str:
    return f"{task.label} (attempt {task.attempt})" if task.attempt > 1 else task.label


def _step_line(
    index: int,
    steps: tuple[str, ...],
    label: str,
    outcome: TaskOutcome | None,
    reason: str = "",
) -> str:
    width = max(map(len, steps))
    total = max(index, len(steps))
    place = f"{index}/{total}".rjust(2 * len(str(total)) + 1)
    if outcome is None:
        line = f"  {place} {'not run':<{_WIDTH}} {escape(label):<{width}}  {escape(reason)}"
        return line.rstrip()
    word, color = _WORDS[outcome.status]
    end = format_duration(outcome.seconds)
    reason = f"  {escape(outcome.reason)}" if outcome.reason else ""
    word = click.style(f"{word:<{_WIDTH}}", fg=color)
    return f"  {place} {word} {escape(label):<{width}}  {end:>8}{reason}"


def _summary(report: RunReport) -> str:
    ends = [step.outcome.status for step in report.steps if step.outcome]
    parts = []
    for status, (word, _) in _WORDS.items():
        if status in ends:
            parts.append(f"{ends.count(status)} {word.lower()}")
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
