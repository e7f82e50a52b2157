"""What is known of the runs of this process, by DAG: plain data, nothing of Prometheus."""

from __future__ import annotations

import copy
import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from gluepy import RunInfo, RunReport, TaskInfo, TaskOutcome

__all__ = ["DagBook", "RunBook", "RunPage", "StepEntry", "clean"]

logger = logging.getLogger(__name__)

#: A longer label helps nobody who reads a graph, and Prometheus keeps every one in memory.
_MAX_LABEL = 200


@dataclass
class StepEntry:
    """The last attempt at a step.

    Attributes:
        task: The label of its task: all partitions of a task have the same.
        attempt: From 1.
        status: Its outcome; empty while it runs.
        seconds: How long it took.
    """

    task: str
    attempt: int
    status: str = ""
    seconds: float = 0.0


@dataclass
class RunPage:
    """One run.

    Attributes:
        started_at: Seconds since 1970.
        status: How it ended; empty while it runs.
        seconds: How long it took.
        steps: By the label of the step.
        metrics: By task (empty for none) and name.
        is_full: Whether a metric was left out.
    """

    started_at: float
    status: str = ""
    seconds: float = 0.0
    steps: dict[str, StepEntry] = field(default_factory=dict)
    metrics: dict[tuple[str, str], float] = field(default_factory=dict)
    is_full: bool = False


@dataclass
class DagBook:
    """All runs of one DAG in this process.

    Attributes:
        dag: The label.
        last: The run that began or ended last.
        running: How many are running.
        ended_at: Seconds since 1970 when a run last ended so, by outcome.
        runs: How many runs ended so, by outcome.
        attempts: How many attempts ended so, by task and outcome.
    """

    dag: str
    last: RunPage
    running: int = 0
    ended_at: dict[str, float] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)


class RunBook:
    """Keeps what the hooks tell; it may be read in another thread meanwhile.

    Args:
        now: Gives seconds since 1970.
        max_logged: How many metrics of one run are kept; labels must not grow without end.
    """

    def __init__(self, *, now: Callable[[], float], max_logged: int) -> None:
        self._now = now
        self._max_logged = max_logged
        self._lock = threading.Lock()
        self._dags: dict[str, DagBook] = {}
        self._pages: dict[str, RunPage] = {}

    def read(self) -> list[DagBook]:
        """Return a copy of the books of all DAGs, by label."""
        with self._lock:
            return copy.deepcopy(sorted(self._dags.values(), key=lambda book: book.dag))

    def read_dag(self, label: str) -> list[DagBook]:
        """Return a copy of the book of one DAG, if a run of it has begun."""
        return [book for book in self.read() if book.dag == clean(label)]

    def begin_run(self, run: RunInfo) -> None:
        """Open a page for a run."""
        page = RunPage(started_at=run.started_at.timestamp())
        label = clean(run.dag)
        with self._lock:
            self._pages[run.run_id] = page
            book = self._dags.setdefault(label, DagBook(label, page))
            book.last = page
            book.running += 1

    def begin_step(self, run: RunInfo, task: TaskInfo) -> None:
        """Note an attempt, in place of an earlier one at the same step."""
        with self._lock:
            self._pages[run.run_id].steps[task.label] = StepEntry(_task_of(task), task.attempt)

    def log_metric(self, run: RunInfo, task: TaskInfo | None, name: str, value: float) -> None:
        """Note a metric, in place of an earlier one of the same task and name."""
        key = (_task_of(task) if task else "", clean(name))
        with self._lock:
            page = self._pages[run.run_id]
            if key in page.metrics or len(page.metrics) < self._max_logged:
                page.metrics[key] = value
                return
            is_news, page.is_full = not page.is_full, True
        if is_news:
            logger.warning(
                "a run of %r logs more metrics than METRICS_MAX_LOGGED = %d: the others, from %r "
                "on, are left out",
                run.dag,
                self._max_logged,
                key[1],
            )

    def end_step(self, run: RunInfo, task: TaskInfo, outcome: TaskOutcome) -> None:
        """Note how an attempt ended."""
        entry = StepEntry(_task_of(task), task.attempt, outcome.status, outcome.seconds)
        with self._lock:
            self._pages[run.run_id].steps[task.label] = entry
            self._dags[clean(run.dag)].attempts[entry.task, entry.status] += 1

    def end_run(self, run: RunInfo, report: RunReport) -> None:
        """Note how a run ended, and close its page."""
        with self._lock:
            page = self._pages.pop(run.run_id)
            page.status, page.seconds = report.status, report.seconds
            book = self._dags[clean(run.dag)]
            book.last = page
            book.running -= 1
            book.runs[report.status] += 1
            book.ended_at[report.status] = self._now()


def clean(text: str) -> str:
    """Return a text that can be a label: not too long, and without lone surrogates.

    Those come from file names that are not UTF-8, and cannot be written as UTF-8.
    """
    return text[:_MAX_LABEL].encode("utf-8", "backslashreplace").decode("utf-8")


def _task_of(task: TaskInfo) -> str:
    # A label has no bracket, so this is a partition, `train[AA]`; there may be thousands.
    return clean(task.label.partition("[")[0])
