"""What a worker does: with runs that other processes coordinate, and with those of its own."""

from __future__ import annotations

import contextlib
import contextvars
import os
import pickle
import platform
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from gluepy import RunInfo, Task, TaskInfo, WorkerInfo, hookimpl
from gluepy.conf import default_context, default_settings
from gluepy.conf.context import Context
from gluepy.conf.project import Project
from gluepy.conf.settings import Settings, load_settings
from gluepy.engine import worker
from gluepy.engine.messages import Assignment, WorkerSetup
from gluepy.engine.tracking import RunTracking
from gluepy.engine.worker import (
    Workplace,
    carry_out,
    forget_places,
    leave,
    leave_all,
    open_place,
)
from gluepy.exec import TASK_REGISTRY
from gluepy.files.storages import default_storage
from gluepy.files.storages.local import LocalStorage
from gluepy.ops import default_mlops
from gluepy.ops.backend import LoggingOpsBackend
from gluepy.plugin.manager import Hooks
from gluepy.runs.record import Opening, RunRecord

MAX_PLACES = 16


class ReportTask(Task, abstract=True):
    """Writes what it sees of its run."""

    def run(self) -> None:
        text = f"{default_context.name} {default_settings.STORAGE_ROOT}"
        default_storage.touch(f"{self.partition or 'whole'}.txt", StringIO(text))
        default_mlops.log_metric("size", default_context.size)


class MetricsTask(Task, abstract=True):
    def run(self) -> None:
        default_mlops.log_metric("known", len(default_mlops.get_metrics()))
        run_id = default_mlops.create_run("training", run_id="other")
        default_mlops.log_param("created", run_id)


class ThreadTask(Task, abstract=True):
    def run(self) -> None:
        thread = threading.Thread(target=default_mlops.log_metric, args=("in_thread", 1))
        thread.start()
        thread.join()


class Stubborn:
    """Cannot be sent anywhere."""

    def __repr__(self) -> str:
        return "at home"

    def __reduce__(self) -> str:
        raise TypeError("it stays")


class OddTask(Task, abstract=True):
    def run(self) -> None:
        default_mlops.log_param("odd", [Stubborn(), 1])


class PrintTask(Task, abstract=True):
    def run(self) -> None:
        print("hello")


class Watch:
    """Notes which workers began and ended, and surrounds tasks."""

    calls: list[tuple[str, WorkerInfo]] = []

    @hookimpl
    def worker_started(self, worker: WorkerInfo) -> None:
        self.calls.append(("started", worker))

    @hookimpl
    def worker_stopped(self, worker: WorkerInfo) -> None:
        self.calls.append(("stopped", worker))

    @hookimpl(wrapper=True)
    def around_task(self, task: TaskInfo, run: RunInfo) -> Generator[None]:
        assert run.steps == ()
        yield


WATCH = "plugin 'watch' of acme 1.0"


class GuestHome(NamedTuple):
    """Sets this very process up, in place of another."""

    plugins: tuple[object, ...] = ()
    error: Exception | None = None

    def move_in(self, settings: Settings) -> Hooks:
        if self.error is not None:
            raise self.error
        hooks = Hooks()
        for plugin in self.plugins:
            hooks.add(plugin, "watch", "acme 1.0")
        return hooks


@pytest.fixture(autouse=True)
def clean_worker() -> Iterator[None]:
    Watch.calls.clear()
    yield
    leave_all()


Make = Callable[..., WorkerSetup]


@pytest.fixture
def setup(tmp_path: Path, info: RunInfo) -> Iterator[Make]:
    """Return what makes the setup of a run that is recorded in a storage of its own."""
    records = contextlib.ExitStack()

    def make(
        name: str = "one",
        *,
        size: float = 1.0,
        home: object = GuestHome(),
        wrappers: tuple[str, ...] = (),
        is_recorded: bool = True,
    ) -> WorkerSetup:
        project = Project(str(tmp_path / name), marker="", table={}, settings_module="")
        settings = load_settings(project, environ={})
        run = replace(info, run_id=name, folder=f"runs/{name}", steps=(), executor="far")
        if is_recorded:
            storage = LocalStorage(settings.STORAGE_ROOT)
            record = records.enter_context(RunRecord.open(storage, Opening(run=run, mode="new")))
            record.logged("", "metric", "before", 1)
        return WorkerSetup(
            run=run,
            context=Context({"name": name, "size": size, "password": "hunter2"}),
            settings=settings,
            home=home,  # type: ignore[arg-type]  # any kind, that is the point
            wrappers=wrappers,
        )

    with records:
        yield make


