"""Tracebacks as plain data: which frames are the pipeline author's own, and what went wrong."""

from __future__ import annotations

import linecache
import os
import sysconfig
import traceback
from typing import Literal

from gluepy.engine.signals import Stopped
from gluepy.exceptions import WrapperError
from gluepy.exec.records import Frame
from gluepy.utils.errors import text_of
from gluepy.utils.text import without_middle

__all__ = ["describe_error", "extract_frames", "format_traceback"]

_GLUEPY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_MAX_CAUSES = 5
_MAX_FRAMES = 200

# A message may hold a whole table; it is kept in the record, and travels between processes.
_MAX_MESSAGE = 10_000
_MAX_TRACEBACK = 100_000


def describe_error(error: BaseException) -> str:
    """Return type and message of an error, and those of its causes, each begun on a new line.

    What stands in a group of errors are causes of it.
    """
    lines: list[str] = []
    waiting = [error]
    while waiting and len(lines) < _MAX_CAUSES:
        seen = waiting.pop(0)
        lines.append(_with_type(seen))
        if isinstance(seen, WrapperError) and seen.__cause__ is not None:
            seen = seen.__cause__  # its message is part of the other
        if isinstance(seen, BaseExceptionGroup):
            waiting.extend(seen.exceptions)
        cause = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        if cause is not None:
            waiting.append(cause)
    return "\nbecause of ".join(lines)


def format_traceback(error: BaseException) -> str:
    """Return the whole traceback, as Python prints it."""
    return without_middle("".join(traceback.format_exception(error)), _MAX_TRACEBACK)


def extract_frames(error: BaseException, *, home: str) -> tuple[Frame, ...]:
    """Return the frames of a traceback, outermost call first.

    Args:
        error: What was raised.
        home: Module of the task, or ``module:Class``: code of its top-level package is the author's
            own, wherever it is installed, as is all code that no distribution installed.

    Returns:
        At most 200 frames: of endless recursion the first and the last hundred.
    """
    package = home.partition(":")[0].partition(".")[0]
    summary = traceback.extract_tb(error.__traceback__)
    half = _MAX_FRAMES // 2
    kept = summary if len(summary) <= _MAX_FRAMES else [*summary[:half], *summary[-half:]]
    return tuple(_frame(entry, package) for entry in kept)


def _with_type(error: BaseException) -> str:
    text = without_middle(text_of(error), _MAX_MESSAGE)
    if isinstance(error, Stopped):
        return text or KeyboardInterrupt.__name__
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _frame(entry: traceback.FrameSummary, home: str) -> Frame:
    origin, package = _origin(entry.filename, home)
    return Frame(
        file=entry.filename,
        line=entry.lineno or 0,
        function=entry.name,
        code=entry.line or "",
        marker=_marker(entry),
        origin=origin,
        package=package,
    )


def _origin(file: str, home: str) -> tuple[Literal["user", "library", "gluepy"], str]:
    """Return whose code a file is, and its top-level package."""
    path = os.path.abspath(file)
    if path.startswith(_GLUEPY + os.sep):
        return "gluepy", "gluepy"
    for folder in _library_folders():
        if path.startswith(folder + os.sep):
            inside = path[len(folder) + 1 :]
            package = inside.split(os.sep, 1)[0].removesuffix(".py")
            return ("user" if package == home else "library"), package
    return ("library", "python") if file.startswith("<frozen") else ("user", "")


def _library_folders() -> list[str]:
    """Return the folders of installed code, the innermost first."""
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("purelib", "platlib", "stdlib", "platstdlib")}
    return sorted(folders, key=len, reverse=True)


def _marker(entry: traceback.FrameSummary) -> str:
    """Return carets under the part of the line that failed; nothing if that is the whole line."""
    code = entry.line or ""
    start, end = entry.colno, entry.end_colno
    if not code or start is None or end is None or entry.end_lineno != entry.lineno:
        return ""
    original = linecache.getline(entry.filename, entry.lineno or 0)
    # Python counts bytes of UTF-8; people see characters.
    raw = original.encode()
    indent = len(original) - len(original.lstrip())
    first = len(raw[:start].decode(errors="replace")) - indent
    width = len(raw[start:end].decode(errors="replace"))
    is_whole_line = first <= 0 and width >= len(code)
    return "" if first < 0 or is_whole_line else " " * first + "^" * width
