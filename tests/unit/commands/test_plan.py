"""``gluepy plan``, in a project."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gluepy.commands._selection_options import selection_of
from gluepy.exceptions import OptionClashError

Run = Callable[..., Result]

DAGS = """\
import os, subprocess, sys
from pathlib import Path
from gluepy import DAG, EvaluationTask, SkipTask, Task


class Load(Task):
    label = "load"
    tags = ["io"]

    def run(self):
        Path("ran").touch()


class Check(Task):
    label = "check"

    def run(self):
        raise SkipTask("nothing new")


class Train(Task):
    label = "train"
    partitions = ["AA", "DL"]
    retries = 2

    def run(self):
        if self.partition == "DL" and os.path.exists("broken"):
            raise KeyError(Path("broken").read_text() or "horizn")


class Later(Task):
    label = "later"

    def partitions(self):
        return ["x", "y"]

    def run(self):
        if os.path.exists("killed"):
            os._exit(9)


class Score(EvaluationTask):
    label = "score"

    def run(self):
        pass


class Start(Task):
    label = "start"

    def run(self):
        pass


class TrainingDAG(DAG):
    label = "training"
    tasks = {Load: [], Check: [Load], Train: [Load], Later: [Load]}
    eval_tasks = [Score]


class Look(Task):
    label = "look"

    def run(self):
        command = [sys.executable, "-m", "gluepy", "plan", "looking", "--retry", "@last"]
        Path("seen").write_text(subprocess.run(command, capture_output=True, text=True).stdout)


class LookingDAG(DAG):
    label = "looking"
    tasks = [Look]


class OtherDAG(DAG):
    label = "other"
    tasks = [Load]
