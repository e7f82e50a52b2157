"""The loop: its order, its outcomes, and what it tells whom."""

from __future__ import annotations

import contextvars
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gluepy import RunInfo, RunReport, SkipTask, Task, TaskInfo, TaskOutcome, hookimpl
from gluepy.engine.executors import SerialExecutor, ThreadsExecutor
from gluepy.engine.loop import Loop
from gluepy.engine.messages import Logged, Reply
from gluepy.engine.pools import Pool
from gluepy.engine.signals import StopRequest
from gluepy.engine.terms import Terms
from gluepy.engine.tracking import RunTracking
from gluepy.engine.worker import Workplace, open_place
from gluepy.exceptions import StorageWriteError, WorkerLostError
from gluepy.exec.plan import Plan, PlannedTask
from gluepy.exec.policy import policy_of
from gluepy.exec.selection import Choice
from gluepy.files.storages.memory import MemoryStorage
from gluepy.ops.backend import LoggingOpsBackend
from gluepy.plugin.manager import Hooks
from gluepy.runs.record import Opening, RunRecord, load_state
from gluepy.runs.state import RunState

RUN = RunInfo(
    run_id="1",
    dag="training",
    folder="runs/1",
    location="/data/runs/1",
    steps=(),
    started_at=datetime(2026, 11, 22, tzinfo=UTC),
    host="host",
    pid=os.getpid(),
)

Act = Callable[[str], None]
Body = Callable[[Any], object]


class Observer:
    """Notes all calls; ``act`` may do something at one of them."""

    def __init__(self, act: Act = lambda _: None) -> None:
        self.calls: list[str] = []
        self.tasks: list[TaskInfo] = []
        self.outcomes: list[TaskOutcome] = []
        self._act = act

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self._act(call)

    @hookimpl
    def before_task(self, task: TaskInfo) -> None:
        self.tasks.append(task)
        self._note(f"before {task.label}")

    @hookimpl
    def after_task(self, task: TaskInfo, outcome: TaskOutcome) -> None:
        self.outcomes.append(outcome)
        self._note(f"after {task.label}: {outcome.status}")

    @hookimpl
    def on_metric(self, task: TaskInfo | None, name: str, value: float) -> None:
        self._note(f"metric {name}={value} of {task.label if task else 'nothing'}")


def nothing(task: Any) -> None:
    """Do nothing, as a task may."""


def planned(
    label: str,
    body: Body = nothing,
    *,
    after: tuple[int, ...] = (),
    partitions: Any = ("",),
    is_evaluation: bool = False,
    **options: Any,
) -> PlannedTask:
    """Return a task of a plan; its partitions are a tuple, or a method for later."""
    content = {"run": body, "__module__": __name__, "label": label, **options}
    if callable(partitions):
        content["partitions"] = partitions
    kind = type(Task)
    cls = kind.__call__(kind, label, (Task,), content, abstract=True)
    known = None if callable(partitions) else partitions
    return PlannedTask(label, cls, after, known, is_evaluation)


