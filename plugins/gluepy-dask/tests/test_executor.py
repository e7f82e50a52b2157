"""The executor as such, in this process, on a standing cluster."""

from __future__ import annotations

import os
import pickle
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path

import pytest
from distributed import Client
from tests.conftest import Cluster

from gluepy import ExecutorRequest, SettingsInfo
from gluepy.exceptions import ExecutorError
from gluepy.testing.commands import wait_until
from gluepy_dask import make_executor
from gluepy_dask._errors import DaskWorkerLostError, NotBegunError, SchedulerLostError
from gluepy_dask._executor import DaskExecutor


def make(cluster: Cluster, workers: int | None = None, **settings: object) -> DaskExecutor:
    values = {"DASK_ADDRESS": cluster.address, "DASK_TIMEOUT_S": 10, **settings}
    info = SettingsInfo(tuple(values.items()))
    return make_executor(ExecutorRequest(workers=workers, settings=info))


@pytest.fixture
def executor(standing_cluster: Cluster) -> Iterator[DaskExecutor]:
    with Client(standing_cluster.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=30)  # one may have been killed just before
    one = make(standing_cluster)
    yield one
    one.shutdown()


# As source, because workers cannot import what is in a test.
NOTE_AND_WAIT = """
import os, time
with open(f"{folder}/begun", "a") as file:
    file.write(f"{name} {os.getpid()}\\n")
while not os.path.exists(f"{folder}/go-on"):
    time.sleep(0.01)
"""


def start(executor: DaskExecutor, folder: Path, name: str) -> Future[None]:
    return executor.submit(exec, NOTE_AND_WAIT, {"folder": str(folder), "name": name})


def begun(folder: Path) -> list[list[str]]:
    file = folder / "begun"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def fill(executor: DaskExecutor, folder: Path) -> list[Future[None]]:
    """Give both workers something to do, and wait until they do it."""
    futures = [start(executor, folder, name) for name in "ab"]
    wait_until(lambda: len(begun(folder)) == 2, "both workers")
    return futures


def test_carries_out_as_many_at_once_as_there_are_threads_or_as_are_asked_for(
    standing_cluster: Cluster, executor: DaskExecutor
) -> None:
    other = make(standing_cluster, workers=7)
    other.shutdown()

    assert (executor.workers, other.workers) == (2, 7)


def test_result_comes_back(executor: DaskExecutor) -> None:
    assert executor.submit(divmod, 7, 2).result(timeout=30) == (3, 1)
    assert executor.submit(int, "ff", base=16).result(timeout=30) == 255


def test_same_call_is_made_each_time(executor: DaskExecutor, tmp_path: Path) -> None:
    (tmp_path / "go-on").touch()

    wait([start(executor, tmp_path, "same") for _ in range(3)], timeout=30)

    assert len(begun(tmp_path)) == 3


def test_exception_comes_back(executor: DaskExecutor) -> None:
    with pytest.raises(ValueError, match=r"^invalid literal for int"):
        executor.submit(int, "x").result(timeout=30)


def test_exit_does_not_end_the_worker(executor: DaskExecutor) -> None:
    with pytest.raises(RuntimeError, match=r"^SystemExit: 3$"):
        executor.submit(exit, 3).result(timeout=30)


def test_worker_that_dies_takes_its_call_along_and_nobody_makes_it_again(
    executor: DaskExecutor, tmp_path: Path
) -> None:
    futures = fill(executor, tmp_path)
    name, pid = begun(tmp_path)[0]
    lost, other = futures if name == "a" else reversed(futures)

    os.kill(int(pid), signal.SIGKILL)

    with pytest.raises(DaskWorkerLostError, match=r"^the Dask worker tcp://127.0.0.1:\d+ was lost"):
        lost.result(timeout=30)
    (tmp_path / "go-on").touch()
    other.result(timeout=30)
    executor.submit(int).result(timeout=30)
    assert len(begun(tmp_path)) == 2


def test_kill_ends_the_process_of_a_call(executor: DaskExecutor, tmp_path: Path) -> None:
    futures = fill(executor, tmp_path)
    pids = {name: int(pid) for name, pid in begun(tmp_path)}

    executor.kill(futures[0])

    with pytest.raises(DaskWorkerLostError):
        futures[0].result(timeout=30)
    wait_until(lambda: not Path(f"/proc/{pids['a']}").exists(), "the end of the process")
    (tmp_path / "go-on").touch()
    futures[1].result(timeout=30)


def test_kill_ends_a_call_that_lets_nobody_else_have_a_word(executor: DaskExecutor) -> None:
    hog = executor.submit(re.match, "(a+)+$", "a" * 60 + "b")
    other = executor.submit(abs, -1)
    time.sleep(1)

    executor.kill(hog)

    with pytest.raises(DaskWorkerLostError):
        hog.result(timeout=30)
    assert other.result(timeout=30) == 1
    with Client(executor._address, set_as_default=False) as client:
        wait_until(lambda: len(client.nthreads()) == 2, "the next worker")


def test_call_waits_for_a_worker_that_comes_instead_of_queueing_behind_another(
    executor: DaskExecutor, tmp_path: Path
) -> None:
    executor.submit(abs, -1).result(timeout=30)  # such calls are short, Dask has learned
    futures = fill(executor, tmp_path)
    pid = int(begun(tmp_path)[0][1])

    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: any(future.done() for future in futures), "the loss")
    third = start(executor, tmp_path, "third")

    wait_until(lambda: len(begun(tmp_path)) == 3, "the next worker to begin")
    (tmp_path / "go-on").touch()
    third.result(timeout=30)


