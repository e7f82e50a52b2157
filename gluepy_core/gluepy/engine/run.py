"""One run from beginning to end: its folder, context, record, tracking, and the loop between."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import os
import pickle
import platform
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, get_args

from gluepy.conf import default_context, default_context_manager
from gluepy.conf.context import Context, dump_context
from gluepy.conf.secrets import mask
from gluepy.engine.loop import Loop
from gluepy.engine.messages import Logged, WorkerSetup
from gluepy.engine.output import capture
from gluepy.engine.pools import Pool, open_pools, with_executor
from gluepy.engine.request import RunRequest, RunResult, Surroundings
from gluepy.engine.signals import StopRequest
from gluepy.engine.terms import Terms
from gluepy.engine.tracking import RunTracking
from gluepy.engine.worker import Workplace, open_place
from gluepy.exceptions import (
    DebuggerError,
    ExecutorError,
    RunRecordError,
    SettingsError,
    StorageError,
    StorageWriteError,
    TrackingError,
    UnknownRunError,
)
from gluepy.exec.plan import Plan
from gluepy.exec.policy import StepPolicy
from gluepy.exec.records import (
    RunInfo,
    RunReport,
    TaskInfo,
    WorkerInfo,
)
from gluepy.exec.tasks import Task
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops
from gluepy.runs.folder import CONTEXT_FILE, get_run_folder, read_metrics, write_context
from gluepy.runs.journal import Sync
from gluepy.runs.logs import LogFolder
from gluepy.runs.record import Opening, RunRecord
from gluepy.utils.backends import make_backend
from gluepy.utils.errors import reason_of
from gluepy.utils.loading import scoped, unwrapped

if TYPE_CHECKING:
    from gluepy.conf.settings import Settings

__all__ = ["has_run", "run"]

logger = logging.getLogger(__name__)


def run(plan: Plan, request: RunRequest, around: Surroundings) -> RunResult:
    """Carry a plan out in a run folder of its own, or in that of an earlier run.

    Everything that the user may have got wrong is found before the first file is written.

    Args:
        plan: What to run.
        request: Where, and with which parameters.
        around: What the run needs besides.

    Raises:
        DebuggerError: If it is to be debugged, and a task runs elsewhere.
        ExecutorError: If an executor cannot carry this run out.
        SettingsError: If ``JOURNAL_SYNC`` is none of its values.
        UnknownRunError: If there is no run to retry or to compare with.
        PatchError: If a patch cannot be read.
        RunLockedError: If a live process works in the run folder.
        RunRecordError: If what the run folder holds is not of this run, or is damaged.
        TrackingError: If the tracking backend cannot begin the run.
        StorageError: If the run folder cannot be written.
    """
    settings = around.settings
    compared = {
        folder: read_metrics(default_storage, folder)
        for folder in (
            get_run_folder(default_storage, name, option="--compare") for name in request.compare
        )
    }
    sync = _sync_of(settings)
    context = _context_of(request)
    backend = make_backend("MLOPS_BACKEND", settings.MLOPS_BACKEND)  # its own: runs share none
    executor = request.executor or settings.EXECUTOR
    info = _info(plan, request, context, executor, around.sources)
    named = cache(partial(with_executor, executor=executor))  # most tasks share one policy
    policies = [named(policy) for policy in around.policies]
    if request.is_debugged:
        _refuse_others_than_serial(plan, policies)
    with (
        open_pools(plan, policies, request, around) as pools,
        RunRecord.open(
            default_storage,
            _opening(info, request, context, around),
            sync=sync,
            prepare=lambda: write_context(default_storage, info.folder, dump_context(context)),
        ) as record,
    ):
        return _Run(plan, info, context, backend, record, pools, policies, request, around).result(
            compared
        )


def _refuse_others_than_serial(plan: Plan, policies: Sequence[StepPolicy]) -> None:
    for planned, policy in zip(plan.tasks, policies, strict=True):
        if policy.executor != "serial":
            raise DebuggerError(planned.label, policy.executor)


def has_run(name: str) -> bool:
    """Return whether there is a run in a folder, or with an id."""
    try:
        get_run_folder(default_storage, name, option="--run")
    except UnknownRunError:
        return False
    return True


class _Run:
    """A run whose record is open."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that was found out before
        self,
        plan: Plan,
        info: RunInfo,
        context: Context,
        backend: Any,
        record: RunRecord,
        pools: Mapping[str, Pool[Any]],
        policies: Sequence[StepPolicy],
        request: RunRequest,
        around: Surroundings,
    ) -> None:
        self._plan = plan
        self._context = context
        self._backend = backend
        self._record = record
        self._pools = pools
        self._policies = policies
        self._request = request
        self._around = around
        self._hooks = around.hooks
        self._is_backend_bad = False
        self._info = replace(
            info,
            done=self._done(),
            changes=tuple(
                f"{name} {then} -> {now}" for name, (then, now) in record.changed_versions.items()
            )
            if request.resume
            else (),
        )

    def result(self, compared: Mapping[str, Mapping[str, float]]) -> RunResult:
        """Carry it out."""
        tasks = self._plan.tasks
        evaluations = tuple(task.label for task in tasks if task.is_evaluation)
        tags = {
            task.label: policy.tags
            for task, policy in zip(tasks, self._policies, strict=True)
            if policy.tags
        }
        try:
            with _tracked(self._backend, self._info, self._context) as ended:
                self._record.planned(
                    self._plan.labels, self._plan.upstream, evaluations=evaluations, tags=tags
                )
                self._record.flush()
                report = self._carried_out()
                ended.append(report.status)
        except TrackingError:  # else it would look as if the process had died
            self._record.finish(RunReport(status="failed", seconds=0.0, steps=()))
            raise
        return RunResult(
            run=self._info,
            report=report,
            metrics=dict(self._record.metrics),
            compared=compared,
            evaluations=evaluations,
        )

    def _done(self) -> tuple[str, ...]:
        """Return the labels of the steps that need not run again."""
        if not self._request.resume:
            return ()
        succeeded = self._record.state.succeeded
        known = self._record.state.expansions
        return tuple(
            step.label
            for task in self._plan.tasks
            for step in task.steps(known.get(task.label))
            if step.label in succeeded
        )

    def _carried_out(self) -> RunReport:
        loop: Loop | None = None

        def wake() -> None:
            if loop is not None:
                loop.wake()

        stop = StopRequest(wake)
        tracking = RunTracking(
            lambda task, entry: loop.note(task, entry) if loop is not None else None,
            lambda: self._backend,
            lambda: self._record.metrics,
        )
        key = uuid.uuid4().hex
        with (
            stop.listening(),
            capture(),
            scoped(default_context, self._context),
            scoped(default_mlops, tracking),
        ):
            place = self._workplace(tracking, stop)
            loop = Loop(
                self._plan,
                self._info,
                self._hooks,
                self._record,
                Terms(
                    pools=self._pools,
                    policies=self._policies,
                    carry_out=place.carry_out,
                    key=key,
                    setup=self._setup(),
                    done=frozenset(self._info.done),
                    expansions=self._record.state.expansions if self._request.resume else {},
                    keep_going=self._request.keep_going,
                    sources_of=self._around.sources_of,
                    track=self._track,
                ),
                stop=stop,
            )
            with open_place(key, place):
                return self._observed(loop)

    def _observed(self, loop: Loop) -> RunReport:
        self._hooks.take_costs()  # what was called before is no matter of this run
        loop.tell("before_dag", run=self._info)
        is_here = any(pool.is_in_process for pool in self._pools.values())
        worker = WorkerInfo(
            host=self._info.host,
            pid=self._info.pid,
            executor=self._info.executor,
            settings=self._around.settings_info,
        )
        if is_here:
            loop.tell("worker_started", worker=worker)
        report = loop.run()
        if is_here:
            loop.tell("worker_stopped", worker=worker)
        error = loop.record_error
        try:
            self._record.finish(report, self._hooks.take_costs())
        except Exception as caught:  # noqa: BLE001 - a storage of others may raise anything
            error = error or caught
            report = replace(report, status="failed")
        loop.tell("after_dag", run=self._info, report=report)
        if isinstance(error, StorageError):
            raise error
        if error is not None:
            raise StorageWriteError(self._info.folder, reason_of(error)) from error
        return report

    def _workplace(self, tracking: RunTracking, stop: StopRequest) -> Workplace:
        tasks = {task.label: task.task for task in self._plan.tasks}
        main = threading.get_ident()

        def find_task(task: TaskInfo) -> type[Task]:
            return tasks[task.label.removesuffix(f"[{task.partition}]")]

        return Workplace(
            _for_workers(self._info),
            self._hooks,
            tracking,
            find_task=find_task,
            scope=contextvars.copy_context(),
            interruptible=lambda: (
                stop.in_task() if threading.get_ident() == main else stop.in_thread()
            ),
            logs=LogFolder(unwrapped(default_storage), self._info.folder),
        )

    def _setup(self) -> bytes:
        """Return what workers in other processes need to know, pickled."""
        others = [name for name, pool in self._pools.items() if not pool.is_in_process]
        if not others:
            return b""
        setup = WorkerSetup(
            run=_for_workers(self._info),
            context=self._context,
            settings=self._around.settings,
            home=self._around.home,
            project=self._around.project,
            wrappers=tuple(one.who for one in self._hooks.implementations("around_task")),
        )
        try:
            return pickle.dumps(setup, protocol=5)
        except Exception as error:
            raise ExecutorError(
                others[0], f"cannot be told of this run: {reason_of(error)}"
            ) from error

    def _track(self, entry: Logged) -> None:
        """Pass what a task has logged on to the tracking backend, which must not end the run."""
        try:
            getattr(self._backend, f"log_{entry.kind}")(*entry.arguments)
        except Exception as error:  # noqa: BLE001 - whatever a backend raises
            if not self._is_backend_bad:
                self._is_backend_bad = True
                who = type(self._backend).__qualname__
                logger.error("MLOPS_BACKEND %r cannot log: %s", who, reason_of(error))


