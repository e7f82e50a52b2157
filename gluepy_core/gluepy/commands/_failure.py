"""Why a task did not succeed: what its author needs to see, on one screen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import zip_longest

import click

from gluepy import TaskInfo, TaskOutcome
from gluepy.exec.records import Frame, Outcome
from gluepy.utils.text import count, escape

__all__ = ["render_failure", "render_others", "short_path"]

_VERBS: dict[Outcome, str] = {
    "interrupted": "was interrupted",
    "timed-out": "timed out",
    "lost": "was lost",
}

#: So many lines a failure may take, all in all; less the four that end the report of a run.
MAX_LINES = 16

_MAX_FRAMES = 5
_MAX_PRINTED = 5
_MAX_MESSAGE_LINES = 3
_MAX_OTHERS = 3
_MAX_PACKAGES = 3

# A message may hold a whole table, and a printed line a whole document.
_MAX_LINE = 300

_BECAUSE = "because of "


def render_failure(
    task: TaskInfo,
    outcome: TaskOutcome,
    *,
    tb: str,
    printed: str = "",
    place: str = "",
    max_lines: int = MAX_LINES,
) -> list[str]:
    """Return the lines that explain why a task did not succeed.

    Args:
        task: The attempt.
        outcome: How it ended.
        tb: ``short`` for the author's own frames, ``full`` for the whole traceback, ``line`` for
            the error and its place, ``no`` for the error alone.
        printed: What the task has printed last.
        place: Where to read more.
        max_lines: So many lines at most, but for ``full``.
    """
    verb = _VERBS.get(outcome.status, "failed")
    message, causes = _split(outcome.error)
    title, *more = message or [outcome.status]
    head = [
        click.style(f"Task {escape(repr(task.label))} {verb}: {_line(title)}", fg="red"),
        *(f"  {_line(text)}" for text in more),
    ]
    if causes:
        head.append(f"  {_line(', '.join(causes))}")
    end = [f"Hint: {escape(outcome.hint)}"] if outcome.hint else []
    end += [escape(place)] if place else []
    if tb == "full":
        return [*head, *map(escape, outcome.traceback.splitlines()), *_printed(printed), *end]
    if tb == "no":
        return [*head, *end]
    if tb == "line":
        return [*head, *(f"  {_place(frame)}" for frame in _shown(outcome.frames)[-1:]), *end]
    room = max_lines - len(head) - len(end)
    told = _printed(printed)
    frames = _short(outcome.frames, room - len(told))
    told = _printed(printed, room - len(frames))
    return [*head, *frames, *told, *end]


def render_others(failed: Sequence[tuple[TaskInfo, TaskOutcome]]) -> list[str]:
    """Return a line for each of the tasks that failed as well."""
    lines = []
    for task, outcome in failed[:_MAX_OTHERS]:
        message, _ = _split(outcome.error)
        reason = _line((message or [outcome.status])[0])
        verb = _VERBS.get(outcome.status, "failed")
        lines.append(click.style(f"Task {escape(repr(task.label))} {verb}: {reason}", fg="red"))
    if len(failed) > _MAX_OTHERS:
        lines.append(f"  (and {len(failed) - _MAX_OTHERS} more)")
    return lines


def short_path(path: str) -> str:
    """Return a path relative to the current folder where that is shorter."""
    if "://" in path:
        return path
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # no current folder, or another drive
        return path
    return relative if not relative.startswith(os.pardir) else path


def _split(error: str) -> tuple[list[str], list[str]]:
    """Return the lines of a message that are worth showing, and the causes of it."""
    message: list[str] = []
    causes: list[str] = []
    for line in error.splitlines():
        if line.startswith(_BECAUSE):
            causes.append(line)
        elif line.strip() and not causes:  # the message of a cause is cut to its first line
            message.append(line)
    return message[:_MAX_MESSAGE_LINES], causes


def _line(text: str) -> str:
    text = escape(text)
    return text if len(text) <= _MAX_LINE else f"{text[:_MAX_LINE]}..."


def _printed(text: str, room: int = _MAX_PRINTED + 1) -> list[str]:
    """Return the last lines that a task has printed, below a title."""
    # What a progress bar has written over, nobody has seen in the end.
    lines = [line.rstrip().rpartition("\r")[2] for line in text.split("\n") if line.strip()]
    shown = lines[-min(_MAX_PRINTED, room - 1) :] if room > 1 else []
    return ["  printed last:", *(f"    {_line(line)}" for line in shown)] if shown else []


# -- frames ----------------------------------------------------------------------------------------


def _short(frames: tuple[Frame, ...], room: int) -> list[str]:
    """Return as many of the author's own frames as there is room for, and the others as counts."""
    own = _shown(frames)
    lines: list[str] = []
    for number in range(min(_MAX_FRAMES, len(own)), 0, -1):
        lines = list(_lines(frames, set(map(id, own[-number:]))))
        if len(lines) <= room:
            break
    return lines


def _shown(frames: tuple[Frame, ...]) -> list[Frame]:
    """Return the frames worth showing: the author's own; without any, the innermost of others."""
    own = [frame for frame in frames if frame.origin == "user"]
    # A function that calls itself on and on is shown once, where it came to an end.
    own = [
        frame
        for frame, after in zip_longest(own, own[1:])
        if after is None or _place(frame) != _place(after)
    ]
    return own or [frame for frame in frames if frame.origin == "library"][-1:] or [*frames[-1:]]


def _lines(frames: tuple[Frame, ...], shown: set[int]) -> Iterable[str]:
    hidden: list[Frame] = []
    for frame in frames:
        if id(frame) not in shown:
            hidden.append(frame)
            continue
        yield from _folded(hidden)
        hidden = []
        yield f"  {_place(frame)}"
        if frame.code:
            yield f"    {_line(frame.code)}"
        if frame.marker and len(frame.code) <= _MAX_LINE:
            yield f"    {frame.marker}"
    yield from _folded(hidden)


def _folded(frames: list[Frame]) -> Iterable[str]:
    """Return a line for frames that are left out; ours are never worth one."""
    packages = [frame.package or "your code" for frame in frames if frame.origin != "gluepy"]
    names = list(dict.fromkeys(packages))
    if not names:
        return
    parts = [f"{count(packages.count(name), 'frame')} in {name}" for name in names[:_MAX_PACKAGES]]
    if len(names) > _MAX_PACKAGES:
        parts.append("more in others")
    yield f"  ({', '.join(parts)}; --tb full shows all)"


def _place(frame: Frame) -> str:
    return escape(f"{short_path(frame.file)}:{frame.line} in {frame.function}")
