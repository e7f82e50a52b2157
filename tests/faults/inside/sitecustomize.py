"""Injects faults into the process that it is imported by: Python does so at its start.

It counts every operation that changes something below a folder, in all processes of a command
together, and lets the Nth one fail, or kills the process before it. What happens is chosen by
environment variables, so that it reaches worker processes as well:

* ``FAULT_ROOT``: the folder.
* ``FAULT_LOG``: a file, outside of it, that gets one line of fixed length per operation.
* ``FAULT_AT``: the number of the operation, from 1; unset to count only.
* ``FAULT_KIND``: what happens there; one of ``KINDS``.
* ``FAULT_CLOCK``: seconds by which the wall clock jumps, forth and back, each time it is read.

Audit events tell of what is done to paths, and are raised before it is done; writing and syncing
have none, so these functions are wrapped. The SQLite library writes without Python's knowing: only
its opening is counted.

A kill between the opening of a file and the first write is the kill before that write.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

#: What can happen at the Nth operation.
KINDS = (
    "kill",  # the process dies before it
    "torn",  # the process dies in the middle of it, if it is a write, else before it
    "kill-all",  # all processes of the command die before it
    "eio",  # it fails, and those after it do not
    "enospc",  # it and all later ones that need room fail; a write has written its first half
)

LINE = 160

_NEEDS_ROOM = {"create", "write", "mkdir", "sqlite3"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS = {
    "os.mkdir": "mkdir",
    "os.remove": "unlink",
    "os.rmdir": "rmdir",
    "os.link": "link",
    "os.symlink": "symlink",
    "os.truncate": "truncate",
    "os.chmod": "chmod",
}

_write, _pwrite, _fsync, _fdatasync = os.write, os.pwrite, os.fsync, os.fdatasync


class Faults:
    """What is to happen in this process; nothing until `arm` is called."""

    def __init__(self) -> None:
        self.root = ""
        self.log = ""
        self.at = 0
        self.kind = ""

    def arm(self) -> None:
        """Read the environment."""
        self.root = os.environ.get("FAULT_ROOT", "")
        self.log = os.environ.get("FAULT_LOG", "")
        self.at = int(os.environ.get("FAULT_AT", "0"))
        self.kind = os.environ.get("FAULT_KIND", "")

    def is_below(self, path: str) -> bool:
        return bool(self.root) and (path == self.root or path.startswith(f"{self.root}/"))

    def meet(self, operation: str, path: str) -> bool:
        """Count an operation; return whether half of it is to be done, or raise, or die."""
        number = self._count(operation, path)
        if not self.at or number < self.at:
            return False
        if self.kind == "enospc":
            if operation not in _NEEDS_ROOM:
                return False
            if operation == "write" and number == self.at:
                return True
            raise _error(operation, errno.ENOSPC, path)
        if number > self.at:
            return False
        if self.kind == "eio":
            raise _error(operation, errno.EIO, path)
        if self.kind == "torn" and operation == "write":
            return True
        die(everybody=self.kind == "kill-all")
        return False

    def _count(self, operation: str, path: str) -> int:
        """Note the operation and return its number, counted over all processes."""
        text = f"{os.getpid()} {operation} {path[len(self.root) :]}"
        line = text.encode(errors="replace")[: LINE - 1].ljust(LINE - 1) + b"\n"
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
        try:
            fcntl.flock(log, fcntl.LOCK_EX)
            _write(log, line)
            return os.fstat(log).st_size // LINE
        finally:
            os.close(log)


FAULTS = Faults()


def die(*, everybody: bool) -> None:
    """Kill this process, after all others of its session if ``everybody`` is to die."""
    me = os.getpid()
    if everybody:
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) != me and _session(entry) == os.getsid(0):
                os.kill(int(entry), signal.SIGKILL)
    os.kill(me, signal.SIGKILL)


def _session(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[3])
    except OSError:
        return -1


def _error(operation: str, number: int, path: str) -> Exception:
    if operation == "sqlite3":
        import sqlite3

        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        error.sqlite_errorname = "SQLITE_IOERR"
        return error
    return OSError(number, os.strerror(number), path)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not FAULTS.root:
        return
    if event == "open":
        path, _, flags = args
        if isinstance(path, str | bytes) and flags & _WRITING:
            _met("create" if flags & os.O_CREAT else "open", path)
    elif event == "os.rename":
        _met("rename", args[1], args[3])  # its new name says what it is
    elif event in _PATHS:
        _met(_PATHS[event], args[0], _folder_of(event, args))
    elif event == "sqlite3.connect":
        _met("sqlite3", str(args[0]).removeprefix("file:").partition("?")[0])


def _folder_of(event: str, args: tuple[Any, ...]) -> int:
    """Return the descriptor of the folder that a path is relative to; -1 for the current one."""
    if event in ("os.remove", "os.rmdir"):
        return int(args[1])
    return int(args[2]) if event == "os.mkdir" else -1


def _met(operation: str, where: object, folder: int = -1) -> None:
    path = _path(where, folder)
    if FAULTS.is_below(path):
        FAULTS.meet(operation, path)


def _path(where: object, folder: int = -1) -> str:
    try:
        if isinstance(where, int):
            return os.readlink(f"/proc/self/fd/{where}")
        text = os.fsdecode(where)  # type: ignore[arg-type]  # the function checks it
        if folder >= 0:
            return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
        return os.path.abspath(text)
    except (OSError, TypeError, ValueError):
        return ""


def _write_with_faults(descriptor: int, data: Any, /) -> int:
    path = _path(descriptor) if FAULTS.root else ""
    if not FAULTS.is_below(path):
        return _write(descriptor, data)
    if not FAULTS.meet("write", path):
        return _write(descriptor, data)
    written = _write(descriptor, memoryview(data)[: max(1, len(data) // 2)])
    if FAULTS.kind == "torn":
        die(everybody=False)
    return written


def _pwrite_with_faults(descriptor: int, data: Any, offset: int, /) -> int:
    path = _path(descriptor) if FAULTS.root else ""
    if FAULTS.is_below(path) and FAULTS.meet("write", path):
        if FAULTS.kind == "torn":
            die(everybody=False)
        raise _error("write", errno.ENOSPC, path)
    return _pwrite(descriptor, data, offset)


def _syncing(sync: Callable[[Any], None], name: str) -> Callable[[Any], None]:
    def sync_with_faults(where: Any, /) -> None:
        descriptor = where if isinstance(where, int) else where.fileno()
        path = _path(descriptor) if FAULTS.root else ""
        if FAULTS.is_below(path):
            FAULTS.meet(name, path)
        sync(where)

    return sync_with_faults


def _let_the_clock_jump(seconds: float) -> None:
    """Put the wall clock forward and back by turns; the monotonic clocks stay as they are."""
    import datetime as dt

    real_time, real_class = time.time, dt.datetime
    readings = 0

    def shift() -> float:
        nonlocal readings
        readings += 1
        return seconds if readings % 2 else -seconds

    class Jumping(real_class):  # type: ignore[valid-type, misc]  # it is a class
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return super().now(tz) + dt.timedelta(seconds=shift())

    # So that pickles of it say "datetime.datetime", which is this class in every process.
    Jumping.__module__, Jumping.__qualname__ = real_class.__module__, real_class.__qualname__
    time.time = lambda: real_time() + shift()
    dt.datetime = Jumping  # type: ignore[misc]  # that is the point


os.write = _write_with_faults
os.pwrite = _pwrite_with_faults
os.fsync = _syncing(_fsync, "fsync")  # type: ignore[assignment]  # the name of an argument
os.fdatasync = _syncing(_fdatasync, "fdatasync")  # type: ignore[assignment]  # as above
sys.addaudithook(_audit)
if "FAULT_LOG" in os.environ:
    FAULTS.arm()
if "FAULT_CLOCK" in os.environ:
    _let_the_clock_jump(float(os.environ["FAULT_CLOCK"]))