def assigned(
    setup: WorkerSetup, cls: type[Task] | str = ReportTask, *, partition: str = ""
) -> Assignment:
    name = cls if isinstance(cls, str) else f"{__name__}:{cls.__qualname__}"
    label = f"work[{partition}]" if partition else "work"
    task = TaskInfo(label=label, task=name, index=1, partition=partition, sources=("acme 1.0",))
    return Assignment(setup.run.run_id, pickle.dumps(setup), task)


# -- runs of other processes -------------------------------------------------------------------


def test_step_sees_what_belongs_to_its_run(setup: Make, tmp_path: Path) -> None:
    before = default_settings.STORAGE_ROOT

    reply = carry_out(assigned(setup("one", size=2.5)))

    assert reply.outcome.status == "succeeded"
    assert (reply.outcome.host, reply.outcome.pid) == (platform.node(), os.getpid())
    assert [(entry.kind, entry.name, entry.value) for entry in reply.logged] == [
        ("metric", "size", 2.5)
    ]
    root = tmp_path / "one" / "data"
    assert (root / "whole.txt").read_text() == f"one {root}"
    leave_all()
    assert before == default_settings.STORAGE_ROOT


def test_reply_can_travel(setup: Make) -> None:
    reply = carry_out(assigned(setup()))

    assert pickle.loads(pickle.dumps(reply)) == reply  # noqa: S301 - our own
    assert reply.logged[0].original == ()


def test_step_knows_the_metrics_of_the_run_and_has_a_tracker_of_its_own(setup: Make) -> None:
    reply = carry_out(assigned(setup(), MetricsTask))

    assert [(entry.name, entry.value) for entry in reply.logged] == [
        ("known", 1.0),
        ("created", "other"),
    ]


def test_object_that_a_task_logs_travels_as_the_journal_has_it(setup: Make) -> None:
    reply = carry_out(assigned(setup(), OddTask))

    pickle.dumps(reply)
    assert [entry.value for entry in reply.logged] == [["at home", 1]]


def test_what_a_thread_of_a_task_logs_comes_back_too(setup: Make) -> None:
    reply = carry_out(assigned(setup(), ThreadTask))

    assert [entry.name for entry in reply.logged] == ["in_thread"]


def test_steps_in_several_threads_see_the_same_run(setup: Make, tmp_path: Path) -> None:
    one = setup()

    with ThreadPoolExecutor(4) as pool:
        replies = list(
            pool.map(carry_out, [assigned(one, partition=str(place)) for place in range(12)])
        )

    assert {reply.outcome.status for reply in replies} == {"succeeded"}
    assert [len(reply.logged) for reply in replies] == [1] * 12
    root = tmp_path / "one" / "data"
    texts = {(root / f"{place}.txt").read_text() for place in range(12)}
    assert texts == {f"one {root}"}


def test_six_runs_at_once_share_nothing(setup: Make, tmp_path: Path) -> None:
    setups = [setup(f"run{place}", size=place) for place in range(6)]
    work = [(one, f"p{number}") for number in range(5) for one in setups]

    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda pair: carry_out(assigned(pair[0], partition=pair[1])), work))

    assert [reply.logged[0].value for reply in replies] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] * 5
    for place in range(6):
        root = tmp_path / f"run{place}" / "data"
        texts = {path.read_text() for path in root.glob("p*.txt")}
        assert texts == {f"run{place} {root}"}


