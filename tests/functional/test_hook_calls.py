"""Hooks in a real process: whom they tell, in which order, how often, whatever happens."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

PIPES = """\
import os, sys, time
from pathlib import Path
from gluepy import DAG, SkipTask, Task

class Ok(Task):
    def run(self):
        pass

class Fail(Task):
    def run(self):
        raise ValueError("no rows")

class Skip(Task):
    def run(self):
        raise SkipTask("nothing new")

class Exit(Task):
    def run(self):
        sys.exit(0)

class Bare(Task):
    def run(self):
        raise BaseException("bare")

class Wait(Task):
    def run(self):
        Path("waiting").touch()
        time.sleep(60)

class Stubborn(Task):
    def run(self):
        Path("waiting").touch()
        try:
            time.sleep(60)
        except Exception:
            Path("swallowed").touch()

class After(Task):
    def run(self):
        Path("after").touch()

class OkDAG(DAG):
    label = "ok-dag"
    tasks = [Ok]

class FailDAG(DAG):
    label = "fail-dag"
    tasks = [Ok, Fail, After]

class SkipDAG(DAG):
    label = "skip-dag"
    tasks = [Skip, Ok]

class ExitDAG(DAG):
    label = "exit-dag"
    tasks = [Exit, After]

class BareDAG(DAG):
    label = "bare-dag"
    tasks = [Bare, After]

class WaitDAG(DAG):
    label = "wait-dag"
    tasks = [Ok, Wait, After]

class StubbornDAG(DAG):
    label = "stubborn-dag"
    tasks = [Stubborn, After]
"""

# A plugin that writes down what it hears of, with the facts.
WATCH = """\
from gluepy import hookimpl

NAME = __name__.partition("_")[0]

def note(*words):
    with open("calls.txt", "a") as file:
        print(NAME, *words, file=file)

@hookimpl
def before_dag(run): note("before_dag", run.dag, *run.steps)
@hookimpl
def before_task(task): note("before_task", task.label)
@hookimpl(wrapper=True)
def around_task(task):
    note("enter", task.label)
    try:
        return (yield)
    finally:
        note("leave", task.label)
@hookimpl
def after_task(task, outcome): note("after_task", task.label, outcome.status)
@hookimpl
def after_dag(report): note("after_dag", report.status, report.signal)
@hookimpl
def after_command(command, exit_code): note("after_command", command.name, exit_code)
"""


@pytest.fixture
def pipes(sandbox: Sandbox) -> Sandbox:
    """A folder where DAGs of all kinds are installed."""
    names = ("ok", "fail", "skip", "exit", "bare", "wait", "stubborn")
    dags = {f"{name}-dag": f"pipes:{name.capitalize()}DAG" for name in names}
    sandbox.install("pipes", entry_points={"gluepy.dags": dags}, modules={"pipes": PIPES})
    return sandbox


@pytest.fixture
def watched(pipes: Sandbox) -> Sandbox:
    """The same with one plugin that writes down what it hears of."""
    add_watch(pipes, "watch")
    return pipes


def add_watch(sandbox: Sandbox, name: str, source: str = WATCH) -> None:
    module = f"{name}_hooks"
    sandbox.install(
        f"gluepy-{name}",
        entry_points={"gluepy.hooks": {name: module}},
        modules={module: source},
    )


def task(label: str, status: str) -> list[str]:
    """Return what the plugin writes down of one task."""
    around = [f"watch enter {label}", f"watch leave {label}"]
    return [f"watch before_task {label}", *around, f"watch after_task {label} {status}"]


@pytest.mark.parametrize(
    ("dag", "code", "status", "steps", "ends"),
    [
        ("ok-dag", 0, "succeeded", "ok", {"ok": "succeeded"}),
        ("fail-dag", 1, "failed", "ok fail after", {"ok": "succeeded", "fail": "failed"}),
        ("skip-dag", 0, "succeeded", "skip ok", {"skip": "skipped", "ok": "succeeded"}),
        ("exit-dag", 1, "failed", "exit after", {"exit": "failed"}),
        ("bare-dag", 1, "failed", "bare after", {"bare": "failed"}),
    ],
)
def test_every_hook_is_called_once_however_tasks_end(
    dag: str, code: int, status: str, steps: str, ends: dict[str, str], watched: Sandbox
) -> None:
    done = watched.gluepy("dag", dag)

    assert done.code == code, done.err
    assert watched.lines("calls.txt") == [
        f"watch before_dag {dag} {steps}",
        *(line for label, end in ends.items() for line in task(label, end)),
        f"watch after_dag {status} 0",
        f"watch after_command dag {code}",
    ]
    assert not (watched.folder / "after").exists()


def test_usage_error_ends_the_command_for_hooks_too(watched: Sandbox) -> None:
    done = watched.gluepy("dag", "ok-dag", "--task", "nowhere")

    assert done.code == 2
    assert watched.lines("calls.txt") == ["watch after_command dag 2"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signal_in_a_task_is_seen_to_the_end(
    number: signal.Signals, code: int, watched: Sandbox
) -> None:
    process = watched.start("dag", "wait-dag")
    wait_for(watched.folder / "waiting", process)

    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert process.returncode == code, err
    assert out == ""
    assert "Traceback" not in err
    assert watched.lines("calls.txt") == [
        "watch before_dag wait-dag ok wait after",
        *task("ok", "succeeded"),
        *task("wait", "interrupted"),
        f"watch after_dag interrupted {number.value}",
        f"watch after_command dag {code}",
    ]
    assert "Go on:  gluepy dag wait-dag --resume\n" in err
    assert not (watched.folder / "after").exists()


def test_signal_is_not_swallowed_by_except_exception(watched: Sandbox) -> None:
    process = watched.start("dag", "stubborn-dag")
    wait_for(watched.folder / "waiting", process)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode == 130
    assert not (watched.folder / "swallowed").exists()


def test_second_signal_ends_the_process_at_once(pipes: Sandbox) -> None:
    source = """\
