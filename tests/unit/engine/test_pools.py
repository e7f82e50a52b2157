from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import pytest

from gluepy.engine.executors import SerialExecutor
from gluepy.engine.pools import Pool, _make_all, with_executor
from gluepy.exceptions import ExecutorError, SettingsError
from gluepy.exec.policy import StepPolicy
from gluepy.exec.records import ExecutorRequest, SettingsInfo

REQUEST = ExecutorRequest(workers=3, settings=SettingsInfo())


class Noted(Executor):
    """Notes what is asked of it."""

    def __init__(self, *abilities: str, workers: int | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        if workers is not None:
            self.workers = workers
        for name in abilities:
            setattr(self, name, lambda future, name=name: self.calls.append((name, future)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.calls.append(("shutdown", wait, cancel_futures))


def policy(executor: str = "", timeout_s: float | None = None) -> StepPolicy:
    return StepPolicy(retries=0, retry_delay_s=1.0, timeout_s=timeout_s, executor=executor, tags=())


def test_takes_the_smallest_item_while_there_is_a_free_place() -> None:
    pool: Pool[tuple[int]] = Pool("x", Noted(workers=2), 9)
    for number in (3, 1, 2):
        pool.add((number,))

    taken = []
    while (item := pool.take()) is not None:
        taken.append(item)
        pool.running += 1
    pool.running -= 1

    assert taken == [(1,), (2,)]
    assert pool.take() == (3,)
    assert pool.take() is None


@pytest.mark.parametrize(("of_executor", "expected"), [(5, 5), (0, 9), (None, 9)])
def test_number_of_workers_is_the_executors_or_that_which_was_asked_for(
    of_executor: int | None, expected: int
) -> None:
    assert Pool("x", Noted(workers=of_executor), 9).workers == expected


def test_abilities_are_found_by_what_an_executor_has() -> None:
    plain: Pool[Any] = Pool("x", Noted(), 1)
    killing: Pool[Any] = Pool("x", Noted("kill"), 1)
    serial: Pool[Any] = Pool("serial", SerialExecutor(), 1)

    assert (plain.can_kill, plain.is_in_process, plain.is_serial) == (False, False, False)
    assert killing.can_kill
    assert (serial.can_kill, serial.is_in_process, serial.is_serial) == (False, True, True)


@pytest.mark.parametrize(
    ("abilities", "calls"),
    [
        (("kill", "interrupt"), ["interrupt", "kill"]),
        (("kill",), ["kill", "kill"]),
        (("interrupt",), ["interrupt"]),
        ((), []),
    ],
)
def test_interrupt_kills_where_nothing_milder_is_possible(
    abilities: tuple[str, ...], calls: list[str]
) -> None:
    executor = Noted(*abilities)
    pool: Pool[Any] = Pool("x", executor, 1)
    future: Future[Any] = Future()

    pool.interrupt(future)
    pool.kill(future)

    assert executor.calls == [(name, future) for name in calls]


@pytest.mark.parametrize("is_stopping", [True, False])
def test_close_waits_and_cancels_what_waits_if_the_run_stops(is_stopping: bool) -> None:
    executor = Noted()

    Pool[Any]("x", executor, 1).close(is_stopping=is_stopping)

    assert executor.calls == [("shutdown", True, is_stopping)]


@pytest.mark.parametrize(
    ("own", "timeout_s", "expected"),
    [
        ("", None, "threads"),
        ("serial", None, "serial"),
        ("", 5.0, "processes"),
        ("serial", 5.0, "processes"),
        ("dask", 5.0, "dask"),
    ],
)
def test_step_that_may_have_to_be_ended_gets_a_process(
    own: str, timeout_s: float | None, expected: str
) -> None:
    assert with_executor(policy(own, timeout_s), "threads").executor == expected


def test_each_executor_is_made_once() -> None:
    made: list[ExecutorRequest] = []

    def factory(request: ExecutorRequest) -> Executor:
        made.append(request)
        return Noted()

    pools = _make_all(["a", "b", "a"], lambda _: factory, REQUEST)

    assert {name: pool.workers for name, pool in pools.items()} == {"a": 3, "b": 3}
    assert made == [REQUEST, REQUEST]


def test_executors_that_were_made_are_ended_when_another_cannot_be() -> None:
    first = Noted()

    def fail(request: ExecutorRequest) -> Executor:
        raise OSError("no licence")

    factories = {"first": lambda _: first, "second": fail}

    with pytest.raises(ExecutorError) as caught:
        _make_all(factories, factories.__getitem__, REQUEST)

    assert caught.value.message == ("the executor 'second' cannot be made: OSError: no licence")
    assert first.calls == [("shutdown", True, True)]


def test_error_of_our_kind_is_passed_on() -> None:
    def fail(request: ExecutorRequest) -> Executor:
        raise SettingsError("DASK_ADDRESS", "is missing")

    with pytest.raises(SettingsError):
        _make_all(["x"], lambda _: fail, REQUEST)


def test_what_is_no_executor_is_refused() -> None:
    with pytest.raises(ExecutorError) as caught:
        _make_all(["x"], lambda _: lambda _: 7, REQUEST)

    assert caught.value.message == "the executor 'x' is a int, which has no submit()"
