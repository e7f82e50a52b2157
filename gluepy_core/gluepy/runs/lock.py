"""The lock of a run: one live process works in a run folder, and a dead one is in nobody's way."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from gluepy.exceptions import (
    GluepyError,
    RunLockedError,
    StorageNotFoundError,
    StorageWriteError,
)
from gluepy.runs._descriptors import open_high

if TYPE_CHECKING:
    from types import MethodType

    from gluepy.files.storages import BaseStorage

__all__ = ["LOCK_FILE", "LockOwner", "LockTiming", "RunLock", "find_owner"]

#: Names who works in the run folder.
LOCK_FILE = "lock"

_HELD = {errno.EACCES, errno.EAGAIN}


@dataclass(frozen=True, kw_only=True)
class LockOwner:
    """Who works in a run folder.

    Attributes:
        host: Its machine.
        pid: Its process; 0 where unknown.
        started_at: When it took the folder, in UTC, as text.
        machine: Tells machines of one name apart, and containers, whose processes have ids of
            their own.
        token: Different for every lock.
        beat: Counts up while the process lives, in storages that know no locks.
        beat_at: When it did so last, in UTC, as text.
    """

    host: str = ""
    pid: int = 0
    started_at: str = ""
    machine: str = ""
    token: str = ""
    beat: int = 0
    beat_at: str = ""


@dataclass(frozen=True, kw_only=True)
class LockTiming:
    """The times of a lock; all but ``sleep`` are those of a storage that knows no locks.

    Attributes:
        beat_s: Between two signs of life.
        missed: So many of them missing, and the owner is taken for dead.
        settle_s: From writing the lock to reading it back: who is slower than that with the same
            wins, and the other sees it.
        sleep: Waits.
        monotonic: Measures.
    """

    beat_s: float = 5.0
    missed: int = 3
    settle_s: float = 0.5
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


class RunLock:
    """Held while a process works in a run folder.

    On a disk the kernel keeps the lock, and lets go of it when the process dies. Such locks do not
    keep one run of a process from another, so this process knows its own. In other storages the
    lock is an object with a sign of life; whoever finds one without takes it over.

    A process that was forked off does not hold the locks of its parent.
    """

    def __init__(self, storage: BaseStorage, folder: str, owner: LockOwner, kind: _Kind) -> None:
        self._storage = storage
        self._folder = folder
        self._kind = kind
        self._pid = os.getpid()
        self.owner = owner

    @classmethod
    def acquire(
        cls, storage: BaseStorage, folder: str, *, timing: LockTiming | None = None
    ) -> RunLock:
        """Take the lock of a run folder, which is made if it is missing.

        Raises:
            RunLockedError: If a live process, or another run of this one, holds it.
            StorageError: If it cannot be written.
        """
        timing = timing or LockTiming()
        owner = LockOwner(
            host=platform.node(),
            pid=os.getpid(),
            started_at=_now(),
            machine=_machine(),
            token=uuid.uuid4().hex,
            beat_at=_now(),
        )
        storage.mkdir(folder, make_parents=True)
        path = storage.separator.join((folder, LOCK_FILE))
        with _registered(storage, folder, owner):
            disk_path = storage.local_path(path)
            kind: _Kind
            if disk_path is not None:
                kind = _DiskLock(disk_path, owner, storage.location(folder), timing.sleep)
            elif storage.is_shared:
                kind = _ObjectLock(storage, path, owner, folder, timing)
            else:
                kind = _NoLock()
        return cls(storage, folder, owner, kind)

    @property
    def beat_s(self) -> float:
        """Seconds from one `beat` to the next."""
        return self._kind.beat_s

    def beat(self) -> None:
        """Give a sign of life.

        Raises:
            RunLockedError: If another process has taken the run over meanwhile.
        """
        if self._pid == os.getpid():
            self._kind.beat()

    def release(self) -> None:
        """Let go of the lock; again does nothing, and neither does a forked process."""
        if self._pid != os.getpid() or not _forget(self._storage, self._folder, self.owner):
            return
        self._kind.release()


def find_owner(storage: BaseStorage, folder: str) -> LockOwner | None:
    """Return the live process that works in a run folder; None if there is none.

    In a storage that knows no locks, an owner that has given a sign of life lately is alive.
    """
    held = _OWN.get(_name(storage, folder))
    if held is not None and held[0].pid == os.getpid():
        return held[0]
    path = storage.separator.join((folder, LOCK_FILE))
    disk_path = storage.local_path(path)
    if disk_path is not None:
        return _find_on_disk(disk_path)
    if not storage.is_shared:
        return None
    owner = _read_object(storage, path)
    return None if owner is None or _is_dead(owner) or _looks_stale(owner, LockTiming()) else owner


# -- the locks of this process ---------------------------------------------------------------------

# The storage is kept, too, so that no other can have its identity.
_OWN: dict[tuple[int, str], tuple[LockOwner, object]] = {}
_MUTEX = threading.Lock()


def _name(storage: BaseStorage, folder: str) -> tuple[int, str]:
    path = storage.local_path(folder)
    if path is not None:
        return (0, path)
    return (id(_itself(storage)), storage.relpath(folder))


def _itself(storage: BaseStorage) -> object:
    """Return the storage that a proxy stands for: by way of a method, which is never one."""
    return cast("MethodType", storage.exists).__self__


@contextlib.contextmanager
def _registered(storage: BaseStorage, folder: str, owner: LockOwner) -> Iterator[None]:
    """Note that a run of this process works in a folder; not if the block fails."""
    name = _name(storage, folder)
    with _MUTEX:
        held = _OWN.get(name)
        if held is not None and held[0].pid == owner.pid:
            raise _refusal(storage.location(folder), held[0])
        _OWN[name] = (owner, _itself(storage))
    try:
        yield
    except BaseException:
        _forget(storage, folder, owner)
        raise


def _forget(storage: BaseStorage, folder: str, owner: LockOwner) -> bool:
    name = _name(storage, folder)
    with _MUTEX:
        held = _OWN.get(name)
        if held is None or held[0].token != owner.token:
            return False
        del _OWN[name]
        return True


# -- on a disk -------------------------------------------------------------------------------------


class _Kind:
    """What keeps others out."""

    beat_s = 1.0

    def beat(self) -> None:
        """Give a sign of life."""

    def release(self) -> None:
        """Let others in."""


class _NoLock(_Kind):
    """For a storage that no other process sees: that this one knows of its runs is enough."""


class _DiskLock(_Kind):
    """A record lock of the kernel. It ends with the process, and is not inherited."""

    # Another run that ends in this very moment, or somebody who only looks, is waited for.
    _TRIES = 6
    _WAIT_S = 0.05

    def __init__(
        self,
        path: str,
        owner: LockOwner,
        location: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._location = location
        self._content = json.dumps(asdict(owner)).encode("ascii")
        self._descriptor = self._open()
        try:
            self._take(sleep)
            self._write(self._content)
        except BaseException:
            os.close(self._descriptor)
            raise
        found = os.fstat(self._descriptor)
        self._identity = (found.st_dev, found.st_ino)

    def beat(self) -> None:
        """Take the lock again: whoever closes a file of it, such as a task, loses it."""
        if not self._is_ours():
            self._descriptor = self._open()
        if not _try_lock(self._descriptor):
            raise _refusal(self._location, _read_disk(self._path))

    def release(self) -> None:
        """Empty the file and let go; the file stays, or two could lock two of that name."""
        if not self._is_ours():
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _open(self) -> int:
        try:
            return open_high(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise StorageWriteError(self._path, error.strerror or str(error)) from error

    def _take(self, sleep: Callable[[float], None]) -> None:
        for _ in range(self._TRIES):
            if _try_lock(self._descriptor):
                return
            sleep(self._WAIT_S)
        raise _refusal(self._location, _read_disk(self._path))

    def _write(self, content: bytes) -> None:
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, content, 0)
        except OSError as error:
            raise StorageWriteError(self._path, error.strerror or str(error)) from error

    def _is_ours(self) -> bool:
        try:
            found = os.fstat(self._descriptor)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise StorageWriteError(LOCK_FILE, error.strerror or str(error)) from error
    return True


def _find_on_disk(path: str) -> LockOwner | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return LockOwner()  # of another user: nobody here can know
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_disk(path)
    finally:
        os.close(descriptor)
    return None


def _read_disk(path: str) -> LockOwner:
    """Return what a lock says of its owner; nobody if it cannot be read."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return _load(file.read()) or LockOwner()
    return LockOwner()


