"""Which task is running here: log records made meanwhile carry its run and its label."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from weakref import WeakSet

from gluepy import RunInfo, TaskInfo

__all__ = ["FIELDS", "task_context"]

#: Name of a field in a JSON line -> the attribute of log records that carries it. The attributes
#: have a prefix because `logging` refuses ``extra={"task": ...}`` where a record has that already.
FIELDS = {
    "run_id": "gluepy_run_id",
    "dag": "gluepy_dag",
    "task": "gluepy_task",
    "attempt": "gluepy_attempt",
}


@dataclass(frozen=True, eq=False)
class _Running:
    """A task that is running in this process.

    Attributes:
        values: The attributes that log records get.
        older_threads: The threads that were alive when it began.
    """

    values: dict[str, object]
    older_threads: WeakSet[threading.Thread] = field(
        default_factory=lambda: WeakSet(threading.enumerate())
    )


_current: ContextVar[_Running | None] = ContextVar("gluepy_logging_current", default=None)


@contextlib.contextmanager
def task_context(run: RunInfo, task: TaskInfo) -> Iterator[None]:
    """Let the log records that are made meanwhile, by this task, carry its run and its label.

    Tasks may run side by side in threads, and a task may run a DAG of its own: each record carries
    what is innermost where it was made. When the last one ends, logging is as it was.
    """
    values = (run.run_id, run.dag, task.label, task.attempt)
    running = _Running(dict(zip(FIELDS.values(), values, strict=True)))
    _tasks.add(running)
    token = _current.set(running)
    try:
        yield
    finally:
        _current.reset(token)
        _tasks.remove(running)


class _RecordFactory:
    """Makes log records as ``before`` does, and adds the attributes of the running task."""

    def __init__(self) -> None:
        self.before = logging.getLogRecordFactory()

    def __call__(self, *args: object, **kwargs: object) -> logging.LogRecord:
        record = self.before(*args, **kwargs)
        running = _current.get() or _tasks.find_starter()
        if running is not None:
            vars(record).update(running.values)
        return record


class _RunningTasks:
    """The tasks that are running in this process; while there are any, records are marked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[_Running] = []
        self._factory: _RecordFactory | None = None

    def add(self, running: _Running) -> None:
        with self._lock:
            if self._factory is None:
                self._factory = _RecordFactory()
                logging.setLogRecordFactory(self._factory)
            self._running.append(running)

    def remove(self, running: _Running) -> None:
        with self._lock:
            self._running.remove(running)
            if self._running or self._factory is None:
                return
            # Somebody may have put a factory in front of ours, which must stay. Ours is then still
            # called, and adds nothing while no task is running.
            if logging.getLogRecordFactory() is self._factory:
                logging.setLogRecordFactory(self._factory.before)
            self._factory = None

    def find_starter(self) -> _Running | None:
        """Return the task that started this thread, if that is sure; None if it is not.

        Context variables do not follow threads. A thread that is younger than the only task that
        is running was started by it; with several tasks, nobody knows.
        """
        match self._running:
            case [only] if threading.current_thread() not in only.older_threads:
                return only
            case _:
                return None


_tasks = _RunningTasks()
