"""What the tasks of one run log: ``default_mlops`` while they run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from gluepy.conf.secrets import mask
from gluepy.engine.messages import Logged, LoggedKind
from gluepy.exec.records import TaskInfo
from gluepy.ops import BaseOpsBackend
from gluepy.ops.metrics import to_metric

__all__ = ["RunTracking", "Sink"]

#: Is told what a task logged; None stands for what was logged outside of all tasks.
Sink = Callable[[TaskInfo | None, Logged], None]

_MAX_COLUMNS = 50


class RunTracking:
    """Stands between the tasks of one run, in one process, and the tracking backend.

    What tasks log goes to a sink, from which it reaches the journal, the backend and the observers
    in the coordinating process; so it makes no difference where a task runs. Whatever else a
    backend can do is asked of it directly.

    Args:
        sink: Is told all that is logged.
        backend: Gives the backend of this process.
        metrics: Gives the metrics of the run that are known so far.
    """

    def __init__(
        self,
        sink: Sink,
        backend: Callable[[], BaseOpsBackend],
        metrics: Callable[[], Mapping[str, float]],
    ) -> None:
        self._sink = sink
        self._backend = backend
        self._metrics = metrics
        self._running: list[TaskInfo] = []
        self._lock = threading.Lock()

    def begin(self, task: TaskInfo) -> None:
        """Take what is logged in this context, which is the task's own, for that of ``task``."""
        _current.set((self, task))
        with self._lock:
            self._running.append(task)

    def end(self, task: TaskInfo) -> None:
        """The task has ended."""
        with self._lock:
            self._running.remove(task)

    def log_metric(self, key: str, value: Any, timestamp: datetime | None = None) -> None:
        """Log a figure; the same name again replaces the earlier value.

        Raises:
            TypeError: If ``value`` is no number.
        """
        number = to_metric(key, value)
        self._log("metric", key, number, (key, number, timestamp), at=timestamp)

    def log_param(self, key: str, value: Any) -> None:
        """Log a parameter; a secret is masked in the record."""
        self._log("param", str(key), mask(value, str(key)), (key, value))

    def log_artifact(self, local_path: str, artifact_path: str | None = None) -> None:
        """Log a file that the run has made."""
        name = str(artifact_path or local_path)
        self._log("artifact", name, str(local_path), (local_path, artifact_path))

    def log_input(
        self, df: Any, context: str | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        """Log a table that the run uses: its shape and columns, not its content."""
        value = {**_describe(df), "tags": dict(tags or {})}
        self._log("input", context or "", value, (df, context, tags))

    def get_metrics(self) -> dict[str, float]:
        """Return the metrics of the run by name, the last value of each."""
        return dict(self._metrics())

    def _log(
        self,
        kind: LoggedKind,
        name: str,
        value: object,
        original: tuple[object, ...],
        at: datetime | None = None,
    ) -> None:
        entry = Logged(kind, name, value, at or datetime.now(UTC), original)
        self._sink(self._task(), entry)

    def _task(self) -> TaskInfo | None:
        """Return the task that logs: in a thread of its own making, the only one that runs."""
        tracking, task = _current.get()
        if tracking is self:
            return task
        running = self._running
        return running[0] if len(running) == 1 else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend(), name)


_current: ContextVar[tuple[RunTracking | None, TaskInfo | None]] = ContextVar(
    "gluepy_current_task", default=(None, None)
)


def _describe(table: Any) -> dict[str, object]:
    shape = getattr(table, "shape", None)
    columns = getattr(table, "columns", None)
    names = list(columns)[:_MAX_COLUMNS] if isinstance(columns, Iterable) else None
    return {
        "shape": [int(size) for size in shape] if isinstance(shape, tuple) else None,
        "columns": None if names is None else [str(name) for name in names],
    }
