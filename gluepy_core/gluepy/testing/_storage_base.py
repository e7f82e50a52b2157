"""What the parts of the conformance suite of storages share, and an heir may define."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gluepy.files.storages import BaseStorage

__all__ = ["StorageTests", "calls_of"]


class StorageTests:
    """Tests of an empty storage."""

    @pytest.fixture
    def storage(self) -> Any:
        """Give an empty storage; it may ``yield`` it and clean up."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture 'storage'")

    def all_files(self, storage: BaseStorage) -> list[str]:
        """Return the paths of all files, sorted; override it to show what `ls` hides."""
        return sorted(_iter_files(storage, "."))


def calls_of(storage: BaseStorage, path: str, *, but: str = "") -> list[Callable[[], object]]:
    """Return a call of every method that takes a path."""
    calls: dict[str, list[Callable[[], object]]] = {
        "look": [
            lambda: storage.exists(path),
            lambda: storage.isfile(path),
            lambda: storage.isdir(path),
            lambda: storage.ls(path),
            lambda: storage.open(path),
        ],
        "change": [
            lambda: storage.touch(path, "x"),
            lambda: storage.mkdir(path, make_parents=True),
            lambda: storage.cp(path, "copy", recursive=True),
            lambda: storage.cp("a/x", path, overwrite=True),
        ],
        "rm": [lambda: storage.rm(path), lambda: storage.rm(path, recursive=True)],
    }
    return [call for kind, group in calls.items() if kind != but for call in group]


def _iter_files(storage: BaseStorage, folder: str) -> Iterator[str]:
    files, folders = storage.ls(folder)
    yield from (storage.relpath(f"{folder}/{name}") for name in files)
    for name in folders:
        yield from _iter_files(storage, f"{folder}/{name}")
