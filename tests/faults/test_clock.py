"""The wall clock jumps by days, forth and back, while a run goes on, is killed and resumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Project

DAYS = 10 * 24 * 3600
JUMPING = {"FAULT_CLOCK": str(DAYS)}


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_run_succeeds_and_its_durations_are_true(
    executor: str, project: Project, expected: Mapping[str, bytes]
) -> None:
    done = project.run("dag", "graph", "--executor", executor, "-j", 2, env=JUMPING, is_new=True)

    assert done.code == 0, done.err
    assert project.complaint(expected) == ""
    seconds = [event["seconds"] for event in project.journal() if event["event"] == "ended"]
    assert len(seconds) == len(expected)
    assert all(0 <= one < DAYS / 100 for one in seconds)
    assert 0 <= project.run_json()["seconds"] < DAYS / 100


@pytest.mark.parametrize("jumps_first", [True, False])
def test_killed_run_is_resumed(
    jumps_first: bool, project: Project, expected: Mapping[str, bytes]
) -> None:
    env = JUMPING if jumps_first else {}
    command = project.start("dag", "graph", env={**env, "GATED": "join"}, is_new=True)
    project.wait_until_noted("begin join")
    command.kill("group")
    command.wait()
    before = project.snapshot()

    done = project.run("dag", "graph", "--resume", env={} if jumps_first else JUMPING, is_new=True)

    assert done.code == 0, done.err
    assert project.repeated(before) == set()
    assert project.complaint(expected) == ""


def test_living_owner_keeps_its_lock_and_listing_goes_on(
    project: Project, expected: Mapping[str, bytes]
) -> None:
    command = project.start("dag", "graph", env={"GATED": "join", **JUMPING}, is_new=True)
    project.wait_until_noted("begin join")

    refused = project.run("dag", "graph", "--resume", env=JUMPING, is_new=True)
    listed = project.run("runs", env=JUMPING, is_new=True)
    project.open_gate()

    assert refused.code == 4, refused.err
    assert listed.code == 0, listed.err
    assert command.wait().code == 0
    assert project.complaint(expected) == ""


def test_task_is_not_timed_out_by_the_wall_clock(
    project: Project, expected: Mapping[str, bytes]
) -> None:
    done = project.run(
        "dag",
        "graph",
        "--timeout",
        DAYS / 100,
        "--executor",
        "processes",
        env=JUMPING,
        is_new=True,
    )

    assert done.code == 0, done.err
    assert project.complaint(expected) == ""