# -- elsewhere -------------------------------------------------------------------------------------


class _ObjectLock(_Kind):
    """A lock for storages that know none: an object that its owner writes again and again.

    Wall clocks of machines differ and jump. They only decide whether an owner is refused at once or
    watched; that it is dead is measured by the clock of this process.
    """

    def __init__(
        self, storage: BaseStorage, path: str, owner: LockOwner, folder: str, timing: LockTiming
    ) -> None:
        self._storage = storage
        self._path = path
        self._owner = owner
        self._location = storage.location(folder)
        self._timing = timing
        self.beat_s = timing.beat_s
        found = _read_object(storage, path)
        if found is not None:
            self._outlive(found)
        self._write()
        timing.sleep(timing.settle_s)
        self._check()

    def beat(self) -> None:
        """Count up, if the lock is still ours."""
        self._check()
        self._owner = replace(self._owner, beat=self._owner.beat + 1, beat_at=_now())
        self._write()

    def release(self) -> None:
        """Empty the object, if the lock is still ours."""
        with contextlib.suppress(GluepyError):  # who comes next will see that nobody lives
            self._check()
            self._storage.touch(self._path, b"", private=True)

    def _outlive(self, found: LockOwner) -> None:
        """Return when the owner is dead; refuse when it is alive."""
        if _is_dead(found):
            return
        if not _looks_stale(found, self._timing):
            raise _refusal(self._location, found)
        end = self._timing.monotonic() + self._timing.beat_s * self._timing.missed
        while self._timing.monotonic() < end:
            self._timing.sleep(self._timing.beat_s / 5)
            now = _read_object(self._storage, self._path)
            if now is None:
                return
            if (now.token, now.beat) != (found.token, found.beat):
                raise _refusal(self._location, now)

    def _write(self) -> None:
        self._storage.touch(self._path, json.dumps(asdict(self._owner)), private=True)

    def _check(self) -> None:
        found = _read_object(self._storage, self._path)
        if found is None or found.token != self._owner.token:
            raise _refusal(self._location, found or LockOwner())


