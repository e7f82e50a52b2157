"""A project of Gluepy 1.6 runs unchanged, by its manage.py and by the gluepy command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.functional.conftest import Result, Sandbox

PROGRAMS = ("python manage.py", "gluepy")


def call(program: str, project: Sandbox, *words: object, cwd: Path | None = None) -> Result:
    """Run a command of the project by one of the two programs."""
    if program == "gluepy":
        return project.gluepy(*words, cwd=cwd)
    return project.python(project.folder / "manage.py", *words, cwd=cwd)


def only_run_folder(project: Sandbox) -> Path:
    (folder,) = project.folder.glob("data/runs/*/*/*/*")
    return folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_dag_runs(program: str, old_project: Sandbox) -> None:
    done = call(program, old_project, "dag", "training")

    assert done.code == 0, done.err
    assert done.steps() == dict.fromkeys(["data", "forecast-training", "forecast-test"], "done")
    assert done.out == (
        "=== GLUEPY METRICS ===\nmetric:mae=6.0\nmetric:horizon=7.0\n=== END METRICS ===\n"
    )
    folder = only_run_folder(old_project)
    assert {path.name for path in folder.iterdir()} == {
        *("context.yaml", "metrics.json", "training.parquet", "forecast.csv"),
        *("journal.jsonl", "run.json", "lock", "logs"),
    }
    context = yaml.safe_load((folder / "context.yaml").read_text())
    assert context["forecaster"] == {"factor": 1.5, "horizon": 7}
    assert context["gluepy"].keys() == {"run_id", "run_folder", "created_at"}
    assert context["gluepy"]["run_id"] == folder.name
    assert context["gluepy"]["run_folder"] == str(folder.relative_to(old_project.folder / "data"))
    assert json.loads((folder / "metrics.json").read_text()) == {"mae": 6.0, "horizon": 7.0}
    assert (old_project.folder / "data" / "a.txt").read_text() == "x"
    assert (old_project.folder / "data" / "shared.csv").exists()
    assert "INFO training on 10 rows" in done.err


@pytest.mark.parametrize("program", PROGRAMS)
def test_run_folder_is_not_zero_padded(program: str, old_project: Sandbox) -> None:
    call(program, old_project, "dag", "report")

    _, _, year, month, day, _ = only_run_folder(old_project).relative_to(old_project.folder).parts
    assert [str(int(part)) for part in (year, month, day)] == [year, month, day]


@pytest.mark.parametrize("program", PROGRAMS)
def test_patches_are_merged_in_order(program: str, old_project: Sandbox) -> None:
    old_project.write(
        {
            "data/patches/a.yaml": "forecaster: {horizon: 1}\n",
            "data/patches/b.yml": "forecaster: {horizon: 2, factor: 2.5}\n",
            "local.yaml": "forecaster: {horizon: 3}\n",
        }
    )

    done = call(
        *(program, old_project, "dag", "training", "-p", "patches/a.yaml"),
        *("--patch", "patches/b.yml", "-lp", "local.yaml"),
    )

    assert done.code == 0, done.err
    context = yaml.safe_load((only_run_folder(old_project) / "context.yaml").read_text())
    assert context["forecaster"] == {"factor": 2.5, "horizon": 3}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ("--task data", ["data"]),
        ("--from-task forecast-training", ["forecast-training", "forecast-test"]),
        ("--skip-eval", ["data", "forecast-training"]),
        ("--eval-only", ["forecast-test"]),
    ],
)
def test_options_of_dag_select_in_a_retried_run(
    options: str, steps: list[str], program: str, old_project: Sandbox
) -> None:
    call(program, old_project, "dag", "training")
    folder = only_run_folder(old_project)
    retry = folder.relative_to(old_project.folder / "data")

    done = call(program, old_project, "dag", "training", "--retry", retry, *options.split())

    assert done.code == 0, done.err
    assert list(done.steps()) == steps
    assert only_run_folder(old_project) == folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_runs_are_compared_as_tab_separated_values(program: str, old_project: Sandbox) -> None:
    old_project.write(
        {"data/runs/first/context.yaml": "a: 1\n", "data/runs/first/metrics.json": '{"mae": 9.0}'}
    )

    done = call(program, old_project, "dag", "training", "--compare", "runs/first")

    assert done.code == 0, done.err
    table = [line.split("\t") for line in done.out.splitlines()[4:]]
    assert table[0] == ["run_folder", "mae", "horizon"]
    assert table[1][1:] == ["6.0", "7.0"]
    assert table[2] == ["runs/first", "9.0", ""]


@pytest.mark.parametrize("program", PROGRAMS)
def test_commands_of_the_project_are_there(program: str, old_project: Sandbox) -> None:
    greeted = call(program, old_project, "greet", "amy")
    retrained = call(program, old_project, "models", "retrain")
    shown = call(program, old_project, "--help")

    assert greeted.out == "hello amy, training is True\n"
    assert retrained.code == 0, retrained.err
    assert retrained.steps() == {"data": "done", "forecast-training": "done"}
    assert "greet" in shown.out
    assert "models" in shown.out


@pytest.mark.parametrize("program", PROGRAMS)
def test_project_works_from_another_folder(program: str, old_project: Sandbox) -> None:
    below = old_project.folder / "forecaster"

    done = call(program, old_project, "dag", "report", cwd=below)

    assert done.code == 0, done.err
    assert only_run_folder(old_project).is_dir()
    assert not (below / "data").exists()


def test_manage_py_works_from_anywhere(old_project: Sandbox, tmp_path: Path) -> None:
    done = old_project.python(old_project.folder / "manage.py", "dag", "report", cwd=tmp_path)

    assert done.code == 0, done.err
    assert only_run_folder(old_project).is_dir()


@pytest.mark.parametrize("program", PROGRAMS)
def test_project_can_grow(program: str, old_project: Sandbox) -> None:
    done = call(program, old_project, "startmodule", "stock")
    again = call(program, old_project, "dag", "training")

    assert done.code == 0, done.err
    assert again.code == 0, again.err
