"""The journal of a run: JSON lines, appended one by one, that a crash cannot tear apart."""

from __future__ import annotations

import errno
import json
import os
import threading
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from gluepy.exceptions import DamagedRecordError, StorageWriteError
from gluepy.runs._descriptors import open_high
from gluepy.runs.events import Event, replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gluepy.files.storages import BaseStorage
    from gluepy.runs.state import RunState

__all__ = [
    "JOURNAL_FILE",
    "JOURNAL_FOLDER",
    "DiskJournal",
    "Journal",
    "ObjectJournal",
    "Stored",
    "Sync",
    "has_journal",
    "journal_location",
    "load_state",
    "open_journal",
    "parse_lines",
    "read_journal",
]

#: The journal on a disk.
JOURNAL_FILE = "journal.jsonl"
#: The journal in a storage that cannot append: one object per flush, ``000001.jsonl`` and so on.
JOURNAL_FOLDER = "journal"

# Systems give the lowest number that is free: one that a task has freed by closing all files is
# then not given to the next file that somebody opens.
_LOWEST = 100

#: When lines are forced to the disk.
Sync = Literal["group", "always", "never"]


class Journal(Protocol):
    """A journal that is being written."""

    def append(self, line: str, *, looks: bool = True) -> None:
        """Add one line of ASCII, which ends in a line feed; whole or not at all.

        Args:
            line: Of the journal.
            looks: Whether to look first if the file is still the journal. That need not be when no
                task can have closed it since the line before.

        Raises:
            StorageWriteError: If the storage refuses.
        """
        ...

    def flush(self) -> None:
        """See to it that what was appended outlives this process.

        Raises:
            StorageWriteError: If the storage refuses.
        """
        ...

    def sync(self) -> None:
        """See to it that what was appended outlives a power cut.

        Raises:
            StorageWriteError: If the storage refuses.
        """
        ...

    def close(self) -> None:
        """Let go of it; nothing is written any more."""
        ...


# -- reading ---------------------------------------------------------------------------------------


def has_journal(storage: BaseStorage, folder: str) -> bool:
    """Return whether a run folder holds a journal."""
    return storage.isfile(_in(storage, folder, JOURNAL_FILE)) or bool(_objects(storage, folder))


def journal_location(storage: BaseStorage, folder: str) -> str:
    """Return what a person opens to see the journal."""
    is_file = storage.isfile(_in(storage, folder, JOURNAL_FILE))
    name = JOURNAL_FILE if is_file or _keeps_file(storage, folder) else JOURNAL_FOLDER
    return storage.location(_in(storage, folder, name))


class Stored(NamedTuple):
    """What a run folder holds of a journal.

    Attributes:
        events: All of them, without a torn last line; none if there is no journal.
        size_bytes: How many bytes of the file are good.
        has_objects: Whether there are objects, beside or instead of the file.
    """

    events: list[Event]
    size_bytes: int = 0
    has_objects: bool = False


def read_journal(storage: BaseStorage, folder: str) -> Stored:
    """Return what a run folder holds of a journal.

    A run folder that was copied between a disk and an object store may hold both forms. The one
    that was continued last begins with all that is in the other.

    Raises:
        DamagedRecordError: If a line before the last cannot be read.
    """
    path = _in(storage, folder, JOURNAL_FILE)
    from_file, good = list[Any](), 0
    if storage.isfile(path):
        from_file, good = parse_lines(storage.open(path), where=storage.location(path))
    names = _objects(storage, folder)
    from_objects = _read_objects(storage, folder, names) if names else []
    shorter, longer = sorted((from_file, from_objects), key=len)
    if longer[: len(shorter)] != shorter:
        raise DamagedRecordError(
            storage.location(path), 1, f"it contradicts the folder {JOURNAL_FOLDER!r} beside it"
        )
    return Stored(longer, good, bool(names))


def load_state(storage: BaseStorage, folder: str) -> RunState:
    """Return what is recorded of a run; nothing for a run of Gluepy 1.6.

    Raises:
        RunRecordError: If the record is damaged, or of a newer form.
    """
    events = read_journal(storage, folder).events
    return replay(events, where=journal_location(storage, folder))


