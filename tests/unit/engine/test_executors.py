from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from gluepy.engine.executors import BUILT_IN, SerialExecutor, ThreadsExecutor, count_cores
from gluepy.engine.processes import ProcessesExecutor
from gluepy.exceptions import ExecutorError
from gluepy.exec.records import ExecutorRequest, SettingsInfo


def request(workers: int | None = None, **settings: object) -> ExecutorRequest:
    return ExecutorRequest(workers=workers, settings=SettingsInfo(tuple(settings.items())))


@pytest.fixture
def threads() -> Iterator[ThreadsExecutor]:
    with ThreadsExecutor(2) as executor:
        yield executor


def work(begun: threading.Event, seen: list[str], *, seconds: float = 30.0) -> str:
    """Work until the time is up, or somebody interrupts."""
    end = time.monotonic() + seconds
    begun.set()
    try:
        while time.monotonic() < end:
            time.sleep(0.001)
    except KeyboardInterrupt:
        seen.append("interrupted")
        raise
    return "done"


# -- serial ----------------------------------------------------------------------------------------


def test_serial_calls_at_once_in_the_thread_that_submits() -> None:
    executor = SerialExecutor()

    future = executor.submit(threading.get_ident)

    assert future.done()
    assert future.result() == threading.get_ident()
    assert (executor.workers, executor.in_process) == (1, True)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(0), KeyboardInterrupt()])
def test_serial_keeps_whatever_a_call_raises(error: BaseException) -> None:
    def fail() -> None:
        raise error

    assert SerialExecutor().submit(fail).exception() is error


# -- threads ---------------------------------------------------------------------------------------


def test_threads_call_in_other_threads_of_this_process(threads: ThreadsExecutor) -> None:
    future = threads.submit(lambda word: (threading.get_ident(), os.getpid(), word), word="x")

    thread, pid, word = future.result(timeout=10)
    assert thread != threading.get_ident()
    assert (pid, word) == (os.getpid(), "x")
    assert (threads.workers, threads.in_process) == (2, True)
    assert not hasattr(threads, "kill")


def test_interrupt_reaches_the_thread_of_its_future_alone_and_once(
    threads: ThreadsExecutor,
) -> None:
    begun = [threading.Event(), threading.Event()]
    seen: list[str] = []
    victim = threads.submit(work, begun[0], seen)
    other = threads.submit(work, begun[1], seen, seconds=0.2)
    for event in begun:
        event.wait(10)

    threads.interrupt(victim)
    threads.interrupt(victim)

    assert isinstance(victim.exception(timeout=10), KeyboardInterrupt)
    assert other.result(timeout=10) == "done"
    assert seen == ["interrupted"]


def test_interrupt_of_what_has_ended_or_waits_does_nothing(threads: ThreadsExecutor) -> None:
    gate = threading.Event()
    running = [threads.submit(gate.wait, 10) for _ in range(2)]
    waiting = threads.submit(lambda: "later")

    threads.interrupt(waiting)
    gate.set()
    for future in running:
        future.result(timeout=10)
    threads.interrupt(running[0])

    assert waiting.result(timeout=10) == "later"
    assert threads.submit(lambda: "next").result(timeout=10) == "next"


def test_interrupt_that_comes_through_too_late_is_taken_back(threads: ThreadsExecutor) -> None:
    for _ in range(200):  # the end of the call and the interrupt meet at every moment
        begun = threading.Event()
        future = threads.submit(begun.set)
        begun.wait(10)
        threads.interrupt(future)
        future.exception(timeout=10)

        assert threads.submit(lambda: "sound").result(timeout=10) == "sound"


def test_threads_keep_whatever_a_call_raises(threads: ThreadsExecutor) -> None:
    error = threads.submit(sys.exit, 3).exception(timeout=10)

    assert isinstance(error, SystemExit)
    assert threads.submit(abs, -1).result(timeout=10) == 1


def test_threads_do_not_carry_out_what_is_cancelled(threads: ThreadsExecutor) -> None:
    gate, seen = threading.Event(), list[str]()
    running = [threads.submit(gate.wait, 10) for _ in range(2)]
    waiting = threads.submit(seen.append, "never")

    is_cancelled = waiting.cancel()
    gate.set()
    threads.shutdown()

    assert is_cancelled
    assert [future.result(timeout=0) for future in running] == [True, True]
    assert seen == []


@pytest.mark.parametrize("is_asked_to_cancel", [True, False])
def test_threads_end_with_shutdown(is_asked_to_cancel: bool) -> None:
    executor = ThreadsExecutor(2)
    begun, gate = threading.Barrier(3), threading.Event()
    running = [executor.submit(lambda: begun.wait(10) >= 0 and gate.wait(10)) for _ in range(2)]
    waiting = executor.submit(abs, -1)
    begun.wait(10)
    before = threading.active_count()

    executor.shutdown(wait=False, cancel_futures=is_asked_to_cancel)
    gate.set()
    executor.shutdown()

    assert [future.result(timeout=0) for future in running] == [True, True]
    assert waiting.cancelled() is is_asked_to_cancel
    assert threading.active_count() == before - 2
    with pytest.raises(RuntimeError, match=r"^cannot submit anything after shutdown\(\)$"):
        executor.submit(abs, -1)


def test_threads_are_started_when_they_are_needed_and_no_more_than_workers() -> None:
    with ThreadsExecutor(2) as executor:
        before = threading.active_count()
        for _ in range(5):
            executor.submit(abs, -1).result(timeout=10)

        assert threading.active_count() == before + 2


# -- factories -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "expected"), [(3, 3), (None, count_cores())])
@pytest.mark.parametrize("name", ["threads", "processes"])
def test_factories_take_the_number_of_workers_or_that_of_the_cores(
    name: str, workers: int | None, expected: int
) -> None:
    with BUILT_IN[name](request(workers)) as executor:
        assert executor.workers == expected  # type: ignore[attr-defined]  # ours have it


def test_serial_has_one_worker_whatever_is_asked_for() -> None:
    executor = BUILT_IN["serial"](request(3))

    assert isinstance(executor, SerialExecutor)
    assert executor.workers == 1


def test_processes_are_started_as_the_setting_says() -> None:
    with BUILT_IN["processes"](request(1, START_METHOD="spawn")) as executor:
        assert isinstance(executor, ProcessesExecutor)
        assert executor._context.get_start_method() == "spawn"


def test_start_method_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ExecutorError) as caught:
        BUILT_IN["processes"](request(1, START_METHOD="beam"))

    assert (caught.value.message, caught.value.hint) == (
        "the executor 'processes' cannot start workers by START_METHOD 'beam'",
        "Use one of: forkserver, spawn, fork.",
    )


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= count_cores() <= (os.cpu_count() or 1)
