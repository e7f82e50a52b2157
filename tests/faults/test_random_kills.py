"""Processes of a run are killed at random moments, again and again, and the run is resumed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Before, Command, Project

    from gluepy.testing.commands import Done

EXECUTORS = ("serial", "threads", "processes")
ROLES = ("supervisor", "coordinator", "worker", "group")

#: What a task takes, so that kills come within tasks as well as between them.
PACE = {"PAUSE_S": "0.01"}

#: Kills of one run at most; then it may end.
MOST_KILLS = 4


def kill_at_random(command: Command, rng: random.Random, role: str, longest_s: float) -> None:
    """Kill processes of a role after a while, if they are still there."""
    time.sleep(rng.uniform(0, longest_s))
    command.kill(role, most=None if role == "group" else 1)


def torment(
    project: Project,
    rng: random.Random,
    executor: str,
    expected: Mapping[str, bytes],
    longest_s: float,
) -> tuple[int, str]:
    """Run the DAG, kill and resume it; return the number of kills, and what is wrong."""
    words = ["dag", "graph", "--executor", executor, "-j", "2"]
    kills = rng.randrange(1, MOST_KILLS + 1)
    story = [executor]
    for turn in range(kills + 1):
        before = project.snapshot()
        if turn == kills:
            done = project.resume(*words, env=PACE)
        else:
            command = project.start(*words, *["--resume"][: len(project.journal())], env=PACE)
            role = rng.choice(ROLES)
            kill_at_random(command, rng, role, longest_s)
            story.append(f"killed {role}")
            done = command.wait()
        story.append(f"exit code {done.code}")
        if complaint := what_is_wrong(project, done, before, expected):
            return kills, f"{story}: {complaint}\n{done.err}"
    return kills, "" if done.code == 0 else f"{story}: not through\n{done.err}"


def what_is_wrong(
    project: Project, done: Done, before: Before, expected: Mapping[str, bytes]
) -> str:
    """Return what is wrong after a command that may have been killed; nothing if all is well."""
    half = {name for name, content in project.outputs().items() if content != expected[name]}
    return (
        (f"done twice: {again}" if (again := project.repeated(before)) else "")
        or ("a traceback" if "Traceback" in done.err else "")
        or (f"half a file: {half}" if half else "")
        or (project.complaint(expected) if done.code == 0 else "")
    )


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_killed_runs_are_resumed_with_nothing_lost_torn_or_done_twice(
    executor: str,
    new_project: Callable[..., Project],
    expected: Mapping[str, bytes],
    rng: random.Random,
    is_full: bool,
    assert_none: Callable[[Iterable[str]], None],
) -> None:
    start = time.monotonic()
    new_project().run("dag", "graph", "--executor", executor, env=PACE)
    longest_s = time.monotonic() - start
    wanted = (1000 if is_full else 50) // len(EXECUTORS) + 1
    complaints: list[str] = []
    kills = 0

    while kills < wanted:
        project = new_project()
        more, complaint = torment(project, rng, executor, expected, longest_s)
        kills += more
        complaints.append(complaint)
        project.clean_up()

    assert_none(complaints)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("role", ["coordinator", "supervisor", "group"])
def test_killed_processes_leave_no_orphan_and_the_run_is_resumed(
    role: str, executor: str, project: Project, expected: Mapping[str, bytes]
) -> None:
    words = ("dag", "graph", "--executor", executor, "-j", 2)
    command = project.start(*words, env={"GATED": "join"})
    project.wait_until_noted("begin join")
    command.kill(role)
    killed = command.wait()  # it waits for all processes
    before = project.snapshot()

    resumed = project.resume(*words)

    assert killed.code not in (0, 2, 3)
    assert "Traceback" not in killed.err
    assert before.succeeded == {"load-flights", "load-weather"}
    assert resumed.code == 0, resumed.err
    assert project.repeated(before) == set()
    assert project.complaint(expected) == ""


def test_killed_coordinator_is_recorded_by_the_supervisor(project: Project) -> None:
    command = project.start("dag", "graph", env={"GATED": "join"})
    project.wait_until_noted("begin join")
    os.kill(command.find("coordinator")[0], signal.SIGKILL)

    done = command.wait()

    assert done.code == 1, done.err
    assert project.run_json()["status"] == "lost"
    assert project.ends_of("join") == ["lost"]


@pytest.mark.parametrize(("retries", "code"), [(0, 1), (1, 0)])
def test_killed_worker_costs_one_attempt_of_one_step(
    retries: int, code: int, project: Project, expected: Mapping[str, bytes]
) -> None:
    command = project.start(
        *("dag", "graph", "--executor", "processes", "-j", 2, "--retries", retries),
        *("--retry-delay", 0),
        env={"GATED": "join"},
    )
    project.wait_until_noted("begin join")
    (note,) = [line for line in project.notes if line.startswith("begin join")]
    os.kill(int(note.split()[2]), signal.SIGKILL)
    if retries:
        project.wait_until_noted("begin join", times=2)
        project.open_gate()

    done = command.wait()

    assert done.code == code, done.err
    assert project.ends_of("join") == ["lost", "succeeded"][: retries + 1]
    if retries:
        assert project.complaint(expected) == ""


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signal_stops_a_run_that_can_be_resumed(
    number: signal.Signals,
    code: int,
    executor: str,
    project: Project,
    expected: Mapping[str, bytes],
) -> None:
    words = ("dag", "graph", "--executor", executor, "-j", 2)
    command = project.start(*words, env={"GATED": "join"})
    project.wait_until_noted("begin join")
    os.kill(command.pid, number)
    if executor == "threads":
        project.open_gate()  # a thread cannot be interrupted: it is waited for
    stopped = command.wait()
    before = project.snapshot()

    resumed = project.resume(*words)

    assert stopped.code == code, stopped.err
    assert resumed.code == 0, resumed.err
    assert project.repeated(before) == set()
    assert project.complaint(expected) == ""


@pytest.mark.timeout(3600)
def test_no_signal_is_lost(new_project: Callable[..., Project], is_full: bool) -> None:
    def stop_one(project: Project) -> int:
        command = project.start("dag", "graph", "--executor", "processes", env={"GATED": "join"})
        # Just now the coordinator turns from starting steps to waiting for them.
        project.wait_until_noted("begin join")
        os.kill(command.pid, signal.SIGTERM)
        return command.wait().code

    projects = [new_project() for _ in range(200 if is_full else 10)]

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(stop_one, projects))

    assert codes == [143] * len(projects)
