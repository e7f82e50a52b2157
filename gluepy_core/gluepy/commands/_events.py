"""``--format ndjson``: every event of a run as a line of JSON, when it happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from gluepy import RunInfo, RunReport, TaskInfo, TaskOutcome, hookimpl
from gluepy.ops.metrics import metric_to_json

__all__ = ["EventStream"]

_SCHEMA = "gluepy.event/1"


class EventStream:
    """Writes the events of runs.

    Args:
        write: Takes a line, without its end.
    """

    #: Name and source, as `Hooks.add` takes them.
    identity = ("events", "gluepy-core")

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        """A run begins."""
        self._tell(
            run,
            "run-started",
            dag=run.dag,
            folder=run.folder,
            location=run.location,
            steps=run.steps,
            done=run.done,
            executor=run.executor,
            is_retry=run.is_retry,
            sources=run.sources,
            changes=run.changes,
            host=run.host,
            pid=run.pid,
        )

    @hookimpl
    def before_task(self, task: TaskInfo, run: RunInfo) -> None:
        """An attempt at a step begins."""
        self._tell(
            run,
            "task-started",
            step=task.label,
            attempt=task.attempt,
            index=task.index,
            task=task.task,
            partition=task.partition,
            is_evaluation=task.is_evaluation,
            tags=task.tags,
            sources=task.sources,
        )

    @hookimpl
    def on_metric(self, run: RunInfo, task: TaskInfo | None, name: str, value: float) -> None:
        """A task has logged a metric."""
        step = task.label if task is not None else ""
        self._tell(run, "metric", step=step, name=name, value=metric_to_json(value))

    @hookimpl
    def after_task(self, task: TaskInfo, run: RunInfo, outcome: TaskOutcome) -> None:
        """An attempt has ended; what it printed comes first."""
        text = _printed(run, task)
        if text:
            self._tell(run, "output", step=task.label, attempt=task.attempt, text=text)
        self._tell(
            run,
            "task-ended",
            step=task.label,
            attempt=task.attempt,
            status=outcome.status,
            seconds=outcome.seconds,
            started_at=outcome.started_at.isoformat(),
            error=outcome.error,
            hint=outcome.hint,
            reason=outcome.reason,
            plugin=outcome.plugin,
            traceback=outcome.traceback,
            host=outcome.host,
            pid=outcome.pid,
        )

    @hookimpl
    def after_dag(self, run: RunInfo, report: RunReport) -> None:
        """A run has ended."""
        self._tell(
            run,
            "run-ended",
            status=report.status,
            seconds=report.seconds,
            signal=int(report.signal),
            metrics={name: metric_to_json(value) for name, value in report.metrics},
            steps=[
                {
                    "step": step.label,
                    "status": step.outcome.status if step.outcome else "",
                    "is_done": step.is_done,
                    "reason": step.reason,
                }
                for step in report.steps
            ],
        )

    def _tell(self, run: RunInfo, event: str, **content: object) -> None:
        at = datetime.now(UTC).isoformat()
        line = {"schema": _SCHEMA, "event": event, "at": at, "run_id": run.run_id, **content}
        self._write(json.dumps(line, separators=(",", ":"), allow_nan=False))


#: So much of what an attempt printed stands in an event: the end of it. The log has all.
_MAX_OUTPUT = 64_000


def _printed(run: RunInfo, task: TaskInfo) -> str:
    from gluepy.exceptions import GluepyError
    from gluepy.files.storages import default_storage
    from gluepy.runs.logs import read_attempt

    try:
        text = read_attempt(
            *(default_storage, run.folder, task.label), attempt=task.attempt, since=run.started_at
        )
    except GluepyError:  # it cannot be read, which ends no run
        return ""
    return text[-_MAX_OUTPUT:]
