"""What steps print and log: it goes where it went before, and into the log of the step.

While a run goes on, and in processes that carry out steps of one, thin stand-ins take the place of
``sys.stdout`` and ``sys.stderr``, and every record of ``logging`` passes by here. A context
variable says which step prints; a thread that a task has started has none, and counts for the step
that runs if that is the only one in this process.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from gluepy.runs.logs import LogFolder, StepLog

__all__ = [
    "WIPE",
    "StepOutput",
    "TerminalGuard",
    "behind",
    "capture",
    "columns_of",
    "end_text",
    "forget_steps",
    "guard_terminal",
    "is_terminal",
    "mind_others",
    "unrecorded",
]

#: Wipes the line in which a terminal's cursor stands.
WIPE = "\r\x1b[K"


class TerminalGuard(Protocol):
    """Keeps what is printed on a terminal apart from a line that is redrawn there."""

    def write(self, stream: Any, data: str | bytes) -> Any:
        """Write to a stream, and return what it returns."""

    def make_way(self) -> None:
        """Something is about to be printed that does not pass here."""

    def end_text(self) -> None:
        """End the line of a text that somebody has left open."""


# -- which step prints -----------------------------------------------------------------------------

_UNKNOWN: Any = object()

#: What the step prints that runs in this context; None where it is certain that none does.
_current: ContextVar[StepOutput | None] = ContextVar("gluepy_step_output", default=_UNKNOWN)

_running: list[StepOutput] = []


class StepOutput:
    """What one attempt at a step prints: all that is printed in the block of which it is the head.

    It stands around every step, and most print nothing: so their logs are not even thought of. And
    each step has a context of its own, so at the end the variable is left as it is.

    Args:
        logs: Gets it; None for nobody.
        label: Of the step.
        attempt: From 1.

    Attributes:
        log: None until something is printed.
    """

    __slots__ = ("_attempt", "_is_over", "_label", "_logs", "log")

    def __init__(self, logs: LogFolder | None, label: str, attempt: int) -> None:
        self._logs = logs
        self._label = label
        self._attempt = attempt
        self._is_over = False
        self.log: StepLog | None = None

    def write(self, data: str | bytes) -> None:
        """Add something; this raises nothing."""
        if self._logs is None or self._is_over:
            return
        if self.log is None:
            with _lock:
                if self.log is None:  # no other thread was faster
                    self.log = self._logs.open(self._label, self._attempt)
        self.log.write(data)
        _thread.has_written = True

    def __enter__(self) -> Self:
        _current.set(self)
        _running.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        if _held:
            me = threading.get_ident()
            _let_go(lambda _, thread: thread == me)
        if self in _running:
            _running.remove(self)
        self._is_over = True
        if self.log is not None:
            self.log.close()
            end_text()


@contextlib.contextmanager
def unrecorded() -> Iterator[None]:
    """Let what is printed in the block, which is none of a step's, not go into its log."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def _find_step() -> StepOutput | None:
    step = _current.get()
    if step is not _UNKNOWN:
        return step
    # A copy: others come and go meanwhile.
    running = _running[:]
    return running[0] if len(running) == 1 else None


# -- the standard streams --------------------------------------------------------------------------


class _Tee:
    """Stands for a standard stream: writes into it and into the log of the step that prints.

    In everything else it is the stream: its encoding, its descriptor, and its class too, for those
    who look at that to know what they can do with it.

    Args:
        stream: What it stands for.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._buffer: _Tee | None = None
        self._users = 0
        # What such a stream is given is not seen before the end of the line anyway.
        self._is_text = type(stream) is io.TextIOWrapper
        self._holds_back = self._is_text and not stream.write_through

    @property  # type: ignore[misc]  # what a proxy poses as is only read
    def __class__(self) -> Any:
        return type(self._stream)

    @property
    def buffer(self) -> _Tee:
        """The stream of bytes below it; what is written there is a step's output, too."""
        if self._buffer is None:
            self._buffer = _Tee(self._stream.buffer)
        return self._buffer

    def write(self, data: Any) -> Any:
        step = _find_step()
        # With PYTHONUNBUFFERED each part of a line is seen at once, if it is of the main thread.
        me = threading.get_ident()
        holds_back = self._holds_back or (self._is_text and me != threading.main_thread().ident)
        if holds_back and isinstance(data, str):
            # print() writes a text and its end one after the other, and other threads must not
            # come between: with the stream alone they cannot.
            key = self, me
            _, held = _held.pop(key, (step, ""))
            if len(held) < _MAX_HELD and "\n" not in data and "\r" not in data:
                _held[key] = step, held + data
                return len(data)
            self._pass_on(step, held + data)
            return len(data)
        return self._pass_on(step, data)

    def flush(self) -> None:
        self.let_go(threading.get_ident())
        self._stream.flush()

    def let_go(self, thread: int) -> None:
        """Write the beginning of a line of a thread, if one is held back."""
        step, held = _held.pop((self, thread), (None, ""))
        if held:
            self._pass_on(step, held)

    def _pass_on(self, step: StepOutput | None, data: Any) -> Any:
        if step is not None and isinstance(data, str | bytes | bytearray | memoryview):
            step.write(data if isinstance(data, str) else bytes(data))
        guard = _guard
        return self._stream.write(data) if guard is None else guard.write(self._stream, data)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_lock = threading.RLock()
