"""A small parent that watches the process that runs the tasks, and outlives whatever they do to it.

A task may end its process without a word: ``os._exit(0)``, a segmentation fault, the memory that
runs out. The parent, which runs nothing of the user's, forwards signals, sees to it that no process
is left behind, and hands what it knows to whoever has to record the end. When the parent itself is
killed, the child stops.

The child is the leader of a process group, which has the terminal. So Ctrl-C reaches it once, and
the parent can end the child with all that it has started.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gluepy.engine.signals import SIGNALS, is_kept_off
from gluepy.utils.streams import flush_streams

__all__ = ["Death", "Link", "can_supervise", "supervise"]

_STDIN = 0

# A run that was asked twice to stop has had its chance; so has one whose parent is gone.
_SIGNALS_UNTIL_KILL = 3
_ORPHAN_GRACE_S = 5.0

# How often the child looks for its parent, where a task has closed what would tell it at once.
_ORPHAN_LOOK_S = 0.1

# A task may leave a thread behind that Python would wait for, for ever.
_LEAVE_S = 5.0

# The signals by which a shell stops a job. Whoever stops a process otherwise means that one alone.
_JOB_CONTROL = {
    getattr(signal, name) for name in ("SIGTSTP", "SIGTTIN", "SIGTTOU") if hasattr(signal, name)
}

_CODE = b"code "
_RUN = b"run "


class Death(NamedTuple):
    """How the child ended, that did not say so itself.

    Attributes:
        pid: Its number.
        exit_code: What it exited with; negative for the signal that killed it.
        runs: The folders of the runs that it had begun, in that order.
        signal: The last signal that asked it to stop; 0 if none did.
    """

    pid: int
    exit_code: int
    runs: tuple[str, ...]
    signal: int


class Link:
    """The child's side: what it tells its parent.

    Args:
        descriptor: Where to write it.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._identity = _identity(descriptor)
        self._pid = os.getpid()

    def announce(self, folder: str) -> None:
        """Tell that a run begins in a folder."""
        self._send(_RUN + folder.encode("utf-8", "surrogateescape"))

    def conclude(self, code: int) -> None:
        """Tell that all is recorded, and with what this process is about to exit."""
        self._send(_CODE + str(code).encode())

    def _send(self, line: bytes) -> None:
        # A child of a task has inherited this, and a task may have closed what it did not open.
        if os.getpid() == self._pid and _identity(self._descriptor) == self._identity:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, line.replace(b"\n", b" ") + b"\n")


def can_supervise() -> bool:
    """Return whether this process can be divided: on POSIX, while it has but one thread."""
    return (
        hasattr(os, "fork")
        and threading.active_count() == 1
        and threading.current_thread() is threading.main_thread()
    )


