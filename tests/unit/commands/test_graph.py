"""`gluepy graph`: what it prints, where it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.exceptions import TargetWriteError

Run = Callable[..., Result]

DAGS = """\
from gluepy import DAG, Task


class Load(Task):
    label = "load"

    def run(self): ...


class Fit(Task):
    label = "fit"

    def run(self):
        raise ValueError("no data")


class Report(Task):
    label = "report"

    def run(self): ...


class Weekly(DAG):
    label = "weekly"
    tasks = [Load, Fit, Report]


class Training(DAG):
    label = "training"
    tasks = {Load: [], Fit: [Load], Report: [Load]}
"""


@pytest.fixture(autouse=True)
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("COLUMNS", raising=False)
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / "churn.py").write_text(DAGS)
    (folder / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    return folder


def test_a_list_of_tasks_is_one_line(run: Run) -> None:
    result = run("graph", "weekly")

    assert (result.exit_code, result.stdout) == (0, "load -> fit -> report\n")


def test_a_graph_is_printed_by_waves(run: Run) -> None:
    assert run("graph", "training").stdout == "1  load\n2  fit <- load   report <- load\n"


def test_lines_fit_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")

    assert run("graph", "weekly").stdout == "load -> fit ->\n  report\n"


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("mermaid", "flowchart TD"),
        ("dot", 'digraph "weekly" {'),
        ("svg", '<svg xmlns="http://www.w3.org/2000/svg" '),
        ("json", "{"),
    ],
)
def test_other_forms_are_printed(run: Run, form: str, first: str) -> None:
    result = run("graph", "weekly", "-f", form)

    assert result.exit_code == 0
    assert result.stdout.startswith(first)
    assert not result.stdout.endswith("\n\n")


def test_json_is_the_document(run: Run) -> None:
    document = json.loads(run("graph", "weekly", "-f", "json").stdout)

    assert document["schema"] == "gluepy.graph/1"
    assert document["edges"] == [["load", "fit"], ["fit", "report"]]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("dag.svg", "<svg"),
        ("dag.SVG", "<svg"),
        ("dag.mmd", "flowchart"),
        ("dag.dot", "digraph"),
        ("dag.gv", "digraph"),
        ("dag.json", "{"),
        ("dag.txt", "load -> fit"),
        ("dag", "load -> fit"),
    ],
)
def test_output_has_the_form_that_the_file_is_named_for(
    run: Run, project: Path, name: str, first: str
) -> None:
    result = run("graph", "weekly", "-o", name)

    assert (result.exit_code, result.output) == (0, "")
    text = (project / name).read_text()
    assert text.startswith(first)
    assert text.endswith("\n")


def test_format_goes_before_the_name_of_the_file(run: Run, project: Path) -> None:
    run("graph", "weekly", "-o", "dag.svg", "-f", "dot")

    assert (project / "dag.svg").read_text().startswith("digraph")


def test_output_replaces_a_file_and_keeps_its_links_and_permissions(
    run: Run, project: Path
) -> None:
    (project / "real.dot").write_text("old")
    (project / "real.dot").chmod(0o640)
    (project / "dag.dot").symlink_to("real.dot")

    run("graph", "weekly", "-o", "dag.dot")

    assert (project / "dag.dot").is_symlink()
    assert (project / "real.dot").read_text().startswith("digraph")
    assert (project / "real.dot").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in project.iterdir() if path.suffix == ".dot") == [
        "dag.dot",
        "real.dot",
    ]


def test_output_goes_into_a_pipe_as_it_is(run: Run, project: Path) -> None:
    os.mkfifo(project / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((project / "pipe").read_text()))
    reader.start()

    result = run("graph", "weekly", "-o", "pipe")

    reader.join(timeout=30)
    assert (result.exit_code, read) == (0, ["load -> fit -> report\n"])


def test_output_into_a_missing_folder_is_an_error(run: Run) -> None:
    result = run("graph", "weekly", "-o", "out/dag.svg")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: cannot write 'out/dag.svg': there is no folder 'out'\n"
        "Hint: Make it first: mkdir -p out\n"
    )


def test_output_that_is_a_folder_is_an_error(run: Run, project: Path) -> None:
    (project / "out").mkdir()

    result = run("graph", "weekly", "-o", "out")

    assert result.exit_code == TargetWriteError.exit_code
    assert result.stderr.startswith("Error: cannot write 'out': Is a directory\n")


def test_output_on_a_disk_that_refuses_is_an_error(run: Run) -> None:
    result = run("graph", "weekly", "-o", "/proc/dag.svg")

    assert result.exit_code == TargetWriteError.exit_code
    assert result.stderr.startswith("Error: cannot write '/proc/dag.svg': ")


def test_a_run_is_drawn_with_status_and_time(run: Run) -> None:
    run("dag", "training", "--keep-going")

    lines = run("graph", "training", "--run", "@last").stdout.splitlines()

    assert lines[0].startswith("1  load (done ")
    assert lines[1].startswith("2  fit (FAILED ")


def test_a_run_is_drawn_when_its_package_is_gone(run: Run, project: Path) -> None:
    run("dag", "training")
    before = run("graph", "--run", "@last", "-f", "json").stdout
    (project / "gluepy.toml").write_text("")

    result = run("graph", "--run", "@last", "-f", "json")

    assert (result.exit_code, result.stdout) == (0, before)


@pytest.mark.parametrize("label", ["training", "project:training"])
def test_a_run_may_be_named_with_its_dag(run: Run, label: str) -> None:
    run("dag", "training")

    assert run("graph", label, "--run", "@last").exit_code == 0


def test_a_run_of_another_dag_is_an_error(run: Run) -> None:
    run("dag", "training")

    result = run("graph", "weekly", "--run", "@last")

    assert result.exit_code == 3
    assert result.stderr.startswith(
        "Error: @last: it holds a run of DAG 'training', not of 'weekly'\n"
    )


@pytest.mark.parametrize(("options", "note"), [((), True), (("-q",), False)])
def test_a_run_in_which_nothing_waits_says_why_that_may_be(
    run: Run, project: Path, options: tuple[str, ...], *, note: bool
) -> None:
    (project / "site" / "churn.py").write_text(f"{DAGS}    tasks = {{Load: [], Report: []}}\n")
    run("dag", "training")

    result = run(*options, "graph", "--run", "@last")

    assert result.exit_code == 0
    assert ("an older Gluepy did not record it" in result.stderr) is note


def test_no_label_is_an_error(run: Run) -> None:
    result = run("graph")

    assert result.exit_code == 2
    assert "Missing argument 'LABEL'." in result.stderr


def test_unknown_label_suggests_the_nearest_one(run: Run) -> None:
    result = run("graph", "trainig")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: no DAG is labelled 'trainig'\nHint: Did you mean 'training'?\n"
    )
