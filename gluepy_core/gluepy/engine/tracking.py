"""What the tasks of one run log: kept for its record, passed on to the backend and the hooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gluepy.exec.records import RunInfo, TaskInfo
from gluepy.ops import BaseOpsBackend
from gluepy.ops.metrics import to_metric
from gluepy.plugin.manager import Hooks

__all__ = ["RunTracking"]


class RunTracking:
    """Stands between the tasks of one run and the tracking backend that the settings name.

    Everything goes on to the backend; metrics are also kept and told to the observers.

    Attributes:
        metrics: Name and last value of each metric of this run.
        task: The attempt that is running, if any.
    """

    def __init__(self, backend: BaseOpsBackend, run: RunInfo, hooks: Hooks) -> None:
        self._backend = backend
        self._run = run
        self._hooks = hooks
        self.metrics: dict[str, float] = {}
        self.task: TaskInfo | None = None

    def log_metric(self, key: str, value: Any, timestamp: datetime | None = None) -> None:
        """Log a figure; the same name again replaces the earlier value."""
        number = to_metric(key, value)
        self._backend.log_metric(key, number, timestamp)
        self.metrics[key] = number
        self._hooks.call("on_metric", run=self._run, task=self.task, name=key, value=number)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