class Bench:
    """Runs plans with one observer, and keeps everything there is to look at."""

    def __init__(self, info: RunInfo, act: Act = lambda _: None) -> None:
        self.observer = Observer(lambda call: self.act(call))  # noqa: PLW0108 - may be another
        self.act = act
        self.hooks = Hooks()
        self.hooks.add(self.observer, "observer", "tests")
        self.info = info
        self.storage = MemoryStorage()
        self.stop = StopRequest(lambda: self.loop.wake())  # noqa: PLW0108 - made later
        self.tracked: list[Logged] = []
        self.tracking = RunTracking(
            lambda task, entry: self.loop.note(task, entry),  # noqa: PLW0108 - as above
            LoggingOpsBackend,
            lambda: self.record.metrics,
        )
        self.record: RunRecord
        self.loop: Loop

    @property
    def calls(self) -> list[str]:
        """What the observer was told."""
        return self.observer.calls

    def run(
        self,
        *tasks: PlannedTask,
        executors: Mapping[str, Executor] | None = None,
        record: type[RunRecord] = RunRecord,
        workers: int = 2,
        clock: Callable[[], float] = time.perf_counter,
        **terms: Any,
    ) -> RunReport:
        """Run tasks: each by the executor that it names, or else by the first there is."""
        plan = Plan("training", tasks)
        info = replace(self.info, steps=plan.labels)
        pools: dict[str, Pool[Any]] = {
            name: Pool(name, executor, workers)
            for name, executor in (executors or {"serial": SerialExecutor()}).items()
        }
        policies = [policy_of(one.task) for one in tasks]
        place = self._place(info, tasks)
        with record.open(self.storage, Opening(run=info, mode="new")) as opened:
            self.record = opened
            opened.planned(plan.labels)
            self.loop = Loop(
                plan,
                info,
                self.hooks,
                opened,
                Terms(
                    pools=pools,
                    policies=[
                        replace(one, executor=one.executor or next(iter(pools))) for one in policies
                    ],
                    carry_out=place.carry_out,
                    key="bench",
                    track=self.tracked.append,
                    **terms,
                ),
                stop=self.stop,
                rng=random.Random(1),  # noqa: S311 - no secret
                clock=clock,
            )
            with open_place("bench", place):
                report = self.loop.run()
            opened.flush()
            for pool in pools.values():
                pool.close(is_stopping=True)
        return report

    def _place(self, info: RunInfo, tasks: Sequence[PlannedTask]) -> Workplace:
        classes = {one.label: one.task for one in tasks}
        return Workplace(
            replace(info, steps=()),
            self.hooks,
            self.tracking,
            find_task=lambda task: classes[task.label.partition("[")[0]],
            scope=contextvars.copy_context(),
        )


@pytest.fixture
def bench(info: RunInfo) -> Bench:
    return Bench(info)


def fail(task: Task) -> None:
    raise ValueError("no")


def skip(task: Task) -> None:
    raise SkipTask("nothing new")


