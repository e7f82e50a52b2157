"""Tasks that exit, crash, flood, fork and worse: each costs at most itself, and is told truly."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Project

EXECUTORS = ("serial", "threads", "processes")

#: What the task raises is its outcome, whatever executor carries it out.
FAILED = {
    "exit": "SystemExit: 0",
    "base-exception": "Odd: odd",
    "system-exit": "SystemExit",
    "cancelled": "CancelledError",
    "generator-exit": "GeneratorExit",
    "recursion": "RecursionError: maximum recursion depth exceeded",
}

#: What a task may do, though it should not.
HARMLESS = ("close-streams", "change-folder", "lose-folder", "fork", "threads")

#: What ends the process of the task: a worker, or with threads and serially the coordinator.
LOST = {
    "exit-at-once": "ended with exit code 0",
    "segfault": "SIGSEGV",
    "segfault-signal": "SIGSEGV",
    "abort": "SIGABRT",
    "kill": "SIGKILL",
}

#: So many interrupts end any run.
ENOUGH_SIGNALS = 3

#: Far more than are needed, also on a slow machine.
MOST_SIGNALS = 100

ALL = {"before", "beside", "hostile", "after"}


@pytest.fixture
def hostile(new_project: Callable[..., Project]) -> Project:
    return new_project("hostile")


def words_of(executor: str) -> tuple[object, ...]:
    return ("dag", "hostile-dag", "--executor", executor, "-j", 2, "--keep-going")


def assert_resumable(project: Project, executor: str) -> None:
    """Check that the run can be resumed once the task behaves, and nothing is done twice."""
    before = project.snapshot()

    resumed = project.resume(*words_of(executor))

    assert resumed.code == 0, resumed.err
    assert project.repeated(before) == set()
    assert project.succeeded() == ALL
    assert project.run_json()["status"] == "succeeded"
    assert project.outputs().keys() == {f"{label}.txt" for label in (*ALL, "deed")}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("deed", FAILED)
def test_task_that_raises_anything_has_failed_and_the_rest_goes_on(
    deed: str, executor: str, hostile: Project
) -> None:
    done = hostile.run(*words_of(executor), env={"HOSTILE": deed})

    assert done.code == 1, done.err
    assert hostile.ends_of("hostile") == ["failed"]
    assert FAILED[deed] in done.err
    assert hostile.succeeded() == {"before", "beside"}
    assert hostile.run_json()["status"] == "failed"
    assert_resumable(hostile, executor)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("deed", HARMLESS)
def test_task_that_changes_its_process_has_succeeded(
    deed: str, executor: str, hostile: Project
) -> None:
    done = hostile.run(*words_of(executor), env={"HOSTILE": deed})

    assert done.code == 0, done.err[-2000:]
    assert sorted(hostile.began()) == sorted(ALL)
    assert hostile.succeeded() == ALL
    assert hostile.run_json()["status"] == "succeeded"
    assert hostile.outputs().keys() == {f"{label}.txt" for label in (*ALL, "deed")}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_all_that_a_task_prints_arrives(executor: str, hostile: Project) -> None:
    done = hostile.run(*words_of(executor), env={"HOSTILE": "flood"})

    assert done.code == 0, done.err[-2000:]
    assert (done.out + done.err).count("x" * 1023) == 50 * 1024


@pytest.mark.parametrize("deed", LOST)
def test_task_that_ends_its_worker_is_lost_and_the_rest_goes_on(
    deed: str, hostile: Project
) -> None:
    done = hostile.run(*words_of("processes"), env={"HOSTILE": deed})

    assert done.code == 1, done.err
    assert hostile.ends_of("hostile") == ["lost"]
    assert LOST[deed] in done.err
    assert hostile.succeeded() == {"before", "beside"}
    assert hostile.run_json()["status"] == "failed"
    assert_resumable(hostile, "processes")


@pytest.mark.parametrize("executor", ["serial", "threads"])
@pytest.mark.parametrize("deed", LOST)
def test_task_that_ends_the_coordinator_is_recorded_as_lost(
    deed: str, executor: str, hostile: Project
) -> None:
    done = hostile.run(*words_of(executor), env={"HOSTILE": deed})

    assert done.code == 1, done.err
    assert hostile.ends_of("hostile") == ["lost"]
    assert "before" in hostile.succeeded()
    assert "after" not in hostile.began()
    assert hostile.run_json()["status"] == "lost"
    assert_resumable(hostile, executor)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_task_that_closes_all_descriptors_is_never_a_false_success(
    executor: str, hostile: Project
) -> None:
    done = hostile.run(*words_of(executor), env={"HOSTILE": "close-all"})

    assert "Traceback" not in done.err
    assert (done.code == 0) == (hostile.succeeded() == ALL), done
    assert done.code in (0, 1, 5)
    assert_resumable(hostile, executor)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_third_signal_ends_a_task_that_swallows_interrupts(executor: str, hostile: Project) -> None:
    command = hostile.start(*words_of(executor), env={"HOSTILE": "deaf"})
    hostile.wait_until_noted("deaf")

    signals = 0
    while command.is_running():
        signals += 1
        assert signals < MOST_SIGNALS
        os.kill(command.pid, signal.SIGINT)
        time.sleep(0.3)  # two that come at once are one
    done = command.wait()

    # One more, while its end is recorded, may end the command itself: to a shell that is the same.
    assert done.code == 130 or (signals > ENOUGH_SIGNALS and done.code == -signal.SIGINT), done.err
    assert "hostile" not in hostile.succeeded()
    assert_resumable(hostile, executor)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("deed", ["exit", "exit-at-once", "fork"])
def test_other_start_methods_are_no_different(deed: str, method: str, hostile: Project) -> None:
    env = {"HOSTILE": deed, "GLUEPY_START_METHOD": method}

    done = hostile.run(*words_of("processes"), env=env)

    assert hostile.ends_of("hostile") == [
        {"exit": "failed", "exit-at-once": "lost", "fork": "succeeded"}[deed]
    ]
    assert done.code == (0 if deed == "fork" else 1), done.err
    assert_resumable(hostile, "processes")
