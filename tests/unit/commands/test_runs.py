"""``gluepy runs``: the table, one run in full, and the index."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gluepy.exec.records import RunInfo, RunReport, TaskOutcome
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.folder import write_context
from gluepy.runs.record import Opening, RunRecord

Run = Callable[..., Result]


@pytest.fixture
def storage(folder: Path) -> LocalStorage:
    return LocalStorage(folder / "data")


def record(
    storage: LocalStorage,
    name: str,
    status: Any = "succeeded",
    *,
    age: timedelta = timedelta(0),
    dag: str = "training",
    mode: Any = "new",
    finish: bool = True,
    **outcome: Any,
) -> str:
    folder = f"runs/2026/11/22/{name}"
    at = datetime.now(UTC) - age
    run = RunInfo(
        run_id=name,
        dag=dag,
        folder=folder,
        location=folder,
        steps=(),
        sources=("acme 1.0",),
        started_at=at,
        host="here",
        pid=7,
    )
    write_context(storage, folder, "gluepy: {}\n")
    opening = Opening(run=run, mode=mode, plugins=("jsonlog (x 1)",), distributions={"acme": "1.0"})
    with RunRecord.open(storage, opening, clock=lambda: at) as one:
        one.planned(["a", "b"])
        for label, end in (("a", "succeeded"), ("b", status)):
            known: Any = end
            one.started(label, 1)
            if not finish:
                return folder
            facts = outcome if label == "b" else {}
            one.ended(
                label,
                1,
                TaskOutcome(status=known, seconds=1.5, started_at=at, host="here", pid=7, **facts),
            )
        one.logged("b", "metric", "auc", 0.5)
        one.finish(
            RunReport(status=status, seconds=75.0, steps=(), signal=outcome.get("signal", 0))
        )
    return folder


def table(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [re.split(r"  +", line) for line in result.stdout.splitlines()]


# -- list ------------------------------------------------------------------------------------------


def test_runs_are_listed_the_latest_first(run: Run, storage: LocalStorage) -> None:
    record(storage, "one", "failed", age=timedelta(hours=3))
    record(storage, "two", age=timedelta(minutes=2), dag="")

    assert table(run("runs")) == [
        ["RUN", "DAG", "STATUS", "STARTED", "TOOK", "STEPS"],
        ["two", "-", "succeeded", "2 min ago", "1 min 15 s", "2/2"],
        ["one", "training", "failed", "3 h ago", "1 min 15 s", "1/2"],
    ]


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-90), "just now"),
        (timedelta(seconds=5), "just now"),
        (timedelta(days=2, hours=5), "2 d ago"),
    ],
)
def test_age_is_in_its_largest_unit(
    run: Run, storage: LocalStorage, age: timedelta, text: str
) -> None:
    record(storage, "one", age=age)

    assert table(run("runs"))[1][3] == text


def test_filters_choose(run: Run, storage: LocalStorage) -> None:
    record(storage, "one", "failed", age=timedelta(days=2))
    record(storage, "two", dag="scoring", age=timedelta(hours=3))
    record(storage, "three")

    def ids(*arguments: str) -> list[str]:
        return [row[0] for row in table(run("runs", *arguments))[1:]]

    assert ids("--dag", "training") == ["three", "one"]
    assert ids("--status", "failed") == ["one"]
    assert ids("--since", "1d") == ["three", "two"]
    assert ids("--since", (datetime.now(UTC) - timedelta(hours=4)).isoformat()) == ["three", "two"]
    assert ids("-n", "1") == ["three"]
    assert ids("-n", "0") == ["three", "two", "one"]


@pytest.mark.parametrize("when", ["soon", "2026-13-01", "0001-01-01T00:00:00+23:00"])
def test_moment_that_is_none_is_refused(run: Run, when: str) -> None:
    result = run("runs", "--since", when)

    assert result.exit_code == 2
    assert "is neither an age, such as 2h or 3d, nor a date." in result.stderr


def test_list_is_a_document_for_programs(run: Run, storage: LocalStorage) -> None:
    folder = record(storage, "one")

    document = json.loads(run("runs", "-f", "json").stdout)

    assert document["schema"] == "gluepy.runs/1"
    (row,) = document["runs"]
    assert (row["folder"], row["status"], row["done"]) == (folder, "succeeded", 2)


def test_no_runs_is_said(run: Run) -> None:
    assert run("runs").stderr == "There are no runs yet.\n"
    assert run("runs", "--dag", "x").stderr == "There are no such runs.\n"
    assert run("-q", "runs").stderr == ""


# -- show ------------------------------------------------------------------------------------------


def test_run_is_told_step_by_step(run: Run, storage: LocalStorage) -> None:
    folder = record(storage, "one", "failed", error="KeyError: 'x'\nValueError: y")

    rows = table(run("runs", "show", "@last"))

    assert rows[0] == ["training", "one", "failed", "acme 1.0"]
    facts = dict(row[1:3] for row in rows if row[0] == "" and len(row) == 3)
    assert facts["folder"] == storage.location(folder)
    assert facts["took"] == "1 min 15 s"
    assert "acme 1.0" in facts["versions"]
    assert facts["plugins"] == "jsonlog (x 1)"
    assert ["a", "succeeded", "1", "1.5 s"] in rows
    assert ["b", "failed", "1", "1.5 s", "KeyError: 'x'"] in rows
    assert ["auc", "0.5"] in rows
    assert rows[-1] == ["resume with:", "gluepy dag training --resume --retry one"]


def test_every_session_is_told(run: Run, storage: LocalStorage) -> None:
    record(storage, "one", "interrupted", age=timedelta(hours=1))
    record(storage, "one", mode="resume")

    output = run("runs", "show", "one").stdout

    assert re.search(r"^new +interrupted .* serial +7 on here", output, re.MULTILINE)
    assert re.search(r"^resume +succeeded ", output, re.MULTILINE)
    assert "resume with" not in output


def test_run_whose_owner_died_is_lost(run: Run, storage: LocalStorage) -> None:
    record(storage, "one", finish=False)

    assert table(run("runs"))[1][2] == "lost"
    output = run("runs", "show", "one").stdout
    assert re.search(r"^a +lost +1 +- +its process ended without a record$", output, re.MULTILINE)
    assert re.search(r"^b +planned +- +-$", output, re.MULTILINE)
    assert "--retry one" in output


def test_run_in_progress_is_not_to_be_resumed(run: Run, storage: LocalStorage) -> None:
    folder = record(storage, "one", "failed")
    info = RunInfo(
        run_id="one",
        dag="training",
        folder=folder,
        location=folder,
        steps=(),
        started_at=datetime.now(UTC),
        host="here",
        pid=os.getpid(),
    )

    with RunRecord.open(storage, Opening(run=info, mode="resume")):
        output = run("runs", "show", "one").stdout

    assert output.startswith("training   one   running\n")
    assert "resume with" not in output


def test_single_task_is_told_too(run: Run, storage: LocalStorage) -> None:
    record(storage, "one", "failed", dag="")

    output = run("runs", "show", "one").stdout

    assert output.startswith("(single tasks)   one   failed")
    assert "resume with" not in output


@pytest.mark.parametrize(
    ("dirty", "text"), [(True, "a1b2c3d4e5f6 (with changes)"), (False, "a1b2c3d4e5f6")]
)
def test_state_of_the_code_is_told(run: Run, storage: LocalStorage, dirty: bool, text: str) -> None:
    folder = record(storage, "one")
    journal = storage.open(f"{folder}/journal.jsonl", "r")
    known = json.dumps({"commit": "a1b2c3d4e5f6a7b8", "dirty": dirty})
    storage.touch(
        f"{folder}/journal.jsonl", re.sub(r'"git":(null|{[^}]*})', f'"git":{known}', journal)
    )

    assert ["", "git", text] in table(run("runs", "show", "one"))


def test_signal_is_told(run: Run, storage: LocalStorage) -> None:
    folder = record(storage, "one", "interrupted")
    journal = storage.open(f"{folder}/journal.jsonl", "r")
    storage.touch(
        f"{folder}/journal.jsonl", journal.replace('"seconds":75.0}', '"seconds":75.0,"signal":15}')
    )

    assert re.search("signal 15$", run("runs", "show", "one").stdout, re.MULTILINE)


def test_run_is_a_document_for_programs(run: Run, storage: LocalStorage) -> None:
    folder = record(storage, "one", "failed", error="E")

    document = json.loads(run("runs", "show", folder, "-f", "json").stdout)

    assert document["schema"] == "gluepy.runs.show/1"
    assert document["steps"]["b"]["error"] == "E"
    assert document["resume"] == "gluepy dag training --resume --retry one"
    assert document["location"] == storage.location(folder)
    assert document["metrics"] == {"auc": 0.5}


def test_unknown_run_is_an_error(run: Run) -> None:
    result = run("runs", "show", "xyz")

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: RUN 'xyz': there is no such run below ")


def test_run_without_a_record_is_an_error(run: Run, storage: LocalStorage) -> None:
    write_context(storage, "runs/2025/1/1/old", "gluepy: {}\n")

    result = run("runs", "show", "old")

    assert result.exit_code == 3
    assert "nothing is recorded of this run" in result.stderr


# -- reindex ---------------------------------------------------------------------------------------


def test_index_is_made_anew(run: Run, storage: LocalStorage) -> None:
    record(storage, "one")
    storage.rm("runs/index.sqlite3")
    storage.touch("runs/2026/11/22/bad/journal.jsonl", "garbage\n")

    result = run("runs", "reindex")

    assert result.stdout == "1 run in the index.\n"
    assert "line 1 is damaged" in result.stderr
    assert table(run("runs"))[1][0] == "one"


def test_labels_are_escaped(run: Run, storage: LocalStorage) -> None:
    record(storage, "one", "failed", dag="a\x1b[2J", error="b\x1b[2J\nc")

    for arguments in (["runs"], ["runs", "show", "one"]):
        assert "\x1b" not in run(*arguments).stdout