import time
from pathlib import Path
from gluepy import hookimpl

@hookimpl
def after_task():
    Path("in hook").touch()
    time.sleep(60)
"""
    add_watch(pipes, "slow", source)
    process = pipes.start("dag", "wait-dag")
    wait_for(pipes.folder / "in hook", process)

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    running = process.poll()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert running is None
    assert process.returncode in (-signal.SIGINT, 130)


def test_hooks_are_called_in_the_printed_order(pipes: Sandbox) -> None:
    first = WATCH.replace("@hookimpl\ndef before", "@hookimpl(tryfirst=True)\ndef before")
    first = first.replace("wrapper=True", "wrapper=True, tryfirst=True")
    last = WATCH.replace("@hookimpl\ndef", "@hookimpl(trylast=True)\ndef")
    add_watch(pipes, "mango")
    add_watch(pipes, "zebra", first)
    add_watch(pipes, "apple", last)
    pipes.write({"own_hooks.py": WATCH, "gluepy.toml": 'hooks = ["own_hooks"]\n'})

    printed = pipes.gluepy("hooks", "-f", "json").json()["hooks"]
    table = pipes.gluepy("hooks", "before_task").out
    done = pipes.gluepy("dag", "ok-dag")

    assert done.code == 0, done.err
    order = {
        hook["name"]: [one["plugin"].removesuffix("_hooks") for one in hook["implementations"]]
        for hook in printed
    }
    assert order["before_task"] == ["zebra", "own", "mango", "apple"]
    assert order["after_task"] == ["own", "mango", "zebra", "apple"]
    assert order["around_task"] == ["zebra", "own", "apple", "mango"]
    for place, name in enumerate(order["before_task"], start=1):
        assert re.search(rf"^(before_task)? +{place} +{name}", table, re.MULTILINE)
    calls = [line.split()[:2] for line in pipes.lines("calls.txt")]
    inside = order["around_task"]
    assert calls == [
        *([name, "before_dag"] for name in order["before_dag"]),
        *([name, "before_task"] for name in order["before_task"]),
        *([name, "enter"] for name in inside),
        *([name, "leave"] for name in reversed(inside)),
        *([name, "after_task"] for name in order["after_task"]),
        *([name, "after_dag"] for name in order["after_dag"]),
        *([name, "after_command"] for name in order["after_command"]),
    ]


def test_plugin_that_is_named_three_times_is_called_once(pipes: Sandbox) -> None:
    pipes.install(
        "gluepy-watch",
        entry_points={"gluepy.hooks": {"watch": "watch_hooks", "again": "watch_hooks"}},
        modules={"watch_hooks": WATCH},
    )
    pipes.write({"gluepy.toml": 'hooks = ["watch_hooks"]\n'})

    done = pipes.gluepy("dag", "ok-dag")

    assert done.code == 0, done.err
    calls = pipes.lines("calls.txt")
    assert len(calls) == len(set(calls)) == 7


def test_trace_prints_every_call_with_plugin_and_time(watched: Sandbox) -> None:
    done = watched.gluepy("dag", "ok-dag", "--trace-hooks")

    assert done.code == 0
    traced = [line.split()[0] for line in done.err.splitlines() if "gluepy-watch 1.0" in line]
    assert traced == [
        *("before_dag", "before_task", "around_task", "after_task", "after_dag", "after_command")
    ]
    (line,) = [line for line in done.err.splitlines() if line.startswith("after_dag  plugin 'wat")]
    assert line.endswith(" ms")


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a file is there, while the process lives."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