def _read_object(storage: BaseStorage, path: str) -> LockOwner | None:
    try:
        return _load(storage.open(path))
    except StorageNotFoundError:
        return None


def _is_dead(owner: LockOwner) -> bool:
    """Return whether the owner was a process of this machine that is no more."""
    if owner.machine != _machine() or owner.pid <= 0:
        return False
    try:
        os.kill(owner.pid, 0)
    except OSError as error:
        return error.errno == errno.ESRCH  # and not that it is of another user
    return False


def _looks_stale(owner: LockOwner, timing: LockTiming) -> bool:
    try:
        age_s = (datetime.now(UTC) - datetime.fromisoformat(owner.beat_at)).total_seconds()
    except (ValueError, TypeError):
        return True
    return abs(age_s) > timing.beat_s * timing.missed


# -- both ------------------------------------------------------------------------------------------


def _load(content: bytes) -> LockOwner | None:
    """Return the owner that a lock names; None if it names none."""
    try:
        found: Any = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, Mapping):
        return None
    # What another version has added is not needed here.
    known: dict[str, Any] = {
        name: found[name]
        for name, default in asdict(LockOwner()).items()
        if type(found.get(name)) is type(default)
    }
    return LockOwner(**known)


def _refusal(location: str, owner: LockOwner) -> RunLockedError:
    return RunLockedError(location, owner.host, owner.pid, owner.started_at)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _machine() -> str:
    """Return what tells machines and containers apart, as far as this one lets us know."""
    parts = [platform.node()]
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        parts.append(file.read().strip())
    with contextlib.suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)
