"""Signals that ask a run to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

__all__ = ["SIGNALS", "StopRequest", "Stopped", "is_kept_off"]

#: The signals that ask a run to stop.
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Stopped(KeyboardInterrupt):
    """A signal asked the run to stop while a task was running.

    A ``KeyboardInterrupt``, so that ``except Exception`` in a task does not swallow it.
    """


class StopRequest:
    """Notes the first signal and ends the process at the second; an interactive one only the run.

    The first is raised as `Stopped` only while a task runs in the main thread; at any other time it
    is noted, so that records are written and observers called to the end.

    Args:
        wake: Called when the signal comes, from within the handler.

    Attributes:
        signal: Number of the signal that came; 0 while none has.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self.signal = 0
        self._wake = wake
        self._is_in_task = False
        self._in_task, self._in_thread = _InTask(self), _InThread(self)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for signals while the block runs; outside the main thread, do nothing.

        A SIGHUP that is ignored stays so: that is how ``nohup`` lets a run outlive its terminal.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [number for number in SIGNALS if not is_kept_off(number)]
        before = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def in_task(self) -> contextlib.AbstractContextManager[None]:
        """Let a signal interrupt the block; one that came before does so at once."""
        return self._in_task

    def in_thread(self) -> contextlib.AbstractContextManager[None]:
        """Do not let the block begin after a signal; one that comes later is its executor's."""
        return self._in_thread

    def check(self) -> None:
        """Do nothing unless a signal came.

        Raises:
            Stopped: If one did.
        """
        if self.signal:
            raise Stopped(signal.Signals(self.signal).name)

    def open(self) -> None:
        """Let signals interrupt what runs from now on.

        Raises:
            Stopped: If one came before.
        """
        self._is_in_task = not self.signal
        self.check()

    def close(self) -> None:
        """Only note signals from now on."""
        self._is_in_task = False

    def note_interrupt(self) -> None:
        """Take an interrupt that came as an exception, not as a signal, for a request to stop."""
        self.signal = self.signal or signal.SIGINT

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal and _is_hangup(number):
            return  # a terminal that is closed sends it, and so does its shell
        if self.signal and number == signal.SIGINT and hasattr(sys, "ps1"):
            raise KeyboardInterrupt  # a notebook, or a prompt, has more to lose than this run
        if self.signal:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.signal = number
        self._wake()
        if self._is_in_task:
            raise Stopped(signal.Signals(number).name)


class _InThread:
    """What `StopRequest.in_thread` returns."""

    __slots__ = ("_stop",)

    def __init__(self, stop: StopRequest) -> None:
        self._stop = stop

    def __enter__(self) -> None:
        self._stop.check()

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


class _InTask:
    """What `StopRequest.in_task` returns: it stands around every task."""

    __slots__ = ("_stop",)

    def __init__(self, stop: StopRequest) -> None:
        self._stop = stop

    def __enter__(self) -> None:
        self._stop.open()

    def __exit__(self, *_: object) -> None:
        self._stop.close()


def is_kept_off(number: int) -> bool:
    """Return whether a signal is ignored on purpose, as ``nohup`` does with SIGHUP."""
    return _is_hangup(number) and signal.getsignal(number) is signal.SIG_IGN


def _is_hangup(number: int) -> bool:
    return signal.Signals(number).name == "SIGHUP"