"""


@pytest.fixture(autouse=True)
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")
    (folder / "churn.py").write_text(DAGS)
    (folder / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    return folder


def rows(result: Result) -> list[list[str]]:
    """Return the columns TASK, DO and WHY, which two spaces or more divide."""
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()[3:]
    return [re.split(r" {2,}", line.strip())[1:4] for line in lines]


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_plan_shows_the_steps_in_order_and_runs_nothing(run: Run, project: Path) -> None:
    result = run("plan", "training")

    assert result.stdout.splitlines() == [
        "training, a new run",
        "",
        "#  TASK       DO   WHY                                             EXPECTED",
        "1  load       run  new run",
        "2  check      run  new run",
        "3  train[AA]  run  new run",
        "4  train[DL]  run  new run",
        "5  later      run  its partitions are known when it becomes ready",
        "6  score      run  new run",
    ]
    assert result.stderr == "6 to run, 0 to skip. Nothing was executed.\n"
    assert not (project / "ran").exists()
    assert not (project / "data").exists()


def test_quiet_plan_has_no_summary(run: Run) -> None:
    assert run("-q", "plan", "training").stderr == ""


def test_plan_says_what_the_selection_leaves_out(run: Run) -> None:
    result = run("plan", "training", "--select", "train later", "--exclude", "train[DL] later[y]")

    assert rows(result) == [
        ["load", "skip", "not selected"],
        ["check", "skip", "not selected"],
        ["train[AA]", "run", "new run"],
        ["train[DL]", "skip", "not selected"],
        ["later", "run", "its partitions are known when it becomes ready"],
        ["score", "skip", "not selected"],
    ]


def test_plan_has_json(run: Run) -> None:
    found = document(run("plan", "training", "--until-task", "train[DL]", "-f", "json"))

    assert [step["do"] for step in found["steps"]] == ["run", "skip", "skip", "run", "skip", "skip"]
    assert found["steps"][3] == {
        "label": "train[DL]",
        "task": "churn:Train",
        "partition": "DL",
        "is_evaluation": False,
        "are_partitions_known": True,
        "upstream": ["load"],
        "do": "run",
        "why": "new run",
        "expected_s": None,
        "retries": 2,
        "retry_delay_s": 1.0,
        "timeout_s": None,
        "executor": "",
        "tags": [],
    }
    assert found["steps"][5]["upstream"] == ["check", "train", "later"]
    assert not found["steps"][4]["are_partitions_known"]
    del found["steps"]
    assert found == {
        "schema": "gluepy.plan/1",
        "dag": "training",
        "mode": "new",
        "run": None,
        "expected_s": None,
    }


def test_own_start_task_stands_first(run: Run, project: Path) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write('start_task = "churn.Start"\n')

    found = document(run("plan", "training", "--task", "check", "-f", "json"))

    planned = [step["label"] for step in found["steps"] if step["do"] == "run"]
    assert planned == ["start", "check"]
    assert found["steps"][2]["upstream"] == ["start"]


def test_tags_of_the_settings_select(run: Run, project: Path) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write('[task_options.check]\ntags = ["io"]\n')

    chosen = [
        row[0] for row in rows(run("plan", "training", "--select", "tag:io")) if row[1] == "run"
    ]

    assert chosen == ["load", "check"]


def test_source_selects(run: Run) -> None:
    assert {row[1] for row in rows(run("plan", "other", "--select", "source:project"))} == {"run"}


def test_resuming_skips_what_has_succeeded(run: Run, project: Path) -> None:
    (project / "broken").touch()
    failed = run("dag", "training", "--keep-going", "--retries", "0")
    assert failed.exit_code == 1

    result = run("plan", "training", "--resume")

    assert rows(result) == [
        ["load", "skip", "done in this run"],
        ["check", "run", "skipped last time (nothing new)"],
        ["train[AA]", "skip", "done in this run"],
        ["train[DL]", "run", "failed last time (KeyError: 'horizn')"],
        ["later[x]", "skip", "done in this run"],
        ["later[y]", "skip", "done in this run"],
        ["score", "run", "not reached last time"],
    ]
    assert re.match(r"training, resuming runs/\S+ \(FAILED\)\n", result.stdout)
    assert result.stderr == "3 to run, 4 to skip. Nothing was executed.\n"


def test_long_reason_leaves_room_for_the_other_columns(run: Run, project: Path) -> None:
    (project / "broken").write_text("x" * 300)
    run("dag", "training", "--retries", "0")

    lines = run("plan", "training", "--resume").stdout.splitlines()

    assert max(map(len, lines)) < 110
    assert any("failed last time (KeyError: 'xxx" in line for line in lines)


def test_repeating_runs_everything_and_says_how_it_ended(run: Run, project: Path) -> None:
    (project / "broken").touch()
    run("dag", "training", "--keep-going", "--retries", "0")

    result = run("plan", "training", "--retry", "@last", "--select", "state:failed load later")
    found = document(run("plan", "training", "--retry", "@last", "-f", "json"))

    assert rows(result)[:5] == [
        ["load", "run", "succeeded last time", *rows(result)[0][3:]],
        ["check", "skip", "not selected"],
        ["train[AA]", "skip", "not selected"],
        ["train[DL]", "run", "failed last time (KeyError: 'horizn')"],
        ["later", "run", "its partitions are known when it becomes ready"],
    ]
    assert re.match(r"3 to run, 3 to skip, about .* \(medians of earlier runs\)", result.stderr)
    assert found["mode"] == "retry"
    assert found["run"]["status"] == "failed"
    assert found["expected_s"] > 0
    assert found["steps"][0]["expected_s"] > 0


def test_step_that_is_new_since_the_run_was_not_reached(run: Run, project: Path) -> None:
    run("dag", "other")
    (project / "churn.py").write_text(DAGS.replace("tasks = [Load]", "tasks = [Load, Check]"))
    sys.modules.pop("churn")

    result = run("plan", "other", "--retry", "@last", "--resume")

    assert rows(result)[1] == ["check", "run", "not reached last time"]


def test_step_of_a_process_that_died_is_lost(run: Run, project: Path) -> None:
    (project / "killed").touch()
    command = [sys.executable, "-m", "gluepy", "dag", "training"]
    subprocess.run(command, cwd=project, capture_output=True, check=False)

    found = rows(run("plan", "training", "--retry", "@last", "--resume"))

    assert found[-3][:2] == ["later[x]", "run"]
    assert found[-3][2].startswith("lost last time (")
    assert found[-2:] == [
        ["later[y]", "run", "not reached last time"],
        ["score", "run", "not reached last time"],
    ]


def test_run_that_goes_on_right_now_says_so(run: Run, project: Path) -> None:
    run("dag", "looking")

    title, _, _, row = (project / "seen").read_text().splitlines()
    assert title.endswith(" (running)")
    assert re.split(r" {2,}", row)[1:] == ["look", "run", "running now"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["trainning"], 2, "no DAG is labelled 'trainning'\nHint: Did you mean 'training'?"),
        (["training", "--task", "laod"], 2, "--task 'laod': DAG 'training' has no such task"),
        (["training", "--select", "tag:x"], 2, "no task of DAG 'training' has such a tag"),
        (["training", "--select", "state:failed"], 2, "which run is meant is not known"),
        (["training", "--retry", "runs/1"], 2, "--retry 'runs/1': there is no such run"),
        (["training", "--retry", " "], 2, "Invalid value for '--retry': it is empty."),
        (["training", "--skip-eval", "--eval-only"], 2, "--skip-eval and --eval-only contradict"),
    ],
)
def test_mistake_is_one_sentence(run: Run, arguments: list[str], code: int, message: str) -> None:
    result = run("plan", *arguments)

    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_run_of_another_dag_is_refused(run: Run) -> None:
    run("dag", "other")

    result = run("plan", "training", "--retry", "@last")

    assert result.exit_code == 3
    assert "it holds a run of DAG 'other', not of 'training'" in result.stderr


def test_option_of_a_task_that_cannot_be_used_is_named(run: Run, project: Path) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write("[task_options.check]\nretries = -1\n")

    result = run("plan", "training")

    assert result.exit_code == 3
    assert result.stderr.startswith("Error: TASK_OPTIONS['check']: retries is -1, ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"skip_eval": True, "eval_only": True}, "--skip-eval and --eval-only"),
        ({"tasks": ("a",), "from_task": "b"}, "--task and --from-task"),
        ({"tasks": ("a",), "until_task": "b"}, "--task and --until-task"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: Any, message: str) -> None:
    with pytest.raises(OptionClashError) as caught:
        selection_of(**options)

    assert str(caught.value) == f"{message} contradict each other"
