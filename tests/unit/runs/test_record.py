from __future__ import annotations

import errno
import itertools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gluepy.conf.context import Context
from gluepy.exceptions import (
    DamagedRecordError,
    ForeignRunError,
    NewerRecordError,
    RunLockedError,
    RunRecordError,
    StorageError,
    StorageWriteError,
)
from gluepy.exec.records import HookCost, RunReport, TaskOutcome
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.folder import read_metrics
from gluepy.runs.index import RunIndex
from gluepy.runs.journal import Journal
from gluepy.runs.lock import find_owner
from gluepy.runs.record import Opening, RunRecord, load_state, record_death

FOLDER = "runs/2026/11/22/abc"

MakeOpening = Callable[..., Opening]
MakeOutcome = Callable[..., TaskOutcome]
Check = Callable[[BaseStorage, str], None]


def report(status: Any = "succeeded", seconds: float = 3.0, **rest: Any) -> RunReport:
    return RunReport(status=status, seconds=seconds, steps=(), **rest)


def document(storage: BaseStorage) -> dict[str, Any]:
    return dict(json.loads(storage.open(f"{FOLDER}/run.json")))


def statuses(storage: BaseStorage) -> dict[str, str]:
    return {label: step.status for label, step in load_state(storage, FOLDER).steps.items()}


# -- one session -----------------------------------------------------------------------------------


def test_whole_run_is_recorded(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome, check_schemas: Check
) -> None:
    cost = HookCost("after_task", "jsonlog", "x 1", 4, 0.5, 0.25, "a")
    session = opening(
        plugins=("jsonlog (x 1)",),
        distributions={"gluepy-core": "0.1", "x": "1"},
        command=("dag", "training"),
    )

    with RunRecord.open(storage, session) as one:
        upstream = {"a": (), "t": ("a",), "z": ("t",)}
        one.planned(["a", "t", "z"], upstream, evaluations=["z"], tags={"t": ("slow",)})
        one.started("a", 1)
        one.logged("a", "metric", "auc", 0.5)
        one.ended("a", 1, outcome())
        one.expanded("t", ["x", "y"])
        one.started("t[x]", 1)
        one.ended("t[x]", 1, outcome("failed", error="KeyError: 'é'", hint="H", plugin="P"))
        one.started("t[y]", 1)
        one.ended("t[y]", 1, outcome("skipped", reason="nothing to do"))
        one.flush()
        one.finish(report("failed", signal=2), [cost])
        one.finish(report())

    state = load_state(storage, FOLDER)
    assert statuses(storage) == {
        "a": "succeeded",
        "t[x]": "failed",
        "t[y]": "skipped",
        "z": "planned",
    }
    assert state.steps["t[x]"].error == "KeyError: 'é'"
    assert state.expansions == {"t": ("x", "y")}
    assert (state.status, state.seconds) == ("failed", 3.0)
    assert state == one._live
    check_schemas(storage, FOLDER)
    found = document(storage)
    assert (found["status"], found["metrics"]) == ("failed", {"auc": 0.5})
    assert found["distributions"] == {"gluepy-core": "0.1", "x": "1"}
    assert found["gluepy"] == "0.1"
    assert found["sessions"][0]["signal"] == 2
    assert found["steps"]["z"]["started_at"] is None
    assert found["upstream"] == {"a": [], "t": ["a"], "z": ["t"]}
    assert (found["evaluations"], found["tags"]) == (["z"], {"t": ["slow"]})
    assert found["command"] == ["dag", "training"]
    assert found["hooks"] == found["sessions"][0]["hooks"] == [cost._asdict()]
    assert read_metrics(storage, FOLDER) == {"auc": 0.5}
    assert find_owner(storage, FOLDER) is None


def test_run_in_progress_is_running(
    storage: BaseStorage, opening: MakeOpening, check_schemas: Check
) -> None:
    with RunRecord.open(storage, opening()) as record:
        record.planned(["a"])
        record.flush()

        assert load_state(storage, FOLDER).status == "running"
        assert document(storage)["finished_at"] is None
        check_schemas(storage, FOLDER)
        with pytest.raises(RunLockedError):
            RunRecord.open(storage, opening())


