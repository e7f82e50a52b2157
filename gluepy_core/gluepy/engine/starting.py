"""How worker processes are started, and the server that ``forkserver`` forks them from."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Hashable, Iterator, Sequence
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

__all__ = [
    "START_METHODS",
    "interrupts_held_back",
    "leave_forkserver",
    "preloading",
    "starting",
    "use_forkserver",
]

#: How worker processes can be started, the usual one first.
START_METHODS = ("forkserver", "spawn", "fork")

#: One at a time: what a process inherits when it is forked depends on what is open just then.
starting = threading.Lock()

# So that "/pymp-01234567/listener-01234567" has room below it.
_MAX_TMPDIR_BYTES = 70
_SHORT_TMPDIR = "/tmp"  # noqa: S108 - what is made there is a folder of this user's

_users_of_forkserver: set[Hashable] = set()


@contextlib.contextmanager
def preloading(context: BaseContext, modules: Sequence[str]) -> Iterator[None]:
    """Let the server that workers are forked from import their modules, once, when it starts."""
    if context.get_start_method() != "forkserver":
        yield
        return
    from gluepy.engine.preload import VARIABLE, describe

    context.set_forkserver_preload(["gluepy.engine.preload"])
    _find_room_for_sockets()
    os.environ[VARIABLE] = describe(modules)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)


def _find_room_for_sockets() -> None:
    """Let the folder in which the server has its socket have a short path, even if TMPDIR is long.

    The path of a socket may have about a hundred bytes. The folder is made once per process, below
    that of `tempfile`; newer versions of Python look after it themselves.
    """
    import tempfile
    from multiprocessing import util

    usual = tempfile.gettempdir()
    if len(os.fsencode(usual)) > _MAX_TMPDIR_BYTES and os.access(_SHORT_TMPDIR, os.W_OK):
        tempfile.tempdir = _SHORT_TMPDIR
        try:
            util.get_temp_dir()
        finally:
            tempfile.tempdir = usual


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Let an interrupt of what is started here wait until it is ready for one; see `serve`."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # when it starts, it lets them through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def use_forkserver(user: Hashable) -> None:
    """Note that somebody needs the server of workers, until `leave_forkserver`."""
    _users_of_forkserver.add(user)


def leave_forkserver(user: Hashable) -> None:
    """End the server of workers when nobody here needs it any more.

    It would wait for the end of this process, and for that of every process that a task has left
    behind; and it knows modules only as they were when it started, which is wrong after a cell of a
    notebook has run again. Python has no public door for it.
    """
    from multiprocessing import forkserver

    with starting:
        if user not in _users_of_forkserver:
            return
        _users_of_forkserver.remove(user)
        if any(_is_of_forkserver(child) for child in multiprocessing.active_children()):
            return  # of somebody else in this process, who would take it for dead
        server = forkserver._forkserver  # noqa: SLF001 - see above
        pid = getattr(server, "_forkserver_pid", None)
        if _users_of_forkserver or pid is None or not hasattr(server, "_stop"):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        server._stop()  # noqa: SLF001 - see above


def _is_of_forkserver(process: BaseProcess) -> bool:
    popen = getattr(process, "_popen", None)
    return getattr(popen, "method", "") == "forkserver"
