"""Runs in a storage of whose operations one in a hundred fails, resumed until they are through."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Project

STORAGE = 'storage_backend = "shaky.ShakyStorage"\n'
EXECUTORS = ("serial", "threads", "processes")

#: Far more than it takes: each attempt gets further than the one before.
MOST_ATTEMPTS = 60

#: With one fault in a hundred operations, a single run has about an even chance to meet none.
MOST_RUNS = 200


def insist(
    project: Project, rng: random.Random, words: tuple[object, ...], expected: Mapping[str, bytes]
) -> tuple[list[int], str]:
    """Resume a run until it is through; return the exit codes, and what is wrong, if anything."""
    codes: list[int] = []
    while 0 not in codes:
        before = project.snapshot()
        go_on = project.resume if codes else project.run
        done = go_on(*words, env={"SEED": str(rng.randrange(10**6))})
        codes.append(done.code)
        complaint = (
            ("a traceback" if "Traceback" in done.err or "fault of Gluepy" in done.err else "")
            or (f"done twice: {again}" if (again := project.repeated(before)) else "")
            or (f"exit code {done.code}" if done.code not in (0, 1, 5) else "")
            or ("it never ends" if len(codes) > MOST_ATTEMPTS else "")
        )
        if complaint:
            return codes, f"{codes}: {complaint}\n{done.err}"
    complaint = project.complaint(expected)
    return codes, f"{codes}: {complaint}\n{done.err}" if complaint else ""


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_runs_get_through_with_nothing_lost_torn_or_done_twice(
    executor: str,
    new_project: Callable[..., Project],
    expected: Mapping[str, bytes],
    rng: random.Random,
    is_full: bool,
    assert_none: Callable[[Iterable[str]], None],
) -> None:
    words = ("dag", "graph", "--executor", executor, "-j", 2)
    codes: list[int] = []
    complaints: list[str] = []

    least = 50 if is_full else 3
    for number in range(MOST_RUNS):
        if number >= least and set(codes) & {1, 5}:
            break
        project = new_project("graph", settings=STORAGE)
        more, complaint = insist(project, rng, words, expected)
        codes += more
        complaints.append(complaint)
        project.clean_up()

    assert_none(complaints)
    assert set(codes) & {1, 5}, "no fault had any effect"


def test_storage_that_always_fails_is_exit_code_5(new_project: Callable[..., Project]) -> None:
    project = new_project("graph", settings=STORAGE)

    done = project.run("dag", "graph", env={"RATE": "1"})

    assert (done.code, done.out) == (5, ""), done.err
    assert "a fault was injected" in done.err
    assert "Traceback" not in done.err
    assert project.notes == []


def test_storage_without_faults_is_as_any_other(
    new_project: Callable[..., Project], expected: Mapping[str, bytes]
) -> None:
    project = new_project("graph", settings=STORAGE)

    done = project.run("dag", "graph", env={"RATE": "0"})

    assert done.code == 0, done.err
    assert project.complaint(expected) == ""
