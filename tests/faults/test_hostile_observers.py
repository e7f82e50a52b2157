"""Observers that raise, exit, print or hang under every executor: the result of the run stands.

What is said of them, hook by hook, is pinned in ``tests/functional/test_hook_faults.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Project

    from gluepy.testing.commands import Done

EXECUTORS = ("serial", "threads", "processes")
HOOKS = 'hooks = ["observers", "observers.witness"]\n'


@pytest.fixture
def watched(new_project: Callable[..., Project]) -> Project:
    return new_project("graph", settings=HOOKS)


def run(project: Project, executor: str, deed: str, *more: object, hook: str = "") -> Done:
    env = {"OBSERVER": deed, **({"HOOK": hook} if hook else {})}
    return project.run("dag", "graph", "--executor", executor, "-j", 2, *more, env=env)


def assert_stands(project: Project, done: Done, expected: Mapping[str, bytes]) -> None:
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert done.out.startswith("=== GLUEPY METRICS ===\n")
    assert "noise" not in done.out
    assert project.complaint(expected) == ""
    heard = [line.split() for line in project.notes if line.startswith("heard ")]
    assert sorted(heard) == sorted(
        ["heard", name.removesuffix(".txt"), "succeeded"] for name in expected
    )
    assert project.notes.count("heard-all succeeded") == 1


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    ("deed", "told"),
    [("raise", "OSError: disk is full"), ("exit", "SystemExit: 0"), ("print", "standard output")],
)
def test_run_stands_whatever_all_observers_do(
    deed: str, told: str, executor: str, watched: Project, expected: Mapping[str, bytes]
) -> None:
    done = run(watched, executor, deed)

    assert_stands(watched, done, expected)
    assert told in done.err
    assert "observers" in done.err


def test_run_stands_when_an_observer_hangs(watched: Project, expected: Mapping[str, bytes]) -> None:
    done = run(watched, "threads", "hang", hook="before_task")

    assert_stands(watched, done, expected)
    assert "its hook 'before_task' took 10." in done.err


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("hook", ["before_dag", "before_task", "after_task", "after_dag"])
def test_observer_that_ends_the_process_costs_no_recorded_success(
    hook: str, executor: str, watched: Project, expected: Mapping[str, bytes]
) -> None:
    done = run(watched, executor, "exit-at-once", hook=hook)
    before = watched.snapshot()

    resumed = watched.resume("dag", "graph", "--executor", executor)

    # By the time of after_dag the success is recorded, and stands.
    assert done.code == (0 if hook == "after_dag" else 1), done.err
    assert "Traceback" not in done.err
    assert resumed.code == 0, resumed.err
    assert watched.repeated(before) == set()
    assert watched.complaint(expected) == ""


@pytest.mark.parametrize("hook", ["worker_started", "worker_stopped"])
def test_observer_that_ends_a_worker_costs_no_recorded_success(
    hook: str, watched: Project, expected: Mapping[str, bytes]
) -> None:
    done = run(watched, "processes", "exit-at-once", hook=hook)
    before = watched.snapshot()

    resumed = watched.resume("dag", "graph", "--executor", "processes")

    assert done.code == (1 if hook == "worker_started" else 0), done.err
    assert resumed.code == 0, resumed.err
    assert watched.repeated(before) == set()
    assert watched.complaint(expected) == ""
