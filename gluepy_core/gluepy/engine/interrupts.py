"""Interrupts for calls in threads, as Ctrl-C is one for the main thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Hashable

from gluepy.engine.signals import Stopped

__all__ = ["ThreadInterrupts"]


class ThreadInterrupts:
    """Knows which thread of this process carries what out, and can raise an interrupt there.

    An executor that runs calls in threads of its own can be asked to interrupt one with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[Hashable, int] = {}
        self._sent: dict[int, threading.Event] = {}

    def allowed(self, key: Hashable) -> contextlib.AbstractContextManager[None]:
        """Let what runs in the block be interrupted under ``key``.

        Raises:
            Stopped: Within the block, a ``KeyboardInterrupt``; or at its end, if it comes so late.
        """
        return _Allowed(self, key)

    def interrupt(self, key: Hashable) -> bool:
        """Raise an interrupt in what runs under ``key``, once; return whether anything does.

        It comes through with the next line of Python.
        """
        with self._lock:
            thread = self._threads.get(key)
            if thread is not None and thread not in self._sent:
                has_come = self._sent[thread] = threading.Event()
                _raise_in(thread, _interrupt_that_sets(has_come))
        return thread is not None

    def enter(self, key: Hashable) -> None:
        """Let this thread be interrupted from now on."""
        thread = threading.get_ident()
        with self._lock:
            self._threads[key] = thread
            self._sent.pop(thread, None)  # one that came through just when `leave` was called

    def leave(self, key: Hashable) -> None:
        """Let this thread be free for other work, once no interrupt is on its way to it."""
        thread = threading.get_ident()
        while True:
            try:
                with self._lock:
                    self._threads.pop(key, None)
                    has_come = self._sent.pop(thread, None)
                while has_come is not None and not has_come.is_set():
                    time.sleep(0)
            except Stopped:
                continue
            return


class _Allowed:
    """What `ThreadInterrupts.allowed` returns: it stands around every step."""

    __slots__ = ("_interrupts", "_key")

    def __init__(self, interrupts: ThreadInterrupts, key: Hashable) -> None:
        self._interrupts = interrupts
        self._key = key

    def __enter__(self) -> None:
        self._interrupts.enter(self._key)

    def __exit__(self, *_: object) -> None:
        self._interrupts.leave(self._key)


def _interrupt_that_sets(has_come: threading.Event) -> type[Stopped]:
    """Return an interrupt that tells when it has come through.

    One that has not cannot be taken back: Python 3.11 would go on looking for it for ever.
    """

    def note(self: Stopped, *args: object) -> None:
        has_come.set()

    return type("Stopped", (Stopped,), {"__init__": note})


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Let a thread raise an error soon."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
