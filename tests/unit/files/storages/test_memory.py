"""The storage in memory."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gluepy.exceptions import PathOutsideRootError
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.testing.storages import StorageSuite


class TestMemoryStorage(StorageSuite):
    @pytest.fixture
    def storage(self) -> BaseStorage:
        return MemoryStorage()


class TestMemoryStorageWithRoot(StorageSuite):
    @pytest.fixture
    def storage(self) -> BaseStorage:
        return MemoryStorage("/data/project/")


def test_threads_may_work_in_folders_of_their_own() -> None:
    storage = MemoryStorage()
    for number in range(300):
        storage.touch(f"others/{number}")

    def work(folder: str) -> None:
        for number in range(50):
            storage.touch(f"{folder}/{number}/file", b"x")
            storage.rm(f"{folder}/{number}", recursive=True)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, "abcd"))
    finally:
        sys.setswitchinterval(before)

    assert storage.ls("a") == ([], [])


def test_each_memory_storage_has_its_own_files() -> None:
    first, second = MemoryStorage(), MemoryStorage()

    first.touch("a", "x")

    assert second.ls() == ([], [])


@pytest.mark.parametrize(
    ("root", "path"), [(None, "/memory/a"), ("data", "/data/a"), ("/", "/a"), ("/x/y/", "/x/y/a")]
)
def test_absolute_path_starts_with_the_root(root: str | None, path: str) -> None:
    storage = MemoryStorage(root)

    assert storage.abspath("a") == path
    assert storage.relpath(path) == "a"


def test_location_is_a_url() -> None:
    assert MemoryStorage().location("./a/b.txt") == "memory://a/b.txt"


def test_file_in_memory_lies_on_no_disk_and_no_other_process_sees_it() -> None:
    storage = MemoryStorage()

    assert storage.local_path("x") is None
    assert not storage.is_shared
    with pytest.raises(PathOutsideRootError):
        storage.local_path("../x")
