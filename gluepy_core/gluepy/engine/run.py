"""One run from beginning to end: its folder, its context, its tracking, and the loop between."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gluepy.conf import default_context, default_context_manager
from gluepy.conf.context import Context, dump_context
from gluepy.conf.secrets import mask
from gluepy.engine.loop import run_plan
from gluepy.engine.tracking import RunTracking
from gluepy.exceptions import RunRecordError, SettingsError, TrackingError, UnknownRunError
from gluepy.exec import TASK_REGISTRY
from gluepy.exec.plan import Plan, Selection, Step
from gluepy.exec.records import RunInfo, RunReport
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops
from gluepy.runs.folder import (
    CONTEXT_FILE,
    get_run_folder,
    read_metrics,
    write_context,
    write_metrics,
)
from gluepy.utils.backends import make_backend
from gluepy.utils.errors import reason_of
from gluepy.utils.loading import scoped

if TYPE_CHECKING:
    from gluepy.conf.settings import Settings
    from gluepy.plugin.manager import Hooks

__all__ = ["RunRequest", "RunResult", "has_run", "run"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the user wants of a run.

    Attributes:
        selection: Which steps.
        retry: Folder or id of a run to work in again; empty for a new run.
        folder: Folder to work in, made if it is missing; empty for one named after the run.
        patches: Files of parameters in the storage.
        local_patches: Files of parameters on this machine.
        overrides: Single parameters, nested as in the files.
        compare: Folders or ids of runs to compare the metrics with.
    """

    selection: Selection = field(default_factory=Selection)
    retry: str = ""
    folder: str = ""
    patches: tuple[str, ...] = ()
    local_patches: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    compare: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A run that has ended.

    Attributes:
        run: The run.
        report: How it ended.
        metrics: All metrics of its folder, also those of earlier runs in it.
        compared: The metrics of the runs to compare with, by folder.
        evaluations: Labels of the evaluation tasks of this run.
    """

    run: RunInfo
    report: RunReport
    metrics: Mapping[str, float]
    compared: Mapping[str, Mapping[str, float]]
    evaluations: tuple[str, ...] = ()

    @property
    def has_evaluated(self) -> bool:
        """Whether an evaluation task has run."""
        outcomes = self.report.outcomes()
        return any(label in outcomes for label in self.evaluations)


def run(
    plan: Plan,
    request: RunRequest,
    settings: Settings,
    hooks: Hooks,
    *,
    sources: tuple[str, ...] = (),
) -> RunResult:
    """Carry out a plan in a run folder of its own, or in that of an earlier run.

    Everything that the user may have got wrong is found before the first file is written.

    Args:
        plan: What to run.
        request: Where, and with which parameters.
        settings: Name the tracking backend.
        hooks: Are told of everything.
        sources: Where the DAG came from.

    Raises:
        SettingsError: If ``EXECUTOR`` names one that there is not.
        UnknownRunError: If there is no run to retry or to compare with.
        PatchError: If a patch cannot be read.
        RunRecordError: If what the run folder holds is not of a run.
        TrackingError: If the tracking backend cannot begin the run.
        StorageError: If the run folder cannot be written.
    """
    _check_executor(settings)
    compared = {
        folder: read_metrics(default_storage, folder)
        for folder in (
            get_run_folder(default_storage, name, option="--compare") for name in request.compare
        )
    }
    context = _context_of(request)
    folder = str(context.gluepy.run_folder)
    earlier = read_metrics(default_storage, folder)
    backend = make_backend("MLOPS_BACKEND", settings.MLOPS_BACKEND)  # its own: runs share none
    info = RunInfo(
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
    )
    tracking = RunTracking(backend, info, hooks)
    metrics = dict(earlier)

    def save() -> None:
        if tracking.metrics:
            metrics.update(tracking.metrics)
            write_metrics(default_storage, folder, metrics)

    with _current(context, tracking), _tracked(backend, info, context) as ended:
        write_context(default_storage, folder, dump_context(context))
        report = run_plan(plan, info, hooks, tracking, save=save, sources_of=_sources_of)
        ended.append(report.status)
    evaluations = tuple(step.label for step in plan.steps if step.is_evaluation)
    return RunResult(
        run=info, report=report, metrics=metrics, compared=compared, evaluations=evaluations
    )


def has_run(name: str) -> bool:
    """Return whether there is a run in a folder, or with an id."""
    try:
        get_run_folder(default_storage, name, option="--run")
    except UnknownRunError:
        return False
    return True


def _check_executor(settings: Settings) -> None:
    """Refuse an executor that there is none of, instead of running the steps otherwise."""
    if settings.EXECUTOR != "serial":
        raise SettingsError(
            settings.source_of("EXECUTOR"),
            f"there is no executor {settings.EXECUTOR!r}",
            hint="There is one so far: 'serial'.",
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
def _current(context: Context, tracking: RunTracking) -> Iterator[None]:
    """Let the ``default_*`` objects stand for what belongs to this run."""
    with scoped(default_context, context), scoped(default_mlops, tracking):
        yield


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


def _sources_of(step: Step) -> tuple[str, ...]:
    entry = TASK_REGISTRY.find_entry(step.task)
    return tuple(str(source) for source in entry.sources) if entry else ()
