"""What carries steps out: the same for the coordinating process and for any worker elsewhere.

An executor is given `carry_out` and an `Assignment`, and nothing else. In the coordinating process
the run has its `Workplace` already; in another, the first assignment of a run makes one.
"""

from __future__ import annotations

import atexit
import contextlib
import contextvars
import os
import pickle
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from gluepy.conf import default_context, default_settings
from gluepy.conf.secrets import mask
from gluepy.engine.messages import Assignment, Logged, Reply, WorkerSetup
from gluepy.engine.output import StepOutput, capture, forget_steps, mind_others
from gluepy.engine.request import describe_settings
from gluepy.engine.step import attempt, outcome_of, outcome_without_task
from gluepy.engine.tracking import RunTracking
from gluepy.exceptions import (
    ForeignModuleError,
    GluepyError,
    MissingWrapperError,
    UnseenRunError,
    WorkerImportError,
)
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.records import RunInfo, TaskInfo, TaskOutcome, WorkerInfo
from gluepy.exec.tasks import Task
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops
from gluepy.plugin._aside import output_aside
from gluepy.plugin.manager import Hooks
from gluepy.runs.document import to_json
from gluepy.runs.logs import LogFolder
from gluepy.runs.record import load_state
from gluepy.utils.backends import make_backend
from gluepy.utils.errors import reason_of
from gluepy.utils.loading import forget_scopes, import_string, scoped
from gluepy.utils.streams import flush_streams

__all__ = ["Workplace", "carry_out", "forget_places", "leave", "leave_all", "open_place"]

# Enough for a worker that serves several runs by turns; each holds the parameters of its run.
_MAX_PLACES = 16


class Workplace:
    """All that the steps of one run need in one process.

    Args:
        run: The run, as wrappers see it.
        hooks: Their wrappers surround the tasks.
        tracking: Stands for ``default_mlops``.
        find_task: Gives the class of a task.
        scope: The context variables that the tasks see; each attempt gets a copy.
        interruptible: Makes what surrounds an attempt so that signals reach it.
        logs: Gets what the tasks print; None for nothing of the kind.
    """

    def __init__(
        self,
        run: RunInfo,
        hooks: Hooks,
        tracking: RunTracking,
        *,
        find_task: Callable[[TaskInfo], type[Task]],
        scope: contextvars.Context,
        interruptible: Callable[[], AbstractContextManager[None] | None] = lambda: None,
        logs: LogFolder | None = None,
    ) -> None:
        self._run = run
        self._hooks = hooks
        self._tracking = tracking
        self._logs = logs
        self._find_task = find_task
        self._scope = scope
        self._interruptible = interruptible

    def carry_out(self, task: TaskInfo) -> TaskOutcome:
        """Make one attempt at a step and return how it ended."""
        return self._scope.copy().run(self._attempt, task)

    def _attempt(self, task: TaskInfo) -> TaskOutcome:
        try:
            cls = self._find_task(task)
        except GluepyError as error:
            plain = outcome_without_task("failed", started_at=datetime.now(UTC))
            return outcome_of(error, plain, home=task.task)
        self._tracking.begin(task)
        try:
            with StepOutput(self._logs, task.label, task.attempt) as printed:
                outcome = attempt(
                    cls, task, self._run, self._hooks, interruptible=self._interruptible()
                )
        finally:
            self._tracking.end(task)
        if printed.log is None or outcome.status in ("succeeded", "skipped"):
            return outcome
        return replace(outcome, output=str(mask(printed.log.tail())))


