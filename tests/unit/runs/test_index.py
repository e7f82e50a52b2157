from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gluepy.exceptions import DamagedRecordError, StorageError, StorageReadError
from gluepy.exec.records import RunReport, TaskOutcome
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.index import INDEX_FILE, RunIndex
from gluepy.runs.record import Opening, RunRecord

AT = datetime(2026, 11, 22, tzinfo=UTC)

MakeOpening = Callable[..., Opening]
MakeOutcome = Callable[..., TaskOutcome]
Make = Callable[..., str]


@pytest.fixture
def make(opening: MakeOpening, outcome: MakeOutcome) -> Make:
    """Run something in a storage, an hour after the run before."""
    hours = iter(range(1000))

    def run(
        storage: BaseStorage, name: str, status: Any = "succeeded", *, dag: str = "training"
    ) -> str:
        folder = name if "/" in name else f"runs/2026/11/22/{name}"
        at = AT + timedelta(hours=next(hours))
        with RunRecord.open(storage, opening(folder=folder, dag=dag), clock=lambda: at) as record:
            record.planned(["a", "b"])
            record.ended("a", 1, outcome(seconds=float(at.hour)))
            record.ended("b", 1, outcome(status))
            record.finish(RunReport(status=status, seconds=1.0, steps=()))
        return folder

    return run


def ids(storage: BaseStorage, **filters: Any) -> list[str]:
    return [row.run_id for row in RunIndex(storage).list_runs(**filters)]


def test_runs_are_listed_the_latest_first(storage: BaseStorage, make: Make) -> None:
    for name in ("one", "two", "three"):
        make(storage, name)

    assert ids(storage) == ["three", "two", "one"]
    assert ids(storage, limit=1, offset=1) == ["two"]


def test_row_says_how_a_run_stands(storage: BaseStorage, make: Make) -> None:
    folder = make(storage, "one", "failed")

    (row,) = RunIndex(storage).list_runs()

    assert (row.folder, row.dag, row.status, row.mode) == (folder, "training", "failed", "new")
    assert (row.done, row.total, row.seconds, row.source) == (1, 2, 1.0, "acme 1.0")
    assert (
        row.created_at == row.started_at == row.finished_at == AT.isoformat(timespec="microseconds")
    )
    assert (row.host, row.pid, row.executor) == ("here", os.getpid(), "serial")


def test_filters_are_joined(storage: BaseStorage, make: Make) -> None:
    make(storage, "one", "failed")
    make(storage, "two")
    make(storage, "three", "failed", dag="scoring")

    assert ids(storage, dag="training") == ["two", "one"]
    assert ids(storage, status="failed") == ["three", "one"]
    assert ids(storage, since=AT + timedelta(hours=1), status="failed") == ["three"]
    assert ids(storage, dag="other") == []


def test_empty_storage_has_no_runs_and_gets_no_files(storage: BaseStorage) -> None:
    assert ids(storage) == []
    assert storage.ls("") == ([], [])


# -- what became of them ---------------------------------------------------------------------------


def test_run_whose_owner_died_is_lost(local: LocalStorage, opening: MakeOpening) -> None:
    child = os.fork()
    if child == 0:
        RunRecord.open(local, opening()).planned(["a"])
        os._exit(0)
    os.waitpid(child, 0)

    assert [row.status for row in RunIndex(local).list_runs()] == ["lost"]
    assert ids(local, status="running") == []


