"""What it costs to bring a large graph into order: CPU time, against that of ``graphlib``."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path

from benchmarks.measure import Result, compare
from benchmarks.pipelines import make_dag, make_task
from gluepy import Task
from gluepy.exec.plan import make_plan

__all__ = ["measure_all"]

_TASKS, _UPSTREAM = 100_000, 3

_Graph = dict[type[Task], list[type[Task]]]


def measure_all(folder: Path, repeats: int) -> Iterator[Result]:
    """Measure case by case; no file is written."""
    graph = _make_graph(random.Random(0))  # noqa: S311 - a graph is no secret
    declared = list(graph.items())
    random.Random(1).shuffle(declared)  # noqa: S311 - as above
    for name, one in (("", graph), (", declared in disorder", dict(declared))):
        yield compare(
            f"plan of 100,000 steps{name}",
            partial(_plan_s, one),
            partial(_graphlib_s, one),
            bound=3,
            repeats=repeats,
        )


def _make_graph(rng: random.Random) -> _Graph:
    """Return tasks each of which runs after three others, 300,000 edges in all."""
    tasks = [make_task(f"t{number}") for number in range(_TASKS)]
    return {
        task: [tasks[one] for one in rng.sample(range(place), min(place, _UPSTREAM))]
        for place, task in enumerate(tasks)
    }


def _plan_s(graph: _Graph) -> float:
    dag = make_dag(graph)
    start = time.process_time()
    plan = make_plan(dag)
    seconds = time.process_time() - start
    assert len(plan.tasks) == len(graph)
    return seconds


def _graphlib_s(graph: _Graph) -> float:
    start = time.process_time()
    sorter: TopologicalSorter[type[Task]] = TopologicalSorter()
    for task, upstream in graph.items():
        sorter.add(task, *upstream)
    order = list(sorter.static_order())
    seconds = time.process_time() - start
    assert len(order) == len(graph)
    return seconds