def interrupt(task: Task | None = None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def fail_until(attempt: int) -> Body:
    """Return a task that fails until its attempt of that number."""
    attempts: list[int] = []

    def run(task: Task) -> None:
        attempts.append(1)
        if len(attempts) < attempt:
            raise ValueError(f"attempt {len(attempts)}")

    return run


def threads(workers: int = 2) -> Mapping[str, Executor]:
    return {"threads": ThreadsExecutor(workers)}


def reasons(report: RunReport) -> dict[str, str]:
    return {step.label: step.reason for step in report.steps if step.reason}


class Far(Executor):
    """Stands for an executor elsewhere: a step goes on until it is killed, or as a test says.

    Args:
        submitted: Is told each future, and may end it.
    """

    def __init__(self, submitted: Callable[[Future[Reply], TaskInfo], None]) -> None:
        self._submitted = submitted
        self.killed: list[Future[Reply]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._submitted(future, args[0].task)
        return future

    def kill(self, future: Future[Any]) -> None:
        self.killed.append(future)
        future.set_exception(WorkerLostError("was killed by SIGKILL", 7))


def reply(future: Future[Reply], task: TaskInfo) -> None:
    """Let a step have succeeded, with a metric."""
    end = TaskOutcome(
        status="succeeded", seconds=1.0, started_at=RUN.started_at, host="there", pid=7
    )
    future.set_result(Reply(end, (Logged("metric", "mape", 1.5, RUN.started_at),)))


def never(future: Future[Reply], task: TaskInfo) -> None:
    """Let a step go on for ever."""


class Clock:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# -- order -------------------------------------------------------------------------------------


def test_hooks_of_steps_are_called_in_order_once_each(bench: Bench) -> None:
    report = bench.run(planned("a"), planned("b", after=(0,)))

    assert (report.status, report.signal) == ("succeeded", 0)
    assert [one.label for one in report.steps] == ["a", "b"]
    assert bench.calls == ["before a", "after a: succeeded", "before b", "after b: succeeded"]


def test_observers_know_all_about_an_attempt(bench: Bench) -> None:
    bench.run(
        planned("a", partitions=("x", "y"), tags=["slow"]),
        planned("b", after=(0,), is_evaluation=True),
        sources_of=lambda cls: (f"{cls.__name__} 1.0",),
    )

    assert bench.observer.tasks == [
        TaskInfo(
            label=f"a[{name}]",
            task=f"{__name__}:a",
            index=index,
            sources=("a 1.0",),
            partition=name,
            tags=("slow",),
        )
        for index, name in ((1, "x"), (2, "y"))
    ] + [TaskInfo(label="b", task=f"{__name__}:b", index=3, is_evaluation=True, sources=("b 1.0",))]


def test_steps_without_a_word_on_their_order_keep_that_of_the_plan(bench: Bench) -> None:
    bench.run(*(planned(label) for label in "cab"))

    assert [task.label for task in bench.observer.tasks] == ["c", "a", "b"]


def test_steps_run_at_once_as_far_as_there_are_workers(bench: Bench) -> None:
    meeting, running, most = threading.Barrier(2, timeout=10), [0], [0]

    def meet(task: Task) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        meeting.wait()
        running[0] -= 1
        meeting.wait()

    report = bench.run(*(planned(label, meet) for label in "abcd"), executors=threads(2))

    assert report.status == "succeeded"
    assert most == [2]


def test_partitions_are_steps_that_the_next_task_waits_for(bench: Bench) -> None:
    seen: list[str] = []

    bench.run(
        planned("a", lambda task: seen.append(task.partition), partitions=("x", "y", "z")),
        planned("b", lambda task: seen.append("b"), after=(0,)),
        executors=threads(3),
    )

    assert sorted(seen[:3]) == ["x", "y", "z"]
    assert seen[3:] == ["b"]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_step_starts_before_all_that_it_waits_for(data: st.DataObject) -> None:
    tasks, failing = [], set()
    for place in range(data.draw(st.integers(1, 8))):
        upstream = data.draw(st.sets(st.integers(0, place - 1))) if place else set()
        if data.draw(st.booleans()) and place % 3 == 2:
            failing.add(place)
        tasks.append(
            planned(
                str(place), fail if place in failing else nothing, after=tuple(sorted(upstream))
            )
        )
    bench = Bench(RUN)

    report = bench.run(*tasks, executors=threads(3), keep_going=True)

    good = {label for label, end in report.outcomes().items() if end.status == "succeeded"}
    for place, task in enumerate(tasks):
        before = [f"after {up}: succeeded" for up in task.upstream]
        if f"before {place}" in bench.calls:
            so_far = bench.calls[: bench.calls.index(f"before {place}")]
            assert set(before) <= set(so_far)
        has_to_run = all(str(up) in good for up in task.upstream)
        assert (str(place) in report.outcomes()) == has_to_run
    assert (report.status == "succeeded") == (len(good) == len(tasks))


# -- failures ----------------------------------------------------------------------------------


def test_nothing_starts_after_a_failure(bench: Bench) -> None:
    report = bench.run(planned("a", fail), planned("b"))

    assert report.status == "failed"
    assert report.steps[1].outcome is None
    assert reasons(report) == {"b": "the run had failed"}
    assert bench.calls == ["before a", "after a: failed"]


def test_steps_that_run_when_another_fails_are_let_end(bench: Bench) -> None:
    has_failed = threading.Event()

    bench.act = lambda call: has_failed.set() if call == "after a: failed" else None

    report = bench.run(
        planned("a", fail),
        planned("b", lambda _: has_failed.wait(10)),
        planned("c"),
        executors=threads(2),
    )

    assert report.outcomes()["b"].status == "succeeded"
    assert reasons(report) == {"c": "the run had failed"}


def test_run_that_keeps_going_leaves_out_only_what_needs_the_failure(bench: Bench) -> None:
    report = bench.run(
        planned("a", fail),
        planned("b"),
        planned("c", after=(0,)),
        planned("d", after=(2,)),
        planned("e", after=(1,)),
        keep_going=True,
    )

    assert report.status == "failed"
    assert reasons(report) == {"c": "it needs 'a'", "d": "it needs 'a'"}
    assert {label: end.status for label, end in report.outcomes().items()} == {
        "a": "failed",
        "b": "succeeded",
        "e": "succeeded",
    }


def test_partition_that_failed_is_named_as_the_reason(bench: Bench) -> None:
    def fail_for_x(task: Task) -> None:
        if task.partition == "x":
            raise ValueError("no")

    report = bench.run(
        planned("a", fail_for_x, partitions=("w", "x", "y")),
        planned("b", after=(0,)),
        keep_going=True,
    )

    assert reasons(report) == {"b": "it needs 'a[x]'"}
    assert report.outcomes()["a[y]"].status == "succeeded"


def test_skipped_step_does_not_stop_the_run(bench: Bench) -> None:
    report = bench.run(planned("a", skip), planned("b", after=(0,)))

    assert report.status == "succeeded"
    assert bench.calls[1:3] == ["after a: skipped", "before b"]


# -- retries -----------------------------------------------------------------------------------


def test_failed_step_is_tried_again(bench: Bench) -> None:
    report = bench.run(planned("a", fail_until(3), retries=2, retry_delay_s=0.01), planned("b"))

    assert report.status == "succeeded"
    assert [(task.label, task.attempt) for task in bench.observer.tasks] == [
        ("a", 1),
        ("b", 1),
        ("a", 2),
        ("a", 3),
    ]
    assert load_state(bench.storage, bench.info.folder).steps["a"].attempts == 3


def test_last_of_all_tries_is_the_one_that_counts(bench: Bench) -> None:
    report = bench.run(planned("a", fail_until(9), retries=1, retry_delay_s=0.0), planned("b"))

    assert report.status == "failed"
    assert report.outcomes()["a"].error == "ValueError: attempt 2"


def test_step_that_waits_for_another_try_does_not_start_after_a_failure(bench: Bench) -> None:
    report = bench.run(
        planned("a", fail_until(2), retries=1, retry_delay_s=60.0), planned("b", fail)
    )

    assert report.status == "failed"
    assert report.outcomes()["a"].error == "ValueError: attempt 1"


def test_other_steps_run_while_one_waits_for_another_try(bench: Bench) -> None:
    report = bench.run(
        planned("a", fail_until(2), retries=1, retry_delay_s=0.05),
        planned("b", lambda _: time.sleep(0.1)),
        executors=threads(2),
    )

    assert report.status == "succeeded"


# -- executors ---------------------------------------------------------------------------------


def test_step_that_takes_too_long_is_killed(bench: Bench) -> None:
    far = Far(never)

    report = bench.run(planned("a", timeout_s=0.05), executors={"far": far})

    end = report.outcomes()["a"]
    assert (end.status, end.error) == ("timed-out", "it took longer than its timeout_s, 0.05 s")
    assert end.seconds >= 0.05
    assert len(far.killed) == 1


def test_step_that_took_too_long_is_tried_again(bench: Bench) -> None:
    far = Far(never)

    report = bench.run(
        planned("a", timeout_s=0.02, retries=1, retry_delay_s=0.0), executors={"far": far}
    )

    assert report.status == "failed"
    assert len(far.killed) == 2


def test_step_in_time_is_left_alone_while_another_is_killed(bench: Bench) -> None:
    futures: dict[str, Future[Reply]] = {}
    far = Far(lambda future, task: futures.update({task.label: future}))
    bench.act = lambda call: (
        futures["b"].set_result(Reply(replace(bench.observer.outcomes[0], status="succeeded")))
        if call == "after a: timed-out"
        else None
    )

    report = bench.run(
        planned("a", timeout_s=0.02),
        planned("b", timeout_s=60.0),
        planned("c"),
        executors={"far": far},
    )

    assert report.outcomes()["b"].status == "succeeded"
    assert far.killed == [futures["a"]]


def raise_here(error: BaseException) -> Callable[[Future[Reply], TaskInfo], None]:
    def submitted(future: Future[Reply], task: TaskInfo) -> None:
        raise error

    return submitted


def raise_there(error: BaseException) -> Callable[[Future[Reply], TaskInfo], None]:
    return lambda future, task: future.set_exception(error)


LOST = WorkerLostError("was killed by SIGKILL", 7)


@pytest.mark.parametrize(
    ("submitted", "status", "error", "hint"),
    [
        (raise_there(LOST), "lost", LOST.message, LOST.hint),
        (raise_there(OSError("no")), "lost", "the executor 'far' lost it: OSError: no", ""),
        (raise_here(OSError("no")), "lost", "the executor 'far' lost it: OSError: no", ""),
        (
            lambda future, task: future.cancel(),
            "lost",
            "the executor 'far' lost it: CancelledError",
            "",
        ),
        (raise_there(KeyboardInterrupt()), "interrupted", "KeyboardInterrupt", ""),
    ],
)
def test_step_that_an_executor_loses_is_told_from_one_that_fails(
    bench: Bench, submitted: Any, status: str, error: str, hint: str
) -> None:
    report = bench.run(planned("a"), executors={"far": Far(submitted)})

    end = report.outcomes()["a"]
    assert (end.status, end.error, end.hint) == (status, error, hint)
    assert report.status == ("interrupted" if status == "interrupted" else "failed")
    assert load_state(bench.storage, bench.info.folder).steps["a"].status == status


def test_lost_step_is_tried_again(bench: Bench) -> None:
    ends = [raise_there(LOST), raise_there(LOST), raise_there(KeyboardInterrupt())]
    far = Far(lambda future, task: ends[task.attempt - 1](future, task))

    bench.run(planned("a", retries=5, retry_delay_s=0.0), executors={"far": far})

    assert [end.status for end in bench.observer.outcomes] == ["lost", "lost", "interrupted"]


def test_executor_that_takes_no_step_is_not_asked_again(bench: Bench) -> None:
    bench.run(planned("a", retries=5), executors={"far": Far(raise_here(OSError("no")))})

    assert bench.calls == ["before a", "after a: lost"]


def test_each_task_has_the_executor_that_it_names(bench: Bench) -> None:
    names: list[str] = []
    note = lambda _: names.append(threading.current_thread().name)  # noqa: E731 - a body

    bench.run(
        planned("a", note),
        planned("b", note, executor="threads", after=(0,)),
        executors={"serial": SerialExecutor(), **threads()},
    )

    assert names[0] == threading.main_thread().name
    assert names[1].startswith("gluepy-step")


class Attended(Far):
    """An executor whose steps are carried out while somebody waits with it, one at a time."""

    def __init__(self, at_wait: Callable[[], None] = lambda: None) -> None:
        super().__init__(self._note)
        self._calls: list[tuple[Future[Reply], TaskInfo]] = []
        self._at_wait = at_wait
        self.waits: list[float] = []
        self.wakes = 0

    def _note(self, future: Future[Reply], task: TaskInfo) -> None:
        self._calls.append((future, task))

    def attend(self, timeout_s: float) -> None:
        self.waits.append(timeout_s)
        self._at_wait()
        if self._calls:
            reply(*self._calls.pop(0))

    def wake(self) -> None:
        self.wakes += 1


def test_run_waits_with_its_only_executor_if_that_can_be(bench: Bench) -> None:
    far = Attended()

    report = bench.run(*map(planned, "ab"), executors={"far": far})

    assert report.status == "succeeded"
    assert len(far.waits) == 2
    assert all(0 < timeout_s < 1 for timeout_s in far.waits)


def test_run_with_several_executors_waits_with_none_of_them(bench: Bench) -> None:
    far = Attended()
    threading.Timer(0.1, far.attend, (0,)).start()

    report = bench.run(
        planned("a", executor="far"),
        planned("b", executor="serial", after=(0,)),
        executors={"far": far, "serial": SerialExecutor()},
    )

    assert report.status == "succeeded"
    assert far.waits == [0]


def test_executor_that_a_run_waits_with_is_woken_by_what_others_log(bench: Bench) -> None:
    entry = Logged("metric", "mape", 1.0, datetime.now(UTC))

    def log_elsewhere() -> None:
        thread = threading.Thread(target=lambda: bench.loop.note(None, entry))
        thread.start()
        thread.join()

    far = Attended(log_elsewhere)

    bench.run(planned("a"), executors={"far": far})

    assert far.wakes == 1
    assert "metric mape=1.0 of nothing" in bench.calls


# -- signals -----------------------------------------------------------------------------------


def test_interrupt_of_a_task_stops_the_run(bench: Bench) -> None:
    def raise_it(task: Task) -> None:
        raise KeyboardInterrupt

    report = bench.run(planned("a", raise_it), planned("b"))

    assert (report.status, report.signal) == ("interrupted", signal.SIGINT)
    assert reasons(report) == {"b": "the run was asked to stop"}
    assert bench.calls == ["before a", "after a: interrupted"]


def test_interrupted_step_is_not_tried_again(bench: Bench) -> None:
    def raise_it(task: Task) -> None:
        raise KeyboardInterrupt

    bench.run(planned("a", raise_it, retries=3))

    assert bench.calls == ["before a", "after a: interrupted"]


@pytest.mark.parametrize("moment", ["before a", "after a: succeeded"])
def test_signal_between_tasks_stops_the_run(info: RunInfo, moment: str) -> None:
    bench = Bench(info, lambda call: interrupt() if call == moment else None)

    with bench.stop.listening():
        report = bench.run(planned("a"), planned("b"))

    assert (report.status, report.signal) == ("interrupted", signal.SIGTERM)
    assert list(report.outcomes()) == ["a"]


def test_signal_after_the_last_task_does_not_spoil_the_run(info: RunInfo) -> None:
    bench = Bench(info, lambda call: interrupt() if call == "after a: succeeded" else None)

    with bench.stop.listening():
        assert bench.run(planned("a")).status == "succeeded"


def test_interrupt_that_an_observer_lets_out_stops_the_run(info: RunInfo) -> None:
    def raise_it(call: str) -> None:
        if call == "before a":
            raise KeyboardInterrupt

    report = Bench(info, raise_it).run(planned("a"), planned("b"))

    assert report.status == "interrupted"
    assert list(report.outcomes()) == ["a"]


def test_failure_with_a_signal_is_a_failure(info: RunInfo) -> None:
    bench = Bench(info, lambda call: interrupt() if call == "after a: failed" else None)

    with bench.stop.listening():
        assert bench.run(planned("a", fail), planned("b")).status == "failed"


def test_signal_interrupts_what_runs_in_threads(bench: Bench) -> None:
    def wait(task: Task) -> None:
        interrupt()
        for _ in range(1000):
            time.sleep(0.01)

    with bench.stop.listening():
        report = bench.run(planned("a", wait), planned("b", after=(0,)), executors=threads())

    assert (report.status, report.signal) == ("interrupted", signal.SIGTERM)
    assert report.outcomes()["a"].status == "interrupted"


def test_signal_kills_what_cannot_be_interrupted(bench: Bench) -> None:
    far = Far(lambda future, task: interrupt())

    with bench.stop.listening():
        report = bench.run(planned("a"), executors={"far": far})

    end = report.outcomes()["a"]
    assert report.status == end.status == "interrupted"
    assert end.error == "it was ended, because the run was asked to stop"


def test_step_that_does_not_heed_an_interrupt_is_killed_in_the_end(bench: Bench) -> None:
    clock = Clock()

    class Deaf(Far):
        def interrupt(self, future: Future[Any]) -> None:
            clock.now += 60

    far = Deaf(lambda future, task: interrupt())

    with bench.stop.listening():
        report = bench.run(planned("a"), executors={"far": far}, clock=clock)

    assert report.outcomes()["a"].status == "interrupted"
    assert len(far.killed) == 1


# -- what tasks log ----------------------------------------------------------------------------


def log(name: str, value: float) -> Body:
    return lambda task: task.bench.tracking.log_metric(name, value)


@pytest.mark.parametrize("executor", [SerialExecutor(), ThreadsExecutor(2)])
def test_metrics_are_recorded_and_told_with_their_task(bench: Bench, executor: Executor) -> None:
    report = bench.run(planned("a", log("mape", 1), bench=bench), executors={"any": executor})

    assert report.metrics == (("mape", 1.0),)
    assert bench.calls == ["before a", "metric mape=1.0 of a", "after a: succeeded"]
    assert [entry.arguments for entry in bench.tracked] == [("mape", 1.0, None)]
    assert load_state(bench.storage, bench.info.folder).metrics == {"mape": 1.0}


def test_what_is_no_metric_is_tracked_and_not_told(bench: Bench) -> None:
    bench.run(planned("a", lambda task: bench.tracking.log_param("depth", 4)))

    assert bench.calls == ["before a", "after a: succeeded"]
    assert [entry.kind for entry in bench.tracked] == ["param"]
    assert load_state(bench.storage, bench.info.folder).params == {"depth": 4}


def test_metrics_come_from_other_processes_with_the_reply(bench: Bench) -> None:
    report = bench.run(planned("a"), executors={"far": Far(reply)})

    assert report.metrics == (("mape", 1.5),)
    assert bench.calls == ["before a", "metric mape=1.5 of a", "after a: succeeded"]
    assert report.outcomes()["a"].host == "there"


def test_metric_of_no_task_is_told_as_such(info: RunInfo) -> None:
    bench = Bench(info)
    bench.act = lambda call: (
        bench.loop.note(None, Logged("metric", "m", 2.0, info.started_at))
        if call == "before a"
        else None
    )

    bench.run(planned("a"))

    assert "metric m=2.0 of nothing" in bench.calls


# -- what is done already, and partitions that become known ------------------------------------


def test_steps_that_are_done_do_not_run_again(bench: Bench) -> None:
    report = bench.run(
        planned("a"),
        planned("b", after=(0,), partitions=("x", "y")),
        planned("c", after=(1,)),
        done=("a", "b[x]"),
    )

    assert report.status == "succeeded"
    assert [(step.label, step.is_done) for step in report.steps] == [
        ("a", True),
        ("b[x]", True),
        ("b[y]", False),
        ("c", False),
    ]
    assert [task.label for task in bench.observer.tasks] == ["b[y]", "c"]


def test_partitions_are_asked_for_when_the_task_is_ready(bench: Bench) -> None:
    files: list[str] = []

    report = bench.run(
        planned("a", lambda _: files.extend("xy")),
        planned("b", after=(0,), partitions=lambda task: files),
        planned("c", after=(1,)),
    )

    assert [step.label for step in report.steps] == ["a", "b[x]", "b[y]", "c"]
    assert [(task.label, task.index) for task in bench.observer.tasks] == [
        ("a", 1),
        ("b[x]", 2),
        ("b[y]", 2),
        ("c", 3),
    ]
    state = load_state(bench.storage, bench.info.folder)
    assert state.expansions == {"b": ("x", "y")}


def test_task_without_any_partition_is_complete(bench: Bench) -> None:
    report = bench.run(planned("a", partitions=lambda task: []), planned("b", after=(0,)))

    assert report.status == "succeeded"
    assert [step.label for step in report.steps] == ["b"]


def test_partitions_that_are_known_are_not_asked_for_again(bench: Bench) -> None:
    def never_asked(task: Task) -> list[str]:
        raise AssertionError

    report = bench.run(
        planned("a", partitions=never_asked), done=("a[x]",), expansions={"a": ("x", "y")}
    )

    assert report.status == "succeeded"
    assert [task.label for task in bench.observer.tasks] == ["a[y]"]


def test_known_partitions_are_restricted_to_those_selected(bench: Bench) -> None:
    one = planned("a", partitions=lambda task: ["x", "y"])

    report = bench.run(one._replace(only=Choice(frozenset(["a[y]"]))), expansions={"a": ("x", "y")})

    assert list(report.outcomes()) == ["a[y]"]


def test_method_that_raises_fails_its_task_as_a_whole(bench: Bench) -> None:
    def no_files(task: Task) -> list[str]:
        raise FileNotFoundError("no files")

    report = bench.run(
        planned("a", partitions=no_files, retries=3), planned("b", after=(0,)), keep_going=True
    )

    end = report.outcomes()["a"]
    assert (end.status, end.error) == ("failed", "FileNotFoundError: no files")
    assert end.frames[-1].code == 'raise FileNotFoundError("no files")'
    assert bench.calls == ["before a", "after a: failed"]
    assert reasons(report) == {"b": "it needs 'a'"}


def test_partitions_that_cannot_be_used_fail_their_task(bench: Bench) -> None:
    report = bench.run(planned("a", partitions=lambda task: ["x", "x"]))

    assert report.outcomes()["a"].error.startswith("InvalidPartitionsError: ")


# -- the record --------------------------------------------------------------------------------


def test_record_has_everything_before_observers_hear_of_it(info: RunInfo) -> None:
    bench, seen = Bench(info), []

    def look(call: str) -> None:
        bench.record.flush()
        state: RunState = load_state(bench.storage, info.folder)
        seen.append((call, state.steps["a"].status, dict(state.metrics)))

    bench.act = look

    bench.run(planned("a", log("m", 1), bench=bench))

    assert seen == [
        ("before a", "planned", {}),
        ("metric m=1.0 of a", "running", {"m": 1.0}),
        ("after a: succeeded", "succeeded", {"m": 1.0}),
    ]


FULL = StorageWriteError("runs/1/journal.jsonl", "no space left on device")


class FullAtStart(RunRecord):
    def started(self, label: str, attempt: int) -> None:
        raise FULL


class FullAtLog(RunRecord):
    def logged(self, *args: object) -> None:
        raise FULL


class FullAtEnd(RunRecord):
    def ended(self, label: str, attempt: int, outcome: TaskOutcome) -> None:
        raise FULL


class FullAtExpansion(RunRecord):
    def expanded(self, label: str, partitions: Sequence[str]) -> None:
        raise FULL


@pytest.mark.parametrize("record", [FullAtStart, FullAtEnd])
def test_step_without_a_record_has_failed(bench: Bench, record: type[RunRecord]) -> None:
    ran: list[str] = []

    report = bench.run(
        planned("a", lambda task: ran.append(task.label), retries=3), planned("b"), record=record
    )

    end = report.outcomes()["a"]
    assert report.status == end.status == "failed"
    assert (end.error, end.hint) == (f"StorageWriteError: {FULL.message}", FULL.hint)
    assert bench.loop.record_error is FULL
    assert bench.calls == ["before a", "after a: failed"]
    assert len(ran) == (record is FullAtEnd)
    assert reasons(report) == {"b": "the run had failed"}


def test_nothing_starts_after_something_could_not_be_recorded(bench: Bench) -> None:
    report = bench.run(planned("a", log("m", 1), bench=bench), planned("b"), record=FullAtLog)

    assert report.status == "failed"
    assert bench.loop.record_error is FULL
    assert bench.calls[-1] == "after a: failed"
    assert report.outcomes()["a"].error == f"StorageWriteError: {FULL.message}"


def test_step_that_fails_by_itself_keeps_its_error_without_a_record(bench: Bench) -> None:
    report = bench.run(planned("a", fail), record=FullAtEnd)

    assert bench.loop.record_error is FULL
    assert report.outcomes()["a"].error == "ValueError: no"


def test_partitions_without_a_record_do_not_run(bench: Bench) -> None:
    report = bench.run(planned("a", partitions=lambda task: ["x"]), record=FullAtExpansion)

    assert report.status == "failed"
    assert report.outcomes() == {}
    assert bench.calls == []


def test_steps_that_run_when_the_record_is_lost_are_let_end(info: RunInfo) -> None:
    is_lost = threading.Event()
    bench = Bench(info, lambda call: is_lost.set() if call == "after a: failed" else None)

    report = bench.run(
        planned("a"),
        planned("b", lambda _: is_lost.wait(10)),
        executors=threads(2),
        record=FullAtEnd,
    )

    assert report.status == "failed"
    assert bench.calls[-1].startswith("after b: ")
