"""One run from beginning to end, with a real storage and record."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from gluepy import DAG, RunInfo, RunReport, Task, TaskInfo, WorkerInfo, hookimpl
from gluepy.app import App
from gluepy.conf import default_context, default_settings
from gluepy.conf.settings import Settings
from gluepy.engine.executors import BUILT_IN
from gluepy.engine.request import RunRequest, RunResult, Surroundings
from gluepy.engine.run import has_run, run
from gluepy.exceptions import (
    ExecutorError,
    ForeignRunError,
    PatchError,
    RunLockedError,
    RunRecordError,
    SettingsError,
    StorageWriteError,
    TrackingError,
    UnknownRunError,
)
from gluepy.exec.plan import Plan, make_plan
from gluepy.exec.policy import policy_of
from gluepy.files.storages import default_storage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.ops import default_mlops
from gluepy.ops.backend import LoggingOpsBackend
from gluepy.plugin.manager import Hooks
from gluepy.runs.record import load_state
from gluepy.testing.runs import isolated
from gluepy.utils.loading import scoped


class FirstTask(Task, abstract=True):
    label = "first"

    def run(self) -> None:
        mode = default_context.get("mode", "good")
        if mode == "bad":
            raise ValueError("bad data")
        if mode == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        path = default_storage.runpath("log.txt")
        default_storage.touch(path, StringIO(f"first {mode}"))
        default_mlops.log_metric("rows", default_context.get("rows", 3))


class SecondTask(Task, abstract=True):
    label = "second"

    def run(self) -> None:
        default_mlops.log_metric("known", len(default_mlops.get_metrics()))


class TrainDAG(DAG, abstract=True):
    label = "train"
    tasks = (FirstTask,)
    eval_tasks = (SecondTask,)


class Tracker(LoggingOpsBackend):
    """Notes what it is told; ``broken`` names a method that raises."""

    calls: list[tuple[object, ...]] = []
    broken = ""

    def _note(self, *call: object) -> None:
        self.calls.append(call)
        if call[0] == self.broken:
            raise ConnectionError("no server")

    def create_run(self, dag: Any, *_: Any, **rest: Any) -> Any:
        self._note("create_run", dag, rest["run_id"], rest["config"].get("password"))

    def set_terminated(self, run_id: str, status: str, *_: Any) -> None:
        self._note("set_terminated", run_id, status)

    def log_metric(self, key: str, value: Any, timestamp: Any = None) -> None:
        self._note("log_metric", key, value)


class Watch:
    """Notes every call of an observer, and the run."""

    def __init__(self, act: Callable[[str], None] = lambda _: None) -> None:
        self.calls: list[str] = []
        self.runs: list[RunInfo] = []
        self.reports: list[RunReport] = []
        self.workers: list[WorkerInfo] = []
        self._act = act

    def note(self, call: str) -> None:
        self.calls.append(call)
        self._act(call)

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        self.runs.append(run)
        self.note("before_dag")

    @hookimpl
    def worker_started(self, worker: WorkerInfo) -> None:
        self.workers.append(worker)
        self.note("worker_started")

    @hookimpl
    def before_task(self, task: TaskInfo) -> None:
        self.note(f"before_task {task.label}")

    @hookimpl
    def after_task(self, task: TaskInfo) -> None:
        self.note(f"after_task {task.label}")

    @hookimpl
    def worker_stopped(self, worker: WorkerInfo) -> None:
        self.note("worker_stopped")

    @hookimpl
    def after_dag(self, report: RunReport) -> None:
        self.reports.append(report)
        self.note(f"after_dag {report.status}")


class NoHome:
    """No process of these tests is set up by it."""

    def move_in(self, settings: Settings) -> Hooks:
        raise AssertionError


NO_HOME = NoHome()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    Tracker.calls, Tracker.broken = [], ""
    with isolated(tmp_path):
        default_settings.MLOPS_BACKEND = f"{__name__}.Tracker"
        yield tmp_path / "data"


def go(
    request: RunRequest | None = None,
    *plugins: object,
    dag: type[DAG] = TrainDAG,
    plan: Plan | None = None,
    find_factory: Callable[[str], Any] = BUILT_IN.__getitem__,
    policy: Mapping[str, Any] | None = None,
    home: Any = NO_HOME,
    **around: Any,
) -> RunResult:
    hooks = Hooks()
    for place, plugin in enumerate(plugins):
        hooks.add(plugin, f"p{place}", "tests")
    plan = plan or make_plan(dag)
    policies = [replace(policy_of(one.task), **(policy or {})) for one in plan.tasks]
    surroundings = Surroundings(
        settings=default_settings,
        hooks=hooks,
        home=home,
        find_factory=find_factory,
        policies=policies,
        **around,
    )
    return run(plan, request or RunRequest(), surroundings)


def document(result: RunResult) -> dict[str, Any]:
    text = default_storage.open(f"{result.run.folder}/run.json", "r")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


# -- what a run leaves behind ------------------------------------------------------------------


def test_run_leaves_parameters_metrics_and_a_record(folder: Path) -> None:
    result = go(
        RunRequest(overrides={"mode": "fine", "password": "hunter2"}),
        distributions={"gluepy-core": "1.0"},
        sources=("acme 1.0",),
    )

    place = folder / result.run.folder
    context = yaml.safe_load((place / "context.yaml").read_text())
    assert result.report.status == "succeeded"
    assert (context["mode"], context["gluepy"]["run_id"]) == ("fine", result.run.run_id)
    assert "hunter2" not in "".join(path.read_text() for path in place.glob("*.*"))
    assert (place / "context.yaml").stat().st_mode & 0o777 == 0o600
    assert json.loads((place / "metrics.json").read_text()) == {"known": 1.0, "rows": 3.0}
    assert document(result)["status"] == "succeeded"
    assert (place / "log.txt").read_text() == "first fine"


def test_result_tells_all_about_the_run(folder: Path) -> None:
    result = go(sources=("acme 1.0",))

    assert result.run.dag == "train"
    assert result.run.steps == ("first", "second")
    assert result.run.location == str(folder / result.run.folder)
    assert (result.run.executor, result.run.sources) == ("serial", ("acme 1.0",))
    assert (result.run.is_retry, result.run.done, result.run.changes) == (False, (), ())
    assert result.metrics == {"rows": 3.0, "known": 1.0}
    assert result.compared == {}
    assert result.has_evaluated


def test_run_can_work_in_a_folder_of_ones_own(folder: Path) -> None:
    assert not has_run("runs/nightly")

    result = go(RunRequest(folder="runs/nightly"))

    assert result.run.folder == "runs/nightly"
    assert has_run("runs/nightly")
    assert has_run(result.run.run_id)


def test_metrics_are_compared_with_those_of_other_runs() -> None:
    first = go(RunRequest(overrides={"rows": 7}))

    second = go(RunRequest(compare=(first.run.run_id,)))

    assert second.compared == {first.run.folder: {"rows": 7.0, "known": 1.0}}


def test_failing_step_is_no_exception() -> None:
    result = go(RunRequest(overrides={"mode": "bad"}))

    assert result.report.status == document(result)["status"] == "failed"
    assert not result.has_evaluated


# -- observers ---------------------------------------------------------------------------------


def test_observers_are_told_in_this_order() -> None:
    watch = Watch()

    result = go(None, watch)

    assert watch.calls == [
        "before_dag",
        "worker_started",
        "before_task first",
        "after_task first",
        "before_task second",
        "after_task second",
        "worker_stopped",
        "after_dag succeeded",
    ]
    assert watch.runs == [result.run]
    assert watch.reports == [result.report]
    (worker,) = watch.workers
    assert (worker.pid, worker.executor) == (os.getpid(), "serial")
    assert worker.settings.get("STORAGE_ROOT") == default_settings.STORAGE_ROOT


def test_record_is_complete_when_observers_hear_of_the_end() -> None:
    watch = Watch(lambda call: seen.append(call) if is_finished(call) else None)
    seen: list[str] = []

    def is_finished(call: str) -> bool:
        state = load_state(default_storage, watch.runs[0].folder)
        return state.finished_at is not None

    go(None, watch)

    assert seen == ["after_dag succeeded"]


def test_wrappers_see_a_run_without_its_steps() -> None:
    seen: list[RunInfo] = []

    class Wrapper:
        @hookimpl(wrapper=True)
        def around_task(self, run: RunInfo) -> Generator[None]:
            seen.append(run)
            yield

    result = go(None, Wrapper())

    assert seen == [replace(result.run, steps=())] * 2


# -- signals -----------------------------------------------------------------------------------


def test_signal_interrupts_the_run_and_is_recorded() -> None:
    watch = Watch()

    result = go(RunRequest(overrides={"mode": "stop"}), watch)

    assert (result.report.status, result.report.signal) == ("interrupted", signal.SIGTERM)
    assert watch.calls[-1] == "after_dag interrupted"
    assert document(result)["status"] == "interrupted"


def test_signal_before_the_first_step_stops_the_run() -> None:
    watch = Watch(lambda call: os.kill(os.getpid(), 15) if call == "before_dag" else None)

    result = go(None, watch)

    assert result.report.status == "interrupted"
    assert result.report.outcomes() == {}


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_runs_in_threads_leave_signals_alone(executor: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    class Look(Task, abstract=True):
        label = "look"

        def run(self) -> None:
            seen.append(signal.getsignal(signal.SIGTERM))

    class LookDAG(DAG, abstract=True):
        label = "look-dag"
        tasks = (Look,)

    thread = threading.Thread(target=lambda: go(RunRequest(executor=executor), dag=LookDAG))
    thread.start()
    thread.join()

    assert seen == [before]


# -- earlier runs ------------------------------------------------------------------------------


def test_retry_works_in_the_folder_and_with_the_parameters_of_the_run() -> None:
    first = go(RunRequest(overrides={"mode": "fine", "rows": 5}))

    second = go(RunRequest(retry=first.run.folder, overrides={"rows": 6}))

    assert (second.run.folder, second.run.run_id) == (first.run.folder, first.run.run_id)
    assert second.run.is_retry
    assert second.run.done == ()
    assert second.metrics["rows"] == 6.0
    assert default_storage.open(f"{first.run.folder}/log.txt", "r") == "first fine"


def test_resume_leaves_out_what_has_succeeded() -> None:
    first = go(plan=replace(make_plan(TrainDAG), tasks=make_plan(TrainDAG).tasks[:1]))

    second = go(RunRequest(retry=first.run.folder, resume=True))

    assert second.run.done == ("first",)
    assert [step.is_done for step in second.report.steps] == [True, False]
    assert list(second.report.outcomes()) == ["second"]
    assert second.metrics == {"rows": 3.0, "known": 1.0}


def test_resume_knows_the_partitions_of_the_run() -> None:
    asked: list[str] = []

    class Parts(Task, abstract=True):
        label = "parts"

        def partitions(self) -> list[str]:
            asked.append(self.label)
            return ["x", "y"]

        def run(self) -> None:
            if self.partition == "y" and default_context.get("mode") == "bad":
                raise ValueError("bad data")

    class PartsDAG(DAG, abstract=True):
        label = "parts-dag"
        tasks = (Parts,)

    first = go(RunRequest(overrides={"mode": "bad"}), dag=PartsDAG)
    second = go(
        RunRequest(retry=first.run.folder, resume=True, overrides={"mode": "good"}), dag=PartsDAG
    )

    assert asked == ["parts"]
    assert second.run.done == ("parts[x]",)
    assert list(second.report.outcomes()) == ["parts[y]"]


def test_resume_says_what_has_changed_since() -> None:
    first = go(
        RunRequest(overrides={"mode": "bad"}), distributions={"acme": "1.0", "gluepy-core": "1"}
    )
    request = RunRequest(retry=first.run.folder, resume=True)
    now = {"acme": "1.1", "gluepy-core": "1"}

    assert go(request, distributions=now).run.changes == ("acme 1.0 -> 1.1",)
    assert go(replace(request, resume=False), distributions={}).run.changes == ()


@pytest.mark.parametrize("text", ["mode: fine\n", "gluepy: {created_at: now}\n"])
def test_folder_whose_context_is_of_no_run_is_refused(folder: Path, text: str) -> None:
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "context.yaml").write_text(text)

    with pytest.raises(RunRecordError, match=r"it has no gluepy\.run_id"):
        go(RunRequest(retry="mine"))


def test_run_of_another_dag_is_refused() -> None:
    class OtherDAG(DAG, abstract=True):
        label = "other"
        tasks = (SecondTask,)

    first = go(dag=OtherDAG)

    with pytest.raises(ForeignRunError):
        go(RunRequest(retry=first.run.folder))


def test_run_in_progress_is_refused() -> None:
    refused: list[RunLockedError] = []

    class Again:
        @hookimpl
        def before_dag(self, run: RunInfo) -> None:
            with pytest.raises(RunLockedError) as caught:
                go(RunRequest(retry=run.folder))
            refused.append(caught.value)

    result = go(None, Again())

    assert result.report.status == "succeeded"
    assert refused[0].pid == os.getpid()


def test_six_runs_at_once_share_nothing() -> None:
    def one(rows: int) -> RunResult:
        return go(RunRequest(overrides={"rows": rows, "mode": f"m{rows}"}))

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(one, range(6)))

    assert [result.metrics["rows"] for result in results] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    texts = [default_storage.open(f"{one.run.folder}/log.txt", "r") for one in results]
    assert texts == [f"first m{rows}" for rows in range(6)]
    assert len({result.run.run_id for result in results}) == 6


# -- what users may have got wrong -------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (RunRequest(retry="runs/1"), UnknownRunError),
        (RunRequest(compare=("runs/1",)), UnknownRunError),
        (RunRequest(patches=("no.yaml",)), PatchError),
        (RunRequest(local_patches=("no.yaml",)), PatchError),
    ],
)
def test_mistake_is_found_before_anything_is_written(
    folder: Path, request_: RunRequest, error: type[Exception]
) -> None:
    with pytest.raises(error):
        go(request_)

    assert not folder.exists()


def broken_factory(name: str) -> Any:
    raise OSError(f"no {name}")


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda name: broken_factory, "the executor 'far' cannot be made: OSError: no "),
        (lambda name: lambda request: "text", "the executor 'far' is a str, which has no submit()"),
        (
            lambda name: lambda request: ThreadPoolExecutor(1) if name == "far" else None,
            "the executor 'far' cannot end a step, and the task 'first' has timeout_s",
        ),
    ],
)
def test_executor_that_cannot_carry_out_the_run_is_named(
    folder: Path, factory: Callable[[str], Any], message: str
) -> None:
    with pytest.raises(ExecutorError) as caught:
        go(RunRequest(executor="far"), find_factory=factory, policy={"timeout_s": 5.0})

    assert caught.value.message.startswith(message)
    assert not folder.exists()


def test_steps_in_other_processes_need_a_storage_that_they_see() -> None:
    default_settings.STORAGE_BACKEND = "gluepy.files.storages.memory.MemoryStorage"
    with (
        scoped(default_storage, MemoryStorage()),
        pytest.raises(ExecutorError, match="do not see a MemoryStorage"),
    ):
        go(RunRequest(executor="processes"))


def test_steps_in_other_processes_need_classes_that_they_can_import(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    typed = type("Typed", (Task,), {"__module__": "__main__", "run": lambda self: None})
    dag = type("TypedDAG", (DAG,), {"tasks": [typed]})

    with pytest.raises(ExecutorError, match="cannot import the task 'typed'") as caught:
        go(RunRequest(executor="processes"), dag=dag)

    assert caught.value.hint.startswith("Put the class into a module")
    assert not folder.exists()
    assert go(RunRequest(executor="threads"), dag=dag).report.status == "succeeded"


def test_run_that_cannot_travel_is_named() -> None:
    with pytest.raises(ExecutorError, match="'processes' cannot be told of this run: "):
        go(RunRequest(executor="processes"), home=lambda: None)


def test_setting_that_says_nothing_known_is_named(folder: Path) -> None:
    default_settings.JOURNAL_SYNC = "sometimes"

    with pytest.raises(SettingsError, match="JOURNAL_SYNC is 'sometimes'"):
        go()

    assert not folder.exists()


# -- other processes ---------------------------------------------------------------------------

MODULE = """\
import os, threading
from gluepy import DAG, Task
from gluepy.conf import default_context
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops

