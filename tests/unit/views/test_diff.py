"""Two runs side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gluepy.app import App, get_app, set_app
from gluepy.files.storages.local import LocalStorage
from gluepy.views import diff_view

RecordRun = Callable[..., str]
Checked = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStorage]:
    """Return the storage of a project of the test's own."""
    monkeypatch.chdir(tmp_path)
    before = get_app()
    set_app(App())
    yield LocalStorage(tmp_path / "data")
    set_app(before)


def different(document: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, Any, Any]]:
    """Return the rows that tell something: values and change, by section and name."""
    return {
        (row["section"], row["name"]): (row["a"], row["b"], row["change"])
        for row in document["rows"]
        if not row["is_equal"]
    }


def test_all_that_is_different_is_told(
    storage: LocalStorage, record_run: RecordRun, checked: Checked
) -> None:
    record_run(
        storage,
        "one",
        {"a": {"status": "succeeded", "seconds": 10.0}, "b": "succeeded"},
        seconds=20.0,
        metrics={"auc": 0.8, "rows": 5.0},
        params={"seed": 1},
        plugins=("mlflow (gluepy-mlflow 0.2.0)",),
        distributions={"acme": "0.4.0", "gluepy-mlflow": "0.2.0"},
        parameters={"gluepy": {"run_id": "one"}, "train": {"horizon": 7, "target": "y"}, "x": {}},
    )
    record_run(
        storage,
        "two",
        {
            "a": {"status": "succeeded", "seconds": 15.0},
            "c": {"status": "failed", "error": "KeyError: 'x'\nmore"},
        },
        seconds=20.1,
        metrics={"rows": 5.0},
        params={"seed": 2},
        plugins=("mlflow (gluepy-mlflow 0.2.1)",),
        distributions={"acme": "0.4.1", "gluepy-mlflow": "0.2.1"},
        parameters={"gluepy": {"run_id": "two"}, "train": {"horizon": 14, "target": "y"}, "x": {}},
        executor="threads",
        command=("dag", "training"),
    )

    document = checked(diff_view("one", "two"))

    assert [run["run_id"] for run in document["runs"]] == ["one", "two"]
    assert different(document) == {
        ("run", "status"): ("succeeded", "failed (c: KeyError: 'x')", None),
        ("run", "command"): (None, "gluepy dag training", None),
        ("run", "executor"): ("serial", "threads", None),
        ("code", "acme"): ("0.4.0", "0.4.1", None),
        ("plugins", "mlflow"): ("gluepy-mlflow 0.2.0", "gluepy-mlflow 0.2.1", None),
        ("context", "train.horizon"): (7, 14, None),
        ("steps", "a"): (10.0, 15.0, 0.5),
        ("steps", "c"): (None, "failed", None),
        ("steps", "b"): (1.5, None, None),
        ("metrics", "auc"): (0.8, None, None),
        ("params", "seed"): (1, 2, None),
    }


def test_rows_stand_in_the_order_of_their_sections(
    storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one", metrics={"m": 1.0}, params={"p": 1}, parameters={"x": {"y": 1}})

    document = diff_view("one", "one")

    sections = list(dict.fromkeys(row["section"] for row in document["rows"]))
    assert sections == ["run", "code", "git", "plugins", "context", "steps", "metrics", "params"]
    assert all(row["is_equal"] for row in document["rows"])


@pytest.mark.parametrize(
    ("a", "b", "is_equal"),
    [
        (10.0, 10.9, True),
        (10.0, 11.1, False),
        (10.0, 8.9, False),
        (0.001, 0.099, True),
        (0.0, 0.2, False),
    ],
)
def test_durations_that_differ_little_are_equal(
    storage: LocalStorage, record_run: RecordRun, a: float, b: float, is_equal: bool
) -> None:
    record_run(storage, "one", {"a": {"status": "succeeded", "seconds": a}})
    record_run(storage, "two", {"a": {"status": "succeeded", "seconds": b}})

    assert (("steps", "a") not in different(diff_view("one", "two"))) is is_equal


@pytest.mark.parametrize(
    ("a", "b", "change"),
    [
        (-2.0, -1.0, 0.5),
        (0.0, 1.0, None),
        (5e-324, 1e308, None),
        (float("nan"), 1.0, None),
    ],
)
def test_change_of_a_metric_is_a_part_of_the_first(
    storage: LocalStorage, record_run: RecordRun, checked: Checked, a: float, b: float, change: Any
) -> None:
    record_run(storage, "one", metrics={"m": a})
    record_run(storage, "two", metrics={"m": b})

    (row,) = (row for row in checked(diff_view("one", "two"))["rows"] if row["name"] == "m")

    assert row["change"] == change
    assert not row["is_equal"]


def test_step_that_ended_badly_says_so(storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", {"a": {"status": "lost", "reason": "its worker died"}})
    record_run(storage, "two", {"a": "timed-out"})

    found = different(diff_view("one", "two"))

    assert found["run", "status"][:2] == ("failed (a: its worker died)", "failed (a: timed-out)")
    assert found["steps", "a"][:2] == ("lost", "timed-out")


def test_commit_is_compared(storage: LocalStorage, record_run: RecordRun) -> None:
    for name, git in (("one", None), ("two", {"commit": "a1", "dirty": True}), ("three", None)):
        folder = record_run(storage, name)
        path = f"{folder}/journal.jsonl"
        text = re.sub(r'"git":(null|{[^}]*})', f'"git":{json.dumps(git)}', storage.open(path, "r"))
        storage.touch(path, text)

    assert different(diff_view("one", "two"))["git", "commit"] == (None, "a1 (with changes)", None)
    assert ("git", "commit") not in different(diff_view("one", "three"))


def test_plugins_of_gluepy_itself_are_no_plugins(
    storage: LocalStorage, record_run: RecordRun
) -> None:
    versions = {"gluepy-core": "0.1.0"}
    record_run(storage, "one", plugins=("display (gluepy-core)", "odd"), distributions=versions)

    rows = {(row["section"], row["name"]): row["a"] for row in diff_view("one", "one")["rows"]}

    assert rows["code", "gluepy-core"] == "0.1.0"
    assert rows["plugins", "odd"] == ""
    assert ("plugins", "display") not in rows
