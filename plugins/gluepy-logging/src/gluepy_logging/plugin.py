"""The plugin: what it writes at each hook."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Generator
from datetime import UTC, datetime

from gluepy import (
    CommandInfo,
    RunInfo,
    RunReport,
    SettingsInfo,
    TaskInfo,
    TaskOutcome,
    WorkerInfo,
    hookimpl,
)
from gluepy_logging._context import task_context
from gluepy_logging._lines import render_line, render_moment
from gluepy_logging._records import RecordTap
from gluepy_logging._sinks import Sink, find_sink

__all__ = ["LoggingPlugin"]

_FLAGS = dict.fromkeys(("1", "true", "yes", "on"), True)
_FLAGS |= dict.fromkeys(("0", "false", "no", "off"), False)


class LoggingPlugin:
    """Writes every event of a command and its runs as one line of JSON.

    Settings: ``JSONLOG`` is ``auto`` (the default: standard error, unless it is a terminal),
    ``stderr``, ``off``, or the path of a file. ``JSONLOG_RECORDS`` says whether the log records
    of tasks are lines too; they are by default.

    Args:
        now: Gives the moment in UTC.
        clock: Gives seconds that never go back.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._clock = clock
        self._sink: Sink | None = None
        self._tap: RecordTap | None = None
        self._configured_in = 0
        self._command_starts: list[float] = []

    @hookimpl
    def configure(self, settings: SettingsInfo) -> None:
        """Find out where lines go; where that cannot be, they go nowhere."""
        self._sink = self._tap = None
        self._configured_in = os.getpid()
        self._sink = find_sink(settings.get("JSONLOG", "auto"), project=settings.project)
        if self._sink is not None and _as_flag(settings, "JSONLOG_RECORDS", default=True):
            self._tap = RecordTap(self._sink)

    @hookimpl
    def worker_started(self, worker: WorkerInfo) -> None:
        """Do the same in a process of tasks alone: their log records are lines, too."""
        if worker.pid != self._configured_in:
            self.configure(worker.settings)

    @hookimpl
    def before_command(self, command: CommandInfo) -> None:
        """Write a line with the command, and which process it is."""
        self._command_starts.append(self._clock())
        self._write(
            "before_command",
            command=command.name,
            arguments=command.arguments,
            host=socket.gethostname(),
            pid=os.getpid(),
        )

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        """Write a line with all that is known of the run."""
        self._write(
            "before_dag",
            run,
            folder=run.folder,
            location=run.location,
            steps=run.steps,
            sources=run.sources,
            started_at=render_moment(run.started_at),
            is_retry=run.is_retry,
            host=run.host,
            pid=run.pid,
        )

    @hookimpl
    def before_task(self, task: TaskInfo, run: RunInfo) -> None:
        """Write a line with all that is known of the task."""
        self._write(
            "before_task",
            run,
            task,
            index=task.index,
            steps=len(run.steps),
            task_class=task.task,
            is_evaluation=task.is_evaluation,
            sources=task.sources,
        )

    @hookimpl(wrapper=True, tryfirst=True)
    def around_task(self, task: TaskInfo, run: RunInfo) -> Generator[None, object, object]:
        """Let the log records of the task, and of the wrappers inside this one, carry its label."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(task_context(run, task))
            if self._tap is not None:
                stack.enter_context(self._tap.open())
            return (yield)

    @hookimpl
    def on_metric(self, run: RunInfo, task: TaskInfo | None, name: str, value: float) -> None:
        """Write a line with the metric."""
        self._write("on_metric", run, task, metric=name, value=value)

    @hookimpl
    def after_task(self, task: TaskInfo, run: RunInfo, outcome: TaskOutcome) -> None:
        """Write a line with the outcome; what is empty is left out."""
        details = {
            "error": outcome.error,
            "reason": outcome.reason,
            "plugin": outcome.plugin,
            "traceback": outcome.traceback,
        }
        self._write(
            "after_task",
            run,
            task,
            outcome=outcome.status,
            seconds=outcome.seconds,
            started_at=render_moment(outcome.started_at),
            host=outcome.host,
            pid=outcome.pid,
            **{name: text for name, text in details.items() if text},
        )

    @hookimpl
    def after_dag(self, run: RunInfo, report: RunReport) -> None:
        """Write a line with the outcome, the number of steps by theirs, and all metrics."""
        counts = Counter(
            step.outcome.status if step.outcome else "not-run" for step in report.steps
        )
        self._write(
            "after_dag",
            run,
            outcome=report.status,
            seconds=report.seconds,
            steps=counts,
            metrics=dict(report.metrics),
        )

    @hookimpl
    def after_command(self, command: CommandInfo, exit_code: int) -> None:
        """Write a line with the exit code."""
        start = self._command_starts.pop() if self._command_starts else None
        self._write(
            "after_command",
            command=command.name,
            exit_code=exit_code,
            seconds=None if start is None else self._clock() - start,
        )

    def _write(
        self,
        event: str,
        run: RunInfo | None = None,
        task: TaskInfo | None = None,
        /,
        **facts: object,
    ) -> None:
        if self._sink is None:
            return
        fields: dict[str, object] = {"timestamp": render_moment(self._now()), "event": event}
        if run is not None:
            fields |= {"run_id": run.run_id, "dag": run.dag}
        if task is not None:
            fields |= {"task": task.label, "attempt": task.attempt}
        self._sink.write(render_line(fields | facts))


def _as_flag(settings: SettingsInfo, name: str, *, default: bool) -> bool:
    value = settings.get(name, default)
    # The environment gives text.
    flag = _FLAGS.get(str(value).strip().lower())
    if flag is None:
        raise ValueError(f"the setting {name} must be true or false, not {value!r}")
    return flag