# -- what a run begins with ----------------------------------------------------------------------


def _info(
    plan: Plan, request: RunRequest, context: Context, executor: str, sources: tuple[str, ...]
) -> RunInfo:
    folder = str(context.gluepy.run_folder)
    return RunInfo(
        run_id=str(context.gluepy.run_id),
        dag=plan.dag,
        folder=folder,
        location=default_storage.location(folder),
        steps=plan.labels,
        sources=sources,
        started_at=datetime.now(UTC),
        host=platform.node(),
        pid=os.getpid(),
        is_retry=bool(request.retry),
        executor=executor,
    )


def _for_workers(info: RunInfo) -> RunInfo:
    return replace(info, steps=(), done=(), changes=())


def _opening(info: RunInfo, request: RunRequest, context: Context, around: Surroundings) -> Opening:
    return Opening(
        run=info,
        mode="resume" if request.resume else "retry" if request.retry else "new",
        distributions=around.distributions,
        plugins=around.hooks.plugins,
        parameters=context.to_dict(),
        executor=info.executor,
        command=around.command,
    )


def _sync_of(settings: Settings) -> Sync:
    known: tuple[Sync, ...] = get_args(Sync)
    for sync in known:
        if sync == settings.JOURNAL_SYNC:
            return sync
    raise SettingsError(
        settings.source_of("JOURNAL_SYNC"),
        f"JOURNAL_SYNC is {settings.JOURNAL_SYNC!r}",
        hint=f"Use one of: {', '.join(known)}.",
    )


