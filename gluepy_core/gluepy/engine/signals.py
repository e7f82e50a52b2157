"""Signals that ask a run to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["StopRequest", "Stopped"]

_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Stopped(KeyboardInterrupt):
    """A signal asked the run to stop while a task was running.

    A ``KeyboardInterrupt``, so that ``except Exception`` in a task does not swallow it.
    """


class StopRequest:
    """Notes the first signal and ends the process at the second.

    The first is raised as `Stopped` only while a task runs; at any other time it is noted, so that
    records are written and observers called to the end.

    Attributes:
        signal: Number of the signal that came; 0 while none has.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._is_in_task = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for signals while the block runs; outside the main thread, do nothing.

        A SIGHUP that is ignored stays so: that is how ``nohup`` lets a run outlive its terminal.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [number for number in _SIGNALS if not _is_kept_off(number)]
        before = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def in_task(self) -> Iterator[None]:
        """Let a signal interrupt the block; one that came before does so at once."""
        self._is_in_task = True
        try:
            if self.signal:
                raise Stopped(signal.Signals(self.signal).name)
            yield
        finally:
            self._is_in_task = False

    def note_interrupt(self) -> None:
        """Take an interrupt that came as an exception, not as a signal, for a request to stop."""
        self.signal = self.signal or signal.SIGINT

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.signal = number
        if self._is_in_task:
            raise Stopped(signal.Signals(number).name)


def _is_kept_off(number: int) -> bool:
    return signal.Signals(number).name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
