from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gluepy import TaskInfo
from gluepy.engine.messages import Logged
from gluepy.engine.tracking import RunTracking
from gluepy.ops.backend import LoggingOpsBackend

A = TaskInfo(label="a", task="m:A", index=1)
B = TaskInfo(label="b", task="m:B", index=2)
THEN = datetime(2026, 11, 22, tzinfo=UTC)


class Sink:
    def __init__(self) -> None:
        self.seen: list[tuple[str | None, Logged]] = []

    def __call__(self, task: TaskInfo | None, entry: Logged) -> None:
        self.seen.append((task.label if task else None, entry))

    @property
    def entries(self) -> list[tuple[str, str, object]]:
        return [(entry.kind, entry.name, entry.value) for _, entry in self.seen]

    @property
    def labels(self) -> list[str | None]:
        return [label for label, _ in self.seen]


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def tracking(sink: Sink) -> RunTracking:
    return RunTracking(sink, LoggingOpsBackend, lambda: {"mape": 1.5})


def in_context(function: Callable[[], None]) -> None:
    """Call a function in a context of its own, as a step has one."""
    contextvars.copy_context().run(function)


def test_all_that_is_logged_goes_to_the_sink(tracking: RunTracking, sink: Sink) -> None:
    before = datetime.now(UTC)

    tracking.log_metric("mape", 2)
    tracking.log_param("depth", 4)
    tracking.log_artifact("/tmp/plot.png", "plots")  # noqa: S108 - only a name
    tracking.log_artifact("model.bin")

    assert sink.entries == [
        ("metric", "mape", 2.0),
        ("param", "depth", 4),
        ("artifact", "plots", "/tmp/plot.png"),  # noqa: S108 - only a name
        ("artifact", "model.bin", "model.bin"),
    ]
    assert all(before <= entry.at <= datetime.now(UTC) for _, entry in sink.seen)


def test_backend_is_given_what_the_task_gave(tracking: RunTracking, sink: Sink) -> None:
    table = object()

    tracking.log_metric("mape", 2, THEN)
    tracking.log_param("db_password", "hunter2")
    tracking.log_artifact("model.bin")
    tracking.log_input(table, "train")

    assert [entry.arguments for _, entry in sink.seen] == [
        ("mape", 2.0, THEN),
        ("db_password", "hunter2"),
        ("model.bin", None),
        (table, "train", None),
    ]
    assert sink.seen[0][1].at == THEN


def test_secret_parameter_is_masked_in_the_record(tracking: RunTracking, sink: Sink) -> None:
    tracking.log_param("db_password", "hunter2")

    assert sink.entries == [("param", "db_password", "***")]


def test_metric_that_is_no_number_is_refused(tracking: RunTracking, sink: Sink) -> None:
    with pytest.raises(TypeError, match="'mape' needs a number"):
        tracking.log_metric("mape", "good")

    assert sink.seen == []


class Table:
    def __init__(self, shape: Any, columns: Any) -> None:
        self.shape = shape
        self.columns = columns


@pytest.mark.parametrize(
    ("table", "shape", "columns"),
    [
        (Table((3, 2), ["a", 7]), [3, 2], ["a", "7"]),
        (Table(None, range(99)), None, [str(number) for number in range(50)]),
        (Table(3, 5), None, None),
        (object(), None, None),
    ],
)
def test_table_is_described_by_its_shape_and_columns(
    tracking: RunTracking,
    sink: Sink,
    table: object,
    shape: list[int] | None,
    columns: list[str] | None,
) -> None:
    tracking.log_input(table, tags={"split": "train"})

    assert sink.entries == [
        ("input", "", {"shape": shape, "columns": columns, "tags": {"split": "train"}})
    ]


def test_what_a_task_logs_is_its_own(tracking: RunTracking, sink: Sink) -> None:
    def work(task: TaskInfo) -> None:
        tracking.begin(task)
        tracking.log_metric("m", 1)

    in_context(lambda: work(A))
    in_context(lambda: work(B))
    tracking.log_metric("m", 2)

    assert sink.labels == ["a", "b", None]


@pytest.mark.parametrize(("tasks", "label"), [([A], "a"), ([A, B], None), ([], None)])
def test_thread_of_a_tasks_own_logs_for_the_only_task_that_runs(
    tracking: RunTracking, sink: Sink, tasks: list[TaskInfo], label: str | None
) -> None:
    for task in tasks:
        in_context(lambda task=task: tracking.begin(task))  # type: ignore[misc]  # bound at once

    thread = threading.Thread(target=tracking.log_metric, args=("m", 1))
    thread.start()
    thread.join()

    assert sink.labels == [label]


def test_task_that_has_ended_logs_no_more(tracking: RunTracking, sink: Sink) -> None:
    in_context(lambda: tracking.begin(A))

    tracking.end(A)
    tracking.log_metric("m", 1)

    assert sink.labels == [None]


def test_two_runs_in_one_thread_do_not_take_each_others_task(
    tracking: RunTracking, sink: Sink
) -> None:
    other = Sink()
    inner = RunTracking(other, LoggingOpsBackend, dict)

    def work() -> None:
        tracking.begin(A)
        inner.log_metric("m", 1)

    in_context(work)

    assert (other.labels, sink.labels) == ([None], [])


def test_metrics_are_those_of_the_run(tracking: RunTracking) -> None:
    assert tracking.get_metrics() == {"mape": 1.5}


def test_everything_else_is_the_backends(sink: Sink) -> None:
    backend = LoggingOpsBackend()
    tracking = RunTracking(sink, lambda: backend, dict)

    assert tracking.create_run == backend.create_run
    with pytest.raises(AttributeError):
        tracking.no_such_method()
