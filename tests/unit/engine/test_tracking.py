from __future__ import annotations

import pytest

from gluepy import RunInfo, TaskInfo, hookimpl
from gluepy.engine.tracking import RunTracking
from gluepy.ops.backend import LoggingOpsBackend
from gluepy.plugin.manager import Hooks


class Plugin:
    def __init__(self) -> None:
        self.seen: list[tuple[str, float, TaskInfo | None]] = []

    @hookimpl
    def on_metric(self, name: str, value: float, task: TaskInfo | None) -> None:
        self.seen.append((name, value, task))


def test_metric_is_kept_told_and_passed_on(info: RunInfo) -> None:
    plugin, hooks, backend = Plugin(), Hooks(), LoggingOpsBackend()
    hooks.add(plugin, "p", "tests")
    tracking = RunTracking(backend, info, hooks)

    tracking.log_metric("mape", 2)
    tracking.log_metric("mape", 1.5)

    assert tracking.metrics == {"mape": 1.5}
    assert plugin.seen == [("mape", 2.0, None), ("mape", 1.5, None)]
    assert backend.get_metrics() == {"mape": 1.5}


def test_metric_that_is_no_number_is_refused_before_it_is_passed_on(info: RunInfo) -> None:
    backend = LoggingOpsBackend()
    tracking = RunTracking(backend, info, Hooks())

    with pytest.raises(TypeError, match="'mape' needs a number"):
        tracking.log_metric("mape", "good")

    assert tracking.metrics == backend.get_metrics() == {}


def test_everything_else_is_the_backends(info: RunInfo) -> None:
    backend = LoggingOpsBackend()
    tracking = RunTracking(backend, info, Hooks())

    assert tracking.create_run == backend.create_run
    with pytest.raises(AttributeError):
        tracking.no_such_method()
