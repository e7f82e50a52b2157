"""Removing runs: whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gluepy.exceptions import RunLockedError, StorageWriteError
from gluepy.exec.records import RunReport
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.folder import REMOVING_FILE
from gluepy.runs.index import RunIndex
from gluepy.runs.lock import RunLock
from gluepy.runs.record import Opening, RunRecord
from gluepy.runs.removal import find_size, finish_removal, remove_run

MakeOpening = Callable[..., Opening]
Make = Callable[[BaseStorage, str], str]


@pytest.fixture
def make(opening: MakeOpening) -> Make:
    """Return what makes a run and returns its folder."""

    def run(storage: BaseStorage, name: str) -> str:
        folder = f"runs/2026/11/22/{name}"
        with RunRecord.open(storage, opening(folder=folder)) as record:
            record.planned(["a"])
            record.flush()
            record.finish(RunReport(status="succeeded", seconds=1.0, steps=()))
        storage.touch(f"{folder}/deep/data.bin", b"12345")
        return folder

    return run


def ids(storage: BaseStorage) -> list[str]:
    return [row.run_id for row in RunIndex(storage).list_runs()]


def test_folder_and_row_go(storage: BaseStorage, make: Make) -> None:
    folder = make(storage, "one")
    make(storage, "two")

    remove_run(storage, folder)

    assert ids(storage) == ["two"]
    assert not storage.exists(folder)
    assert not storage.exists(REMOVING_FILE)
    RunIndex(storage).rebuild()
    assert ids(storage) == ["two"]


def test_nothing_stays_where_a_lock_is_an_object(shared: MemoryStorage, make: Make) -> None:
    folder = make(shared, "one")

    remove_run(shared, folder)

    assert not shared.exists(folder)


def test_run_in_progress_stays(storage: BaseStorage, make: Make) -> None:
    folder = make(storage, "one")

    lock = RunLock.acquire(storage, folder)
    with pytest.raises(RunLockedError):
        remove_run(storage, folder)
    lock.release()

    assert ids(storage) == ["one"]
    assert storage.isfile(f"{folder}/deep/data.bin")


class Killed(BaseException):
    """Stands for the end of the process."""


def dying(base: type[BaseStorage], *args: Any) -> Any:
    """Return a storage whose process is killed before the removal after so many others."""

    class Dying(base):  # type: ignore[misc,valid-type]  # the class is an argument
        left = -1

        def rm(self, path: Any, recursive: bool = False) -> None:
            if not self.left:
                raise Killed
            self.left -= 1
            super().rm(path, recursive)

    return Dying(*args)


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_killed_anywhere_no_half_run_is_listed(kind: str, tmp_path: Path, make: Make) -> None:
    for removals in range(6):
        storage = (
            dying(LocalStorage, tmp_path / str(removals))
            if kind == "local"
            else dying(MemoryStorage)
        )
        folder = make(storage, "one")
        make(storage, "two")
        storage.left = removals
        try:
            remove_run(storage, folder)
            is_killed = False
        except Killed:
            is_killed = True
        storage.left = -1

        RunIndex(storage).rebuild()
        rows = RunIndex(storage).list_runs()
        whole = {row.run_id: row.status for row in rows}
        assert whole in ({"two": "succeeded"}, {"one": "succeeded", "two": "succeeded"})

        finish_removal(storage)
        finish_removal(storage)

        assert not storage.exists(REMOVING_FILE)
        assert storage.exists(folder) == ("one" in ids(storage))
        if not is_killed:
            assert removals > 1
            return
    raise AssertionError("it was killed each time")


def test_run_that_is_whole_is_not_finished_off(local: LocalStorage, make: Make) -> None:
    folder = make(local, "one")
    local.touch(REMOVING_FILE, folder)

    finish_removal(local)

    assert ids(local) == ["one"]
    assert not local.exists(REMOVING_FILE)


def test_note_of_what_is_gone_goes(local: LocalStorage, make: Make) -> None:
    make(local, "one")
    local.touch(REMOVING_FILE, "runs/2026/11/22/gone")

    finish_removal(local)

    assert not local.exists(REMOVING_FILE)
    assert ids(local) == ["one"]


def test_what_another_process_has_removed_is_no_error(local: LocalStorage, make: Make) -> None:
    class Racing(LocalStorage):
        def rm(self, path: Any, recursive: bool = False) -> None:
            super().rm(path, recursive)
            if os.fspath(path).endswith("journal.jsonl"):
                super().rm(path, recursive)

    racing = Racing(local.root)
    folder = make(racing, "one")

    remove_run(racing, folder)

    assert ids(racing) == []


def test_index_that_cannot_be_written_is_logged(
    local: LocalStorage, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make(local, "one")
    local.rm("runs/index.sqlite3")
    local.mkdir("runs/index.sqlite3")

    RunIndex(local).forget(folder)

    assert "the index of runs cannot be written" in caplog.text


def test_nothing_is_forgotten_where_there_are_no_runs(local: LocalStorage) -> None:
    RunIndex(local).forget("runs/2026/11/22/one")

    assert not local.exists("runs")


def test_failure_of_the_storage_is_told(local: LocalStorage, make: Make) -> None:
    class Full(LocalStorage):
        def touch(self, *args: Any, **rest: Any) -> None:
            raise StorageWriteError("x", "the disk is full")

    folder = make(local, "one")

    with pytest.raises(StorageWriteError):
        remove_run(Full(local.root), folder)

    assert ids(local) == ["one"]


def test_size_is_that_of_all_files(local: LocalStorage) -> None:
    local.touch("runs/x/a", b"123")
    local.touch("runs/x/deep/b", b"4567")

    assert find_size(local, "runs/x") == 7


def test_size_is_not_known_where_it_costs_much() -> None:
    storage = MemoryStorage()
    storage.touch("runs/x/a", b"123")

    assert find_size(storage, "runs/x") is None


def test_note_that_names_nothing_removes_nothing(storage: BaseStorage, make: Make) -> None:
    make(storage, "one")
    storage.touch(REMOVING_FILE, "")

    finish_removal(storage)

    assert ids(storage) == ["one"]
    assert not storage.exists(REMOVING_FILE)
