"""Pipelines to measure, and plugins that watch them; worker processes import this, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import new_class

from gluepy import DAG, Task, TaskInfo, hookimpl

__all__ = ["NAPS", "NAPS_DAG", "NAP_S", "Counter", "Stopwatch", "make_dag", "make_task"]

#: How many naps there are, and how long one is, in seconds.
NAPS, NAP_S = 1_000, 0.005

# Long enough for every worker to get a step of its own, and so to be started.
_WARM_UP_S = 0.5


class WarmUp(Task, abstract=True):
    """Lets two workers start before anything is measured."""

    label = "warm-up"
    partitions = ("first", "second")

    def run(self) -> None:
        """Wait for the other one."""
        time.sleep(_WARM_UP_S)


class Nap(Task, abstract=True):
    """Does nothing for a while, many times over."""

    label = "nap"
    partitions = tuple(map(str, range(NAPS)))

    def run(self) -> None:
        """Sleep."""
        time.sleep(NAP_S)


def make_task(label: str, partitions: tuple[str, ...] | None = None) -> type[Task]:
    """Return a new task that does nothing, in no registry."""
    body = {"label": label, "partitions": partitions, "run": lambda self: None}
    return new_class(label, (Task,), {"abstract": True}, lambda namespace: namespace.update(body))


def make_dag(tasks: object) -> type[DAG]:
    """Return a new DAG of these tasks, in no registry."""
    body = {"label": "measured", "tasks": tasks}
    return new_class("Measured", (DAG,), {"abstract": True}, lambda space: space.update(body))


#: Many short steps that need not wait for each other.
NAPS_DAG = make_dag({WarmUp: [], Nap: [WarmUp]})


class Counter:
    """A plugin that does next to nothing before and after every task."""

    def __init__(self) -> None:
        self.calls = 0

    @hookimpl
    def before_task(self, task: TaskInfo) -> None:
        """Count the call."""
        self.calls += 1

    @hookimpl
    def after_task(self, task: TaskInfo) -> None:
        """Count the call."""
        self.calls += 1


class Stopwatch:
    """A plugin that measures how long all steps of one task take together.

    Args:
        prefix: What the labels of these steps begin with.
        clock: Tells the time, in seconds.
    """

    def __init__(self, prefix: str, clock: Callable[[], float]) -> None:
        self._prefix = prefix
        self._clock = clock
        self._first: float | None = None
        self._last = 0.0

    @hookimpl
    def before_task(self, task: TaskInfo) -> None:
        """Note when the first of them begins."""
        if self._first is None and task.label.startswith(self._prefix):
            self._first = self._clock()

    @hookimpl
    def after_task(self, task: TaskInfo) -> None:
        """Note when one ends."""
        self._last = self._clock()

    @property
    def seconds(self) -> float:
        """From before the first of them to after the last."""
        assert self._first is not None
        return self._last - self._first
