"""What tests of views and commands share: runs as they are recorded, without running anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gluepy.exec.records import HookCost, RunInfo, RunReport, TaskOutcome
from gluepy.files.storages import BaseStorage
from gluepy.runs.folder import write_context
from gluepy.runs.record import Opening, RunRecord

RecordRun = Callable[..., str]
ResumeRun = Callable[[BaseStorage, str], AbstractContextManager[RunRecord]]


@pytest.fixture
def record_run() -> RecordRun:
    """Return what writes the record of a run, and returns its run folder."""

    def write(
        storage: BaseStorage,
        name: str,
        steps: Mapping[str, Any] | None = None,
        *,
        status: Any = "",
        dag: str = "training",
        age: timedelta = timedelta(0),
        mode: Any = "new",
        finish: bool = True,
        seconds: float = 75.0,
        signal: int = 0,
        upstream: Mapping[str, Sequence[str]] | None = None,
        metrics: Mapping[str, float] | None = None,
        params: Mapping[str, object] | None = None,
        hooks: Sequence[HookCost] = (),
        executor: str = "serial",
        plugins: tuple[str, ...] = ("jsonlog (x 1)",),
        distributions: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | None = None,
        command: tuple[str, ...] = (),
        folder: str = "",
    ) -> str:
        """Write it.

        Args:
            storage: Where it lies.
            name: Id of the run.
            steps: By label, how each ended: a status; its facts; or None where it did not run.
            status: Of the run; as its steps are where it is empty.
            dag: Label.
            age: How long ago it was.
            mode: Of the session.
            finish: Whether the process has lived to its end.
            seconds: What it took.
            signal: What stopped it.
            upstream: As the plan says.
            metrics: That tasks logged.
            params: That tasks logged.
            hooks: What they cost.
            executor: Its name.
            plugins: As they were active.
            distributions: With versions.
            parameters: The context.
            command: That started it.
            folder: Of the run.
        """
        steps = {"a": "succeeded", "b": "succeeded"} if steps is None else steps
        folder = folder or f"runs/2026/11/22/{name}"
        at = datetime.now(UTC) - age
        run = RunInfo(
            run_id=name,
            dag=dag,
            folder=folder,
            location=folder,
            steps=(),
            sources=("acme 1.0",),
            started_at=at,
            host="here",
            pid=7,
        )
        write_context(storage, folder, "gluepy: {}\n")
        opening = Opening(
            run=run,
            mode=mode,
            executor=executor,
            plugins=plugins,
            distributions=distributions or {"acme": "1.0"},
            parameters=parameters or {},
            command=command,
        )
        moment = at

        with RunRecord.open(storage, opening, clock=lambda: moment) as record:
            record.planned(list(steps), upstream)
            ends = []
            for label, end in steps.items():
                if end is None:
                    continue
                facts = dict(end) if isinstance(end, Mapping) else {"status": end}
                record.started(label, 1)
                if facts["status"] == "running":
                    break
                ends.append(facts["status"])
                took = facts.pop("seconds", 1.5)
                started_at, moment = moment, moment + timedelta(seconds=took)
                place: dict[str, Any] = {"started_at": started_at, "host": "here", "pid": 7}
                record.ended(label, 1, TaskOutcome(seconds=took, **place, **facts))
            for key, number in (metrics or {}).items():
                record.logged("b", "metric", key, number)
            for key, value in (params or {}).items():
                record.logged("b", "param", key, value)
            if finish:
                bad = [one for one in ends if one not in {"succeeded", "skipped"}]
                status = status or ("failed" if bad else "succeeded")
                moment = at + timedelta(seconds=seconds)
                report = RunReport(status=status, seconds=seconds, steps=(), signal=signal)
                record.finish(report, hooks)
        return folder

    return write


@pytest.fixture
def resume_run() -> ResumeRun:
    """Return what lets a run that is recorded be in progress, as long as a block goes on."""

    @contextmanager
    def resume(storage: BaseStorage, name: str) -> Iterator[RunRecord]:
        folder = f"runs/2026/11/22/{name}"
        run = RunInfo(
            run_id=name,
            dag="training",
            folder=folder,
            location=folder,
            steps=(),
            started_at=datetime.now(UTC),
            host="here",
            pid=os.getpid(),
        )
        with RunRecord.open(storage, Opening(run=run, mode="resume")) as record:
            yield record

    return resume
