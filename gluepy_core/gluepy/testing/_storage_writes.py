"""Promises of storages: a file is written whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gluepy.files.storages import BaseStorage
from gluepy.testing._storage_base import StorageTests

__all__ = ["WriteTests"]


class WriteTests(StorageTests):
    """A file is written whole or not at all."""

    @pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt, MemoryError])
    def test_content_that_fails_leaves_the_old_file(
        self, storage: BaseStorage, error: type[BaseException]
    ) -> None:
        storage.touch("a/old", "old")

        for path in ("a/old", "a/new"):
            with pytest.raises(error, match=r"^halfway$"):
                storage.touch(path, _failing(error))

        assert storage.open("a/old") == b"old"
        assert self.all_files(storage) == ["a/old"]

    def test_content_that_fails_at_once_leaves_the_old_file(self, storage: BaseStorage) -> None:
        storage.touch("a", "old")

        with pytest.raises(UnicodeEncodeError):
            storage.touch("a", "\ud800")

        assert storage.open("a") == b"old"
        assert self.all_files(storage) == ["a"]

    def test_file_that_is_being_written_is_not_seen(self, storage: BaseStorage) -> None:
        storage.touch("a/old", "old")
        seen = []

        def content() -> Iterator[bytes]:
            yield b"new"
            seen.append((storage.ls("a"), storage.open("a/old"), storage.exists("a/new")))
            yield b"er"

        storage.touch("a/old", content())
        storage.touch("a/new", content())

        assert seen == [((["old"], []), b"old", False), ((["old"], []), b"newer", False)]
        assert self.all_files(storage) == ["a/new", "a/old"]

    def test_content_may_read_the_file_that_it_replaces(self, storage: BaseStorage) -> None:
        storage.touch("a", "1")

        storage.touch("a", (chunk for chunk in (b"0", storage.open("a"))))

        assert storage.open("a") == b"01"

    def test_readers_see_the_old_or_the_new_file_and_nothing_else(
        self, storage: BaseStorage
    ) -> None:
        versions = [letter * 100_000 for letter in (b"a", b"b")]
        storage.touch("x", versions[0])
        done = threading.Event()
        seen: set[Any] = set()

        def read() -> None:
            while not done.is_set():
                seen.add(storage.open("x"))
                assert storage.ls() == (["x"], [])

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(read)
            for turn in range(40):
                storage.touch("x", [versions[turn % 2][:50_000], versions[turn % 2][50_000:]])
            done.set()
            reader.result()

        assert seen <= set(versions)
        assert self.all_files(storage) == ["x"]

    def test_two_writers_leave_one_whole_file(self, storage: BaseStorage) -> None:
        versions = [letter * 50_000 for letter in (b"a", b"b")]

        def write(content: bytes) -> None:
            for _ in range(20):
                storage.touch("new/x", content)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, versions))

        assert storage.open("new/x") in versions
        assert self.all_files(storage) == ["new/x"]


def _failing(error: type[BaseException]) -> Iterator[bytes]:
    yield b"half of it"
    raise error("halfway")
