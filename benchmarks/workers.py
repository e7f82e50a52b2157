"""How well two workers are kept busy with steps of 5 ms: time on the wall, once they are there."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from functools import partial
from pathlib import Path

from benchmarks.measure import Measurement, Result, compare
from benchmarks.pipelines import NAP_S, NAPS, NAPS_DAG, Stopwatch
from gluepy.testing.runs import isolated, run_dag

__all__ = ["measure_all"]

_WORKERS = 2
_START_METHOD = "forkserver"
_WARM_UP_S = 0.5


def measure_all(folder: Path, repeats: int) -> Iterator[Result]:
    """Measure case by case, in ``folder``."""
    measured = partial(compare, repeats=repeats)
    with isolated(folder):
        yield measured(
            "1,000 naps in two threads, against half as many",
            partial(_run_s, "threads"),
            _naps_s,
            bound=1 / 0.97,
        )
        # To wake a thread on another core takes a machine longer than Gluepy works on a step.
        if hasattr(os, "sched_setaffinity"):
            yield measured(
                "1,000 naps in two threads, all on one core",
                partial(_on_one_core, partial(_run_s, "threads")),
                partial(_on_one_core, _naps_s),
                bound=1 / 0.97,
            )
        yield measured(
            "1,000 naps in two processes, against a pool",
            partial(_run_s, "processes"),
            _pool_s,
            bound=1 / 0.95,
        )


def _run_s(executor: str) -> float:
    watch = Stopwatch("nap", time.perf_counter)
    result = run_dag(NAPS_DAG, plugins=[watch], executor=executor, workers=_WORKERS)
    assert result.report.status == "succeeded"
    return watch.seconds


def _on_one_core(measurement: Measurement) -> float:
    """Measure while this thread, and all that it starts, share a core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return measurement()
    finally:
        os.sched_setaffinity(0, cores)


def _naps_s() -> float:
    """Return how long one of two workers has to sleep, if it never waits."""
    start = time.perf_counter()
    for _ in range(NAPS // _WORKERS):
        time.sleep(NAP_S)
    return time.perf_counter() - start


def _pool_s() -> float:
    context = multiprocessing.get_context(_START_METHOD)
    with ProcessPoolExecutor(_WORKERS, mp_context=context) as pool:
        wait([pool.submit(time.sleep, _WARM_UP_S) for _ in range(_WORKERS)])
        start = time.perf_counter()
        wait([pool.submit(time.sleep, NAP_S) for _ in range(NAPS)])
        return time.perf_counter() - start
