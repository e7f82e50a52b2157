from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from gluepy import RunInfo, RunReport, SkipTask, Task, TaskInfo, TaskOutcome, hookimpl
from gluepy.engine.loop import run_plan
from gluepy.engine.tracking import RunTracking
from gluepy.exceptions import StorageWriteError
from gluepy.exec.plan import Plan, Step
from gluepy.ops.backend import LoggingOpsBackend
from gluepy.plugin.manager import Hooks


class Observer:
    """Notes all calls; ``act`` may do something at one of them."""

    def __init__(self, act: Callable[[str], None] = lambda _: None) -> None:
        self.calls: list[str] = []
        self.reports: list[RunReport] = []
        self._act = act

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self._act(call)

    @hookimpl
    def before_dag(self) -> None:
        self._note("before_dag")

    @hookimpl
    def before_task(self, task: TaskInfo) -> None:
        self._note(f"before {task.label}")

    @hookimpl
    def after_task(self, task: TaskInfo, outcome: TaskOutcome) -> None:
        self._note(f"after {task.label}: {outcome.status}")

    @hookimpl
    def after_dag(self, report: RunReport) -> None:
        self.reports.append(report)
        self._note(f"after_dag: {report.status}")

    @hookimpl
    def on_metric(self, task: TaskInfo | None, name: str, value: float) -> None:
        self._note(f"metric {name}={value} of {task.label if task else 'nothing'}")


def step(label: str, body: Callable[[], None] = lambda: None, **rest: bool) -> Step:
    def run(self: Task) -> None:
        body()

    kind = type(Task)
    cls = kind.__call__(kind, label, (Task,), {"run": run, "__module__": __name__}, abstract=True)
    return Step(label, cls, **rest)


class Runner:
    """Runs steps with one observer and keeps everything there is to look at."""

    def __init__(self, info: RunInfo, act: Callable[[str], None] = lambda _: None) -> None:
        self.observer = Observer(act)
        self.hooks = Hooks()
        self.hooks.add(self.observer, "observer", "tests")
        self.info = info
        self.tracking = RunTracking(LoggingOpsBackend(), info, self.hooks)
        self.saves = 0

    def save(self) -> None:
        self.saves += 1

    def run(self, steps: Iterable[Step], save: Callable[[], None] | None = None) -> RunReport:
        plan = Plan("training", tuple(steps))
        info = replace(self.info, steps=plan.labels)
        return run_plan(plan, info, self.hooks, self.tracking, save=save or self.save)


@pytest.fixture
def runner(info: RunInfo) -> Runner:
    return Runner(info)


def fail() -> None:
    raise ValueError("no")


def skip() -> None:
    raise SkipTask("nothing new")


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_hooks_of_a_run_are_called_in_order_once_each(runner: Runner) -> None:
    report = runner.run([step("a"), step("b")])

    assert report.status == "succeeded"
    assert report.signal == 0
    assert [one.label for one in report.steps] == ["a", "b"]
    assert runner.observer.calls == [
        "before_dag",
        "before a",
        "after a: succeeded",
        "before b",
        "after b: succeeded",
        "after_dag: succeeded",
    ]
    assert runner.observer.reports == [report]


def test_nothing_starts_after_a_failure(runner: Runner) -> None:
    report = runner.run([step("a", fail), step("b")])

    assert report.status == "failed"
    assert report.steps[1].outcome is None
    assert runner.observer.calls[1:] == ["before a", "after a: failed", "after_dag: failed"]


def test_skipped_step_does_not_stop_the_run(runner: Runner) -> None:
    report = runner.run([step("a", skip), step("b")])

    assert report.status == "succeeded"
    assert runner.observer.calls[2:4] == ["after a: skipped", "before b"]


def test_signal_stops_the_run_and_observers_see_the_attempt_end(runner: Runner) -> None:
    report = runner.run([step("a", interrupt), step("b")])

    assert (report.status, report.signal) == ("interrupted", signal.SIGTERM)
    assert runner.observer.calls[1:] == [
        "before a",
        "after a: interrupted",
        "after_dag: interrupted",
    ]


