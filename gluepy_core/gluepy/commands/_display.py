"""What a person sees of a run: a line per step, and for a failure the lines that matter.

The display is a hook plugin like any other, added by the command that runs something.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

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

_MAX_FRAMES = 5

#: Outcomes after which a run goes on.
_GOOD = ("succeeded", "skipped")


class RunDisplay:
    """Prints a run as it goes, on standard error.

    Args:
        tb: How much of a traceback to show: ``short``, ``full``, ``line`` or ``no``.
        is_quiet: Print nothing but why the run failed and how to go on.
    """

    def __init__(self, *, tb: str = "short", is_quiet: bool = False) -> None:
        self._tb = tb
        self._is_quiet = is_quiet
        # By run: several may go on at once, in threads or within a task.
        self._failed: dict[str, tuple[TaskInfo, TaskOutcome]] = {}

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        """Print which run this is and where its files lie."""
        title = [run.dag or "one task", count(len(run.steps), "task"), f"run {run.run_id}"]
        self._say("  ".join(map(escape, [*title, run.location])))

    @hookimpl
    def after_task(self, task: TaskInfo, run: RunInfo, outcome: TaskOutcome) -> None:
        """Print how a step ended."""
        self._say(_step_line(task.index, run.steps, task.label, outcome))
        if outcome.status not in _GOOD:
            self._failed[run.run_id] = task, outcome

    @hookimpl
    def after_dag(self, run: RunInfo, report: RunReport) -> None:
        """Print what did not run, what failed and how to go on."""
        for index, step in enumerate(report.steps, start=1):
            if step.outcome is None:
                self._say(_step_line(index, run.steps, step.label, None))
        failed = self._failed.pop(run.run_id, None)
        if failed is not None:
            self._say()
            for line in render_failure(*failed, tb=self._tb):
                note(line)
        self._say()
        self._say(_summary(report))
        if report.status != "succeeded":
            advice = "Go on" if report.status == "interrupted" else "Fix it, then go on"
            note(f"{advice}:  {_command_that_goes_on(run, report)}")

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
    verb = "was interrupted" if outcome.status == "interrupted" else "failed"
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


def _step_line(index: int, steps: tuple[str, ...], label: str, outcome: TaskOutcome | None) -> str:
    width = max(map(len, steps))
    place = f"{index}/{len(steps)}".rjust(2 * len(str(len(steps))) + 1)
    if outcome is None:
        return f"  {place} {'not run':<{_WIDTH}} {escape(label)}"
    word, color = _WORDS[outcome.status]
    end = format_duration(outcome.seconds)
    reason = f"  {escape(outcome.reason)}" if outcome.reason else ""
    word = click.style(f"{word:<{_WIDTH}}", fg=color)
    return f"  {place} {word} {escape(label):<{width}}  {end:>8}{reason}"


def _summary(report: RunReport) -> str:
    ends = [step.outcome.status if step.outcome else None for step in report.steps]
    parts = []
    for status, (word, _) in _WORDS.items():
        if status in ends:
            parts.append(f"{ends.count(status)} {word.lower()}")
    if None in ends:
        parts.append(f"{ends.count(None)} not run")
    return f"{', '.join(parts)} in {format_duration(report.seconds)}"


def _command_that_goes_on(run: RunInfo, report: RunReport) -> str:
    """Return the command that repeats the first step that did not succeed, and those after it."""
    import shlex

    done = {label for label, end in report.outcomes().items() if end.status in _GOOD}
    label = shlex.quote(next(label for label in run.steps if label not in done))
    folder = shlex.quote(run.folder)
    if not run.dag:
        return f"gluepy task {label} --run {folder}"
    return f"gluepy dag {shlex.quote(run.dag)} --retry {folder} --from-task {label}"
