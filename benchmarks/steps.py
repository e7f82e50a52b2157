"""What a step costs that does nothing: serial, with journal and a plugin that looks on."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pluggy

from benchmarks.measure import Result, compare
from benchmarks.pipelines import Counter, Stopwatch, make_dag, make_task
from gluepy import DAG
from gluepy.testing.runs import isolated, run_dag

__all__ = ["measure_all"]

_MANY, _FEW = 10_000, 100

# A run of few steps is over too soon to be measured; several after each other are not.
_RUNS_OF_FEW = 10

_MAX_BYTES = 2048


def measure_all(folder: Path, repeats: int) -> Iterator[Result]:
    """Measure case by case, in ``folder``."""
    measured = partial(compare, repeats=repeats, unit="us")
    floor = partial(_floor_s, folder / "floor.jsonl", _MANY)
    kinds = (
        ("10,000 partitions", _partitions(_MANY), _partitions(_FEW), 3.5, 1.15),
        ("list of 10,000 tasks", _list(_MANY), _list(_FEW), 5, 1.3),
    )
    with isolated(folder):
        for name, many, few, whole_bound, flat_bound in kinds:
            loop = partial(_loop_s, many, _MANY)
            yield measured(f"per step, {name}", loop, floor, bound=3)
            yield measured(
                f"... with plan and documents, {name}",
                partial(_run_s, many, _MANY),
                floor,
                bound=whole_bound,
            )
            yield measured(
                f"... against a run of 100, {name}",
                loop,
                partial(_loop_s, few, _FEW, runs=_RUNS_OF_FEW),
                bound=flat_bound,
            )
            growth = (_peak_bytes(many) - _peak_bytes(few)) / (_MANY - _FEW)
            yield Result(f"... memory against 2 KiB, {name}", growth, _MAX_BYTES, 1, "B")


def _list(number: int) -> type[DAG]:
    return make_dag([make_task(f"step-{place}") for place in range(number)])


def _partitions(number: int) -> type[DAG]:
    return make_dag([make_task("step", tuple(map(str, range(number))))])


def _run_s(dag: type[DAG], steps: int) -> float:
    """Return the CPU seconds per step of a whole run: plan, record, loop, report."""
    start = time.process_time()
    result = run_dag(dag, plugins=[Counter()])
    seconds = time.process_time() - start
    assert result.report.status == "succeeded"
    return seconds / steps


def _loop_s(dag: type[DAG], steps: int, *, runs: int = 1) -> float:
    """Return the CPU seconds per step, from the beginning of the first to the end of the last."""
    total = 0.0
    for _ in range(runs):
        watch = Stopwatch("step", time.process_time)
        run_dag(dag, plugins=[watch])
        total += watch.seconds
    return total / steps / runs


def _peak_bytes(dag: type[DAG]) -> int:
    """Return how much memory a run has taken at its most, besides what there was before."""
    run_dag(dag)  # what is made once, and stays
    tracemalloc.start()
    try:
        run_dag(dag, plugins=[Counter()])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# -- the floor -------------------------------------------------------------------------------------

_spec, _impl = pluggy.HookspecMarker("floor"), pluggy.HookimplMarker("floor")


class _Specs:
    @_spec
    def before(self, task: str) -> None: ...

    @_spec
    def after(self, task: str, outcome: str) -> None: ...


class _Plugin:
    calls = 0

    @_impl
    def before(self, task: str) -> None:
        self.calls += 1

    @_impl
    def after(self, task: str, outcome: str) -> None:
        self.calls += 1


def _floor_s(path: Path, steps: int) -> float:
    """Return the CPU seconds per step of calls before and after it, and two lines in a file."""
    manager = pluggy.PluginManager("floor")
    manager.add_hookspecs(_Specs)
    manager.register(_Plugin())
    with path.open("a") as file:

        def note(event: str, step: str) -> None:
            line = {
                "event": event,
                "at": datetime.now(UTC).isoformat(),
                "step": step,
                "attempt": 1,
                "outcome": "succeeded",
                "seconds": 0.001,
            }
            file.write(json.dumps(line) + "\n")
            file.flush()

        start = time.process_time()
        for number in range(steps):
            step = f"step[{number}]"
            manager.hook.before(task=step)
            note("started", step)
            note("ended", step)
            manager.hook.after(task=step, outcome="succeeded")
        return (time.process_time() - start) / steps
