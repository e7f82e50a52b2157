"""A worker process of this machine: it answers the calls that come through its pipe.

The other end is `gluepy.engine.processes`. This module is imported in both.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from gluepy.engine.signals import Stopped
from gluepy.utils.errors import reason_of
from gluepy.utils.streams import never_fail_to_encode

__all__ = ["Incoming", "serve", "write_message"]

# There is never more than one message in a pipe: so one that is short comes with one system call.

_LENGTH_BYTES = 8
_CHUNK_BYTES = 65_536

# Enough to come out of what could not be interrupted.
_AGAIN_S = 0.01


def write_message(descriptor: int, message: bytes, wait: Callable[[], None] = lambda: None) -> None:
    """Write a message into a pipe.

    Args:
        descriptor: Of the pipe.
        message: The message.
        wait: Returns when there is room in a pipe that does not wait by itself, or raises.

    Raises:
        OSError: If nobody can read it.
    """
    rest = memoryview(len(message).to_bytes(_LENGTH_BYTES, "little") + message)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            wait()


class Incoming:
    """What comes through a pipe, message by message.

    Args:
        descriptor: Of the pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._data = bytearray()

    def read(self) -> bytes | None:
        """Read once from the pipe.

        Returns:
            The message, if it is whole now.

        Raises:
            EOFError: If the pipe ends before the message does.
            OSError: If it cannot be read; a pipe that does not wait may be empty.
            ValueError: If more comes than the message: something else writes into the pipe, and
                nothing in it can be relied on.
        """
        chunk = os.read(self._descriptor, _CHUNK_BYTES)
        if not chunk:
            raise EOFError
        self._data += chunk
        end = _LENGTH_BYTES + int.from_bytes(self._data[:_LENGTH_BYTES], "little")
        if len(self._data) < end:
            return None
        if len(self._data) > end:
            raise ValueError("there is more in the pipe than a message")
        message = bytes(memoryview(self._data)[_LENGTH_BYTES:])
        self._data = bytearray()
        return message


def serve(pipe: Connection, inherited: Sequence[Connection]) -> None:
    """Answer calls until nobody is there to make them."""
    from gluepy.engine.worker import forget_places, leave_all

    for connection in inherited:
        connection.close()
    forget_places()
    never_fail_to_encode()
    interrupts = _Interrupts()
    signal.signal(signal.SIGINT, interrupts.handle)
    sys.unraisablehook = interrupts.handle_ignored
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal's: the coordinator sees to it
    here = pipe.fileno()
    threading.Thread(target=_end_with_coordinator, args=(here,), daemon=True).start()
    incoming = Incoming(here)
    try:
        while call := _next_message(incoming):
            answer = _answer(interrupts, *pickle.loads(call))  # noqa: S301 - from our coordinator
            write_message(here, pickle.dumps(answer, protocol=5))
    except (EOFError, OSError, ValueError):
        return  # the coordinator has died, and this process is about to
    leave_all()


def _next_message(incoming: Incoming) -> bytes:
    while (message := incoming.read()) is None:
        pass
    return message


def _answer(
    interrupts: _Interrupts, fn: Callable[..., object], args: Any, kwargs: Any
) -> tuple[bool, object]:
    """Call a function; return whether it returned, and what, or else why it did not."""
    answer: tuple[bool, object] = False, "was interrupted"
    try:
        interrupts.is_open = True
        interrupts.let_through()
        try:
            answer = True, fn(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - it may not be one that can be pickled
            answer = False, f"raised {reason_of(error)}"
    except Stopped:
        pass  # it came before the call had begun, or after it had ended
    finally:
        interrupts.is_open = False
    return answer


class _Interrupts:
    """Lets an interrupt through once per call, and at no other time.

    Ctrl-C reaches a worker twice: from the terminal and from the coordinator. One that comes before
    the first call, for which the process is started, is meant for it.

    Attributes:
        is_open: Whether one is let through now.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._is_new = True
        self._is_early = False

    def let_through(self) -> None:
        """Raise an interrupt that came before the first call."""
        self._is_new = False
        if self._is_early:
            self._is_early = False
            raise Stopped(signal.SIGINT.name)

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_open:
            self.is_open = False
            raise Stopped(signal.Signals(number).name)
        self._is_early = self._is_new

    def handle_ignored(self, ignored: sys.UnraisableHookArgs) -> None:
        """Let an interrupt come again that Python has ignored, as in the callback of a weakref."""
        if isinstance(ignored.exc_value, Stopped):
            self.is_open = True
            threading.Timer(_AGAIN_S, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            sys.__unraisablehook__(ignored)


def _end_with_coordinator(descriptor: int) -> None:
    """Wait until the other end of the pipe is closed, and end this process at once.

    An orderly end is told through the pipe, before. So the coordinator has died: the step must not
    go on, for the run may be resumed any moment, and two processes would work on the same files.
    """
    poll = select.poll()
    poll.register(descriptor, 0)  # hanging up is always told
    poll.poll()
    os.kill(os.getpid(), signal.SIGKILL)
