"""The documents about past runs: what is in them, and that they are as their schemas have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gluepy.app import App, get_app, set_app
from gluepy.exceptions import RunRecordError, UnknownRunError, UnknownStepError
from gluepy.exec.records import HookCost
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.folder import write_context
from gluepy.runs.logs import log_path
from gluepy.runs.record import RunRecord
from gluepy.views import history_view, logs_view, run_view, runs_view, timings_view

RecordRun = Callable[..., str]
ResumeRun = Callable[..., AbstractContextManager[RunRecord]]
Checked = Callable[[dict[str, Any]], dict[str, Any]]

COST = HookCost("after_task", "jsonlog", "x 1", 2, 0.5, 0.4, "b")


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStorage]:
    """Return the storage of a project of the test's own."""
    monkeypatch.chdir(tmp_path)
    before = get_app()
    set_app(App())
    yield LocalStorage(tmp_path / "data")
    set_app(before)


# -- runs ------------------------------------------------------------------------------------------


def test_runs_are_listed_the_latest_first(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    record_run(storage, "one", age=timedelta(hours=1))
    folder = record_run(storage, "two", {"a": "succeeded", "b": "failed"})

    document = checked(runs_view())

    assert [row["run_id"] for row in document["runs"]] == ["two", "one"]
    row = document["runs"][0]
    assert (row["folder"], row["status"], row["done"], row["total"]) == (folder, "failed", 1, 2)
    assert row["user"]


def test_runs_have_pages(storage: LocalStorage, record_run: RecordRun, checked: Checked) -> None:
    for number in range(5):
        record_run(storage, f"run-{number}", age=timedelta(hours=number))

    document = checked(runs_view(limit=2, offset=2))

    assert [row["run_id"] for row in document["runs"]] == ["run-2", "run-3"]
    assert document["total"] == 5
    assert len(runs_view(limit=-1)["runs"]) == 5


def test_runs_are_chosen(storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", {"a": "failed"}, age=timedelta(days=2))
    record_run(storage, "two", dag="scoring", age=timedelta(hours=3))
    record_run(storage, "three")

    def ids(**filters: Any) -> list[str]:
        document = runs_view(**filters)
        assert document["total"] == len(document["runs"])
        return [row["run_id"] for row in document["runs"]]

    assert ids(dag="training") == ["three", "one"]
    assert ids(status="failed") == ["one"]
    assert ids(since=datetime.now(UTC) - timedelta(days=1)) == ["three", "two"]
    assert ids(query="TRAIN succ") == ["three"]
    assert ids(query="o") == ["two", "one"]
    assert ids(query="%") == []


# -- one run ---------------------------------------------------------------------------------------


def test_run_is_told_step_by_step(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    folder = record_run(
        storage,
        "one",
        {"a": "succeeded", "b": {"status": "failed", "error": "E"}, "c": None},
        upstream={"a": [], "b": ["a"], "c": ["b"]},
        metrics={"auc": 0.5, "odd": float("nan")},
        params={"seed": 7},
        hooks=[COST],
        command=("dag", "training", "--patch", "spring.yaml"),
    )

    document = checked(run_view("@last"))

    assert document["location"] == storage.location(folder)
    assert {label: one["status"] for label, one in document["steps"].items()} == {
        "a": "succeeded",
        "b": "failed",
        "c": "planned",
    }
    assert document["upstream"] == {"a": [], "b": ["a"], "c": ["b"]}
    assert document["metrics"] == {"auc": 0.5, "odd": "NaN"}
    assert document["params"] == {"seed": 7}
    assert document["hooks"] == [COST._asdict()]
    assert document["again"] == "gluepy dag training --patch spring.yaml"
    assert document["resume"] == "gluepy dag training --resume --retry one"
    assert (document["previous"], document["is_live"]) == ("", False)


def test_every_attempt_is_told(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    record_run(storage, "one", {"a": "failed", "b": None}, age=timedelta(hours=1))
    record_run(storage, "one", {"a": {"status": "succeeded", "seconds": 2.0}}, mode="resume")

    step = checked(run_view("one"))["steps"]["a"]

    assert [(one["attempt"], one["status"], one["seconds"]) for one in step["tries"]] == [
        (1, "failed", 1.5),
        (2, "succeeded", 2.0),
    ]
    assert run_view("one")["steps"]["b"]["tries"] == []


def test_run_before_is_of_the_same_dag(storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", age=timedelta(hours=3))
    record_run(storage, "other", dag="scoring", age=timedelta(hours=2))
    record_run(storage, "two", age=timedelta(hours=1))
    record_run(storage, "alone", dag="")

    assert run_view("two")["previous"] == "one"
    assert run_view("alone")["previous"] == ""


@pytest.mark.parametrize(
    ("command", "again"),
    [
        ((), ""),
        (("dag", "training", "--set", "db.password=***"), ""),
        (("dag", "training", "--resume"), "gluepy dag training"),
        (("dag", "acme:training"), "gluepy dag acme:training"),
        (("dag", "weekly"), ""),
        (("weekly-report",), "gluepy weekly-report"),
        (("dag", "training", "--set", "a=b c"), "gluepy dag training --set 'a=b c'"),
    ],
)
def test_command_repeats_a_run_if_that_can_be(
    storage: LocalStorage, record_run: RecordRun, command: tuple[str, ...], again: str
) -> None:
    record_run(storage, "one", command=command)

    assert run_view("one")["again"] == again


def test_logs_are_named_where_there_are_any(storage: LocalStorage, record_run: RecordRun) -> None:
    folder = record_run(storage, "one")
    storage.touch(f"{folder}/{log_path('b')}", "hello\n")

    steps = run_view("one")["steps"]

    assert {label: step["log"] for label, step in steps.items()} == {"a": "", "b": "logs/b.log"}


def test_run_in_progress_is_live(
    storage: LocalStorage, record_run: RecordRun, resume_run: ResumeRun, checked: Checked
) -> None:
    record_run(storage, "one", {"a": "failed"})

    with resume_run(storage, "one") as record:
        record.started("a", 1)
        document = checked(run_view("one"))

    assert document["is_live"]
    assert (document["status"], document["resume"]) == ("running", "")
    assert document["steps"]["a"]["tries"][1]["ended_at"] is None


def test_run_whose_process_died_is_lost(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    record_run(storage, "one", {"a": "running"}, finish=False)

    document = checked(run_view("one"))

    assert (document["status"], document["steps"]["a"]["status"]) == ("lost", "lost")


def test_unknown_run_is_refused(storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "2026-11-22-abcd")

    with pytest.raises(UnknownRunError) as caught:
        run_view("2026-11-23")

    assert caught.value.hint == "Did you mean '2026-11-22-abcd'?"


def test_run_without_a_record_is_refused(storage: LocalStorage) -> None:
    write_context(storage, "runs/2025/1/1/old", "gluepy: {}\n")

    with pytest.raises(RunRecordError, match="nothing is recorded of this run"):
        run_view("old")


# -- logs ------------------------------------------------------------------------------------------


def test_logs_are_told_by_step(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    folder = record_run(storage, "one", {"a": "succeeded", "b[x]": "succeeded", "b[y]": "failed"})
    for label in ("a", "b[x]", "b[y]"):
        storage.touch(f"{folder}/{log_path(label)}", f"1\n2\n{label}\n")

    document = checked(logs_view("one", "b", tail=1))

    assert [(one["step"], one["text"], one["is_cut"]) for one in document["logs"]] == [
        ("b[x]", "b[x]\n", True),
        ("b[y]", "b[y]\n", True),
    ]
    assert [one["step"] for one in logs_view("one")["logs"]] == ["a", "b[x]", "b[y]"]
    assert [one["bytes"] for one in logs_view("one", "a")["logs"]] == [6]


def test_steps_that_printed_nothing_have_no_log(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    record_run(storage, "one")

    assert checked(logs_view("one"))["logs"] == []


@pytest.mark.parametrize(("dag", "named"), [("training", "training"), ("", "(single tasks)")])
def test_unknown_step_is_refused(
    storage: LocalStorage, record_run: RecordRun, dag: str, named: str
) -> None:
    record_run(storage, "one", {"train[x]": "succeeded", "train[y]": "succeeded"}, dag=dag)

    with pytest.raises(UnknownStepError) as caught:
        logs_view("one", "trian")

    assert str(caught.value).startswith(f"TASK 'trian': DAG {named!r} has no such task")
    assert caught.value.hint == "Did you mean 'train'?"


# -- what hooks cost -------------------------------------------------------------------------------


def test_hooks_of_all_sessions_count_together(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    slower = COST._replace(calls=1, seconds=0.75, slowest_s=0.75, slowest_task="a")
    record_run(storage, "one", {"a": "failed"}, hooks=[COST])
    record_run(storage, "one", mode="resume", hooks=[slower, COST._replace(plugin="p")])

    document = checked(timings_view("one"))

    assert document["seconds"] == 150.0
    assert document["rows"] == [
        COST._replace(calls=3, seconds=1.25, slowest_s=0.75, slowest_task="a")._asdict(),
        COST._replace(plugin="p")._asdict(),
    ]


# -- history ---------------------------------------------------------------------------------------


def test_history_has_the_oldest_run_first(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    record_run(storage, "one", metrics={"auc": 0.5, "odd": float("inf")}, age=timedelta(hours=2))
    record_run(storage, "other", dag="scoring")
    record_run(storage, "two", {"a": "succeeded", "b": "failed"})

    document = checked(history_view("training"))

    assert [run["run_id"] for run in document["runs"]] == ["one", "two"]
    assert document["runs"][0]["metrics"] == {"auc": 0.5, "odd": "Infinity"}
    assert document["runs"][0]["steps"] == {"a": 1.5, "b": 1.5}
    assert document["runs"][1]["steps"] == {"a": 1.5}


def test_history_of_an_unknown_dag_is_empty(storage: LocalStorage, checked: Checked) -> None:
    assert checked(history_view("nothing"))["runs"] == []
