"""The metric families that are made of the books."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gluepy import Outcome, RunStatus
from gluepy_metrics._book import DagBook

__all__ = ["LASTING", "Families", "ended", "in_progress", "last_run", "started", "totals"]

_ENDED = "gluepy_run_last_end_timestamp_seconds"
_RUNS = "gluepy_runs"
_ATTEMPTS = "gluepy_task_attempts"

#: The families that tell of more than the last run.
LASTING = (_ENDED, _RUNS, _ATTEMPTS)

_Row = tuple[Sequence[str], float]


class Families(Collector):
    """Families that are made already, as `prometheus_client` wants to be given them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> list[Metric]:
        """Return the families."""
        return self._families


def started(books: Sequence[DagBook]) -> list[Metric]:
    """Return when the last run began. Later than every end: it is running, or it was killed."""
    return _made(
        [
            _gauge(
                "gluepy_run_last_start_timestamp_seconds",
                "When the last run began.",
                ["dag"],
                [([book.dag], book.last.started_at) for book in books],
            )
        ]
    )


def ended(books: Sequence[DagBook]) -> list[Metric]:
    """Return when a run last ended, for each outcome that this process has seen."""
    rows = [
        ([book.dag, outcome], moment)
        for book in books
        for outcome, moment in sorted(book.ended_at.items())
    ]
    return _made(
        [_gauge(_ENDED, "When a run last ended with this outcome.", ["dag", "outcome"], rows)]
    )


def last_run(books: Sequence[DagBook]) -> list[Metric]:
    """Return all that is known of the last run of each DAG."""
    return _made([*started(books), *_runs(books), *_tasks(books), _logged(books)])


def totals(books: Sequence[DagBook]) -> list[Metric]:
    """Return how many runs and attempts ended how, since this process began."""
    runs = CounterMetricFamily(_RUNS, "Runs that ended, by outcome.", labels=["dag", "outcome"])
    attempts = CounterMetricFamily(
        _ATTEMPTS,
        "Attempts at tasks that ended, by outcome.",
        labels=["dag", "task", "outcome"],
    )
    for book in books:
        for outcome, count in sorted(book.runs.items()):
            runs.add_metric([book.dag, outcome], count)
        for (task, outcome), count in sorted(book.attempts.items()):
            attempts.add_metric([book.dag, task, outcome], count)
    return _made([runs, attempts])


def in_progress(books: Sequence[DagBook]) -> list[Metric]:
    """Return what is running now; for an endpoint that lives as long as the run."""
    steps = [
        ([book.dag, task], count)
        for book in books
        for task, count in sorted(_running_steps(book).items())
    ]
    return _made(
        [
            _gauge(
                "gluepy_runs_in_progress",
                "Runs in progress.",
                ["dag"],
                [([book.dag], book.running) for book in books],
            ),
            _gauge("gluepy_steps_in_progress", "Steps in progress.", ["dag", "task"], steps),
        ]
    )


def _runs(books: Iterable[DagBook]) -> Iterator[Metric]:
    over = [book for book in books if book.last.status]
    yield _gauge(
        "gluepy_run_last_duration_seconds",
        "How long the last run took.",
        ["dag"],
        [([book.dag], book.last.seconds) for book in over],
    )
    yield _gauge(
        "gluepy_run_last_outcome",
        "1 for the outcome of the last run, 0 for the others.",
        ["dag", "outcome"],
        [
            ([book.dag, outcome], float(outcome == book.last.status))
            for book in over
            for outcome in get_args(RunStatus)
        ],
    )


def _tasks(books: Iterable[DagBook]) -> Iterator[Metric]:
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    attempts: Counter[tuple[str, str]] = Counter()
    outcomes: Counter[tuple[str, str, str]] = Counter()
    for book in books:
        for step in book.last.steps.values():
            if step.status:
                key = book.dag, step.task
                seconds[key] += step.seconds
                attempts[key] += step.attempt
                outcomes[*key, step.status] += 1
    yield _gauge(
        "gluepy_task_last_duration_seconds",
        "How long the last attempt at the task took in the last run; partitions added up.",
        ["dag", "task"],
        seconds.items(),
    )
    yield _gauge(
        "gluepy_task_last_attempts",
        "Attempts that the task took in the last run; partitions added up.",
        ["dag", "task"],
        attempts.items(),
    )
    yield _gauge(
        "gluepy_task_last_outcome",
        "Steps of the task that ended so in the last run: 1 or 0 but for partitions.",
        ["dag", "task", "outcome"],
        [
            ([*key, outcome], outcomes[*key, outcome])
            for key in seconds
            for outcome in get_args(Outcome)
        ],
    )


def _logged(books: Iterable[DagBook]) -> Metric:
    return _gauge(
        "gluepy_logged_metric",
        "The value that a task of the last run logged last; task is empty outside of tasks.",
        ["dag", "task", "metric"],
        [
            ([book.dag, task, name], value)
            for book in books
            for (task, name), value in book.last.metrics.items()
        ],
    )


def _running_steps(book: DagBook) -> Counter[str]:
    # A task that has ended shows 0 rather than vanishing, which a graph would draw as a gap.
    counts: Counter[str] = Counter()
    for step in book.last.steps.values():
        counts[step.task] += not step.status
    return counts


def _gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[_Row]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _made(families: Iterable[Metric]) -> list[Metric]:
    return [family for family in families if family.samples]