def test_files_of_a_record_are_for_their_owner_only(
    local: LocalStorage, opening: MakeOpening
) -> None:
    with RunRecord.open(local, opening()) as record:
        record.finish(report())

    modes = {
        name: os.stat(local.abspath(f"{FOLDER}/{name}")).st_mode & 0o777
        for name in local.ls(FOLDER)[0]
    }
    assert modes == dict.fromkeys(["journal.jsonl", "lock", "run.json"], 0o600)


def test_secrets_are_masked(
    local: LocalStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    parameters = {"db": {"password": "hunter2", "host": "h"}, "when": datetime(2026, 1, 1)}  # noqa: DTZ001

    with RunRecord.open(local, opening(parameters=parameters)) as record:
        record.logged("a", "param", "api_key", "hunter2")
        record.logged("a", "param", "url", "postgres://me:hunter2@h/db")
        record.ended("a", 1, outcome("failed", error="no access with password=hunter2"))
        record.finish(report("failed"))

    files = local.ls(FOLDER)[0]
    assert [name for name in files if b"hunter2" in local.open(f"{FOLDER}/{name}")] == []
    assert document(local)["parameters"] == {
        "db": {"password": "***", "host": "h"},
        "when": "2026-01-01T00:00:00",
    }


def test_references_to_the_environment_are_stored_as_they_are(
    local: LocalStorage, opening: MakeOpening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKET", "hunter2")
    context = Context({"a": {"bucket": "${env:BUCKET}"}})
    assert context.a.bucket == "hunter2"

    for parameters in (context.to_dict(), {"a": context.a}):
        RunRecord.open(local, opening(parameters=parameters)).close()

        assert document(local)["parameters"] == {"a": {"bucket": "${env:BUCKET}"}}


def test_whatever_is_logged_is_valid_json(
    storage: BaseStorage, opening: MakeOpening, check_schemas: Check
) -> None:
    numbers = {"nan": math.nan, "up": math.inf, "np": np.float32(0.5), "n": np.int64(3)}

    with RunRecord.open(storage, opening()) as record:
        for name, value in numbers.items():
            record.logged("", "metric", name, value)
            record.logged("", "param", name, value)
        record.logged("", "input", "odd\ud800\n", {"k": [object, {1, 2}, 1e400]})
        with pytest.raises(TypeError, match="the metric 'x' needs a number"):
            record.logged("", "metric", "x", "many")
        record.finish(report())

    check_schemas(storage, FOLDER)
    found = document(storage)["metrics"]
    assert found == {"nan": "NaN", "up": "Infinity", "np": 0.5, "n": 3}
    assert math.isnan(record.metrics["nan"])
    assert load_state(storage, FOLDER).params["np"] == 0.5


def test_traceback_of_a_failure_is_kept_without_its_middle_and_without_secrets(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome, check_schemas: Check
) -> None:
    long = "Traceback (most recent call last):\n" + "frame\n" * 5_000 + "KeyError: 'last'"
    short = "ValueError: password=hunter2"

    with RunRecord.open(storage, opening()) as record:
        record.planned(["a", "b"])
        for label, text in (("a", long), ("b", short)):
            record.started(label, 1)
            record.ended(label, 1, outcome("failed", error="no", traceback=text, reads=("x.y",)))
        record.finish(report("failed"))

    check_schemas(storage, FOLDER)
    steps = load_state(storage, FOLDER).steps
    assert steps["a"].traceback.startswith("Traceback (most recent")
    assert steps["a"].traceback.endswith("KeyError: 'last'")
    assert len(steps["a"].traceback) < 10_100
    assert "hunter2" not in steps["b"].traceback
    assert document(storage)["steps"]["a"]["reads"] == ["x.y"]


def test_odd_outcomes_are_valid_json(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome, check_schemas: Check
) -> None:
    label = 'tâche "x"\n\ud800'

    with RunRecord.open(storage, opening()) as record:
        record.planned([label])
        record.started(label, 1)
        record.ended(label, 1, outcome("failed", math.nan, error="x" * 1_000_000))
        record.finish(report("failed"))

    check_schemas(storage, FOLDER)
    step = load_state(storage, FOLDER).steps[label]
    assert (step.seconds, len(step.error)) == (None, 10_003)


@pytest.mark.parametrize("sync", ["group", "always", "never"])
def test_every_way_to_sync_keeps_all_lines(
    local: LocalStorage, opening: MakeOpening, sync: Any
) -> None:
    with RunRecord.open(local, opening(), sync=sync) as record:
        record.planned(["a"])
        record.finish(report())

    assert statuses(local) == {"a": "planned"}


def test_clock_that_jumps_only_labels(
    local: LocalStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    hours = itertools.cycle([0, -1000, 5, -3])
    start = datetime(2026, 11, 22, tzinfo=UTC)

    with RunRecord.open(
        local, opening(), clock=lambda: start + timedelta(hours=next(hours))
    ) as record:
        record.planned(["a"])
        record.started("a", 1)
        record.ended("a", 1, outcome(seconds=1.5))
        record.finish(report(seconds=2.5))

    state = load_state(local, FOLDER)
    assert state.succeeded == {"a"}
    assert (state.steps["a"].seconds, state.seconds) == (1.5, 2.5)


def test_threads_may_log_at_once(local: LocalStorage, opening: MakeOpening) -> None:
    with RunRecord.open(local, opening()) as record:

        def log(name: str) -> None:
            for number in range(200):
                record.logged("", "param", f"{name}{number}", number)

        threads = [threading.Thread(target=log, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(load_state(local, FOLDER).params) == 800


# -- several sessions ------------------------------------------------------------------------------


def run_once(
    storage: BaseStorage, opening: Opening, outcome: MakeOutcome, *labels: str
) -> RunRecord:
    with RunRecord.open(storage, opening) as record:
        record.planned(["a", "b"])
        for label in labels:
            record.started(label, 1)
            record.logged(label, "metric", label, 1)
            record.ended(label, 1, outcome())
        record.finish(report("succeeded" if len(labels) == 2 else "failed"))
    return record


@pytest.mark.parametrize(
    ("mode", "after"),
    [
        ("resume", {"a": "succeeded", "b": "succeeded"}),
        ("retry", {"a": "planned", "b": "succeeded"}),
    ],
)
def test_resume_keeps_and_retry_forgets(
    storage: BaseStorage,
    opening: MakeOpening,
    outcome: MakeOutcome,
    check_schemas: Check,
    mode: str,
    after: dict[str, str],
) -> None:
    run_once(storage, opening(), outcome, "a")

    record = run_once(storage, opening(mode), outcome, "b")

    assert record.state.succeeded == {"a"}
    assert record.state.status == "failed"
    assert record.metrics == {"a": 1.0, "b": 1.0}
    assert statuses(storage) == after
    check_schemas(storage, FOLDER)
    assert [one["mode"] for one in document(storage)["sessions"]] == ["new", mode]
    assert document(storage)["created_at"] < document(storage)["started_at"]


def test_other_versions_than_last_time_are_told(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    run_once(storage, opening(distributions={"acme": "1.0", "b": "1", "gone": "1"}), outcome)

    record = run_once(
        storage, opening("resume", distributions={"acme": "2.0", "b": "1", "new": "1"}), outcome
    )

    assert record.changed_versions == {"acme": ("1.0", "2.0")}


def test_run_of_another_dag_is_refused_and_left_as_it_is(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    run_once(storage, opening(), outcome, "a")
    before = document(storage)

    with pytest.raises(ForeignRunError, match="it holds a run of DAG 'training', not of 'scoring'"):
        RunRecord.open(storage, opening("retry", dag="scoring"))

    assert document(storage) == before
    run_once(storage, opening("retry"), outcome)  # the lock is free


def test_single_task_may_work_in_the_run_of_a_dag(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    run_once(storage, opening(), outcome, "a")

    run_once(storage, opening("retry", dag=""), outcome, "a", "b")

    state = load_state(storage, FOLDER)
    assert (state.dag, state.status) == ("training", "failed")


def test_damaged_record_is_refused_and_left_as_it_is(
    local: LocalStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    run_once(local, opening(), outcome, "a")
    content = b"garbage\n" + local.open(f"{FOLDER}/journal.jsonl")
    local.touch(f"{FOLDER}/journal.jsonl", content)

    with pytest.raises(DamagedRecordError):
        RunRecord.open(local, opening("resume"))

    assert local.open(f"{FOLDER}/journal.jsonl") == content
    assert find_owner(local, FOLDER) is None


def test_record_of_a_newer_form_is_refused(
    local: LocalStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    run_once(local, opening(), outcome, "a")
    newer = local.open(f"{FOLDER}/journal.jsonl", "r").replace("journal/1", "journal/2")
    local.touch(f"{FOLDER}/journal.jsonl", newer)

    with pytest.raises(NewerRecordError):
        RunRecord.open(local, opening("resume"))


def test_run_of_1_6_is_an_empty_state_with_its_metrics(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    storage.touch(f"{FOLDER}/metrics.json", '{"old": 1, "a": 0}')
    assert load_state(storage, FOLDER).status == "unknown"

    record = run_once(storage, opening("retry"), outcome, "a")

    assert record.metrics == {"old": 1, "a": 1}
    assert read_metrics(storage, FOLDER) == {"old": 1, "a": 1}


def test_journal_wins_over_the_file_of_metrics(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    run_once(storage, opening(), outcome, "a")

    storage.touch(f"{FOLDER}/metrics.json", '{"a": 7}')
    assert read_metrics(storage, FOLDER) == {"a": 1}
    storage.touch(f"{FOLDER}/metrics.json", "{")
    assert read_metrics(storage, FOLDER) == {"a": 1}


def test_damaged_metrics_without_a_journal_are_refused(
    storage: BaseStorage, opening: MakeOpening
) -> None:
    storage.touch(f"{FOLDER}/metrics.json", "{")

    with pytest.raises(RunRecordError, match=r"metrics\.json: it holds no metrics"):
        RunRecord.open(storage, opening("retry"))

    storage.rm(f"{FOLDER}/metrics.json")
    RunRecord.open(storage, opening("retry")).close()


# -- forks -----------------------------------------------------------------------------------------


def test_forked_child_leaves_the_record_alone(
    local: LocalStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    with RunRecord.open(local, opening()) as record:
        record.planned(["a"])
        child = os.fork()
        if child == 0:
            with record:
                record.planned(["x"])
                record.expanded("x", ["y"])
                record.started("a", 1)
                record.logged("a", "metric", "m", 1)
                record.ended("a", 1, outcome())
                record.flush()
                record.finish(report("failed"))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

        assert find_owner(local, FOLDER) is not None
        record.finish(report())

    assert statuses(local) == {"a": "planned"}
    assert load_state(local, FOLDER).status == "succeeded"


def test_record_of_another_process_does_nothing(
    storage: BaseStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    record = RunRecord.open(storage, opening())
    record._pid += 1

    record.planned(["x"])
    record.expanded("x", ["y"])
    record.started("a", 1)
    record.logged("a", "metric", "m", 1)
    record.ended("a", 1, outcome())
    record.flush()
    record.finish(report("failed"))
    record.close()

    record._pid -= 1
    assert find_owner(storage, FOLDER) is not None
    assert (statuses(storage), load_state(storage, FOLDER).status) == ({}, "running")
    record.close()
    record.close()


# -- faults ----------------------------------------------------------------------------------------


class Disk(LocalStorage):
    """A disk that fails to write some files."""

    refused = ""

    def _write(self, key: str, chunks: Any, *, private: bool = False) -> None:
        if self.refused and key.endswith(self.refused):
            raise StorageWriteError(key, os.strerror(errno.ENOSPC))
        super()._write(key, chunks, private=private)


def test_run_that_cannot_begin_lets_go_of_the_folder(tmp_path: Path, opening: MakeOpening) -> None:
    disk = Disk(tmp_path)
    disk.refused = "run.json"

    with pytest.raises(StorageWriteError):
        RunRecord.open(disk, opening())

    assert find_owner(disk, FOLDER) is None


def test_success_that_cannot_be_written_is_none(
    local: LocalStorage, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    with RunRecord.open(local, opening()) as record:
        record.planned(["a"])
        record.started("a", 1)
        os.unlink(local.abspath(f"{FOLDER}/journal.jsonl"))

        with pytest.raises(StorageWriteError):
            record.ended("a", 1, outcome())

        assert record._live.steps["a"].status == "running"


def test_full_disk_while_a_run_goes_on_is_survived_by_the_record(tmp_path: Path) -> None:
    code = """
import os, resource, sys
from datetime import UTC, datetime
from gluepy.exceptions import StorageWriteError
from gluepy.exec.records import RunInfo, TaskOutcome
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.record import Opening, RunRecord

now = datetime.now(UTC)
run = RunInfo(run_id="abc", dag="d", folder="runs/abc", location="", steps=(), started_at=now,
              host="h", pid=os.getpid())
record = RunRecord.open(LocalStorage(sys.argv[1]), Opening(run=run, mode="new"))
outcome = TaskOutcome(status="succeeded", seconds=1.0, started_at=now, host="h", pid=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
recorded = 0
try:
    while True:
        record.started(f"s{recorded}", 1)
        record.ended(f"s{recorded}", 1, outcome)
        recorded += 1
except StorageWriteError:
    print(recorded, flush=True)
    os._exit(5)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False
    )

    storage = LocalStorage(tmp_path)
    assert (done.returncode, done.stderr) == (5, "")
    state = load_state(storage, "runs/abc")
    assert len(state.succeeded) == int(done.stdout)
    assert storage.open("runs/abc/journal.jsonl").endswith(b"}\n")


def test_lock_that_was_lost_ends_the_record(shared: MemoryStorage, opening: MakeOpening) -> None:
    record = RunRecord.open(shared, opening())
    record._lock._kind.beat_s = 0
    shared.touch(f"{FOLDER}/lock", '{"host": "there", "pid": 7, "token": "theirs"}')

    deadline = time.monotonic() + 10
    while record._problem is None and time.monotonic() < deadline:
        time.sleep(0.05)

    with pytest.raises(RunLockedError):
        record.planned(["a"])
    with pytest.raises(RunLockedError):
        record.flush()
    record.close()


class Flaky(MemoryStorage):
    """Shared, and sometimes away."""

    is_shared = True
    is_away = False

    def _read(self, key: str) -> bytes:
        if self.is_away:
            raise OSError("away")
        return super()._read(key)


def test_missed_sign_of_life_is_logged_and_the_next_one_given(
    opening: MakeOpening, caplog: pytest.LogCaptureFixture
) -> None:
    storage = Flaky()
    record = RunRecord.open(storage, opening())
    record._lock._kind.beat_s = 0

    storage.is_away = True
    deadline = time.monotonic() + 10
    while not caplog.records and time.monotonic() < deadline:
        time.sleep(0.05)
    storage.is_away = False

    record.planned(["a"])
    record.finish(report())
    record.close()
    assert "the record of the run in runs/2026/11/22/abc: away" in caplog.text


def test_lines_are_forced_to_the_disk_once_a_second(
    local: LocalStorage, opening: MakeOpening
) -> None:
    with RunRecord.open(local, opening()) as record:
        journal: Any = record._journal
        record.planned(["a"])
        assert journal._is_dirty

        deadline = time.monotonic() + 10
        while journal._is_dirty and time.monotonic() < deadline:
            time.sleep(0.05)

        assert not journal._is_dirty


# -- what a dead process could not record ----------------------------------------------------------

DIE = """
import os, signal, sys
from datetime import UTC, datetime
from gluepy.exec.records import RunInfo, TaskOutcome
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.record import Opening, RunRecord

now = datetime.now(UTC)
run = RunInfo(run_id="abc", dag="training", folder=sys.argv[2], location="", steps=(),
              started_at=now, host="h", pid=os.getpid())
record = RunRecord.open(LocalStorage(sys.argv[1]), Opening(run=run, mode="new"))
record.planned(["a", "b", "c"])
record.started("a", 1)
record.logged("a", "metric", "m", 2)
record.ended("a", 1, TaskOutcome(status="succeeded", seconds=1.0, started_at=now, host="h", pid=1))
record.started("b", 1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def die(storage: LocalStorage) -> int:
    process = subprocess.Popen([sys.executable, "-c", DIE, storage.root, FOLDER])
    assert process.wait(timeout=60) == -signal.SIGKILL
    return process.pid


def test_death_is_recorded_by_who_outlives_it(local: LocalStorage, check_schemas: Check) -> None:
    pid = die(local)

    labels = record_death(local, FOLDER, outcome="lost", reason="killed by signal 9", pid=pid)

    assert labels == ("b",)
    assert statuses(local) == {"a": "succeeded", "b": "lost", "c": "planned"}
    assert load_state(local, FOLDER).steps["b"].reason == "killed by signal 9"
    check_schemas(local, FOLDER)
    assert (document(local)["status"], document(local)["seconds"]) == ("lost", None)
    assert json.loads(local.open(f"{FOLDER}/metrics.json")) == {"m": 2}
    (row,) = RunIndex(local).list_runs()
    assert (row.status, row.done, row.total) == ("lost", 1, 3)
    assert find_owner(local, FOLDER) is None


def test_death_is_recorded_once_and_of_that_process_only(local: LocalStorage) -> None:
    pid = die(local)

    assert record_death(local, FOLDER, outcome="lost", reason="x", pid=pid + 1) == ()
    assert load_state(local, FOLDER).status == "running"
    assert record_death(local, FOLDER, outcome="interrupted", reason="x", pid=pid) == ("b",)
    assert record_death(local, FOLDER, outcome="lost", reason="x", pid=pid) == ()
    assert load_state(local, FOLDER).status == "interrupted"
    assert record_death(local, "runs/other", outcome="lost", reason="x", pid=pid) == ()


def test_death_of_a_process_that_lives_is_refused(
    local: LocalStorage, opening: MakeOpening
) -> None:
    with RunRecord.open(local, opening()), pytest.raises(RunLockedError):
        record_death(local, FOLDER, outcome="lost", reason="x", pid=os.getpid())


def test_killed_run_is_resumed_where_it_stopped(local: LocalStorage, opening: MakeOpening) -> None:
    die(local)

    with RunRecord.open(local, opening("resume")) as record:
        record.planned(["a", "b", "c"])

        assert record.state.succeeded == {"a"}
    assert statuses(local) == {"a": "succeeded", "b": "lost", "c": "planned"}
    assert [one.status for one in load_state(local, FOLDER).sessions] == ["lost", "running"]


def test_torn_line_of_a_killed_run_is_dropped(local: LocalStorage, opening: MakeOpening) -> None:
    die(local)
    with open(local.abspath(f"{FOLDER}/journal.jsonl"), "ab") as file:
        file.write(b'{"event":"ended","at')

    RunRecord.open(local, opening("resume")).close()

    assert load_state(local, FOLDER).succeeded == {"a"}


def test_storage_errors_of_the_end_are_told(
    tmp_path: Path, opening: MakeOpening, outcome: MakeOutcome
) -> None:
    disk = Disk(tmp_path)
    with RunRecord.open(disk, opening()) as record:
        disk.refused = "run.json"

        with pytest.raises(StorageError):
            record.finish(report())

    assert load_state(disk, FOLDER).status == "succeeded"


def test_end_is_recorded_where_there_is_no_room_for_what_hooks_cost(
    local: LocalStorage, opening: MakeOpening
) -> None:
    costs = [HookCost("after_task", "x" * 1000, "x 1", 1, 0.5, 0.5)]
    with RunRecord.open(local, opening(folder=FOLDER)) as record:
        record._journal = Narrow(record._journal)

        record.finish(RunReport(status="succeeded", seconds=1.0, steps=()), costs)

    state = load_state(local, FOLDER)
    assert (state.status, state.hooks) == ("succeeded", ())


class Narrow:
    """A journal on a disk that is nearly full.

    Args:
        journal: Takes what is short.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.flush, self.sync, self.close = journal.flush, journal.sync, journal.close

    def append(self, line: str, *, looks: bool = True) -> None:
        if len(line) > 500:
            raise StorageWriteError("journal.jsonl", "there is no room for the whole line")
        self._journal.append(line)