def _context_of(request: RunRequest) -> Context:
    manager = default_context_manager
    # Patches lie in the storage, which is a layer above the one that reads them.
    manager.read_file = _read_file
    patches, local_patches = list(request.patches), list(request.local_patches)
    if request.retry:
        folder = get_run_folder(default_storage, request.retry, option="--retry")
        path = f"{folder}{default_storage.separator}{CONTEXT_FILE}"
        context = manager.load_context(path, patches, local_patches, overrides=request.overrides)
        if not context.gluepy.get("run_id"):
            raise RunRecordError(default_storage.location(path), "it has no gluepy.run_id")
        return context
    return manager.create_context(
        run_folder=request.folder or None,
        patches=patches,
        local_patches=local_patches,
        overrides=request.overrides,
    )


def _read_file(path: str) -> bytes:
    return default_storage.open(path, mode="rb")


@contextlib.contextmanager
def _tracked(backend: Any, run: RunInfo, context: Context) -> Iterator[list[str]]:
    """Tell the tracking backend that a run begins, and how it ended.

    Yields:
        A list for the status; where none is put into it the run counts as failed.

    Raises:
        TrackingError: If the backend cannot begin the run. That it cannot end one is only logged:
            the run is over by then, and its result stands.
    """
    try:
        backend.create_run(run.dag, run_id=run.run_id, config=mask(context.to_dict()))
    except Exception as error:
        raise TrackingError(type(backend).__qualname__, reason_of(error)) from error
    ended: list[str] = []
    try:
        yield ended
    finally:
        try:
            backend.set_terminated(run.run_id, ended[-1] if ended else "failed")
        except Exception as error:  # noqa: BLE001 - whatever a backend raises
            who, reason = type(backend).__qualname__, reason_of(error)
            logger.error("MLOPS_BACKEND %r cannot end run %s: %s", who, run.run_id, reason)