class _GuestPlace:
    """The workplace of a run that another process coordinates.

    Raises:
        GluepyError: If this process lacks what the run needs.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        DAG_REGISTRY.is_strict = TASK_REGISTRY.is_strict = False
        mind_others()
        self._project = setup.project
        _projects.add(setup.project)
        self._hooks = setup.home.move_in(setup.settings)
        for who in setup.wrappers:
            if who not in {one.who for one in self._hooks.implementations("around_task")}:
                raise MissingWrapperError(who, platform.node(), sys.prefix)
        self._classes: dict[str, type[Task]] = {}  # of the tasks that were needed here
        self._logged: dict[TaskInfo | None, list[Logged]] = {}
        self._scopes = contextlib.ExitStack()
        self._scope = contextvars.copy_context()
        try:
            self._scope.run(self._enter, setup)
        except BaseException:
            self._scope.run(self._scopes.close)
            raise
        self._info = WorkerInfo(
            host=platform.node(),
            pid=os.getpid(),
            executor=setup.run.executor,
            settings=describe_settings(setup.settings, setup.project),
        )
        self._scope.run(self._hooks.call, "worker_started", worker=self._info)

    def _enter(self, setup: WorkerSetup) -> None:
        """Let the ``default_*`` objects stand for those of the run, in this place's scope."""
        settings, run = setup.settings, setup.run
        self._scopes.enter_context(scoped(default_settings, settings))
        storage = make_backend("STORAGE_BACKEND", settings.STORAGE_BACKEND)
        if not storage.isfile(f"{run.folder}{storage.separator}run.json"):
            raise UnseenRunError(storage.location(run.folder), platform.node())
        tracking = RunTracking(
            self._keep,
            partial(make_backend, "MLOPS_BACKEND", settings.MLOPS_BACKEND),
            lambda: load_state(storage, run.folder).metrics,
        )
        for proxy, value in (
            (default_context, setup.context),
            (default_storage, storage),
            (default_mlops, tracking),
        ):
            self._scopes.enter_context(scoped(proxy, value))
        self._scopes.enter_context(capture())
        self._place = Workplace(
            *(run, self._hooks, tracking),
            find_task=self._find_task,
            scope=self._scope,
            logs=LogFolder(storage, run.folder),
        )

    def _find_task(self, task: TaskInfo) -> type[Task]:
        cls = self._classes.get(task.task)
        if cls is None:
            cls = self._classes[task.task] = self._import_task(task)
        return cls

    def _import_task(self, task: TaskInfo) -> type[Task]:
        cls = _import_task(task)
        file = getattr(sys.modules[cls.__module__], "__file__", None) or ""
        if not _is_in(file, self._project, sys.prefix) and _is_in(file, *_projects):
            raise ForeignModuleError(task.task, platform.node(), file)
        return cls

    def _keep(self, task: TaskInfo | None, entry: Logged) -> None:
        # As the journal has it: another process need not be able to make the object itself.
        value = entry.value if entry.kind == "metric" else to_json(entry.value)
        self._logged.setdefault(task, []).append(Logged(entry.kind, entry.name, value, entry.at))

    def carry_out(self, task: TaskInfo) -> Reply:
        outcome = self._place.carry_out(task)
        flush_streams()  # the process may be killed before it is asked again
        # What a thread of the task's own logged has no task if several were running.
        logged = [*self._logged.pop(None, ()), *self._logged.pop(task, ())]
        return Reply(outcome, tuple(logged), self._hooks.take_costs())

    def leave(self) -> None:
        self._scope.run(self._hooks.call, "worker_stopped", worker=self._info)
        self._scope.run(self._scopes.close)


_places: dict[str, Workplace] = {}
_guests: dict[str, _GuestPlace] = {}
_projects: set[str] = set()  # the roots of all that this process has served
_lock = threading.Lock()


def carry_out(assignment: Assignment) -> Reply:
    """Make one attempt at a step; this is the function that executors are given.

    Returns:
        How it ended, whatever happened: also where this process lacks what the step needs.
    """
    place = _places.get(assignment.key)
    if place is not None:
        return Reply(place.carry_out(assignment.task))
    started_at = datetime.now(UTC)
    try:
        guest = _find_guest(assignment)
    except Exception as error:  # noqa: BLE001 - whatever a plugin or a backend raises
        plain = outcome_without_task("failed", started_at=started_at)
        return Reply(outcome_of(error, plain, home=assignment.task.task))
    return guest.carry_out(assignment.task)


@contextlib.contextmanager
def open_place(key: str, place: Workplace) -> Iterator[None]:
    """Let steps of a run that this process coordinates be carried out here, too."""
    _places[key] = place
    try:
        yield
    finally:
        del _places[key]


def leave(key: str) -> None:
    """Tear down what a run of another process needed here; nothing if it was never here.

    For executors whose workers outlive the run.

    Args:
        key: Of the run's assignments.
    """
    with _lock:
        guest = _guests.pop(key, None)
        if guest is not None:
            guest.leave()


def leave_all() -> None:
    """Tear down what runs of other processes needed here."""
    with _lock:
        while _guests:
            _guests.popitem()[1].leave()


def forget_places() -> None:
    """Forget the workplaces of the process that this one was forked from."""
    _places.clear()
    _guests.clear()
    forget_steps()
    forget_scopes(default_settings, default_context, default_storage, default_mlops)


def _find_guest(assignment: Assignment) -> _GuestPlace:
    with _lock:
        guest = _guests.get(assignment.key)
        if guest is None:
            if not _guests:
                atexit.register(leave_all)
            while len(_guests) >= _MAX_PLACES:
                _guests.pop(next(iter(_guests))).leave()
            guest = _guests[assignment.key] = _GuestPlace(pickle.loads(assignment.setup))  # noqa: S301 - from our own coordinator
        return guest


def _import_task(task: TaskInfo) -> type[Task]:
    try:
        with output_aside():
            cls: type[Task] = import_string(task.task)
    except Exception as error:
        sources = " and ".join(task.sources)
        raise WorkerImportError(task.task, platform.node(), reason_of(error), sources) from error
    return cls


def _is_in(file: str, *folders: str) -> bool:
    return any(folder and file.startswith(folder + os.sep) for folder in folders)
