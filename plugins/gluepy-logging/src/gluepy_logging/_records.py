"""Log records of tasks as lines, beside whatever the project does with its logs."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from gluepy_logging._context import FIELDS
from gluepy_logging._lines import JsonFormatter
from gluepy_logging._sinks import Sink

__all__ = ["RecordTap"]


class RecordTap:
    """Writes the log records of tasks to a sink, without changing what else happens to them.

    A handler on the root logger would do, but where nobody has configured logging it would also
    silence Python's last resort, which shows warnings on standard error, and turn a task's
    ``logging.basicConfig()`` into nothing. There we stand in front of the last resort instead.
    """

    def __init__(self, sink: Sink) -> None:
        self._handler = _SinkHandler(sink)
        self._lock = threading.Lock()
        self._depth = 0
        self._in_front: _InFront | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Write the records that are made meanwhile; may be nested, and open in many threads."""
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._attach()
        try:
            yield
        finally:
            with self._lock:
                self._depth -= 1
                if self._depth == 0:
                    self._detach()

    def _attach(self) -> None:
        if logging.root.handlers:
            logging.root.addHandler(self._handler)
        elif logging.lastResort is not None:
            self._in_front = _InFront(self._handler, logging.lastResort)
            logging.lastResort = self._in_front

    def _detach(self) -> None:
        logging.root.removeHandler(self._handler)
        if self._in_front is not None and logging.lastResort is self._in_front:
            logging.lastResort = self._in_front.last_resort
        self._in_front = None


class _SinkHandler(logging.Handler):
    """Writes the records that carry a task."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, FIELDS["task"]):
            return
        # The next event goes to the same sink, and an observer that fails is reported, once.
        with contextlib.suppress(OSError, ValueError):
            self._sink.write(self.format(record))


class _InFront(logging.Handler):
    """Gives a record to our handler, then to the last resort."""

    def __init__(self, handler: logging.Handler, last_resort: logging.Handler) -> None:
        super().__init__()
        self._handler = handler
        self.last_resort = last_resort

    def handle(self, record: logging.LogRecord) -> bool:
        self._handler.handle(record)
        return record.levelno >= self.last_resort.level and bool(self.last_resort.handle(record))