def test_lost_run_whose_record_is_damaged_stays_in_the_list(
    local: LocalStorage, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make(local, "one", "failed")
    database = sqlite3.connect(local.abspath(INDEX_FILE), isolation_level=None)
    assert ids(local) == ["one"]
    database.execute("UPDATE runs SET status = 'running'")
    database.close()
    local.touch(f"{folder}/journal.jsonl", "garbage\n")

    assert [row.status for row in RunIndex(local).list_runs()] == ["lost"]
    assert "line 1 is damaged" in caplog.text
    with pytest.raises(DamagedRecordError):
        RunIndex(local).find_unfinished("training")


def test_run_in_progress_is_running(storage: BaseStorage, opening: MakeOpening) -> None:
    with RunRecord.open(storage, opening()):
        assert ids(storage, status="running") == ["abc"]


def test_run_whose_folder_was_removed_is_forgotten(storage: BaseStorage, make: Make) -> None:
    folder = make(storage, "one")
    make(storage, "two")
    assert ids(storage) == ["two", "one"]
    storage.rm(folder, recursive=True)

    assert ids(storage, limit=5) == ["two"]
    assert RunIndex(storage).find_ids("one") == []


# -- asking ----------------------------------------------------------------------------------------


def test_last_unfinished_run_of_a_dag_is_found(storage: BaseStorage, make: Make) -> None:
    make(storage, "one", "failed")
    two = make(storage, "two", "interrupted")
    make(storage, "three")
    make(storage, "four", "failed", dag="scoring")

    assert RunIndex(storage).find_unfinished("training") == two
    assert RunIndex(storage).find_unfinished("other") is None


def test_run_whose_end_the_index_has_not_heard_of_can_be_resumed(
    local: LocalStorage, make: Make
) -> None:
    make(local, "one")
    assert ids(local) == ["one"]
    database = sqlite3.connect(local.abspath(INDEX_FILE), isolation_level=None)
    database.execute("UPDATE runs SET status = 'failed', is_complete = 0")
    database.close()

    # Its process has died before it had written all that is made of the journal.
    assert RunIndex(local).find_unfinished("training") == "runs/2026/11/22/one"


def test_journal_is_asked_when_the_index_is_behind(local: LocalStorage, make: Make) -> None:
    make(local, "one")
    assert ids(local) == ["one"]
    database = sqlite3.connect(local.abspath(INDEX_FILE), isolation_level=None)
    database.execute("UPDATE runs SET dag = 'scoring', is_complete = 0")
    database.close()

    assert RunIndex(local).find_unfinished("scoring") is None
    assert RunIndex(local).list_runs(dag="training")[0].status == "succeeded"


def test_unfinished_run_that_was_removed_is_passed_over(local: LocalStorage, make: Make) -> None:
    one = make(local, "one", "failed")
    two = make(local, "two", "failed")
    assert RunIndex(local).find_unfinished("training") == two
    local.rm(two, recursive=True)

    assert RunIndex(local).find_unfinished("training") == one


def test_runs_are_found_by_the_beginning_of_their_id(storage: BaseStorage, make: Make) -> None:
    for name in ("one", "once", "other", "%"):
        make(storage, name)

    assert {row.run_id for row in RunIndex(storage).find_ids("on")} == {"one", "once"}
    assert [row.run_id for row in RunIndex(storage).find_ids("%")] == ["%"]


def test_steps_take_what_they_took_in_the_middle(storage: BaseStorage, make: Make) -> None:
    for name in ("one", "two", "three"):
        make(storage, name, "failed")

    assert RunIndex(storage).medians("training") == {"a": 1.0}
    assert RunIndex(storage).medians("other") == {}


# -- losing it -------------------------------------------------------------------------------------


def lose(storage: LocalStorage) -> None:
    for name in storage.ls("runs")[0]:
        storage.rm(f"runs/{name}")


def damage(storage: LocalStorage) -> None:
    lose(storage)
    storage.touch(INDEX_FILE, b"garbage" * 1000)


def age(storage: LocalStorage) -> None:
    database = sqlite3.connect(storage.abspath(INDEX_FILE))
    database.execute("DROP TABLE runs")
    database.execute("CREATE TABLE runs (old TEXT)")
    database.execute("PRAGMA user_version = 0")
    database.close()


@pytest.mark.parametrize("harm", [lose, damage, age])
def test_index_is_made_anew_from_the_journals(
    local: LocalStorage, make: Make, harm: Callable[[LocalStorage], None]
) -> None:
    make(local, "one", "failed")
    make(local, "runs/of/mine")
    before = RunIndex(local).list_runs()
    harm(local)

    assert RunIndex(local).list_runs() == before


@pytest.mark.parametrize("harm", [lose, damage, age])
def test_next_run_does_not_hide_those_before(
    local: LocalStorage, make: Make, harm: Callable[[LocalStorage], None]
) -> None:
    make(local, "one")
    harm(local)

    make(local, "two")

    assert ids(local) == ["two", "one"]


def test_rebuilding_counts_runs_and_names_those_that_are_damaged(
    storage: BaseStorage, make: Make
) -> None:
    make(storage, "one")
    storage.touch("runs/2026/11/22/bad/journal.jsonl", "garbage\n")
    storage.touch("runs/2026/11/22/empty/journal.jsonl", "")
    storage.touch("runs/2026/11/22/1.6/context.yaml", "")

    count, problems = RunIndex(storage).rebuild()

    assert count == 1
    assert [type(one) for one in problems] == [DamagedRecordError]
    assert ids(storage) == ["one"]


def test_rebuilding_keeps_runs_elsewhere_that_it_knows(local: LocalStorage, make: Make) -> None:
    folder = make(local, "my/own/folder")

    assert RunIndex(local).rebuild() == (1, ())
    assert [row.folder for row in RunIndex(local).list_runs()] == [folder]


def test_moved_run_is_found_where_it_lies(local: LocalStorage, make: Make) -> None:
    folder = make(local, "one")
    local.cp(folder, "runs/2026/11/22/copy", recursive=True)
    local.rm(folder, recursive=True)

    RunIndex(local).rebuild()

    assert [row.folder for row in RunIndex(local).list_runs()] == ["runs/2026/11/22/copy"]


def test_index_that_cannot_be_written_fails_no_run(
    local: LocalStorage, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    local.mkdir(INDEX_FILE, make_parents=True)

    with caplog.at_level(logging.WARNING):
        make(local, "one")

    assert "the index of runs cannot be written" in caplog.text
    assert ids(local) == ["one"]  # from the journals
    assert RunIndex(local).rebuild() == (1, ())


def test_index_that_another_process_makes_is_waited_for(
    local: LocalStorage, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    local.mkdir("runs")
    other = sqlite3.connect(
        local.abspath(INDEX_FILE), isolation_level=None, check_same_thread=False
    )
    other.execute("CREATE TABLE runs (x)")
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.rollback)
    timer.start()

    make(local, "one")
    timer.join()
    other.close()

    assert caplog.text == ""
    assert ids(local) == ["one"]


def test_locked_index_fails_no_run(
    local: LocalStorage, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    make(local, "one")
    other = sqlite3.connect(local.abspath(INDEX_FILE), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    make(local, "two")

    assert "database is locked" in caplog.text
    other.close()
    RunIndex(local).rebuild()
    assert ids(local) == ["two", "one"]


def test_index_of_another_storage_is_not_kept(make: Make) -> None:
    storage = MemoryStorage()
    make(storage, "one")

    assert ids(storage) == ["one"]
    assert storage.ls("runs")[0] == []


def test_storage_that_cannot_be_read_is_its_error(make: Make) -> None:
    class Away(MemoryStorage):
        def _list(self, key: str) -> Any:
            raise StorageError("away")

    storage = Away()
    storage.mkdir("runs")

    with pytest.raises(StorageError, match="away"):
        RunIndex(storage).rebuild()


def test_index_is_as_it_was_when_it_cannot_be_made_anew(tmp_path: Path, make: Make) -> None:
    class Broken(LocalStorage):
        is_broken = False

        def _read(self, key: str) -> bytes:
            if self.is_broken:
                raise StorageReadError(key, "no")
            return super()._read(key)

    storage = Broken(tmp_path)
    make(storage, "one")
    make(storage, "two")
    storage.is_broken = True

    with pytest.raises(StorageReadError):
        RunIndex(storage).rebuild()

    storage.is_broken = False
    assert ids(storage) == ["two", "one"]


# -- many processes --------------------------------------------------------------------------------

WRITE = """
import sys
from datetime import UTC, datetime
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.index import RunIndex
from gluepy.runs.state import RunState, Session

storage = LocalStorage(sys.argv[1])
for number in range(30):
    name = f"{sys.argv[2]}{number}"
    folder = f"runs/{name}"
    storage.touch(f"{folder}/journal.jsonl")
    session = Session(mode="new", dag="d", started_at=datetime.now(UTC), status="succeeded")
    state = RunState(run_id=name, dag="d", folder=folder, status="succeeded", sessions=[session])
    RunIndex(storage).put(state)
"""


def test_processes_write_at_once(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, tmp_path, name], stderr=subprocess.PIPE)
        for name in "abc"
    ]
    errors = [writer.communicate(timeout=60)[1] for writer in writers]
    database = sqlite3.connect(tmp_path / INDEX_FILE)
    rows = database.execute("SELECT count(*) FROM runs").fetchone()
    database.close()

    assert errors == [b"", b"", b""]
    assert rows == (90,)


def test_last_run_of_each_dag_is_found_at_once(storage: BaseStorage, make: Make) -> None:
    for name, dag in (("one", "training"), ("two", "scoring"), ("three", "training")):
        make(storage, name, dag=dag)
    make(storage, "alone", dag="")

    found = RunIndex(storage).last_runs()

    assert {dag: row.run_id for dag, row in found.items()} == {
        "training": "three",
        "scoring": "two",
    }


def test_runs_of_a_dag_are_counted(storage: BaseStorage, make: Make) -> None:
    for name, status in (("one", "succeeded"), ("two", "failed"), ("three", "succeeded")):
        make(storage, name, status)

    assert RunIndex(storage).tally("training") == ({"failed": 1, "succeeded": 2}, 1.0)
    assert RunIndex(storage).tally("other") == ({}, None)


def test_last_run_of_a_dag_is_one_that_is_there(local: LocalStorage, make: Make) -> None:
    make(local, "one")
    two = make(local, "two")
    local.rm(two, recursive=True)

    assert RunIndex(local).last_runs()["training"].run_id == "one"


def test_damaged_run_is_known_until_it_is_whole_again(storage: BaseStorage, make: Make) -> None:
    folder = make(storage, "one")
    path = next(
        f"{folder}/{name}"
        for name in ("journal.jsonl", "journal/000001.jsonl")
        if storage.isfile(f"{folder}/{name}")
    )
    whole = storage.open(path)
    index = RunIndex(storage)

    storage.touch(path, b"not a journal\n{}\n")
    _, problems = index.rebuild()
    damaged = index.find_page()
    storage.touch(path, whole)
    index.rebuild()

    assert len(problems) == 1
    assert damaged.damaged == {folder: str(problems[0])}
    assert (damaged.rows, damaged.total) == ([], 0)
    assert index.find_page().damaged == {}


def test_damaged_run_that_is_removed_is_forgotten(local: LocalStorage, make: Make) -> None:
    folder = make(local, "one")
    local.touch(f"{folder}/journal.jsonl", b"not a journal\n{}\n")
    index = RunIndex(local)
    index.rebuild()

    local.rm(folder, recursive=True)

    assert index.find_page().damaged == {}
    assert index.rebuild() == (0, ())
