"""What it costs to find runs among 10,000: CPU time, against as many as a page shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.measure import Result, compare
from gluepy.files.storages import default_storage
from gluepy.runs.index import RunIndex
from gluepy.runs.state import RunState, Session, StepState
from gluepy.testing.runs import isolated
from gluepy.views import runs_view

__all__ = ["measure_all"]

_RUNS, _PAGE = 10_000, 50


def measure_all(folder: Path, repeats: int) -> Iterator[Result]:
    """Measure case by case, in ``folder``."""
    few, many = folder / "few", folder / "many"
    _fill(few, _PAGE)
    _fill(many, _RUNS)
    for name, query, bound in (("a page", "", 1.5), ("a search", "0 training", 8)):
        yield compare(
            f"{name} of 50 of 10,000 runs, against one of 50",
            partial(_page_s, many, _RUNS, query),
            partial(_page_s, few, _PAGE, query),
            bound=bound,
            repeats=repeats,
        )


def _fill(folder: Path, number: int) -> None:
    """Make an index of so many runs; those on the first page lie in the storage, too."""
    with isolated(folder):
        states = [_state(one) for one in range(number)]
        for state in states[-_PAGE:]:
            default_storage.touch(f"{state.folder}/journal.jsonl")
        index = RunIndex(default_storage)
        index.rebuild()
        for state in states:
            index.put(state)


def _state(number: int) -> RunState:
    name = f"{number:05d}"
    at = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(minutes=number)
    return RunState(
        run_id=name,
        dag="training",
        folder=f"runs/2026/11/22/{name}",
        status="succeeded",
        steps={"a": StepState("a", "succeeded", 1, 1.0)},
        sessions=[Session(mode="new", dag="training", started_at=at, status="succeeded")],
    )


def _page_s(folder: Path, number: int, query: str) -> float:
    with isolated(folder):
        start = time.process_time()
        document = runs_view(query=query, limit=_PAGE)
        seconds = time.process_time() - start
    assert (document["total"], len(document["runs"])) == (number, _PAGE)
    return seconds
