"""The Nth operation on the disk fails, or the process dies there, for each N; then it is resumed.

SQLite is tested so: https://www.sqlite.org/testing.html, "anomaly testing".
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Before, Project

    from gluepy.testing.commands import Done

KINDS = ("kill", "torn", "kill-all", "eio", "enospc")
ERRORS = ("eio", "enospc")

#: Operations before the first step and after the last, at most.
BEGINNING, END = 40, 20

#: The parts of the loop, so that they can be run side by side.
PARTS = 4


class Disturbance(NamedTuple):
    """What happens at which operation."""

    number: int
    kind: str
    executor: str = "serial"

    def env(self, project: Project) -> dict[str, str]:
        return {
            "FAULT_ROOT": str(project.root),
            "FAULT_LOG": str(log_of(project)),
            "FAULT_AT": str(self.number),
            "FAULT_KIND": self.kind,
            "GLUEPY_JOURNAL_SYNC": "always",  # or the syncs would come whenever they like
        }


def log_of(project: Project) -> Path:
    return project.folder.with_suffix(".operations")


def operations_of(project: Project) -> list[str]:
    """Return the operations of the commands of a project: what, and upon which path."""
    return [line.split(" ", 1)[1].strip() for line in log_of(project).read_text().splitlines()]


def first_of(project: Project, operation: str, name: str) -> int:
    """Return the number of the first operation of a kind upon a file."""
    return next(
        number
        for number, place in enumerate(operations_of(project), 1)
        if place.startswith(operation) and name in place
    )


def count_operations(project: Project, executor: str = "serial") -> int:
    """Run the DAG undisturbed and return how many operations it took."""
    env = Disturbance(0, "").env(project)
    done = project.run("dag", "graph", "--executor", executor, env=env)
    assert done.code == 0, done.err
    return len(operations_of(project))


def disturb(project: Project, disturbance: Disturbance, expected: Mapping[str, bytes]) -> str:
    """Run the DAG with a fault, and resume it without; return what is wrong, if anything is."""
    env = disturbance.env(project)
    words = ("dag", "graph", "--executor", disturbance.executor, "-j", 2)
    disturbed = project.run(*words, env=env)
    place = operations_of(project)[disturbance.number - 1 :][:1]
    before = project.snapshot()
    half = {name for name, content in project.outputs().items() if content != expected[name]}

    resumed = project.resume(*words)

    complaint = (
        (f"half a file: {half}" if half else "")
        or after_the_fault(disturbance, disturbed, before, expected)
        or (f"resumed with {resumed.code}: {resumed.err}" if resumed.code else "")
        or (f"done twice: {again}" if (again := project.repeated(before)) else "")
        or project.complaint(expected)
    )
    return f"{disturbance} {place}: {complaint}\n--- first:\n{disturbed}" if complaint else ""


def after_the_fault(
    disturbance: Disturbance, done: Done, before: Before, expected: Mapping[str, bytes]
) -> str:
    """Return what is wrong with how the disturbed command ended."""
    if "Traceback" in done.err or "fault of Gluepy" in done.err:
        return "a traceback"
    if done.code == 0 and before.succeeded != {name.removesuffix(".txt") for name in expected}:
        return "exit code 0, and not all is recorded"
    # 0: what failed did not matter, such as the index; 1: it was the file of a task.
    if disturbance.kind in ERRORS and done.code not in (0, 1, 5):
        return f"exit code {done.code}"
    return ""


def kinds_at(number: int, count: int, *, is_full: bool) -> Sequence[str]:
    """Return what is to happen at an operation.

    In short it is one of all kinds and, while steps run, at every second operation: what a step
    does, it does again and again.
    """
    if is_full:
        return KINDS
    is_in_the_middle = BEGINNING < number < count - END
    if is_in_the_middle and number % 2:
        return ()
    return [KINDS[number // 2 % len(KINDS)]]


def copy_of(template: Project, project: Project) -> Project:
    """Return a project with the runs of another, which are of no interest."""
    shutil.copytree(template.root, project.root)
    project.ignore_runs()
    return project


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_fault_at_any_operation_can_be_resumed_from(
    part: int,
    new_project: Callable[..., Project],
    expected: Mapping[str, bytes],
    is_full: bool,
    assert_none: Callable[[Iterable[str]], None],
) -> None:
    count = count_operations(new_project())
    disturbances = [
        Disturbance(number, kind)
        for number in range(1 + part, count + 1, PARTS)
        for kind in kinds_at(number, count, is_full=is_full)
    ]

    complaints = [disturb(new_project(), one, expected) for one in disturbances]

    assert count > 50
    assert_none(complaints)


@pytest.mark.timeout(7200)
def test_fault_at_any_operation_of_a_later_run_can_be_resumed_from(
    new_project: Callable[..., Project],
    expected: Mapping[str, bytes],
    is_full: bool,
    assert_none: Callable[[Iterable[str]], None],
) -> None:
    # So an index of runs is there, and knows them all.
    template = new_project()
    assert template.run("dag", "chain").code == 0
    assert template.run("runs").code == 0
    count = count_operations(copy_of(template, new_project()))
    disturbances = [
        Disturbance(number, KINDS[number % len(KINDS)])
        for number in range(1, count + 1)
        # At its beginning a run meets what others have left.
        if is_full or number < 30
    ]

    complaints = [disturb(copy_of(template, new_project()), one, expected) for one in disturbances]

    assert_none(complaints)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_fault_at_any_operation_of_workers_can_be_resumed_from(
    executor: str,
    new_project: Callable[..., Project],
    expected: Mapping[str, bytes],
    is_full: bool,
    assert_none: Callable[[Iterable[str]], None],
) -> None:
    count = count_operations(new_project(), executor)
    disturbances = [
        Disturbance(number, KINDS[number % len(KINDS)], executor)
        for number in range(1, count + 1, 1 if is_full else 25)
    ]

    complaints = [disturb(new_project(), one, expected) for one in disturbances]

    assert_none(complaints)


def test_fault_of_the_record_is_exit_code_5(new_project: Callable[..., Project]) -> None:
    count_operations(first := new_project())
    number = first_of(first, "write ", "journal")
    project = new_project()

    done = project.run("dag", "graph", env=Disturbance(number, "enospc").env(project))

    assert done.code == 5, done.err
    assert done.err.startswith("Error: cannot write ")
    assert "journal.jsonl" in done.err.splitlines()[0]


def test_fault_of_a_task_is_exit_code_1(new_project: Callable[..., Project]) -> None:
    count_operations(first := new_project())
    number = first_of(first, "rename ", "load-flights.txt")
    project = new_project()

    done = project.run("dag", "graph", env=Disturbance(number, "eio").env(project))

    assert done.code == 1, done.err
