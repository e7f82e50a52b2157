"""One worker process, as the coordinating process sees it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Sequence
from concurrent.futures import Future
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from gluepy.engine.serving import Incoming, serve, write_message
from gluepy.engine.starting import interrupts_held_back, preloading

__all__ = ["WorkerProcess"]

# To a process that has nothing to do: long enough for its plugins to tear down what they set up.
LEAVE_S = 5.0


class WorkerProcess:
    """A process with a pipe that leads to it.

    Args:
        context: Starts it.
        modules: To import beforehand.
        others: Our ends of the pipes of other workers. A forked process inherits them, and would
            keep those workers from noticing that we are gone.

    Attributes:
        here: Our end of its pipe, a descriptor.
        end: A descriptor that can be read when the process has ended.
        future: Of the call that it carries out.
        is_given_up: Whether nothing is expected of it any more.
    """

    def __init__(
        self, context: BaseContext, modules: Sequence[str], others: Sequence[Connection]
    ) -> None:
        self.connection, there = context.Pipe()
        inherited = [self.connection, *others] if context.get_start_method() == "fork" else []
        # Not daemonic: such a process could have no workers of its own, as joblib's.
        self.process = context.Process(  # type: ignore[attr-defined]  # of every context but the base
            target=serve, args=(there, inherited), name="gluepy-worker"
        )
        with preloading(context, modules), interrupts_held_back():
            self.process.start()
        there.close()
        self.pid = int(self.process.pid or 0)
        self.here = self.connection.fileno()
        self.end = _open_end(self.process)
        self.future: Future[Any] | None = None
        self._is_deaf = False
        self.is_given_up = False
        self._incoming = Incoming(self.here)
        # Nothing here waits for the pipe alone: what the process has forked may hold its end open,
        # and neither read nor write any more, when the process itself has ended.
        os.set_blocking(self.here, False)
        self._room = select.poll()
        self._room.register(self.here, select.POLLOUT)
        self._room.register(self.end, select.POLLIN)

    def send(self, call: bytes) -> bool:
        """Send a call, or none for no more; return whether that was possible."""
        try:
            write_message(self.here, call, self._wait_for_room)
        except (EOFError, OSError):
            self._is_deaf = True
            self.process.kill()  # it has closed its end of the pipe, and may live
            return False
        return True

    def _wait_for_room(self) -> None:
        """Wait until something can be written into the pipe.

        Raises:
            EOFError: If that will never be, as the process has ended.
        """
        if not any(ready == self.here for ready, _ in self._room.poll()):
            raise EOFError

    def dismiss(self) -> None:
        """Tell the process that there is nothing more to do."""
        self.send(b"")

    def receive(self) -> bytes | None:
        """Read once from the pipe, and return an answer if it is whole now.

        Raises:
            BlockingIOError: If there is nothing to read.
            EOFError: If there will be no answer any more.
            OSError: The same.
            ValueError: The same; something else writes into the pipe, too.
        """
        if self._is_deaf:
            raise BlockingIOError  # what is in a pipe with its number may be of another
        return self._incoming.read()

    def wait_for_end(self) -> str:
        """See to it that the process has ended, and return how."""
        end = select.poll()  # to join it would be to wait for its children, too
        end.register(self.end, select.POLLIN)
        end.poll(LEAVE_S * 1_000)
        self.process.kill()
        self.process.join()
        return _end_of(self.process.exitcode)

    def close(self) -> None:
        """Close what leads to the process, which has ended."""
        with contextlib.suppress(OSError):  # a task of this process may have closed them
            self.connection.close()
        with contextlib.suppress(OSError):
            os.close(self.end)


def _open_end(process: BaseProcess) -> int:
    """Return a descriptor that can be read when a process has ended.

    Its sentinel is only the second choice: it may be open in children of the process, too.
    """
    try:
        return os.pidfd_open(process.pid or 0)
    except (AttributeError, OSError):  # not on Linux, or it has ended already
        return os.dup(process.sentinel)


def _end_of(code: int | None) -> str:
    """Return how a process ended, for people."""
    if code is not None and code < 0:
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"
    return f"ended with exit code {code}"
