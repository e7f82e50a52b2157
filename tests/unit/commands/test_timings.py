"""``gluepy hooks --timings``: what hooks have cost in a run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.exec.records import HookCost
from gluepy.files.storages.local import LocalStorage

Run = Callable[..., Result]
RecordRun = Callable[..., str]

COSTS = [
    HookCost("before_task", "mlflow", "gluepy-mlflow 0.2.1", 6, 0.412, 0.101, "features"),
    HookCost("after_task", "mlflow", "gluepy-mlflow 0.2.1", 6, 0.377, 0.088, "features"),
    HookCost("after_task", "jsonlog", "gluepy-logging 0.1.0", 6, 0.0007, 0.0002, ""),
]


@pytest.fixture
def storage(folder: Path, record_run: RecordRun) -> LocalStorage:
    storage = LocalStorage(folder / "data")
    record_run(storage, "old")
    record_run(storage, "one", hooks=COSTS)
    return storage


def test_costs_are_told_by_hook_and_plugin(run: Run, storage: LocalStorage) -> None:
    result = run("hooks", "--timings", "one")

    assert [re.split(r"  +", line) for line in result.stdout.splitlines()] == [
        ["HOOK", "PLUGIN", "PACKAGE", "CALLS", "TOTAL", "SLOWEST"],
        ["before_task", "mlflow", "gluepy-mlflow 0.2.1", "6", "412 ms", "101 ms", "(features)"],
        ["after_task", "mlflow", "gluepy-mlflow 0.2.1", "6", "377 ms", "88 ms", "(features)"],
        ["", "jsonlog", "gluepy-logging 0.1.0", "6", "0.70 ms", "0.20 ms"],
    ]
    assert result.stderr == (
        "Hooks took 790 ms of 1 min 15 s (1.1%); after_dag and after_command come later.\n"
    )
    assert run("-q", "hooks", "--timings", "one").stderr == ""


def test_one_hook_is_chosen(run: Run, storage: LocalStorage) -> None:
    result = run("hooks", "before_task", "--timings", "one")
    document = json.loads(run("hooks", "before_task", "--timings", "one", "-f", "json").stdout)
    nobody = run("hooks", "on_metric", "--timings", "one")
    unknown = run("hooks", "befor_task", "--timings", "one")

    assert "before_task" in result.stdout
    assert "after_task" not in result.stdout
    assert result.stderr == "before_task took 412 ms of 1 min 15 s (0.5%).\n"
    assert document["rows"] == [COSTS[0]._asdict()]
    assert nobody.stderr == "The record of this run does not say what on_metric cost.\n"
    assert unknown.exit_code == 2
    assert unknown.stderr.startswith("Error: there is no hook 'befor_task'")


def test_costs_are_a_document_for_programs(run: Run, storage: LocalStorage) -> None:
    document = json.loads(run("hooks", "--timings", "@last", "-f", "json").stdout)

    assert document["schema"] == "gluepy.hooks.timings/1"
    assert document["rows"][0] == COSTS[0]._asdict()


def test_record_that_does_not_say_is_told(run: Run, storage: LocalStorage) -> None:
    result = run("hooks", "--timings", "old")

    assert result.stderr == "The record of this run does not say what hooks cost.\n"


def test_run_that_has_not_ended_has_no_share(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "quick", hooks=COSTS, seconds=0.0)

    assert run("hooks", "--timings", "quick").stderr.startswith("Hooks took 790 ms; after_dag")


def test_tracing_and_timing_contradict(run: Run, storage: LocalStorage) -> None:
    result = run("hooks", "--timings", "one", "--trace", "training")

    assert result.exit_code == 2
    assert "--trace and --timings contradict each other" in result.stderr
