"""What the steps of a run print and log: a file per step, in the folder ``logs`` of the run.

No step fails for want of its log: what cannot be written is dropped.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from gluepy.runs._descriptors import open_high

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage

__all__ = ["LogFolder", "LogText", "StepLog", "log_path", "read_attempt", "read_log"]

#: Where the logs lie, in the run folder.
LOGS_FOLDER = "logs"

#: So much of one attempt is kept.
MAX_BYTES = 10_000_000

# Disks allow 255 bytes for a name, and some file systems fewer.
_MAX_NAME = 120

# What some file system cannot hold, and what hides a file; the rest stays as people know it.
_UNSAFE = re.compile(r"""^\.+|[/\\:*?"<>|%]|[^ -~]""")

_MAX_TAIL_BYTES = 4096
_MAX_TAIL_LINES = 20

# A line that does not end is written at last when it is so long.
_MAX_WAITING = 8192

_HEADER = re.compile(
    rb"^=== attempt (\d{1,9}), (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ===\n", re.MULTILINE
)


class LogText(NamedTuple):
    """What is in a log.

    Attributes:
        text: Its text, or the last lines of it.
        bytes: Size of the whole log; 0 if there is none.
        is_cut: Whether something stands before ``text`` that was left out.
    """

    text: str
    bytes: int
    is_cut: bool


def log_path(label: str) -> str:
    """Return the path, in the run folder, of the log of the step with a label."""
    name = _UNSAFE.sub(_quoted, label)
    if len(name) > _MAX_NAME:
        import hashlib

        digest = hashlib.sha256(label.encode(errors="surrogatepass")).hexdigest()[:16]
        name = f"{name[:_MAX_NAME]}-{digest}"
    return f"{LOGS_FOLDER}/{name}.log"