class Far(Task):
    label = "far"
    partitions = ["x", "y"]

    def run(self):
        default_storage.touch(f"{self.partition}.txt", str(os.getpid()))
        thread = threading.Thread(target=self.log)
        thread.start()
        thread.join()

    def log(self):
        default_mlops.log_metric(self.partition, default_context.factor * 2)

class FarDAG(DAG):
    label = "far-dag"
    tasks = [Far]
"""


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("start_method", ["forkserver", "spawn", "fork"])
def test_steps_run_in_other_processes_with_all_that_belongs_to_the_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_method: str
) -> None:
    default_settings.START_METHOD = start_method
    (tmp_path / "far_away.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    default_settings.SECRET = lambda: "cannot travel"
    watch = Watch()

    result = go(
        RunRequest(executor="processes", workers=2, overrides={"factor": 2.5}),
        watch,
        dag=import_module("far_away").FarDAG,
        home=App().home(),
    )

    del sys.modules["far_away"]
    ends = result.report.outcomes()
    assert {end.status for end in ends.values()} == {"succeeded"}, ends
    assert result.metrics == {"x": 5.0, "y": 5.0}
    for name in ("x", "y"):
        pid = int((folder / f"{name}.txt").read_text())
        assert pid == ends[f"far[{name}]"].pid != os.getpid()
    assert "worker_started" not in watch.calls  # that is for the workers


# -- the tracker -------------------------------------------------------------------------------


def test_tracker_is_told_of_the_run_without_secrets() -> None:
    result = go(RunRequest(overrides={"password": "hunter2"}))

    run_id = result.run.run_id
    assert Tracker.calls == [
        ("create_run", "train", run_id, "***"),
        ("log_metric", "rows", 3.0),
        ("log_metric", "known", 1.0),
        ("set_terminated", run_id, "succeeded"),
    ]


@pytest.mark.parametrize(("mode", "status"), [("bad", "failed"), ("stop", "interrupted")])
def test_tracker_knows_how_a_run_ended(mode: str, status: str) -> None:
    go(RunRequest(overrides={"mode": mode}))

    assert Tracker.calls[-1][2] == status


def test_tracker_that_is_down_is_named_before_anything_runs() -> None:
    Tracker.broken = "create_run"
    watch = Watch()

    with pytest.raises(TrackingError, match="'Tracker' cannot begin a run: ConnectionError: no"):
        go(RunRequest(folder="runs/nightly"), watch)

    assert watch.calls == []
    assert load_state(default_storage, "runs/nightly").status == "failed"


def test_tracker_that_fails_later_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    Tracker.broken = "log_metric"

    assert go().report.status == "succeeded"

    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == [
        "MLOPS_BACKEND 'Tracker' cannot log: ConnectionError: no server"
    ]


def test_tracker_that_cannot_end_a_run_does_not_spoil_it(caplog: pytest.LogCaptureFixture) -> None:
    Tracker.broken = "set_terminated"

    result = go()

    assert result.report.status == "succeeded"
    assert caplog.messages[-1] == (
        f"MLOPS_BACKEND 'Tracker' cannot end run {result.run.run_id}: ConnectionError: no server"
    )


# -- a storage that fails ----------------------------------------------------------------------


class Full(LocalStorage):
    """Has no space for one file; which, tests say."""

    full = ""

    def touch(self, file_path: Any, *args: Any, **kwargs: Any) -> Any:
        if self.full and str(file_path).endswith(self.full):
            raise self.error
        return super().touch(file_path, *args, **kwargs)

    error: Exception = StorageWriteError("metrics.json", "no space left on device")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StorageWriteError("metrics.json", "no space left on device"), "no space left on device"),
        (ConnectionError("no bucket"), "ConnectionError: no bucket"),
    ],
)
def test_run_whose_end_cannot_be_recorded_has_failed(error: Exception, message: str) -> None:
    watch, storage = Watch(), Full(default_settings.STORAGE_ROOT)
    storage.full, storage.error = "metrics.json", error

    with scoped(default_storage, storage), pytest.raises(StorageWriteError, match=message):
        go(None, watch)

    assert watch.calls[-1] == "after_dag failed"
    assert Tracker.calls[-1][2] == "failed"
