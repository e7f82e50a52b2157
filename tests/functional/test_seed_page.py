"""The page that the project grew from: everything works as it is written there."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gluepy.exec import dags, tasks

if TYPE_CHECKING:
    from tests.functional.conftest import Result, Sandbox

# As on the page, word for word.
DAGS = """\
from gluepy.exec import DAG
from .tasks import (
    DataTask, ForecastTrainingTask, ForecastTestTask, OutputFormatTask
)


class TrainingDAG(DAG):
    label = "training"
    tasks = [
        DataTask, ForecastTrainingTask, ForecastTestTask, OutputFormatTask
    ]
"""

# As on the page, word for word.
FORECAST_TRAINING = """\
from gluepy.exec import Task
from gluepy.files.data import data_manager


class ForecastTrainingTask(Task):
    label = "forecast-training"

    def run(self):
        \"\"\"Entrypoint to our task\"\"\"
        df = data_manager.read("training.parquet")

        # Add additional logic to train model...
"""

# What the page leaves to the reader: the other tasks, and a model that can fail.
OTHERS = """\
        from pathlib import Path
        if Path("fail").exists():
            raise ValueError("no memory left")
        data_manager.write("model.csv", df.mean().to_frame())


class DataTask(Task):
    def run(self):
        import pandas as pd
        data_manager.write("training.parquet", pd.DataFrame({"sold": [1, 2, 3]}))


class ForecastTestTask(Task):
    def run(self):
        data_manager.read("model.csv")


class OutputFormatTask(Task):
    def run(self):
        data_manager.write("output.json", data_manager.read("model.csv"))
"""

STEPS = ["datatask", "forecast-training", "forecasttesttask", "outputformattask"]


@pytest.fixture
def project(full_sandbox: Sandbox) -> Sandbox:
    """A project with the module of the page in INSTALLED_MODULES."""
    full_sandbox.write(
        {
            "gluepy.toml": 'settings_module = "settings"\n',
            "settings.py": 'INSTALLED_MODULES = ["forecaster"]\n',
            "forecaster/__init__.py": "",
            "forecaster/dags.py": DAGS,
            "forecaster/tasks.py": FORECAST_TRAINING + OTHERS,
        }
    )
    return full_sandbox


def only_run_folder(project: Sandbox) -> Path:
    (folder,) = project.folder.glob("data/runs/*/*/*/*")
    return folder


def program(project: Sandbox, source: str) -> Result:
    """Run a program that uses the registries of the project."""
    return project.python("-c", f"from gluepy.exec import bootstrap\nbootstrap()\n{source}")


def test_dag_of_the_page_runs_its_tasks_in_their_order(project: Sandbox) -> None:
    done = project.gluepy("dag", "training")

    assert done.code == 0, done.err
    assert list(done.steps().items()) == [(step, "done") for step in STEPS]
    written = {path.name for path in only_run_folder(project).iterdir()}
    assert {"training.parquet", "model.csv", "output.json"} <= written


def test_task_of_the_page_runs_word_for_word(project: Sandbox) -> None:
    project.write({"forecaster/tasks.py": FORECAST_TRAINING, "forecaster/dags.py": ""})
    make = (
        "import pandas\nfrom gluepy.files.data import data_manager\n"
        "data_manager.write('runs/one/training.parquet', pandas.DataFrame({'a': [1]}), root=True)\n"
    )

    written = program(project, make)
    done = project.gluepy("task", "forecast-training", "--run", "runs/one")

    assert written.code == 0, written.err
    assert done.code == 0, done.err


@pytest.mark.parametrize("kind", ["dag", "task"])
def test_registry_is_the_source_of_truth_of_the_command_line(kind: str, project: Sandbox) -> None:
    listed = project.gluepy("list", f"--{kind}s", "--source", "project", "-f", "names")
    found = program(
        project,
        f"from gluepy.exec.{kind}s import REGISTRY\n"
        "for label, cls in REGISTRY.items():\n"
        "    if cls.__module__.startswith('forecaster.'): print(label)\n",
    )

    assert sorted(listed.out.split()) == sorted(found.out.split())
    assert listed.out.split() == (["training"] if kind == "dag" else sorted(STEPS))


def test_registries_hold_the_classes_themselves(project: Sandbox) -> None:
    done = program(
        project,
        """\
import gluepy.exec.dags, gluepy.exec.tasks
from forecaster.dags import TrainingDAG
from forecaster.tasks import ForecastTrainingTask
assert gluepy.exec.dags.REGISTRY["training"] is TrainingDAG
assert gluepy.exec.tasks.REGISTRY["forecast-training"] is ForecastTrainingTask
""",
    )

    assert done.code == 0, done.err


def test_class_of_a_module_that_is_not_installed_is_not_there(project: Sandbox) -> None:
    project.write({"settings.py": "INSTALLED_MODULES = []\n"})

    done = project.gluepy("dag", "training")

    assert done.code == 2
    assert "no DAG is labelled 'training'" in done.err


def test_task_without_run_raises_an_error(project: Sandbox) -> None:
    source = FORECAST_TRAINING + OTHERS + "\n\nclass Idle(Task):\n    pass\n"
    project.write({"forecaster/tasks.py": source})

    done = project.gluepy("task", "idle")

    assert done.code == 1
    assert "NotImplementedError: Idle needs a method run(self)" in done.err


def test_run_takes_no_argument() -> None:
    assert list(inspect.signature(tasks.Task.run).parameters) == ["self"]


@pytest.mark.parametrize("again", ["from-task", "task", "alone"])
def test_each_task_is_retried_alone_after_a_failure(again: str, project: Sandbox) -> None:
    project.write({"fail": ""})
    failed = project.gluepy("dag", "training")
    folder = only_run_folder(project)
    before = (folder / "training.parquet").stat().st_mtime_ns
    (project.folder / "fail").unlink()
    name = folder.relative_to(project.folder / "data")
    words: dict[str, list[object]] = {
        "from-task": ["dag", "training", "--retry", name, "--from-task", "forecast-training"],
        "task": ["dag", "training", "--retry", name, "--task", "forecast-training"],
        "alone": ["task", "forecast-training", "--run", name],
    }

    done = project.gluepy(*words[again])

    assert failed.code == 1
    assert list(failed.steps().values()) == ["done", "FAILED", "not run", "not run"]
    assert done.code == 0, done.err
    assert list(done.steps()) == (STEPS[1:] if again == "from-task" else STEPS[1:2])
    assert only_run_folder(project) == folder
    assert (folder / "model.csv").exists()
    assert (folder / "training.parquet").stat().st_mtime_ns == before


def test_failed_run_prints_the_command_that_goes_on(project: Sandbox) -> None:
    project.write({"fail": ""})
    failed = project.gluepy("dag", "training")
    (command,) = [line for line in failed.err.splitlines() if line.startswith("Fix it")]
    (project.folder / "fail").unlink()

    done = project.gluepy(*command.partition("gluepy ")[2].split())

    assert done.code == 0, done.err
    assert list(done.steps()) == STEPS[1:]


@pytest.mark.parametrize("cls", [dags.DAG, tasks.Task])
def test_classes_are_documented_where_the_page_names_them(cls: type) -> None:
    assert inspect.getdoc(cls)
    assert all(inspect.getdoc(member) for name, member in vars(cls).items() if name == "run")