def _quoted(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogatepass"))


def read_log(storage: BaseStorage, folder: str, label: str, *, tail: int | None = None) -> LogText:
    """Return what a step has printed and logged.

    Args:
        storage: Where the run lies.
        folder: The run folder.
        label: Of the step.
        tail: Return only so many lines, the last ones; None for all.

    Raises:
        StorageError: If it is there and cannot be read.
    """
    content = _read(storage, folder, label)
    text = _decoded(content)
    if tail is None:
        return LogText(text, len(content), is_cut=False)
    lines = text.splitlines(keepends=True)
    kept = lines[-tail:] if tail else []
    return LogText("".join(kept), len(content), is_cut=len(kept) < len(lines))


def read_attempt(
    storage: BaseStorage, folder: str, label: str, *, attempt: int, since: datetime
) -> str:
    """Return what the last attempt at a step has printed; nothing if that is not the one meant.

    Args:
        storage: Where the run lies.
        folder: The run folder.
        label: Of the step.
        attempt: The number of the attempt.
        since: It began then or later: a run folder can hold several first attempts.

    Raises:
        StorageError: If it is there and cannot be read.
    """
    content = _read(storage, folder, label)
    headers = [*_HEADER.finditer(content)]
    if not headers or int(headers[-1][1]) != attempt:
        return ""
    header = headers[-1]
    try:
        began_at = datetime.fromisoformat(header[2].decode())
    except ValueError:  # a task has printed something that looks like it
        return ""
    # The header has whole seconds.
    return _decoded(content[header.end() :]) if began_at >= since.replace(microsecond=0) else ""


def _read(storage: BaseStorage, folder: str, label: str) -> bytes:
    path = f"{folder}{storage.separator}{log_path(label)}"
    return storage.open(path, mode="rb") if storage.isfile(path) else b""


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\r\n", "\n")


class LogFolder:
    """The logs of one run, in one process.

    Args:
        storage: Where the run lies.
        folder: The run folder.
    """

    def __init__(self, storage: BaseStorage, folder: str) -> None:
        self.storage = storage
        self.folder = folder
        self.is_local = storage.local_path(folder) is not None

    def open(self, label: str, attempt: int) -> StepLog:
        """Return the log for one attempt at a step; nothing is made until something is printed."""
        return StepLog(self, label, attempt)


class StepLog:
    """What one attempt at a step prints and logs, from all its threads.

    On a disk of this machine it is appended, line by line, and so outlives a process that is
    killed. Elsewhere it is written when the attempt has ended.

    Args:
        logs: Where it goes.
        label: Of the step.
        attempt: From 1.
    """

    __slots__ = (
        "_attempt",
        "_descriptor",
        "_identity",
        "_is_closed",
        "_kept",
        "_label",
        "_lock",
        "_logs",
        "_size",
        "_tail",
        "_waiting",
    )

    def __init__(self, logs: LogFolder, label: str, attempt: int) -> None:
        self._logs = logs
        self._label = label
        self._attempt = attempt
        # A handler of signals may print in the middle of a print, and take it again.
        self._lock = threading.RLock()
        self._size = 0
        self._tail = b""
        self._waiting = b""
        self._kept: list[bytes] = []
        self._descriptor = -1
        self._identity = (0, 0)
        self._is_closed = False

    def write(self, data: str | bytes) -> None:
        """Add something; whatever becomes of it, this raises nothing."""
        if isinstance(data, str):
            data = data.encode("utf-8", "backslashreplace")
        if not data:
            return
        with self._lock:
            if self._is_closed:
                return  # a thread that the step has left behind
            self._tail = (self._tail + data[-_MAX_TAIL_BYTES:])[-_MAX_TAIL_BYTES:]
            room = MAX_BYTES - self._size
            if room <= 0:
                return
            if not self._size:
                self._waiting = self._header()
            self._size += len(data)
            self._waiting += data[:room]
            if len(data) >= room:
                self._waiting += (
                    f"\n=== more than {MAX_BYTES:,} bytes: the rest is lost ===\n".encode()
                )
            if b"\n" in data or len(self._waiting) > _MAX_WAITING:
                self._flush()

    def close(self) -> None:
        """The attempt has ended: write what is not written yet."""
        if self._size:
            with self._lock:
                self._is_closed = True
                if not self._waiting.endswith(b"\n") and not self._tail.endswith(b"\n"):
                    self._waiting += b"\n"
                self._flush()
                self._store()
        self._is_closed = True

    def tail(self) -> str:
        """Return the last lines: at most 20, and 4 kB."""
        text = _decoded(self._tail)
        lines = text.splitlines()
        if len(self._tail) == _MAX_TAIL_BYTES:
            lines = lines[1:] or lines  # of the first one the beginning may be missing
        return "\n".join(lines[-_MAX_TAIL_LINES:])

    def forked(self) -> None:
        """This process was forked: of the other, no thread is here that could let go of a lock."""
        self._lock = threading.RLock()
        self._waiting = b""

    def _header(self) -> bytes:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"=== attempt {self._attempt}, {moment} ===\n".encode()

    def _path(self) -> str:
        logs = self._logs
        return f"{logs.folder}{logs.storage.separator}{log_path(self._label)}"

    def _flush(self) -> None:
        data, self._waiting = self._waiting, b""
        if not self._logs.is_local:
            self._kept.append(data)
            return
        # A storage of others may raise anything.
        with contextlib.suppress(Exception):
            while data:
                data = data[os.write(self._opened(), data) :]

    def _opened(self) -> int:
        """Return the open file, which is the log for certain: a task may close any file."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                found = os.fstat(self._descriptor)
                if (found.st_dev, found.st_ino) == self._identity:
                    return self._descriptor
        self._descriptor = -1
        storage = self._logs.storage
        path = str(storage.local_path(self._path()))
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.dirname(path))
        descriptor = open_high(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW)
        found = os.fstat(descriptor)
        self._descriptor, self._identity = descriptor, (found.st_dev, found.st_ino)
        return descriptor

    def _store(self) -> None:
        """Close the file; or write it, where a storage can only write whole ones."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._opened())
            self._descriptor = -1
        if not self._kept:
            return
        storage, path = self._logs.storage, self._path()
        kept, self._kept = self._kept, []
        with contextlib.suppress(Exception):  # as above
            before = storage.open(path, mode="rb") if storage.isfile(path) else b""
            storage.touch(path, before + b"".join(kept), private=True)
