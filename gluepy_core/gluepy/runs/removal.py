"""Removing runs for good: their folders, and what the index knows of them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from gluepy.exceptions import StorageNotFoundError
from gluepy.runs.folder import REMOVING_FILE
from gluepy.runs.index import RunIndex
from gluepy.runs.journal import JOURNAL_FILE, JOURNAL_FOLDER
from gluepy.runs.lock import RunLock

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage

__all__ = ["find_size", "finish_removal", "remove_run"]


def remove_run(storage: BaseStorage, folder: str) -> None:
    """Remove a run folder with all that is in it.

    The journal goes first: without one a folder holds no run. So whoever is killed here leaves
    either the whole run, or none, and files that `finish_removal` removes.

    Args:
        storage: Where the run lies.
        folder: The run folder.

    Raises:
        RunLockedError: If a live process works there.
        StorageError: If it cannot be removed.
    """
    lock = RunLock.acquire(storage, folder)
    try:
        storage.touch(REMOVING_FILE, folder)
        _remove_journal(storage, folder)
        RunIndex(storage).forget(folder)
        _remove(storage, folder)
        _remove(storage, REMOVING_FILE)
    finally:
        lock.release()


def finish_removal(storage: BaseStorage) -> None:
    """Remove what is left of a run whose removal came to no end; a run that is whole stays.

    Raises:
        RunLockedError: If a live process works there.
        StorageError: If it cannot be removed.
    """
    if not storage.isfile(REMOVING_FILE):
        return
    folder = storage.open(REMOVING_FILE, mode="r")
    # An empty file, which somebody may have made, names the root.
    is_there = bool(folder) and storage.isdir(folder)
    if is_there and not storage.isfile(_in(storage, folder, JOURNAL_FILE)):
        remove_run(storage, folder)
    else:
        _remove(storage, REMOVING_FILE)


def find_size(storage: BaseStorage, folder: str) -> int | None:
    """Return how many bytes the files of a folder have; None where that cannot be known cheaply."""
    path = storage.local_path(folder)
    if path is None:
        return None
    size_bytes = 0
    for parent, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # somebody else removes it just now
                size_bytes += os.lstat(os.path.join(parent, name)).st_size
    return size_bytes


def _remove_journal(storage: BaseStorage, folder: str) -> None:
    _remove(storage, _in(storage, folder, JOURNAL_FILE))
    objects = _in(storage, folder, JOURNAL_FOLDER)
    # The first object last: as long as it is there, so is a journal that can be read.
    for name in reversed(storage.ls(objects)[0] if storage.isdir(objects) else []):
        _remove(storage, _in(storage, objects, name))


def _remove(storage: BaseStorage, path: str) -> None:
    """Remove a file or folder, unless another process has done so."""
    if storage.exists(path):
        try:
            storage.rm(path, recursive=True)
        except StorageNotFoundError:
            return


def _in(storage: BaseStorage, *parts: str) -> str:
    return storage.separator.join(parts)