def test_task_that_swallows_the_signal_still_ends_the_run(runner: Runner) -> None:
    def swallow() -> None:
        try:
            interrupt()
        except BaseException:  # noqa: BLE001 - as bad code does
            return

    report = runner.run([step("a", swallow), step("b")])

    assert (report.status, report.signal) == ("interrupted", signal.SIGTERM)
    assert report.outcomes()["a"].status == "succeeded"
    assert report.steps[1].outcome is None


def test_task_that_raises_keyboard_interrupt_by_itself_stops_the_run(runner: Runner) -> None:
    def raise_it() -> None:
        raise KeyboardInterrupt

    report = runner.run([step("a", raise_it), step("b")])

    assert (report.status, report.signal) == ("interrupted", signal.SIGINT)


@pytest.mark.parametrize(
    ("moment", "ran"),
    [("before_dag", []), ("after a: succeeded", ["a"])],
)
def test_signal_between_tasks_stops_the_run(info: RunInfo, moment: str, ran: list[str]) -> None:
    runner = Runner(info, lambda call: interrupt() if call == moment else None)

    report = runner.run([step("a"), step("b")])

    assert (report.status, report.signal) == ("interrupted", signal.SIGTERM)
    assert list(report.outcomes()) == ran
    assert runner.observer.calls[-1] == "after_dag: interrupted"


def test_signal_before_a_task_interrupts_it(info: RunInfo) -> None:
    runner = Runner(info, lambda call: interrupt() if call == "before a" else None)

    runner.run([step("a", fail)])

    assert runner.observer.calls[1:3] == ["before a", "after a: interrupted"]


def test_signal_after_the_last_task_does_not_spoil_the_run(info: RunInfo) -> None:
    runner = Runner(info, lambda call: interrupt() if call == "after a: succeeded" else None)

    assert runner.run([step("a")]).status == "succeeded"


def test_interrupt_that_an_observer_lets_out_stops_the_run(info: RunInfo) -> None:
    def raise_it(call: str) -> None:
        if call == "before_dag":
            raise KeyboardInterrupt

    runner = Runner(info, raise_it)

    assert runner.run([step("a")]).status == "interrupted"


def test_failure_with_a_signal_is_a_failure(info: RunInfo) -> None:
    runner = Runner(info, lambda call: interrupt() if call == "after a: failed" else None)

    assert runner.run([step("a", fail), step("b")]).status == "failed"


def test_metrics_are_told_with_their_task(runner: Runner) -> None:
    def log() -> None:
        runner.tracking.log_metric("mape", 1)

    report = runner.run([step("a", log)])

    assert report.metrics == (("mape", 1.0),)
    assert "metric mape=1.0 of a" in runner.observer.calls


def test_record_is_saved_after_every_step_before_observers_hear_of_it(info: RunInfo) -> None:
    moments: list[str] = []
    runner = Runner(info, moments.append)

    runner.run([step("a"), step("b", fail)], save=lambda: moments.append("save"))

    assert moments.index("save") == moments.index("after a: succeeded") - 1
    assert moments.count("save") == 2


def test_step_whose_record_cannot_be_saved_has_failed(runner: Runner) -> None:
    def full() -> None:
        raise StorageWriteError("runs/1/metrics.json", "no space left on device")

    with pytest.raises(StorageWriteError):
        runner.run([step("a"), step("b")], save=full)

    assert runner.observer.calls[1:] == ["before a", "after a: failed", "after_dag: failed"]
    (report,) = runner.observer.reports
    assert "no space left on device" in report.outcomes()["a"].error


def test_storage_of_others_may_raise_anything(runner: Runner) -> None:
    def broken() -> None:
        raise ConnectionError("no bucket")

    with pytest.raises(StorageWriteError, match="ConnectionError: no bucket"):
        runner.run([step("a"), step("b")], save=broken)

    assert runner.observer.calls[-2:] == ["after a: failed", "after_dag: failed"]


def test_observers_know_evaluation_tasks(info: RunInfo) -> None:
    seen: list[TaskInfo] = []

    class Plugin:
        @hookimpl
        def before_task(self, task: TaskInfo) -> None:
            seen.append(task)

    runner = Runner(info)
    runner.hooks.add(Plugin(), "plugin", "tests")

    runner.run([step("a"), step("b", is_evaluation=True)])

    assert [(one.index, one.label, one.is_evaluation) for one in seen] == [
        (1, "a", False),
        (2, "b", True),
    ]
