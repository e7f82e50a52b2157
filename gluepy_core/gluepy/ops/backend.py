"""Trackers: where parameters, metrics and artifacts of runs are noted."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, SupportsFloat, cast

from gluepy.conf.secrets import mask
from gluepy.ops.metrics import to_metric

__all__ = ["BaseOpsBackend", "LoggingOpsBackend", "TrackedRun"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackedRun:
    """A run as a tracker knows it.

    Attributes:
        run_id: Its id.
        dag: Label of the DAG.
        username: Who started it.
        status: ``running``, or how it ended.
        started_at: In UTC.
        ended_at: In UTC; None while it runs.
        config: Its parameters; secrets are masked.
    """

    run_id: str
    dag: str
    username: str
    status: str
    started_at: datetime
    ended_at: datetime | None = None
    config: Mapping[str, object] = field(default_factory=dict)


class BaseOpsBackend:
    """What a tracker can do. Subclass it to send parameters and metrics elsewhere."""

    def create_run(
        self,
        dag: Any,
        run_id: str | None = None,
        config: Mapping[str, object] | None = None,
        username: str = "AnonymousUser",
    ) -> Any:
        """Note that a run begins.

        Args:
            dag: The DAG, or its label.
            run_id: Id of the run; the tracker must know it by this one. A new one when None.
            config: Its parameters.
            username: Who started it.

        Returns:
            The id of the run.
        """
        raise NotImplementedError

    def get_run(self, run_id: str) -> Any:
        """Return what is known of a run."""
        raise NotImplementedError

    def list_runs(
        self,
        dag: Any = None,
        username: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> Any:
        """Return the runs that fit, the oldest first; None fits all."""
        raise NotImplementedError

    def log_metric(self, key: str, value: SupportsFloat, timestamp: datetime | None = None) -> None:
        """Note a metric of the current run; the last value of a name counts.

        Args:
            key: Its name.
            value: A number of Python or numpy.
            timestamp: When it was measured; now when None.

        Raises:
            TypeError: If ``value`` is no number.
        """
        raise NotImplementedError

    def log_param(self, key: str, value: Any) -> None:
        """Note a parameter of the current run."""
        raise NotImplementedError

    def log_artifact(self, local_path: str, artifact_path: str | None = None) -> None:
        """Note a file that the current run has made.

        Args:
            local_path: The file on this machine.
            artifact_path: Where the tracker is to keep it.
        """
        raise NotImplementedError

    def log_input(
        self, df: Any, context: str | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        """Note a table that the current run uses.

        Args:
            df: The table.
            context: What it is used for, for example ``training``.
            tags: Anything else about it.
        """
        raise NotImplementedError

    def set_terminated(self, run_id: str, status: str, end_time: datetime | None = None) -> None:
        """Note that a run has ended.

        Args:
            run_id: Id of the run.
            status: How it ended.
            end_time: When; now when None.
        """
        raise NotImplementedError

    def delete_run(self, run_id: str) -> None:
        """Forget a run."""
        raise NotImplementedError

    def get_metrics(self) -> dict[str, float]:
        """Return the metrics of the current run by name, the last value of each."""
        raise NotImplementedError


class LoggingOpsBackend(BaseOpsBackend):
    """Writes everything to the log, and keeps runs and metrics in memory.

    One object tracks one current run: the one that `create_run` began last.
    """

    def __init__(self) -> None:
        self._runs: dict[str, TrackedRun] = {}
        self._metrics: dict[str, float] = {}

    def create_run(
        self,
        dag: Any,
        run_id: str | None = None,
        config: Mapping[str, object] | None = None,
        username: str = "AnonymousUser",
    ) -> str:
        """Begin a run, without metrics, and return its id."""
        run = TrackedRun(
            run_id=run_id or str(uuid.uuid4()),
            dag=_label_of(dag),
            username=username,
            status="running",
            started_at=datetime.now(UTC),
            config=cast("dict[str, Any]", mask(config or {})),
        )
        self._runs[run.run_id] = run
        self._metrics = {}
        what = f"DAG {run.dag}" if run.dag else "one task"
        logger.info("run %s of %s begins", run.run_id, what)
        return run.run_id

    def get_run(self, run_id: str) -> TrackedRun:
        """Return a run.

        Raises:
            KeyError: If there is none of that id.
        """
        return self._runs[run_id]

    def list_runs(
        self,
        dag: Any = None,
        username: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> list[TrackedRun]:
        """Return the runs that fit, the oldest first.

        Args:
            dag: A DAG or its label.
            username: Who started them.
            start_time: Only those that started then or later; with a time zone.
            end_time: Only those that started before; with a time zone.
        """
        return [
            run
            for run in self._runs.values()
            if (dag is None or run.dag == _label_of(dag))
            and (username is None or run.username == username)
            and (start_time is None or run.started_at >= start_time)
            and (end_time is None or run.started_at < end_time)
        ]

    def log_metric(self, key: str, value: SupportsFloat, timestamp: datetime | None = None) -> None:
        """Note a metric."""
        number = to_metric(key, value)
        self._metrics[key] = number
        moment = timestamp or datetime.now(UTC)
        logger.info("metric %s = %r", key, number, extra={"gluepy_measured_at": moment})

    def log_param(self, key: str, value: Any) -> None:
        """Log a parameter; a secret is masked."""
        logger.info("parameter %s = %r", key, mask(value, key))

    def log_artifact(self, local_path: str, artifact_path: str | None = None) -> None:
        """Log the name of a file."""
        logger.info("artifact %s -> %s", local_path, artifact_path or local_path)

    def log_input(
        self, df: Any, context: str | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        """Log the shape of a table, not its content."""
        shape = getattr(df, "shape", "of unknown shape")
        logger.info("input %s for %s %s", shape, context or "any use", dict(tags or {}))

    def set_terminated(self, run_id: str, status: str, end_time: datetime | None = None) -> None:
        """End a run."""
        ended = replace(self._runs[run_id], status=status, ended_at=end_time or datetime.now(UTC))
        self._runs[run_id] = ended
        logger.info("run %s ended: %s", run_id, status)

    def delete_run(self, run_id: str) -> None:
        """Forget a run."""
        del self._runs[run_id]
        logger.info("run %s is forgotten", run_id)

    def get_metrics(self) -> dict[str, float]:
        """Return the metrics of the current run by name."""
        return dict(self._metrics)


def _label_of(dag: Any) -> str:
    return str(getattr(dag, "label", dag))