def supervise(mourn: Callable[[Death], int]) -> Link:
    """Divide this process in two; only the child returns.

    Args:
        mourn: Called in the parent when the child has died without a word; records what has to be,
            and returns the exit code.

    Returns:
        What the child tells its parent with.

    Raises:
        SystemExit: In the parent, when the child has ended; with its exit code.
    """
    flush_streams()
    has_terminal = _has_terminal()
    words, tell = os.pipe()
    alive, stay_alive = os.pipe()
    forwarded = [number for number in SIGNALS if not is_kept_off(number)]
    watched = {*forwarded, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    parent_pid = os.getpid()
    pid = os.fork()
    if pid:
        os.close(tell)
        os.close(alive)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        parent = _Parent(pid, words, forwarded, has_terminal=has_terminal)
        sys.exit(parent.watch(mourn, before))
    os.setpgid(0, 0)
    for descriptor in (words, stay_alive):
        os.close(descriptor)
    if has_terminal:
        _give_terminal(os.getpid())
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    threading.Thread(target=_end_with_parent, args=(parent_pid, alive), daemon=True).start()
    return Link(tell)


def _end_with_parent(parent_pid: int, alive: int) -> None:
    """Wait until the parent is gone; then stop, in order if that is possible, but in any case."""
    poll = select.poll()
    poll.register(alive, 0)  # hanging up is always told
    poll.poll()
    while os.getppid() == parent_pid:  # it is a task that has closed the pipe
        threading.Event().wait(_ORPHAN_LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_ORPHAN_GRACE_S)
    os.killpg(0, signal.SIGKILL)


class _Parent:
    """The parent's side.

    Args:
        pid: Of the child.
        words: Where what the child tells is read.
        forwarded: The signals to pass on.
        has_terminal: Whether the terminal is ours to hand on.
    """

    def __init__(self, pid: int, words: int, forwarded: list[int], *, has_terminal: bool) -> None:
        self._pid = pid
        self._words = words
        self._forwarded = forwarded
        self._heard = b""
        self._asked = 0
        self._signal = 0
        self._kill_at = 0.0
        self._has_terminal = has_terminal

    def watch(self, mourn: Callable[[Death], int], mask: set[int | signal.Signals]) -> int:
        """Wait for the end of the child, and return what to exit with."""
        status = self._wait(mask)
        if self._has_terminal:
            _give_terminal(os.getpgrp())
        self._hear()
        code = self._verdict()
        if code is not None:
            return code
        self._kill()  # what it has left behind
        for number in self._forwarded:
            signal.signal(number, signal.SIG_IGN)  # the end is to be recorded, whoever is impatient
        exit_code = os.waitstatus_to_exitcode(status)
        return mourn(Death(self._pid, exit_code, tuple(self._runs()), self._signal))

    def _wait(self, mask: set[int | signal.Signals]) -> int:
        """Forward signals until the child has ended, and return its status."""
        with self._handlers() as wakened:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            while True:
                listening = [wakened] if self._words < 0 else [wakened, self._words]
                readable, _, _ = select.select(listening, [], [], self._patience())
                if self._words in readable:
                    self._hear(once=True)
                if wakened in readable:
                    for number in os.read(wakened, 512):
                        self._forward(number)
                if not readable:
                    self._kill()  # it has said its last word, and does not end
                status = self._status()
                if status is not None:
                    return status

    def _patience(self) -> float | None:
        """Return how long to wait, in seconds: for ever, until the child has said its last word."""
        if self._verdict() is None:
            return None
        self._kill_at = self._kill_at or time.monotonic() + _LEAVE_S
        return max(0.0, self._kill_at - time.monotonic())

    def _kill(self) -> None:
        """End the child with all that it has started."""
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL)

    def _status(self) -> int | None:
        """Return the status of the child if it has ended."""
        pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
        if not pid:
            return None
        if not os.WIFSTOPPED(status):
            return status
        if self._has_terminal and os.WSTOPSIG(status) in _JOB_CONTROL:
            self._sleep_with_it()
        return None

    def _sleep_with_it(self) -> None:
        """Stop as the child was stopped (Ctrl-Z), and let it go on when this process does."""
        _give_terminal(os.getpgrp())
        os.kill(os.getpid(), signal.SIGSTOP)
        _give_terminal(self._pid)
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGCONT)

    def _forward(self, number: int) -> None:
        if number not in self._forwarded:
            return
        self._signal = number
        self._asked += 1
        if self._asked >= _SIGNALS_UNTIL_KILL:
            self._kill()
            return
        with contextlib.suppress(OSError):
            os.kill(self._pid, number)

    @contextlib.contextmanager
    def _handlers(self) -> Iterator[int]:
        """Let every signal that is watched make a descriptor readable."""
        wakened, wake = os.pipe()
        os.set_blocking(wake, False)
        before_fd = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        numbers = [*self._forwarded, signal.SIGCHLD]
        before = {number: signal.signal(number, lambda *_: None) for number in numbers}
        try:
            yield wakened
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before_fd)
            os.close(wakened)
            os.close(wake)

    # -- what the child tells ------------------------------------------------------------------

    def _hear(self, *, once: bool = False) -> None:
        """Read what the child has told; all that is left of it, where it has ended."""
        while self._words >= 0:
            if not select.select([self._words], [], [], 0)[0]:
                return
            heard = os.read(self._words, 65536)
            self._heard += heard
            if not heard:
                os.close(self._words)
                self._words = -1
            if once:
                return

    def _lines(self, kind: bytes) -> list[str]:
        return [
            line[len(kind) :].decode("utf-8", "surrogateescape")
            for line in self._heard.split(b"\n")
            if line.startswith(kind)
        ]

    def _runs(self) -> list[str]:
        return self._lines(_RUN)

    def _verdict(self) -> int | None:
        codes = self._lines(_CODE)
        return int(codes[-1]) if codes else None


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _has_terminal() -> bool:
    """Return whether standard input is a terminal that is ours to hand on."""
    try:
        return os.isatty(_STDIN) and os.tcgetpgrp(_STDIN) == os.getpgrp()
    except OSError:
        return False


def _give_terminal(group: int) -> None:
    # A process in the background would be stopped for this.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(_STDIN, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
