"""Whether the records of runs are in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.audit import Audit, audit_runs
from gluepy.runs.index import INDEX_FILE, RunIndex
from gluepy.runs.lock import RunLock

RecordRun = Callable[..., str]


def test_storage_without_runs_is_in_order(storage: BaseStorage) -> None:
    assert audit_runs(storage) == Audit()


def test_runs_that_the_index_knows_are_in_order(
    storage: BaseStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one")
    record_run(storage, "two", {"a": "failed"})
    RunIndex(storage).rebuild()

    assert audit_runs(storage) == Audit(2)


def test_index_that_nobody_has_filled_says_nothing(
    local: LocalStorage, record_run: RecordRun
) -> None:
    record_run(local, "one")

    assert audit_runs(local) == Audit(1)


def test_damaged_record_is_named(storage: BaseStorage, record_run: RecordRun) -> None:
    folder = record_run(storage, "one")
    storage.touch(f"{folder}/journal.jsonl", "{}\n{}\n")

    audit = audit_runs(storage)

    assert audit.runs == 0
    assert [error.message.partition(": ")[2] for error in audit.damaged] == [
        "line 1 is damaged: it is no event"
    ]


def test_index_that_differs_from_the_folders_is_told(
    local: LocalStorage, record_run: RecordRun
) -> None:
    names = ("kept", "unlisted", "gone", "changed")
    folders = {name: record_run(local, name) for name in names}
    index = RunIndex(local)
    index.rebuild()
    index.forget(folders["unlisted"])
    local.rm(folders["gone"], recursive=True)
    local.rm(folders["changed"], recursive=True)
    elsewhere = LocalStorage(Path(local.location("")) / "elsewhere")
    record_run(elsewhere, "changed", {"a": "failed"})
    local.cp(f"elsewhere/{folders['changed']}/journal.jsonl", f"{folders['changed']}/journal.jsonl")

    assert audit_runs(local) == Audit(
        3,
        unlisted=(folders["unlisted"],),
        gone=(folders["gone"],),
        different=(folders["changed"],),
    )


def test_lock_of_a_process_that_died_is_told(local: LocalStorage, record_run: RecordRun) -> None:
    dead = record_run(local, "dead", {"a": "running"}, finish=False)
    record_run(local, "lost", {"a": "running"}, finish=False, age=timedelta(hours=1))
    local.touch(f"{dead}/lock", b'{"pid": 7}')

    assert audit_runs(local) == Audit(2, abandoned=(dead,))


def test_run_that_goes_on_is_in_order(local: LocalStorage, record_run: RecordRun) -> None:
    folder = record_run(local, "one", {"a": "running"}, finish=False)
    RunIndex(local).rebuild()
    lock = RunLock.acquire(local, folder)

    audit = audit_runs(local)

    lock.release()
    assert (audit.runs, audit.abandoned) == (1, ())


def test_folder_in_which_nothing_is_recorded_yet_is_no_run(local: LocalStorage) -> None:
    local.mkdir("runs/2026/11/22/one", make_parents=True)
    local.touch("runs/2026/11/22/one/journal.jsonl", b"")

    assert audit_runs(local) == Audit()


def test_index_that_cannot_be_read_says_nothing(local: LocalStorage, record_run: RecordRun) -> None:
    record_run(local, "one")
    index = Path(local.location(INDEX_FILE))
    for path in index.parent.glob("index.sqlite3*"):
        path.unlink()
    index.with_name("index.sqlite3-wal").mkdir()
    index.touch()

    assert audit_runs(local) == Audit(1)