def test_interrupt_is_raised_in_the_call_and_the_worker_lives(
    executor: DaskExecutor, tmp_path: Path
) -> None:
    futures = fill(executor, tmp_path)
    pids = {name: int(pid) for name, pid in begun(tmp_path)}

    executor.interrupt(futures[0])
    executor.interrupt(futures[0])

    with pytest.raises(KeyboardInterrupt):
        futures[0].result(timeout=30)
    (tmp_path / "go-on").touch()
    futures[1].result(timeout=30)
    assert Path(f"/proc/{pids['a']}").exists()
    executor.interrupt(futures[1])  # is over: nothing happens
    assert executor.submit(os.getpid).result(timeout=30) in pids.values()


@pytest.mark.parametrize("way", ["kill", "interrupt"])
def test_call_that_nobody_has_begun_is_taken_back(
    executor: DaskExecutor, tmp_path: Path, way: str
) -> None:
    futures = fill(executor, tmp_path)
    third = start(executor, tmp_path, "third")

    getattr(executor, way)(third)

    with pytest.raises(NotBegunError):
        third.result(timeout=30)
    (tmp_path / "go-on").touch()
    wait(futures, timeout=30)
    assert sorted(name for name, _ in begun(tmp_path)) == ["a", "b"]


def test_shutdown_waits_for_what_runs_and_takes_back_what_does_not_if_asked(
    standing_cluster: Cluster, tmp_path: Path
) -> None:
    executor = make(standing_cluster)
    futures = fill(executor, tmp_path)
    third = start(executor, tmp_path, "third")
    threading.Timer(1.0, (tmp_path / "go-on").touch).start()

    executor.shutdown(cancel_futures=True)
    executor.shutdown()

    assert [future.exception(timeout=0) for future in futures] == [None, None]
    assert isinstance(third.exception(timeout=0), NotBegunError)


def test_shutdown_that_does_not_wait_lets_what_runs_end(
    standing_cluster: Cluster, tmp_path: Path
) -> None:
    executor = make(standing_cluster)
    futures = fill(executor, tmp_path)

    executor.shutdown(wait=False)

    assert not any(future.done() for future in futures)
    (tmp_path / "go-on").touch()
    assert [future.exception(timeout=30) for future in futures] == [None, None]
    wait_until(
        lambda: not any(one.name.startswith("gluepy-dask") for one in threading.enumerate()),
        "the end of the executor",
    )


def test_call_that_cannot_be_sent_is_refused_and_nothing_waits_for_it(
    executor: DaskExecutor,
) -> None:
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        executor.submit(lambda: 1)

    assert executor.submit(abs, -1).result(timeout=30) == 1


def test_workers_that_are_restarted_lose_their_calls_and_serve_the_next(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.start_scheduler()
    cluster.start_worker("one")
    with make(cluster) as executor, Client(cluster.address, set_as_default=False) as client:
        future = start(executor, tmp_path, "a")
        wait_until(lambda: begun(tmp_path), "the worker")

        client.restart(timeout=30)

        assert isinstance(future.exception(timeout=30), DaskWorkerLostError)
        assert executor.submit(abs, -1).result(timeout=30) == 1


def test_nothing_is_left_at_the_scheduler(standing_cluster: Cluster) -> None:
    def count(dask_scheduler: object) -> tuple[int, int]:
        queues = dask_scheduler.extensions["queues"].queues  # type: ignore[attr-defined]
        tasks = dask_scheduler.tasks  # type: ignore[attr-defined]
        return len(queues), len(tasks)

    with (
        Client(standing_cluster.address, set_as_default=False) as client,
        make(standing_cluster) as executor,
    ):
        # Coordinators that were killed have left something, and so may tests that just ended.
        queues, tasks = client.run_on_scheduler(count)

        for number in range(queues + tasks + 5):
            executor.submit(abs, number).result(timeout=30)

        wait_until(lambda: client.run_on_scheduler(count) <= (queues, tasks), "a tidy scheduler")


def test_cluster_without_workers_is_refused(cluster: Cluster) -> None:
    cluster.start_scheduler()

    with pytest.raises(ExecutorError, match=r"finds no worker at 'tcp://.*' within 0.5 s$"):
        make(cluster, DASK_TIMEOUT_S=0.5)


def test_workers_may_come_later_where_their_number_is_given(cluster: Cluster) -> None:
    cluster.start_scheduler()

    with make(cluster, workers=1) as executor:
        future = executor.submit(abs, -3)
        cluster.start_worker("late")

        assert future.result(timeout=30) == 3


def test_scheduler_that_is_gone_is_told_at_once(cluster: Cluster) -> None:
    cluster.start_scheduler()
    cluster.start_worker("one")
    executor = make(cluster)
    future = executor.submit(time.sleep, 60)

    cluster.kill("scheduler")

    with pytest.raises(SchedulerLostError):
        future.result(timeout=30)
    with pytest.raises(SchedulerLostError) as caught:
        executor.submit(abs, -3)
    executor.shutdown()
    assert caught.value.message == f"the Dask scheduler at '{cluster.address}' was lost"
    assert caught.value.hint == "Start it again, with workers, and resume the run."
