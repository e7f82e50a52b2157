"""Without an address a run starts a cluster of its own, which ends with it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from tests.conftest import Pipelines

from gluepy.testing.commands import wait_until


def wait_for_work(pipelines: Pipelines) -> None:
    wait_until(lambda: {words[1] for words in pipelines.notes("beat")} == {"AA", "BB"}, "work")


def processes_of(session: int) -> list[psutil.Process]:
    """Return what runs in a session, but what waits to be buried."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def test_steps_run_in_processes_of_their_own(pipelines: Pipelines) -> None:
    pipelines.go_on()

    done = pipelines.dag("training", "-j", "2")

    assert done.code == 0, done.err
    assert set(map(tuple, pipelines.ends().values())) == {("succeeded",)}
    assert "distributed" not in done.err


def test_cluster_listens_on_loopback_only_and_leaves_nothing_behind(pipelines: Pipelines) -> None:
    command = pipelines.start("dag", "training", "--executor", "dask", "-j", "2")
    wait_for_work(pipelines)

    hosts = {
        connection.laddr.ip
        for process in processes_of(command.pid)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    pipelines.go_on()
    done = command.wait()

    assert done.code == 0, done.err
    assert hosts == {"127.0.0.1"}
    assert processes_of(command.pid) == []


def test_ctrl_c_in_a_terminal_ends_the_run_in_order(pipelines: Pipelines) -> None:
    command = pipelines.start("dag", "training", "--executor", "dask", "-j", "2")
    wait_for_work(pipelines)

    for process in processes_of(command.pid):  # a terminal sends it to all
        process.send_signal(signal.SIGINT)
    done = command.wait()

    assert done.code == 130, done.err
    assert pipelines.ends() == {
        "load": ["succeeded"],
        "train[AA]": ["interrupted"],
        "train[BB]": ["interrupted"],
    }
    assert processes_of(command.pid) == []

    pipelines.go_on()
    again = pipelines.dag("training", "-j", "2", "--resume")

    assert again.code == 0, again.err
    assert len(pipelines.notes("load")) == 1


def test_worker_that_is_killed_is_replaced_and_the_step_tried_again_as_the_run_says(
    pipelines: Pipelines,
) -> None:
    command = pipelines.start(
        *("dag", "training", "--executor", "dask", "-j", "2"),
        *("--retries", "1", "--retry-delay", "0.1"),
    )
    wait_for_work(pipelines)
    first = pipelines.notes("train")

    os.kill(int(first[0][2]), signal.SIGKILL)
    wait_until(lambda: len(pipelines.notes("train")) == 3, "the second attempt")
    pipelines.go_on()
    done = command.wait()

    assert done.code == 0, done.err
    assert pipelines.ends()[f"train[{first[0][1]}]"] == ["lost", "succeeded"]
    assert pipelines.ends()[f"train[{first[1][1]}]"] == ["succeeded"]
    assert "distributed" not in done.err


def test_nothing_outlives_a_coordinator_that_is_killed(pipelines: Pipelines) -> None:
    command = pipelines.start("dag", "training", "--executor", "dask", "-j", "2")
    wait_for_work(pipelines)
    (coordinator,) = psutil.Process(command.pid).children()

    coordinator.kill()
    done = command.wait()

    assert done.code == 1
    wait_until(lambda: processes_of(command.pid) == [], "the end of all")
    assert pipelines.ends()["train[AA]"] == ["lost"]


@pytest.mark.parametrize(
    ("env", "error"),
    [
        (
            {"GLUEPY_DASK_ADDRESS": "tcp://127.0.0.1:1", "GLUEPY_DASK_TIMEOUT_S": "1"},
            "the executor 'dask' cannot reach the scheduler at 'tcp://127.0.0.1:1'",
        ),
        (
            {"GLUEPY_DASK_ADDRESS": "nonsense://x"},
            "the executor 'dask' cannot reach the scheduler at 'nonsense://x'",
        ),
        (
            {"GLUEPY_DASK_TIMEOUT_S": "soon"},
            "the executor 'dask' needs seconds as DASK_TIMEOUT_S, not 'soon'",
        ),
    ],
)
def test_what_cannot_work_is_one_sentence_and_nothing_is_written(
    pipelines: Pipelines, env: dict[str, str], error: str
) -> None:
    done = pipelines.dag("loading", **env)

    assert done.code == 2, done.err
    assert f"Error: {error}" in done.err
    assert "Traceback" not in done.err
    assert list(Path(pipelines.folder).iterdir()) == []