def test_what_a_task_printed_is_handed_on(
    setup: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = assigned(setup(), PrintTask)

    carry_out(one)
    assert capsys.readouterr().out == "hello\n"

    monkeypatch.setattr(sys, "stdout", None)
    assert carry_out(one).outcome.status == "succeeded"


# -- what a worker lacks -----------------------------------------------------------------------


def test_task_that_cannot_be_imported_is_named_with_its_source(setup: Make) -> None:
    outcome = carry_out(assigned(setup(), "no_such_module:Work")).outcome

    assert outcome.status == "failed"
    assert outcome.error.splitlines()[0] == (
        f"WorkerImportError: the worker on {platform.node()!r} cannot import "
        "'no_such_module:Work': ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert outcome.hint == "Install there what the task comes from: acme 1.0."


def test_what_a_task_prints_when_it_is_imported_is_no_result(
    setup: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "loud_tasks.py").write_text(
        "from gluepy import Task\nprint('loading')\nclass Loud(Task):\n    def run(self): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    outcome = carry_out(assigned(setup(), "loud_tasks:Loud")).outcome

    sys.modules.pop("loud_tasks")
    assert outcome.status == "succeeded"
    assert "loading" not in capfd.readouterr().out


def test_worker_without_a_wrapper_of_the_run_fails_the_step(setup: Make) -> None:
    outcome = carry_out(assigned(setup(wrappers=(WATCH,)))).outcome

    assert outcome.status == "failed"
    assert outcome.error == (
        f"MissingWrapperError: the {WATCH} surrounds the tasks, "
        f"and the worker on {platform.node()!r} does not have it"
    )
    assert repr(sys.prefix) in outcome.hint


def test_worker_with_the_wrappers_of_the_run_is_fit(setup: Make) -> None:
    one = setup(home=GuestHome((Watch(),)), wrappers=(WATCH,))

    assert carry_out(assigned(one)).outcome.status == "succeeded"


def test_worker_that_does_not_see_the_run_folder_fails_the_step(
    setup: Make, tmp_path: Path
) -> None:
    one = setup(is_recorded=False, home=GuestHome((Watch(),)))

    outcome = carry_out(assigned(one)).outcome

    assert outcome.status == "failed"
    assert outcome.error == (
        f"UnseenRunError: the worker on {platform.node()!r} sees no run in "
        f"'{tmp_path}/one/data/runs/one'"
    )
    assert Watch.calls == []


def test_worker_that_was_not_fit_may_be_so_the_next_time(setup: Make) -> None:
    lame = setup(is_recorded=False)
    assert carry_out(assigned(lame)).outcome.status == "failed"

    assert carry_out(assigned(setup())).outcome.status == "succeeded"


def test_plugin_that_cannot_be_set_up_fails_the_step(setup: Make) -> None:
    outcome = carry_out(assigned(setup(home=GuestHome(error=LookupError("no key"))))).outcome

    assert (outcome.status, outcome.error) == ("failed", "LookupError: no key")


def test_setup_that_cannot_be_read_fails_the_step(setup: Make) -> None:
    assignment = replace(assigned(setup()), setup=b"not a pickle")

    outcome = carry_out(assignment).outcome

    assert outcome.status == "failed"
    assert outcome.error.startswith("UnpicklingError: ")


# -- the life of a worker ----------------------------------------------------------------------


def test_plugins_hear_of_each_run_once(setup: Make) -> None:
    one = setup(home=GuestHome((Watch(),)))

    carry_out(assigned(one))
    carry_out(assigned(one, partition="AA"))
    leave_all()
    leave_all()

    assert [call for call, _ in Watch.calls] == ["started", "stopped"]
    info = Watch.calls[0][1]
    assert (info.host, info.pid, info.executor) == (platform.node(), os.getpid(), "far")
    assert info.settings.get("STORAGE_ROOT") == one.settings.STORAGE_ROOT


def test_reply_carries_what_hooks_cost_meanwhile(setup: Make) -> None:
    one = assigned(setup(home=GuestHome((Watch(),)), wrappers=(WATCH,)))

    first, second = carry_out(one).costs, carry_out(one).costs

    assert [(cost.hook, cost.calls, cost.slowest_task) for cost in first] == [
        ("worker_started", 1, ""),
        ("around_task", 1, "work"),
    ]
    assert [(cost.hook, cost.calls) for cost in second] == [("around_task", 1)]


def test_worker_that_outlives_a_run_leaves_that_one_alone(setup: Make) -> None:
    one, two = (setup(name, home=GuestHome((Watch(),))) for name in ("one", "two"))
    carry_out(assigned(one))
    carry_out(assigned(two))

    leave("one")
    leave("one")
    leave("never seen")

    stopped = [info for call, info in Watch.calls if call == "stopped"]
    assert [info.settings.get("STORAGE_ROOT") for info in stopped] == [one.settings.STORAGE_ROOT]
    assert carry_out(assigned(two)).outcome.status == "succeeded"


def test_worker_may_serve_projects_that_have_the_same_labels(setup: Make) -> None:
    carry_out(assigned(setup()))

    class Load(Task):
        label = "load"

    class Read(Task):
        label = "load"

    assert TASK_REGISTRY["load"] is Read


def test_module_of_another_project_is_not_taken_for_one_of_the_same_name(
    setup: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "both_have.py").write_text(
            "from gluepy import Task\nclass Work(Task):\n    def run(self): pass\n"
        )
    monkeypatch.syspath_prepend(first)

    outcomes = [
        carry_out(assigned(replace(setup(name), project=str(folder)), "both_have:Work")).outcome
        for name, folder in (("one", first), ("two", second), ("three", first))
    ]

    sys.modules.pop("both_have")
    assert [one.status for one in outcomes] == ["succeeded", "failed", "succeeded"]
    assert outcomes[1].error.startswith(
        f"ForeignModuleError: the worker on {platform.node()!r} has 'both_have:Work' of another "
        f"project, from '{first}/both_have.py'"
    )


def test_worker_that_outlives_a_run_can_let_go_of_it(setup: Make) -> None:
    one, other = (setup(name, home=GuestHome((Watch(),))) for name in ("one", "other"))
    for each in (one, other):
        carry_out(assigned(each))

    leave("one")
    leave("one")

    stopped = [info.settings for call, info in Watch.calls if call == "stopped"]
    assert [info.get("STORAGE_ROOT") for info in stopped] == [one.settings.STORAGE_ROOT]


def test_worker_lets_go_of_the_run_that_it_knows_longest(setup: Make) -> None:
    setups = [setup(f"run{place}", home=GuestHome((Watch(),))) for place in range(MAX_PLACES + 1)]

    for one in setups:
        carry_out(assigned(one))
    roots = [info.settings.get("STORAGE_ROOT") for call, info in Watch.calls if call == "stopped"]
    again = carry_out(assigned(setups[0]))

    assert roots == [setups[0].settings.STORAGE_ROOT]
    assert again.outcome.status == "succeeded"
    assert [call for call, _ in Watch.calls].count("started") == MAX_PLACES + 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_process_forgets_the_runs_of_its_parent(setup: Make) -> None:
    before = default_settings.STORAGE_ROOT
    one = setup(home=GuestHome((Watch(),)))
    carry_out(assigned(one))

    child = os.fork()
    if not child:
        forget_places()
        leave_all()
        calls = [call for call, _ in Watch.calls]
        os._exit(0 if calls == ["started"] and before == default_settings.STORAGE_ROOT else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert default_settings.STORAGE_ROOT == one.settings.STORAGE_ROOT


# -- runs of this process ----------------------------------------------------------------------


def test_run_of_this_process_has_its_place_already(info: RunInfo) -> None:
    seen: list[str] = []

    class Work(Task, abstract=True):
        def run(self) -> None:
            seen.append(self.partition)

    tracking = RunTracking(lambda *_: None, LoggingOpsBackend, dict)
    place = Workplace(
        info, Hooks(), tracking, find_task=lambda _: Work, scope=contextvars.copy_context()
    )
    task = TaskInfo(label="work[AA]", task="m:Work", index=1, partition="AA")

    with open_place("here", place):
        reply = carry_out(Assignment("here", b"", task))

    assert (reply.outcome.status, reply.logged, seen) == ("succeeded", (), ["AA"])
    assert "here" not in worker._places


def test_signals_reach_what_a_place_surrounds_with_them(info: RunInfo) -> None:
    calls: list[str] = []

    class Work(Task, abstract=True):
        def run(self) -> None:
            calls.append("task")

    @contextlib.contextmanager
    def listening() -> Iterator[None]:
        calls.append("listen")
        yield

    place = Workplace(
        info,
        Hooks(),
        RunTracking(lambda *_: None, LoggingOpsBackend, dict),
        find_task=lambda _: Work,
        scope=contextvars.copy_context(),
        interruptible=listening,
    )

    place.carry_out(TaskInfo(label="work", task="m:Work", index=1))

    assert calls == ["listen", "task"]
