"""``gluepy runs``: the table, where options may stand, and the index."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.commands.runs import _size_of_ids
from gluepy.exec.records import RunInfo, TaskOutcome
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.journal import JOURNAL_FILE
from gluepy.runs.record import Opening, RunRecord

Run = Callable[..., Result]
RecordRun = Callable[..., str]
OnTerminal = Callable[..., str]


@pytest.fixture
def storage(folder: Path) -> LocalStorage:
    return LocalStorage(folder / "data")


def table(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [re.split(r"  +", line) for line in result.stdout.splitlines()]


# -- list ------------------------------------------------------------------------------------------


def test_runs_are_listed_the_latest_first(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one", {"a": "succeeded", "b": "failed"}, age=timedelta(hours=3))
    record_run(storage, "two", dag="", age=timedelta(minutes=2))
    user = Path(storage.abspath("runs")).owner()

    assert table(run("runs")) == [
        ["RUN", "DAG", "STATUS", "STARTED", "TOOK", "STEPS", "BY"],
        ["two", "-", "done", "2 min ago", "1 min 15 s", "2/2", user],
        ["one", "training", "FAILED", "3 h ago", "1 min 15 s", "1/2", user],
    ]


def test_filters_choose(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", {"a": "failed"}, age=timedelta(days=2))
    record_run(storage, "two", dag="scoring", age=timedelta(hours=3))
    record_run(storage, "three")

    def ids(*arguments: str) -> list[str]:
        return [row[0] for row in table(run("runs", *arguments))[1:]]

    assert ids("--dag", "training") == ["three", "one"]
    assert ids("--status", "failed") == ["one"]
    assert ids("--since", "1d") == ["three", "two"]
    assert ids("--since", (datetime.now(UTC) - timedelta(hours=4)).isoformat()) == ["three", "two"]
    assert ids("-n", "1") == ["three"]
    assert ids("-n", "0") == ["three", "two", "one"]


def test_more_runs_than_are_shown_are_counted(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    for name in ("one", "two", "three"):
        record_run(storage, name)

    assert run("runs", "-n", "2").stderr == "2 of 3 runs; -n 0 shows all.\n"
    assert run("-q", "runs", "-n", "2").stderr == ""
    assert run("runs").stderr == ""


@pytest.mark.parametrize("when", ["soon", "2026-13-01", "0001-01-01T00:00:00+23:00"])
def test_moment_that_is_none_is_refused(run: Run, when: str) -> None:
    result = run("runs", "--since", when)

    assert result.exit_code == 2
    assert "is neither an age, such as 2h or 3d, nor a date." in result.stderr


def test_list_is_a_document_for_programs(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(storage, "one")

    document = json.loads(run("runs", "-f", "json").stdout)

    assert (document["schema"], document["total"]) == ("gluepy.runs/1", 1)
    (row,) = document["runs"]
    assert (row["folder"], row["status"], row["done"]) == (folder, "succeeded", 2)


def test_no_runs_is_said(run: Run) -> None:
    assert run("runs").stderr == "There are no runs yet.\n"
    assert run("runs", "--dag", "x").stderr == "There are no such runs.\n"
    assert run("-q", "runs").stderr == ""


def test_steps_of_a_run_in_progress_are_counted(run: Run, storage: LocalStorage) -> None:
    info = RunInfo(
        run_id="one",
        dag="training",
        folder="runs/2026/11/22/one",
        location="",
        steps=(),
        started_at=datetime.now(UTC),
        host="here",
        pid=os.getpid(),
    )

    with RunRecord.open(storage, Opening(run=info, mode="new")) as record:
        before = table(run("runs"))[1]
        record.planned(["a", "b", "c"])
        end = TaskOutcome(
            status="succeeded", seconds=1.0, started_at=info.started_at, host="here", pid=1
        )
        record.ended("a", 1, end)
        after = table(run("runs"))[1]

    assert before[:6] == ["one", "training", "running", "just now", "-", "-"]
    assert after[:6] == ["one", "training", "running", "just now", "-", "1/3"]


def test_runs_that_are_damaged_are_told_in_one_line(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folders = [record_run(storage, name) for name in ("one", "two", "three")]
    for name in storage.ls("runs")[0]:
        storage.rm(f"runs/{name}")

    def damage(folder: str) -> str:
        storage.touch(f"{folder}/{JOURNAL_FILE}", b"not a journal\n{}\n")
        return storage.location(f"{folder}/{JOURNAL_FILE}")

    where = damage(folders[0])
    first, second = run("runs"), run("runs")
    damage(folders[1])
    run("runs", "reindex")
    both = run("-q", "runs")

    assert [row[0] for row in table(first)[1:]] == ["three", "two"]
    assert first.stderr.startswith(f"Warning: a run is left out: {where}: line 1 is damaged: ")
    assert first.stderr == second.stderr
    assert first.stderr.count("\n") == 1
    assert both.stderr.startswith("Warning: 2 runs are left out: ")
    assert both.stderr.endswith(" ('gluepy runs reindex' tells of all)\n")


def test_words_of_the_table_are_understood(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one", status="interrupted")
    record_run(storage, "two")

    assert [row[0] for row in table(run("runs", "--status", "done"))[1:]] == ["two"]
    assert [row[0] for row in table(run("runs", "--status", "stopped"))[1:]] == ["one"]
    assert "'bad' is not one of" in run("runs", "--status", "bad").stderr


def test_age_before_all_time_is_all_time(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one")

    assert [row[0] for row in table(run("runs", "--since", "999999w"))[1:]] == ["one"]
    assert run("runs", "prune", "--older-than", "999999w").stderr == "There are no such runs.\n"


def test_columns_are_left_out_where_a_terminal_is_narrow(
    on_terminal: OnTerminal, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "2026-11-22T10-40-12-a")

    columns = [on_terminal(width, "runs").splitlines()[0].split() for width in (80, 50, 20)]

    assert columns == [
        ["RUN", "DAG", "STATUS", "STARTED", "TOOK", "STEPS", "BY"],
        ["RUN", "DAG", "STATUS", "STARTED", "TOOK"],
        ["RUN", "DAG", "STATUS", "STARTED"],
    ]


def test_labels_are_escaped(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    steps = {"a\x1b": "succeeded", "b": {"status": "failed", "error": "b\x1b[2J\nc"}}
    record_run(storage, "one", steps, dag="a\x1b[2J", command=("dag", "a\x1b[2J"))
    record_run(storage, "two", {"a\x1b": "failed"}, params={"x\x1b": "\x1b"})

    for arguments in (["runs"], ["runs", "show", "one"], ["runs", "diff", "one", "two"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert "\x1b" not in result.stdout


def test_ids_are_cut_where_a_terminal_is_narrow(
    on_terminal: OnTerminal, storage: LocalStorage, record_run: RecordRun
) -> None:
    for end in "ab":
        record_run(storage, f"2026-11-22T10-40-12-{end}-and-something-more")

    narrow = on_terminal(60, "runs").splitlines()
    wide = on_terminal(160, "runs").splitlines()

    assert [line.split()[0] for line in narrow] == [
        "RUN",
        "2026-11-22T10-40-12-b",
        "2026-11-22T10-40-12-a",
    ]
    assert wide[1].split()[0] == "2026-11-22T10-40-12-b-and-something-more"


@pytest.mark.parametrize(
    ("ids", "size"),
    [([], 8), (["x"], 8), (["12345678a", "12345678b"], 9), (["same", "same"], 8)],
)
def test_ids_are_told_apart(ids: list[str], size: int) -> None:
    assert _size_of_ids(ids) == size


# -- where options stand ---------------------------------------------------------------------------


def test_options_may_stand_before_the_name_of_a_command(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one")

    before = run("runs", "-f", "json", "show", "@last")
    after = run("runs", "show", "@last", "-f", "json")

    assert json.loads(before.stdout)["schema"] == "gluepy.runs.show/1"
    assert before.stdout == after.stdout


def test_flags_may_stand_there_too(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one")

    before = run("runs", "--all", "diff", "@last", "@last")

    assert before.exit_code == 0
    assert before.stdout == run("runs", "diff", "@last", "@last", "--all").stdout


def test_option_of_another_command_is_refused(run: Run) -> None:
    result = run("runs", "--since", "1d", "show", "@last")

    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert "--since" in result.stderr


def test_unknown_command_is_an_error(run: Run) -> None:
    result = run("runs", "lgs", "@last")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[0] == "Error: there is no command 'runs lgs'"
    assert "'runs logs'" in result.stderr.splitlines()[1]


def test_unknown_run_is_an_error(run: Run) -> None:
    result = run("runs", "show", "xyz")

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: RUN 'xyz': there is no such run below ")


# -- reindex ---------------------------------------------------------------------------------------


def test_index_is_made_anew(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one")
    storage.rm("runs/index.sqlite3")
    storage.touch("runs/2026/11/22/bad/journal.jsonl", "garbage\n")

    result = run("runs", "reindex")

    assert result.stdout == "1 run in the index.\n"
    assert "line 1 is damaged" in result.stderr
    assert table(run("runs"))[1][0] == "one"
