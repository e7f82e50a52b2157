"""What the plugin writes at each hook."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace

from gluepy import CommandInfo, RunInfo, RunReport, TaskInfo, TaskOutcome
from gluepy.exec.records import StepReport
from gluepy_logging import LoggingPlugin

Read = Callable[[], list[dict[str, object]]]

AT = "2026-11-22T10:40:12.345678+00:00"
OF_RUN = {"run_id": "0b5e", "dag": "training"}
OF_TASK = OF_RUN | {"task": "train", "attempt": 3}


def test_before_command_names_command_and_process(plugin: LoggingPlugin, read_lines: Read) -> None:
    plugin.before_command(CommandInfo(name="dag", arguments=("training", "--retry", "0b5e")))

    assert read_lines() == [
        {
            "timestamp": AT,
            "event": "before_command",
            "command": "dag",
            "arguments": ["training", "--retry", "0b5e"],
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
    ]


def test_before_dag_says_all_of_the_run(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo
) -> None:
    plugin.before_dag(run)

    assert read_lines() == [
        {
            "timestamp": AT,
            "event": "before_dag",
            **OF_RUN,
            "folder": "runs/2026/11/22/0b5e",
            "location": "/data/runs/2026/11/22/0b5e",
            "steps": ["load", "train"],
            "sources": ["acme-forecast 1.0"],
            "started_at": AT,
            "is_retry": False,
            "host": "forge",
            "pid": 7,
        }
    ]


def test_before_task_says_its_place_in_the_plan(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, task: TaskInfo
) -> None:
    plugin.before_task(task, run)

    assert read_lines() == [
        {
            "timestamp": AT,
            "event": "before_task",
            **OF_TASK,
            "index": 2,
            "steps": 2,
            "task_class": "acme.tasks:Train",
            "is_evaluation": False,
            "sources": [],
        }
    ]


def test_on_metric_says_who_logged_it(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, task: TaskInfo
) -> None:
    plugin.on_metric(run, task, "mape", 1.25)
    plugin.on_metric(run, None, "rows", 7.0)

    inside, outside = read_lines()
    assert inside == {
        "timestamp": AT,
        "event": "on_metric",
        **OF_TASK,
        "metric": "mape",
        "value": 1.25,
    }
    assert outside == {
        "timestamp": AT,
        "event": "on_metric",
        **OF_RUN,
        "metric": "rows",
        "value": 7.0,
    }


def test_after_task_says_outcome_and_seconds(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, task: TaskInfo, outcome: TaskOutcome
) -> None:
    plugin.after_task(task, run, outcome)

    assert read_lines() == [
        {
            "timestamp": AT,
            "event": "after_task",
            **OF_TASK,
            "outcome": "succeeded",
            "seconds": 1.5,
            "started_at": AT,
            "host": "worker",
            "pid": 8,
        }
    ]


def test_after_task_of_a_failure_says_why(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, task: TaskInfo, outcome: TaskOutcome
) -> None:
    failed = replace(
        outcome, status="failed", error="KeyError: 'horizn'", traceback="Traceback\n  1/0\n"
    )

    plugin.after_task(task, run, failed)

    (line,) = read_lines()
    assert line["outcome"] == "failed"
    assert line["error"] == "KeyError: 'horizn'"
    assert line["traceback"] == "Traceback\n  1/0\n"
    assert "reason" not in line


def test_after_dag_sums_up_the_run(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, outcome: TaskOutcome
) -> None:
    steps = (StepReport("load", outcome), StepReport("clean", outcome), StepReport("train"))
    report = RunReport(status="failed", seconds=3.5, steps=steps, metrics=(("mape", 1.25),))

    plugin.after_dag(run, report)

    assert read_lines() == [
        {
            "timestamp": AT,
            "event": "after_dag",
            **OF_RUN,
            "outcome": "failed",
            "seconds": 3.5,
            "steps": {"succeeded": 2, "not-run": 1},
            "metrics": {"mape": 1.25},
        }
    ]


def test_after_command_says_exit_code_and_seconds(plugin: LoggingPlugin, read_lines: Read) -> None:
    outer, inner = CommandInfo(name="dag"), CommandInfo(name="task")
    plugin.before_command(outer)
    plugin.before_command(inner)

    plugin.after_command(inner, exit_code=0)
    plugin.after_command(outer, exit_code=1)

    _, _, first, last = read_lines()
    assert first == {
        "timestamp": AT,
        "event": "after_command",
        "command": "task",
        "exit_code": 0,
        "seconds": 1.0,
    }
    assert (last["command"], last["exit_code"], last["seconds"]) == ("dag", 1, 3.0)


def test_after_command_that_nobody_announced_has_no_seconds(
    plugin: LoggingPlugin, read_lines: Read
) -> None:
    plugin.after_command(CommandInfo(name="dag"), exit_code=0)

    assert read_lines()[0]["seconds"] is None
