"""Processes of flight-delays are killed at random moments, and the run is resumed until it ends."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.conftest import Gluepy, Run

EXECUTORS = ("serial", "threads", "processes")
ROLES = ("supervisor", "coordinator", "worker")

#: Rounds with a seed each; a multiple of the roles, each of which begins as many.
ROUNDS = 21 if os.environ.get("GLUEPY_FAULTS") == "full" else 3

#: Kills in one round, at most; then the run may end.
MOST_KILLS = 3

#: The exit codes of a run that is still somebody's, and of having nothing to resume.
LOCKED = 4
NOTHING_TO_RESUME = 2

#: Commands in one round, at most; some are refused while what was orphaned stops.
MOST_COMMANDS = 30

#: Everything has to have ended long before; only what hangs reaches it.
PATIENCE_S = 120


class Process(NamedTuple):
    """A live process."""

    pid: int
    parent: int


def processes_of(session: int) -> Iterator[Process]:
    """Yield the live processes of a command, each after its parent where pids tell."""
    for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda entry: int(entry.name)):
        with contextlib.suppress(OSError):
            words = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(words[3]) == session and words[0] not in "ZX":
                yield Process(int(entry.name), int(words[1]))


def find(session: int, role: str, rng: random.Random) -> int | None:
    """Return a process of a role: the command itself, its child, or one that carries steps out.

    Between a coordinator and its workers is the server that forks them.
    """
    live = list(processes_of(session))
    coordinators = {process.pid for process in live if process.parent == session}
    helpers = {process.pid for process in live if process.parent in coordinators}
    workers = {process.pid for process in live if process.parent in helpers}
    pids = {"supervisor": {session}, "coordinator": coordinators, "worker": workers}[role]
    return rng.choice(sorted(pids)) if pids else None


def kill_at(
    gluepy: Gluepy, command: subprocess.Popen[bytes], role: str, event: int, rng: random.Random
) -> bool:
    """Kill a process of a role soon after so many events were recorded; return whether it lived.

    Events, not seconds: a machine that is busy takes many times as long.
    """
    pause_s = rng.uniform(0, 0.4)
    while command.poll() is None:
        if len(gluepy.journal()) >= event:
            time.sleep(pause_s)
            pid = find(command.pid, role, rng)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    return True
        time.sleep(0.01)
    return False


def torment(gluepy: Gluepy, seed: int, events: int, commands: list[int]) -> list[str]:
    """Run flight-delays, kill and resume it until it is through; return what was killed.

    Args:
        gluepy: The command.
        seed: Of all that is random.
        events: How many a run records that is left alone.
        commands: Gets the process ids of all commands.
    """
    rng = random.Random(seed)  # noqa: S311 - kills are no secrets
    role = ROLES[seed % len(ROLES)]
    executor = "processes" if role == "worker" else rng.choice(EXECUTORS)
    roles = ROLES if executor == "processes" else ROLES[:2]
    begin = ["dag", "flight-delays", "--executor", executor, "-j", "2"]
    kills = rng.randint(1, MOST_KILLS)
    killed: list[str] = []
    arguments = begin
    for _ in range(MOST_COMMANDS):
        command = gluepy.start(*arguments)
        commands.append(command.pid)
        if len(killed) < kills:
            recorded = len(gluepy.journal())
            event = recorded + rng.random() * 0.9 * (events - recorded)
            if kill_at(gluepy, command, role, int(event), rng):
                killed.append(role)
                role = rng.choice(roles)
        code = command.wait(PATIENCE_S)
        if code == 0:
            return killed
        if code == LOCKED:
            time.sleep(0.5)  # what was orphaned has a few seconds to stop in order
        # Killed early, it may have recorded nothing; then there is nothing to resume.
        arguments = begin if code == NOTHING_TO_RESUME else [*begin, "--resume"]
    raise AssertionError(f"not through after {killed}: {gluepy.stderr()}")


@pytest.fixture
def commands() -> Iterator[list[int]]:
    """Return a list for the process ids of commands; the test leaves nothing of them behind."""
    commands: list[int] = []
    yield commands
    for command in commands:
        for process in processes_of(command):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_run_is_resumed_to_the_same_outputs_and_tells_what_happened(
    seed: int,
    run: Run,
    gluepy: Gluepy,
    commands: list[int],
    outputs_of: Callable[[Path], dict[str, bytes]],
) -> None:
    killed = torment(gluepy, seed, len(run.journal), commands)

    shown = gluepy.run("runs", "show", "@last", "-f", "json")
    assert shown.returncode == 0, shown.stderr
    story = json.loads(shown.stdout)
    journal = [json.loads(line) for line in gluepy.journal()]
    outputs = outputs_of(Path(story["location"]))
    assert killed[:1] == [ROLES[seed % len(ROLES)]]
    assert [name for name, content in run.outputs.items() if outputs[name] != content] == []
    assert list(outputs) == list(run.outputs)
    assert_nothing_ran_twice(journal)
    assert_all_is_told(story, journal)
    assert wait_for_the_end(commands) == []


def assert_nothing_ran_twice(journal: list[dict[str, Any]]) -> None:
    """Check that no step was started again that had succeeded: all commands but one resumed."""
    succeeded: set[str] = set()
    for event in journal:
        if event["event"] == "started":
            assert event["step"] not in succeeded
        elif event["event"] == "ended" and event["outcome"] == "succeeded":
            succeeded.add(event["step"])


def assert_all_is_told(story: dict[str, Any], journal: list[dict[str, Any]]) -> None:
    """Check what is shown of a run: how its sessions ended, and every attempt of every step."""
    opened = [event["pid"] for event in journal if event["event"] == "opened"]
    assert story["status"] == "succeeded"
    assert [session["pid"] for session in story["sessions"]] == opened
    *before, last = [session["status"] for session in story["sessions"]]
    assert last == "succeeded"
    assert set(before) <= {"failed", "interrupted", "lost"}
    assert {step["status"] for step in story["steps"].values()} == {"succeeded"}
    # Every attempt has its end, those included that were going on when their process was killed.
    started = Counter(event["step"] for event in journal if event["event"] == "started")
    ended = Counter(event["step"] for event in journal if event["event"] == "ended")
    assert ended == started
    assert {label: step["attempts"] for label, step in story["steps"].items()} == dict(started)


def wait_for_the_end(commands: list[int]) -> list[int]:
    """Return the processes that commands have left behind and that do not end by themselves."""
    deadline = time.monotonic() + PATIENCE_S
    while left := [process.pid for command in commands for process in processes_of(command)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return left