_thread = threading.local()

#: The beginnings of lines that threads have not ended yet, with the steps that printed them.
_held: dict[tuple[_Tee, int], tuple[StepOutput | None, str]] = {}
_MAX_HELD = 8192


def _let_go(is_meant: Callable[[_Tee, int], bool]) -> None:
    """Write what is held back, as far as it is meant; who reads it no more loses it."""
    for tee, thread in [key for key in _held.copy() if is_meant(*key)]:
        with contextlib.suppress(OSError, ValueError):
            tee.let_go(thread)


@contextlib.contextmanager
def capture() -> Iterator[None]:
    """Let `StepOutput` get what is printed and logged, while the block runs.

    Several may overlap, in threads, or one within another.
    """
    from gluepy.plugin.manager import replace_stdout

    tees: list[_Tee] = []

    def enter(stream: Any) -> Any:
        if stream is None:  # closed since the process began
            return None
        tee = stream if type(stream) is _Tee else _Tee(stream)
        tee._users += 1  # noqa: SLF001 - of this module
        tees.append(tee)
        return tee

    def leave(stream: Any) -> Any:
        # A task may have put another stream in its place: that is left alone.
        is_last = type(stream) is _Tee and stream in tees and not stream._users  # noqa: SLF001 - see above
        return stream._stream if is_last else stream  # noqa: SLF001 - see above

    with _lock:
        _records.listen()
        _watch_forks()
        replace_stdout(enter)
        sys.stderr = enter(sys.stderr)
    token = None
    if _current.get() is _UNKNOWN:
        token = _current.set(None)  # what this thread prints between steps is nobody's
    try:
        yield
    finally:
        if token is not None:
            _current.reset(token)
        with _lock:
            for tee in tees:
                tee._users -= 1  # noqa: SLF001 - see above
            _let_go(lambda tee, _: not tee._users)  # noqa: SLF001 - see above
            replace_stdout(leave)
            sys.stderr = leave(sys.stderr)
            _records.leave()


# -- logging ---------------------------------------------------------------------------------------


class _Records:
    """Sees every record of ``logging``, after its handlers have.

    No handler does: a root logger with a handler is one that ``logging.basicConfig`` leaves alone,
    and ``logging.lastResort`` falls silent. So what a task logs would look different.
    """

    def __init__(self) -> None:
        self._users = 0
        self._ours: Any = None
        self._before: Any = None
        self._formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s")

    def listen(self) -> None:
        self._users += 1
        if self._users == 1:
            before = logging.Logger.callHandlers

            def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
                step, guard = _find_step(), _guard
                if guard is not None:
                    guard.make_way()  # handlers may hold the stream that was there before a run
                if step is None:
                    before(logger, record)
                else:
                    self._see(step, record, lambda: before(logger, record))

            self._before, self._ours = before, call_handlers
            logging.Logger.callHandlers = call_handlers  # type: ignore[assignment,method-assign]  # see above

    def leave(self) -> None:
        self._users -= 1
        # Others may do the same, on top of it: then it stays, and finds no step that runs.
        if not self._users and logging.Logger.callHandlers is self._ours:
            logging.Logger.callHandlers = self._before  # type: ignore[method-assign]  # see above

    def _see(self, step: StepOutput, record: logging.LogRecord, handle: Callable[[], None]) -> None:
        outer = getattr(_thread, "has_written", False)
        _thread.has_written = False
        try:
            handle()
        finally:
            is_there = _thread.has_written  # a handler has printed it on a standard stream
            _thread.has_written = is_there or outer
            if not is_there and record.levelno >= logging.INFO:
                with contextlib.suppress(Exception):  # its arguments may not fit its text
                    step.write(f"{self._formatter.format(record)}\n")


_records = _Records()


# -- terminals and other processes -----------------------------------------------------------------

_guard: TerminalGuard | None = None


