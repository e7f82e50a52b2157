"""Who may work in a run: never two at once, and always one where the other has died."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gluepy.testing.commands import wait_until

if TYPE_CHECKING:
    from tests.faults.conftest import Command, Project

HELD = {"GATED": "join"}


def start_held(project: Project, *words: object) -> Command:
    """Start the DAG and return while it waits in the middle of a task."""
    command = project.start("dag", "graph", *words, env=HELD)
    project.wait_until_noted("begin join")
    return command


def has_ended(commands: Sequence[Command]) -> bool:
    """Return whether one of them has ended."""
    return not all(command.is_running() for command in commands)


def started_at(folder: Path) -> str:
    with (folder / "journal.jsonl").open() as journal:
        return str(json.loads(journal.readline())["at"])


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_second_process_is_refused_with_who_holds_the_run(
    executor: str, project: Project, expected: Mapping[str, bytes]
) -> None:
    command = start_held(project, "--executor", executor, "-j", 2)
    before = project.notes
    folder = str(project.run_folder.relative_to(project.root))

    resumed = project.run("dag", "graph", "--resume")
    retried = project.run("dag", "graph", "--retry", folder)
    alone = project.run("task", "join", "--run", folder)

    for refused in (resumed, retried, alone):
        assert refused.code == 4, refused.err
        assert refused.out == ""
        assert f" {os.uname().nodename}" in refused.err.replace("'", " ")
        assert any(str(one.pid) in refused.err for one in command.processes())
        assert started_at(project.run_folder)[:10] in refused.err
        assert "Traceback" not in refused.err
    assert project.notes == before
    project.open_gate()
    assert command.wait().code == 0
    assert project.complaint(expected) == ""


def race(project: Project, races: int, expected: Mapping[str, bytes]) -> str:
    """Let two commands race for one run, many times; return what went wrong, if anything did.

    The winner of each race waits in its task until the other has been refused. Then it fails or, by
    turns, is killed, so the run can be raced for again.
    """
    failed = project.run("dag", "graph", env={"FAIL": "join"})
    assert failed.code == 1, failed.err
    env = {"FAIL": "join", **HELD}
    for number in range(races):
        Path(project.env["GATE"]).unlink(missing_ok=True)
        begun = len(project.began())
        rivals = [project.start("dag", "graph", "--resume", env=env) for _ in range(2)]
        project.wait_until_noted("begin join", times=number + 2)
        wait_until(partial(has_ended, rivals), "a loser")
        if is_killed := number % 2 == 1:
            for rival in rivals:
                rival.kill_all()
        project.open_gate()
        ends = [rival.wait() for rival in rivals]
        codes = sorted(end.code for end in ends)
        if codes != ([-9, 4] if is_killed else [1, 4]) or project.began()[begun:] != ["join"]:
            return f"race {number}: {ends}, {project.began()[begun:]}"
    done = project.run("dag", "graph", "--resume")
    return project.complaint(expected) if done.code == 0 else done.err


@pytest.mark.timeout(3600)
def test_two_processes_never_work_in_one_run_at_once(
    new_project: Callable[..., Project],
    expected: Mapping[str, bytes],
    is_full: bool,
    assert_none: Callable[[Iterable[str]], None],
) -> None:
    races = 100 if is_full else 20
    projects = [new_project() for _ in range(4)]  # whoever loses waits a little

    with ThreadPoolExecutor(len(projects)) as pool:
        complaints = pool.map(lambda one: race(one, races // 4, expected), projects)

    assert_none(complaints)


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_lock_of_a_dead_owner_is_taken_over_at_once(
    executor: str, project: Project, expected: Mapping[str, bytes]
) -> None:
    command = start_held(project, "--executor", executor, "-j", 2)
    command.kill("group")
    command.wait()
    before = project.snapshot()

    done = project.run("dag", "graph", "--resume")

    assert done.code == 0, done.err
    assert project.repeated(before) == set()
    assert project.complaint(expected) == ""


def test_worker_of_a_dead_owner_does_not_go_on_beside_the_one_who_takes_over(
    project: Project, expected: Mapping[str, bytes]
) -> None:
    command = start_held(project, "--executor", "processes", "-j", 2)
    (old,) = [line.split()[2] for line in project.notes if line.startswith("begin join")]
    command.kill("supervisor", "coordinator")

    rival = project.start("dag", "graph", "--resume", env=HELD)
    project.wait_until_noted("begin join", times=2)
    others = {process.pid for process in command.processes()}
    project.open_gate()

    assert int(old) not in others
    assert rival.wait().code == 0
    command.wait()
    assert project.complaint(expected) == ""


def test_stopped_owner_keeps_its_lock(project: Project, expected: Mapping[str, bytes]) -> None:
    command = start_held(project)
    for pid in command.find("group"):
        os.kill(pid, signal.SIGSTOP)
    try:
        refused = project.run("dag", "graph", "--resume")
    finally:
        for pid in command.find("group"):
            os.kill(pid, signal.SIGCONT)
    project.open_gate()

    assert refused.code == 4, refused.err
    assert command.wait().code == 0
    assert project.complaint(expected) == ""


def test_runs_of_their_own_do_not_hinder_each_other(
    new_project: Callable[..., Project],
) -> None:
    project = new_project()
    commands = [project.start("dag", "graph", env=HELD) for _ in range(3)]
    project.wait_until_noted("begin join", times=3)
    project.open_gate()

    assert [command.wait().code for command in commands] == [0, 0, 0]
    assert len(project.run_folders()) == 3