def parse_lines(data: bytes, *, where: str) -> tuple[list[Event], int]:
    """Return the events in the content of a journal, and how many bytes of it are good.

    A crash can cut the last line short; a power cut can leave NULs where it would stand. Both are
    dropped. Nothing else happens by itself.

    Args:
        data: The content.
        where: Its path, for errors.

    Raises:
        DamagedRecordError: If another line than the last cannot be read.
    """
    events = list[Any]()
    good = end = 0
    bad: tuple[int, str, bool] | None = None
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        end += len(line) + 1
        event = _parse(line)
        if isinstance(event, str):
            bad = bad or (number, event, b"\0" in line)
        elif bad is not None:
            raise DamagedRecordError(where, bad[0], bad[1])
        else:
            events.append(event)
            good = end
    if bad is not None and not bad[2]:
        raise DamagedRecordError(where, bad[0], bad[1])
    return events, good


def _parse(line: bytes) -> Event | str:
    """Return the event in a line, or what is wrong with the line."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"it is no JSON ({error})"
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return "it is no event"
    return event


def _read_objects(storage: BaseStorage, folder: str, names: Sequence[str]) -> list[Event]:
    events = list[Any]()
    for number, name in enumerate(names, start=1):
        path = _in(storage, folder, JOURNAL_FOLDER, name)
        where = storage.location(path)
        if name != _object_name(number):
            raise DamagedRecordError(where, 1, f"{_object_name(number)!r} before it is missing")
        data = storage.open(path)
        found, good = parse_lines(data, where=where)
        if good < len(data) and number < len(names):
            raise DamagedRecordError(where, len(found) + 1, "it is cut short")
        events += found
    return events


def _objects(storage: BaseStorage, folder: str) -> list[str]:
    path = _in(storage, folder, JOURNAL_FOLDER)
    if not storage.isdir(path):
        return []
    names = [name for name in storage.ls(path)[0] if name.endswith(".jsonl")]
    return sorted(names, key=lambda name: (len(name), name))


def _object_name(number: int) -> str:
    return f"{number:06d}.jsonl"


def _in(storage: BaseStorage, *parts: str) -> str:
    return storage.separator.join(parts)


def _keeps_file(storage: BaseStorage, folder: str) -> bool:
    return storage.local_path(folder) is not None


# -- writing ---------------------------------------------------------------------------------------


def open_journal(
    storage: BaseStorage, folder: str, stored: Stored, *, sync: Sync = "group"
) -> Journal:
    """Open the journal of a run to append to it, and make it first where there is none.

    Only who holds the lock of the run may do this: a torn last line is cut off.

    Args:
        storage: Where the run lies.
        folder: The run folder.
        stored: What it holds, read since the lock is held.
        sync: When lines are forced to the disk; other storages see to that themselves.

    Raises:
        StorageError: If it cannot be written.
    """
    file = _in(storage, folder, JOURNAL_FILE)
    path = storage.local_path(file)
    if path is None:
        if storage.isfile(file):
            _convert(storage, folder, stored.events)
        return ObjectJournal(storage, folder, number=len(_objects(storage, folder)) + 1)
    size_bytes = stored.size_bytes
    if stored.has_objects or not storage.exists(file):
        content = _restored(stored.events)
        size_bytes = len(content)
        storage.touch(file, content, private=True)
    if stored.has_objects:
        storage.rm(_in(storage, folder, JOURNAL_FOLDER), recursive=True)
    journal = DiskJournal(path, always=sync == "always")
    journal.cut(size_bytes)
    return journal


def _convert(storage: BaseStorage, folder: str, events: Sequence[Event]) -> None:
    """Turn a journal that came from a disk into objects."""
    first, *rest = _objects(storage, folder) or [_object_name(1)]
    for name in reversed(rest):
        storage.rm(_in(storage, folder, JOURNAL_FOLDER, name))
    storage.touch(_in(storage, folder, JOURNAL_FOLDER, first), _restored(events), private=True)
    storage.rm(_in(storage, folder, JOURNAL_FILE))


def _restored(events: Sequence[Event]) -> bytes:
    lines = (json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    return "".join(lines).encode("ascii")


class DiskJournal:
    """A journal on a disk of this machine: one file, one ``write`` per line.

    A task may close every file of its process. So before a line is written it is looked whether
    the file is still the journal, and if it is not, the journal is opened again.

    Args:
        path: Of the file; it is there.
        always: Whether to force every line to the disk.
    """

    def __init__(self, path: str, *, always: bool = False) -> None:
        self.path = path
        self._always = always
        self._descriptor = self._open()
        found = os.fstat(self._descriptor)
        self._identity = (found.st_dev, found.st_ino)
        self._mutex = threading.Lock()
        self._is_dirty = False
        self._problem = ""

    def cut(self, size_bytes: int) -> None:
        """Drop what stands after the first ``size_bytes``; where that fails, the file is closed."""
        try:
            if os.fstat(self._descriptor).st_size > size_bytes:
                os.ftruncate(self._descriptor, size_bytes)
        except OSError as error:
            self.close()
            raise StorageWriteError(self.path, error.strerror or str(error)) from error

    def append(self, line: str, *, looks: bool = True) -> None:
        """Add a line; whole or not at all."""
        data = line.encode("ascii")
        with self._mutex:
            if self._problem:
                raise StorageWriteError(self.path, self._problem)
            if looks and not self._links(self._descriptor):
                self._checked()
            try:
                written = os.write(self._descriptor, data)
            except OSError as error:
                written = self._write_again(data, error)
            if written != len(data):
                self._take_back(self._descriptor, written)
            self._is_dirty = True
        if self._always:
            self.sync()

    def flush(self) -> None:
        """Do nothing: every line is with the operating system already."""

    def sync(self) -> None:
        """Force what was written to the disk, if anything was."""
        with self._mutex:
            if not self._is_dirty:
                return
            self._is_dirty = False
            # On a copy, so that no line has to wait for the disk.
            descriptor = os.dup(self._checked())
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            # What the system has failed to write it may have thrown away, and never tells again.
            self._problem = error.strerror or str(error)
            raise StorageWriteError(self.path, self._problem) from error
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            if self._links(self._descriptor) is not None:
                os.close(self._descriptor)
            self._descriptor = -1
            self._problem = self._problem or "the journal is closed"

    def _open(self) -> int:
        try:
            return open_high(self.path, os.O_WRONLY | os.O_APPEND, lowest=_LOWEST)
        except OSError as error:
            raise StorageWriteError(self.path, error.strerror or str(error)) from error

    def _checked(self) -> int:
        """Return the open file, which is the journal for certain."""
        links = self._links(self._descriptor)
        if links is None:
            self._descriptor = self._open()
            links = self._links(self._descriptor)
        if links is None:
            os.close(self._descriptor)
            self._descriptor, self._problem = -1, "another file has taken its place"
            raise StorageWriteError(self.path, self._problem)
        if not links:
            raise StorageWriteError(self.path, "it was removed while the run was in progress")
        return self._descriptor

    def _links(self, descriptor: int) -> int | None:
        """Return how many names the journal has; None if the descriptor is not of it."""
        try:
            found = os.fstat(descriptor)
        except OSError:
            return None
        return found.st_nlink if (found.st_dev, found.st_ino) == self._identity else None

    def _write_again(self, data: bytes, error: OSError) -> int:
        """Write what could not be written because the file was closed."""
        try:
            if error.errno != errno.EBADF:
                raise error
            return os.write(self._checked(), data)
        except OSError as again:
            raise StorageWriteError(self.path, again.strerror or str(again)) from again

    def _take_back(self, descriptor: int, written: int) -> None:
        """Drop the beginning of a line for whose rest there was no room."""
        reason = "there is no room for the whole line"
        try:
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        except OSError:
            self._problem = reason  # whatever came after it would make it a damaged line
        raise StorageWriteError(self.path, reason)


class ObjectJournal:
    """A journal in a storage that writes files whole: one object for the lines of each flush.

    Lines that could not be stored are kept for the next flush, which writes the same object: so it
    does no harm when the storage had stored it and said otherwise.

    Args:
        storage: Where the run lies.
        folder: The run folder.
        number: Of the next object.
    """

    def __init__(self, storage: BaseStorage, folder: str, *, number: int) -> None:
        self._storage = storage
        self._folder = _in(storage, folder, JOURNAL_FOLDER)
        self._number = number
        self._lines = list[str]()
        self._mutex = threading.Lock()

    def append(self, line: str, *, looks: bool = True) -> None:
        """Keep a line for the next flush."""
        with self._mutex:
            self._lines.append(line)

    def flush(self) -> None:
        """Store the lines since the last flush, if there are any."""
        with self._mutex:
            if not self._lines:
                return
            path = _in(self._storage, self._folder, _object_name(self._number))
            self._storage.touch(path, "".join(self._lines), private=True)
            self._number += 1
            self._lines.clear()

    def sync(self) -> None:
        """Do nothing more than `flush`: what such a storage has, it keeps."""
        self.flush()

    def close(self) -> None:
        """Do nothing: there is nothing open."""
