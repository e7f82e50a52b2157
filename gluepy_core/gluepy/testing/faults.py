"""A storage that fails now and then, for tests of what has to survive that."""

# A storage that stands before another calls what a backend defines, and nobody else does.
# ruff: noqa: SLF001

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, TypeVar

from gluepy.exceptions import StorageReadError, StorageWriteError
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.base import Kind, Path

__all__ = ["Fault", "FaultyStorage"]

Moment = Literal["before", "after"]

T = TypeVar("T")


class Fault(NamedTuple):
    """An operation that a `FaultyStorage` let fail.

    Attributes:
        operation: What was asked of the storage: ``write``, ``read``, ``list``, ...
        key: The file or folder, relative to the root.
        moment: ``before``: nothing was done; ``after``: it was done, and reported as failed.
    """

    operation: str
    key: str
    moment: Moment


class FaultyStorage(BaseStorage):
    """Another storage, of whose operations some fail, as those of a real network do.

    An operation fails before anything was done, or is done and yet reported as failed: both look
    alike to the caller, who has to be right either way. What fails is drawn from a generator of its
    own, so a run with the same seed and the same operations fails at the same places.

    Args:
        storage: Does the work.
        rate: Share of operations that fail, from 0 to 1.
        seed: Of the generator.

    Attributes:
        faults: All failures so far, in order.
        operations: Number of operations so far, those that failed included.
        rate: As given; it may be changed, to 0 for instance, once the storage is to be well again.

    Raises:
        ValueError: If the rate is not from 0 to 1.
    """

    def __init__(self, storage: BaseStorage, *, rate: float = 0.01, seed: int = 0) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"rate {rate!r} is not from 0 to 1")
        super().__init__(storage.root)
        self.is_shared = storage.is_shared  # type: ignore[misc]  # it is what the other is
        self.rate = rate
        self.faults: list[Fault] = []
        self.operations = 0
        self._storage = storage
        self._rng = random.Random(seed)  # noqa: S311 - faults are no secrets
        # Tasks in threads share a storage, and each operation draws once, whoever asks for it.
        self._drawing = threading.Lock()

    def location(self, path: Path) -> str:
        """Return what a person opens to see the file; this never fails."""
        return self._storage.location(path)

    def _key(self, path: Path) -> str:
        return self._storage._key(path)

    def _kind(self, key: str) -> Kind | None:
        return self._look("look", key, lambda: self._storage._kind(key))

    def _entry_kind(self, key: str) -> Kind | None:
        return self._look("look", key, lambda: self._storage._entry_kind(key))

    def _read(self, key: str) -> bytes:
        return self._look("read", key, lambda: self._storage._read(key))

    def _list(self, key: str) -> tuple[Iterable[str], Iterable[str]]:
        return self._look("list", key, lambda: self._storage._list(key))

    def _write(self, key: str, chunks: Iterable[bytes], *, private: bool = False) -> None:
        with self._changing("write", key):
            self._storage._write(key, chunks, private=private)

    def _make_folder(self, key: str) -> None:
        with self._changing("make-folder", key):
            self._storage._make_folder(key)

    def _remove_file(self, key: str) -> None:
        with self._changing("remove-file", key):
            self._storage._remove_file(key)

    def _remove_folder(self, key: str) -> None:
        with self._changing("remove-folder", key):
            self._storage._remove_folder(key)

    def _copy_file(self, src: str, dest: str) -> None:
        with self._changing("copy-file", dest):
            self._storage._copy_file(src, dest)

    def _look(self, operation: str, key: str, look: Callable[[], T]) -> T:
        if self._draw(operation, key):
            raise StorageReadError(key, "a fault was injected")
        return look()

    @contextlib.contextmanager
    def _changing(self, operation: str, key: str) -> Iterator[None]:
        moment = self._draw(operation, key)
        if moment == "before":
            raise StorageWriteError(key, "a fault was injected")
        yield
        if moment == "after":
            raise StorageWriteError(key, "a fault was injected, after it was done")

    def _draw(self, operation: str, key: str) -> Moment | None:
        """Return when this operation is to fail, if it is; there is no "after" for a look."""
        with self._drawing:
            self.operations += 1
            number = self._rng.random()
            if number >= self.rate:
                return None
            is_look = operation in {"look", "read", "list"}
            moment: Moment = "before" if is_look or number < self.rate / 2 else "after"
            self.faults.append(Fault(operation, key, moment))
            return moment
