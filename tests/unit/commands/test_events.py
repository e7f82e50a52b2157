"""``gluepy dag --format json|ndjson``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from jsonschema import Draft202012Validator

from gluepy import RunInfo
from gluepy.commands import cli
from gluepy.commands._events import EventStream
from gluepy.commands._output import results_alone

Run = Callable[..., Result]

SHOP = """\
import os
from gluepy import DAG, SkipTask, Task
from gluepy.ops import default_mlops


class Load(Task):
    label = "load"
    tags = ["io"]

    def run(self):
        print("from the task")
        os.system("echo from a process")
        default_mlops.log_metric("rows", 3)
        default_mlops.log_metric("odd", float("nan"))


class Skip(Task):
    label = "skip"

    def run(self):
        raise SkipTask("nothing new")


class Fail(Task):
    label = "fail"
    retries = 1
    retry_delay_s = 0

    def run(self):
        horizon = 1
        print(horizn)


class Main(DAG):
    label = "main"
    tasks = [Load, Skip]


class Bad(DAG):
    label = "bad"
    tasks = [Fail, Load]
"""


@pytest.fixture(autouse=True)
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")
    (folder / "shop.py").write_text(SHOP)
    (folder / "gluepy.toml").write_text('installed_modules = ["shop"]\n')
    return folder


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    file = resources.files("gluepy.views").joinpath("schemas", "event-1.json")
    loaded = json.loads(file.read_text("utf-8"))
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded, format_checker=Draft202012Validator.FORMAT_CHECKER)


def events(result: Result, schema: Draft202012Validator) -> list[dict[str, Any]]:
    """Return the lines of standard output, each as its schema has it."""
    found = [json.loads(line) for line in result.stdout.splitlines()]
    for event in found:
        schema.validate(event)
    return found


def test_every_event_is_a_line(run: Run, schema: Draft202012Validator) -> None:
    result = run("dag", "main", "-f", "ndjson")

    assert result.exit_code == 0
    found = events(result, schema)
    assert [(one["event"], one.get("step", "")) for one in found] == [
        ("run-started", ""),
        ("task-started", "load"),
        ("metric", "load"),
        ("metric", "load"),
        ("output", "load"),
        ("task-ended", "load"),
        ("task-started", "skip"),
        ("task-ended", "skip"),
        ("run-ended", ""),
    ]
    assert [one["value"] for one in found if one["event"] == "metric"] == [3.0, "NaN"]
    assert found[4]["text"] == "from the task\n"
    assert found[7]["reason"] == "nothing new"
    assert "from the task" in result.stderr


def test_failures_are_events_too(run: Run, schema: Draft202012Validator) -> None:
    result = run("dag", "bad", "-f", "ndjson")

    assert result.exit_code == 1
    found = events(result, schema)
    ends = [one for one in found if one["event"] == "task-ended"]
    assert [(one["attempt"], one["status"]) for one in ends] == [(1, "failed"), (2, "failed")]
    assert ends[0]["hint"] == "Did you mean 'horizon'?"
    assert ends[0]["traceback"].startswith("Traceback")
    assert found[-1]["steps"] == [
        {"step": "fail", "status": "failed", "is_done": False, "reason": ""},
        {"step": "load", "status": "", "is_done": False, "reason": "it needs 'fail'"},
    ]


def test_task_alone_has_events(run: Run, schema: Draft202012Validator) -> None:
    found = events(run("task", "skip", "-f", "ndjson"), schema)

    assert [one["event"] for one in found] == [
        "run-started",
        "task-started",
        "task-ended",
        "run-ended",
    ]


@pytest.mark.parametrize("words", [("dag", "main"), ("task", "load")])
def test_document_of_the_run_is_printed_in_the_end(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words, "--format", "json")

    document = json.loads(result.stdout)
    assert document["schema"] == "gluepy.runs.show/1"
    assert document["status"] == "succeeded"
    assert document["steps"]["load"]["log"] == "logs/load.log"


def test_document_is_printed_after_a_failure_too(run: Run) -> None:
    result = run("dag", "bad", "-f", "json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["status"] == "failed"


def test_document_that_nobody_can_read_does_not_change_how_the_run_ended(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code = cli.main(["dag", "main", "-f", "json"], standalone_mode=False)

    assert code == 0
    assert "Warning: cannot write to standard output: No space" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_plan_is_a_document_too(run: Run, form: str) -> None:
    result = run("dag", "main", "--dry-run", "-f", form)

    assert json.loads(result.stdout)["schema"] == "gluepy.plan/1"


def test_comparison_has_no_other_form(run: Run) -> None:
    result = run("dag", "main", "-f", "json", "--compare", "@last")

    assert result.exit_code == 2
    assert "--compare and --format json contradict each other" in result.stderr


def test_output_that_cannot_be_read_ends_no_run(folder: Path) -> None:
    from datetime import UTC, datetime

    from gluepy import TaskInfo, TaskOutcome
    from gluepy.testing.runs import isolated

    now = datetime(2026, 1, 1, tzinfo=UTC)
    run = RunInfo(
        run_id="r",
        dag="d",
        folder="..",
        location="l",
        steps=("a",),
        started_at=now,
        host="h",
        pid=1,
    )
    lines: list[str] = []

    with isolated(folder):
        EventStream(lines.append).after_task(
            task=TaskInfo(label="a", task="m:A", index=1),
            run=run,
            outcome=TaskOutcome(status="succeeded", seconds=1.0, started_at=now, host="h", pid=1),
        )

    (line,) = lines
    assert json.loads(line)["event"] == "task-ended"


# -- standard output for results alone -------------------------------------------------------------


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], tuple[int, Any]]]:
    """Make a pipe, the end of which is standard output."""
    made: list[Any] = []

    def make() -> tuple[int, Any]:
        ours, theirs = os.pipe()
        stream = os.fdopen(theirs, "w")
        monkeypatch.setattr(sys, "stdout", stream)
        made.append(stream)
        return ours, stream

    yield make
    for stream in made:
        stream.close()


def test_results_are_written_at_once(pipe: Callable[[], tuple[int, Any]]) -> None:
    ours, _ = pipe()

    with results_alone() as write:
        print("not here")
        write("one")
        assert os.read(ours, 100) == b"one\n"
    os.close(ours)


def test_reader_that_leaves_ends_nothing(
    pipe: Callable[[], tuple[int, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    ours, _ = pipe()
    os.close(ours)

    with results_alone() as write:
        write("one")
        write("two")

    assert capsys.readouterr().err == ""


def test_disk_that_is_full_is_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with results_alone() as write:
            write("one")
            write("two")

    assert capsys.readouterr().err == (
        "Warning: cannot write to standard output: No space left on device\n"
    )


def test_stream_without_a_descriptor_gets_the_results(capsys: pytest.CaptureFixture[str]) -> None:
    with results_alone() as write:
        write("one")

    assert capsys.readouterr().out == "one\n"


def test_closed_standard_output_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    with results_alone() as write:
        write("one")