def end_text() -> None:
    """End the line of a text that somebody has left open, where others are about to print."""
    if _guard is not None:
        _guard.end_text()


def guard_terminal(guard: TerminalGuard | None) -> None:
    """Let all that is printed during runs of this process pass a guard; None for no guard."""
    global _guard  # noqa: PLW0603 - a process has one terminal
    _guard = guard


class _Fellow:
    """Guards what standard error leads to, where others print lines, too, and may draw one.

    A line is drawn over text that does not end: so on a terminal each part of such a text comes
    with what stands before it. And at the end of a step its text ends, lest others go on there.

    Args:
        is_drawn_on: Whether another process draws a line, where that is a terminal.
    """

    def __init__(self, *, is_drawn_on: bool = True) -> None:
        self.is_drawn_on = is_drawn_on
        self._open: Any = ""  # what stands behind the last line that has ended
        self._stream: Any = None
        self._are_shared: dict[int, tuple[Any, bool]] = {}

    def write(self, stream: Any, data: Any) -> Any:
        """Write to a stream, and return what it returns."""
        if not data or not self._is_shared(stream):
            return stream.write(data)
        feed, back, wipe, nothing = _TEXT if isinstance(data, str) else _BYTES
        before = self._open if isinstance(self._open, type(nothing)) else nothing
        self._stream = stream
        self._open = (before + data).rpartition(feed)[2].rpartition(back)[2]
        is_drawn_on = self.is_drawn_on and is_terminal(stream)
        # Of a line that the terminal has broken, only the last part would be wiped.
        if not is_drawn_on or len(before) >= columns_of(stream):
            return stream.write(data)
        stream.write(wipe + (nothing if data.startswith(back) else before) + data)
        return len(data)

    def make_way(self) -> None:
        """Wipe the line of the other process, if no text stands there."""
        if self.is_drawn_on and not self._open and is_terminal(sys.stderr):
            behind(sys.stderr).write(f"{WIPE}\r")

    def end_text(self) -> None:
        """End the line of a text that stands open."""
        if self._open:
            feed = "\n" if isinstance(self._open, str) else b"\n"
            with contextlib.suppress(OSError, ValueError):
                self.write(self._stream, feed)
                self._stream.flush()

    def _is_shared(self, stream: Any) -> bool:
        known, is_shared = self._are_shared.get(id(stream), (None, False))
        if known is not stream:
            is_shared = _leads_to(behind(sys.stderr), stream)
            self._are_shared[id(stream)] = stream, is_shared
        return is_shared


_TEXT: Any = ("\n", "\r", WIPE, "")
_BYTES: Any = (b"\n", b"\r", WIPE.encode(), b"")


def _leads_to(other: Any, stream: Any) -> bool:
    """Return whether two streams lead to the same file, pipe or terminal."""
    try:
        return stream is other or os.path.samestat(*(os.fstat(s.fileno()) for s in (stream, other)))
    except (AttributeError, OSError, ValueError):
        return False


def behind(stream: Any) -> Any:
    """Return the stream that a stand-in of ours stands for; any other as it is."""
    return stream._stream if type(stream) is _Tee else stream  # noqa: SLF001 - of this module


def is_terminal(stream: Any) -> bool:
    """Return whether a stream leads to a terminal that can redraw a line."""
    try:
        return bool(stream.isatty()) and os.environ.get("TERM", "") != "dumb"
    except (AttributeError, ValueError, OSError):  # it is closed, or no real stream
        return False


def columns_of(stream: Any) -> int:
    """Return how many columns the terminal of a stream has."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, OSError, ValueError):
        columns = 0
    return columns or 80


def mind_others(*, is_drawn_on: bool = True) -> None:
    """Be a process among whose output others print, too.

    Args:
        is_drawn_on: Whether they may draw on its terminal.
    """
    if _guard is None:
        guard_terminal(_Fellow(is_drawn_on=is_drawn_on))


def forget_steps() -> None:
    """Forget the steps that run in the process that this one was forked from."""
    _running.clear()


def _watch_forks() -> None:
    """See to it, once, that a process that a task forks can print."""
    if not _has_watched and hasattr(os, "register_at_fork"):
        _has_watched.append(True)
        os.register_at_fork(after_in_child=_after_fork)


_has_watched: list[bool] = []


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - another thread, which is not here, may have had it
    _lock = threading.RLock()
    _held.clear()
    for step in _running:
        if step.log is not None:
            step.log.forked()
    if _guard is not None:
        guard_terminal(_Fellow(is_drawn_on=getattr(_guard, "is_drawn_on", True)))
