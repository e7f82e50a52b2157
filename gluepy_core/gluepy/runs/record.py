"""The record of a run that is going on: its lock, its journal, and what is made of them."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import platform
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, cast

from gluepy.conf.secrets import mask
from gluepy.exceptions import (
    ForeignRunError,
    GluepyError,
    RunLockedError,
    StorageWriteError,
)
from gluepy.exec.records import TaskOutcome
from gluepy.ops.metrics import metric_to_json, to_metric
from gluepy.runs._lines import ended_line, event_line, logged_line, shortened, started_line
from gluepy.runs.document import to_json, write_document
from gluepy.runs.environment import find_git, find_user
from gluepy.runs.events import JOURNAL_SCHEMA, replay
from gluepy.runs.folder import load_metrics_file, write_metrics
from gluepy.runs.index import RunIndex
from gluepy.runs.journal import (
    Journal,
    Sync,
    journal_location,
    load_state,
    open_journal,
    read_journal,
)
from gluepy.runs.lock import RunLock
from gluepy.runs.state import RunState, Session

if TYPE_CHECKING:
    from gluepy.exec.records import HookCost, RunInfo, RunReport
    from gluepy.files.storages import BaseStorage

__all__ = ["Opening", "RunRecord", "load_state", "record_death"]

logger = logging.getLogger(__name__)


_utc_now: Callable[[], datetime] = partial(datetime.now, UTC)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a session of a run begins with.

    Attributes:
        run: The run.
        mode: ``new`` and ``retry`` forget how the steps ended that they plan; ``resume`` does not.
        distributions: Name and version of every distribution involved.
        plugins: The active hook plugins: ``jsonlog (gluepy-logging 0.1.0)``.
        parameters: The context; secrets are masked here, if they are not already.
        executor: What carries the steps out.
        command: The words after ``gluepy`` that have started it, secrets masked.
    """

    run: RunInfo
    mode: Literal["new", "retry", "resume"]
    distributions: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    executor: str = "serial"
    command: tuple[str, ...] = ()


class RunRecord:
    """The record of a run, open: while it is, nobody else works in the run folder.

    Each method that tells of an event returns when the event outlives this process; see `flush`
    for storages that cannot append. In a process that was forked off this one, all do nothing: a
    child that comes out of a task must not end the run of its parent.

    Attributes:
        state: The run as it was before this session.
        changed_versions: Distributions that are involved now and were in the last session, in
            another version: what it was, and what it is.
        metrics: Name and last value of each metric of the folder, those of this session included.
    """

    def __init__(
        self,
        storage: BaseStorage,
        folder: str,
        lock: RunLock,
        journal: Journal,
        state: RunState,
        *,
        sync: Sync,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._folder = folder
        self._lock = lock
        self._journal = journal
        self._live = state.copy()
        self._sync = sync
        self._clock = clock
        self._pid = os.getpid()
        self._problem: GluepyError | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = self._is_finished = False
        self.state = state
        self.changed_versions: Mapping[str, tuple[str, str]] = {}
        self.metrics: dict[str, float] = {
            **load_metrics_file(storage, folder, state),
            **state.metrics,
        }

    # -- beginning -----------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        storage: BaseStorage,
        opening: Opening,
        *,
        sync: Sync = "group",
        clock: Callable[[], datetime] = _utc_now,
        prepare: Callable[[], None] = lambda: None,
    ) -> Self:
        """Lock a run folder, read what is recorded there, and begin a session.

        Args:
            storage: Where the run lies.
            opening: The session.
            sync: When lines are forced to the disk.
            clock: Tells the moment, in UTC. It only labels events and may jump.
            prepare: Writes what has to lie in the folder before there is a record of the run;
                called once the folder is locked.

        Raises:
            RunLockedError: If a live process works there.
            ForeignRunError: If the folder holds a run of another DAG.
            RunRecordError: If the record is damaged, or of a newer form.
            StorageError: If it cannot be read or written.
        """
        folder = storage.relpath(opening.run.folder)
        with contextlib.ExitStack() as undo:
            lock = RunLock.acquire(storage, folder)
            undo.callback(lock.release)
            where = journal_location(storage, folder)
            stored = read_journal(storage, folder)
            state = replay(stored.events, where=where)
            _refuse_foreign(opening.run.dag, state, where)
            prepare()
            journal = open_journal(storage, folder, stored, sync=sync)
            undo.callback(journal.close)
            record = cls(storage, folder, lock, journal, state, sync=sync, clock=clock)
            record._begin(opening)
            undo.pop_all()
        return record

    def _begin(self, opening: Opening) -> None:
        run, at = opening.run, self._clock()
        then = self.state.sessions[-1].distributions if self.state.sessions else {}
        distributions = dict(opening.distributions)
        self.changed_versions = {
            name: (then[name], version)
            for name, version in sorted(distributions.items())
            if then.get(name, version) != version
        }
        session = Session(
            mode=opening.mode,
            dag=run.dag,
            started_at=at,
            host=run.host,
            pid=run.pid,
            executor=opening.executor,
            python=platform.python_version(),
            gluepy=distributions.get("gluepy-core", ""),
            distributions=distributions,
            plugins=opening.plugins,
            sources=run.sources,
            git=find_git(),
            parameters=cast("dict[str, object]", mask(to_json(opening.parameters))),
            user=find_user(),
            command=opening.command,
        )
        # The index comes first: what it has without a journal counts for nothing, but what has a
        # journal must be found.
        self._live.open(session, run_id=run.run_id, folder=self._folder)
        RunIndex(self._storage).put(self._live)
        self._append(
            "opened",
            at,
            schema=JOURNAL_SCHEMA,
            run_id=run.run_id,
            dag=run.dag,
            folder=self._folder,
            mode=session.mode,
            host=session.host,
            pid=session.pid,
            executor=session.executor,
            python=session.python,
            gluepy=session.gluepy,
            distributions=session.distributions,
            plugins=session.plugins,
            sources=session.sources,
            git=session.git,
            parameters=session.parameters,
            user=session.user,
            command=session.command,
        )
        self._journal.flush()
        write_document(self._storage, self._folder, self._live)
        if self._storage.is_shared:
            self._thread = threading.Thread(
                target=self._look_after, name="gluepy-record", daemon=True
            )
            self._thread.start()

    # -- what happens --------------------------------------------------------------------------

    def planned(
        self,
        labels: Sequence[str],
        upstream: Mapping[str, Sequence[str]] | None = None,
        *,
        evaluations: Sequence[str] = (),
        tags: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Steps are planned. In the modes new and retry they lose their earlier outcome.

        Args:
            labels: Of the steps.
            upstream: The tasks that each task waits for, by label.
            evaluations: Labels of the tasks that evaluate.
            tags: Of each task that has any, by label.
        """
        if self._is_mine():
            known = dict(upstream or {})
            more = {"evaluations": evaluations, "tags": tags}
            more = {name: value for name, value in more.items() if value}
            self._append("planned", self._clock(), steps=list(labels), upstream=known, **more)
            self._live.plan(labels, known, evaluations=evaluations, tags=tags)

    def expanded(self, label: str, partitions: Sequence[str]) -> None:
        """A task has become ready, and its partitions are known."""
        if self._is_mine():
            self._append("expanded", self._clock(), task=label, partitions=list(partitions))
            self._live.expand(label, partitions)

    def started(self, label: str, attempt: int) -> None:
        """An attempt at a step begins."""
        if self._is_mine():
            at = self._clock()
            # Twice per step would be once too often: looking costs as much as writing.
            self._write(started_line(at, label, attempt), looks=False)
            self._live.start(label, at)

    def logged(
        self,
        label: str,
        kind: Literal["metric", "param", "artifact", "input"],
        name: str,
        value: object,
    ) -> None:
        """A task has logged something.

        Args:
            label: Of the step; empty outside of one.
            kind: What it is.
            name: Its name.
            value: Anything; what JSON cannot hold becomes text, and a secret is masked.
        """
        if not self._is_mine():
            return
        # What is no number must be found out before it is in the journal.
        kept = (
            metric_to_json(to_metric(name, value))
            if kind == "metric"
            else mask(to_json(value), name)
        )
        self._write(logged_line(self._clock(), label, kind, name, kept))
        self._live.log(kind, name, kept)
        if kind == "metric":
            self.metrics[name] = self._live.metrics[name]

    def ended(self, label: str, attempt: int, outcome: TaskOutcome) -> None:
        """An attempt at a step has ended, and its outputs are stored."""
        if not self._is_mine():
            return
        at = self._clock()
        seconds = outcome.seconds if math.isfinite(outcome.seconds) else None
        outcome = shortened(outcome)
        self._write(ended_line(at, label, attempt, outcome, seconds))
        self._live.end(label, at, outcome, seconds)

    def flush(self) -> None:
        """See to it that all events so far outlive this process.

        On a disk they do already. Elsewhere this writes one object.

        Raises:
            StorageError: If it cannot be written; what was not is tried again by the next call.
        """
        if self._is_mine():
            self._check()
            self._journal.flush()

    # -- the end -------------------------------------------------------------------------------

    def finish(self, report: RunReport, hooks: Sequence[HookCost] = ()) -> None:
        """The run has ended: record it, and write what is made of the record. Again does nothing.

        Args:
            report: How it ended.
            hooks: What the implementations of hooks cost until now.

        Raises:
            StorageError: If something of it cannot be written.
        """
        if not self._is_mine() or self._is_finished:
            return
        at = self._clock()
        signal = {"signal": int(report.signal)} if report.signal else {}
        facts = {"status": report.status, "seconds": report.seconds, **signal}
        try:
            costs = {"hooks": [one._asdict() for one in hooks]} if hooks else {}
            self._append("finished", at, **facts, **costs)
        except StorageWriteError:  # a disk that is full may have room for how it ended
            if not hooks:
                raise
            hooks = ()
            self._append("finished", at, **facts)
        self._journal.flush()
        self._is_finished = True
        self._live.finish(report.status, at, report.seconds, signal=int(report.signal), hooks=hooks)
        self._settle()

    def close(self) -> None:
        """Let go of the run folder; again does nothing."""
        if self._is_closed or not self._is_mine():
            return
        self._is_closed = True
        self._closing.set()
        try:
            if self._thread is not None:
                self._thread.join()
            self._journal.close()
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _settle(self) -> None:
        """Write what is made of the journal, once that is safe."""
        if self._sync != "never":
            self._journal.sync()
        if self.metrics:
            write_metrics(self._storage, self._folder, self.metrics)
        self._publish()

    def _publish(self) -> None:
        # The index comes last: as long as it calls the run unfinished, resuming writes the rest.
        write_document(self._storage, self._folder, self._live)
        RunIndex(self._storage).put(self._live)

    def _outlive(self, outcome: Literal["lost", "interrupted"], reason: str) -> tuple[str, ...]:
        """Record the end of a session whose process has died, as far as it has not."""
        if self._live.sessions[-1].status != "running":
            self._settle()  # it may have died between its last line and what is made of it
            return ()
        at, labels = self._clock(), self._live.open_steps
        session = self._live.sessions[-1]
        for label in labels:
            step = self._live.steps[label]
            dead = TaskOutcome(
                status=outcome,
                seconds=0.0,
                started_at=step.started_at or at,
                host=session.host,
                pid=session.pid,
                reason=reason,
            )
            # Nobody has measured how long it took.
            self._write(ended_line(at, label, step.attempts, dead, None))
            self._live.end(label, at, dead, None)
        self._append("finished", at, status=outcome, seconds=None, reason=reason)
        self._journal.flush()
        self._live.finish(outcome, at, None, reason=reason)
        self._settle()
        return labels

    # -- the journal ---------------------------------------------------------------------------

    def _append(self, event: str, at: datetime, **content: object) -> None:
        self._write(event_line(event, at, content))

    def _write(self, line: str, *, looks: bool = True) -> None:
        if self._problem is not None:
            self._check()
        self._journal.append(line, looks=looks)

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem

    def _is_mine(self) -> bool:
        return self._pid == os.getpid()

    def _look_after(self) -> None:
        """Force lines to the disk once a second, and keep the lock alive, until the end."""
        waited_s = 0.0
        while not self._closing.wait(1.0):
            waited_s += 1.0
            try:
                if self._sync == "group" and self._storage.local_path(self._folder) is not None:
                    self._journal.sync()
                if waited_s >= self._lock.beat_s:
                    waited_s = 0.0
                    self._lock.beat()
            except RunLockedError as error:
                self._problem = error
                return
            except Exception as error:  # noqa: BLE001 - a storage of others may raise anything
                # The next event fails with it, if it has to do with the journal; a sign of life
                # may be missed.
                logger.warning("the record of the run in %s: %s", self._folder, error)


def _refuse_foreign(dag: str, state: RunState, where: str) -> None:
    """Refuse a run of another DAG; that of a single task has none."""
    if dag and state.dag and dag != state.dag:
        raise ForeignRunError(where, dag, state.dag)


def record_death(
    storage: BaseStorage,
    folder: str,
    *,
    outcome: Literal["lost", "interrupted"],
    reason: str,
    pid: int,
) -> tuple[str, ...]:
    """Record what a process did not live to record.

    Args:
        storage: Where the run lies.
        folder: The run folder.
        outcome: How the run ended, and every attempt that was going on.
        reason: Why: ``killed by signal 9``.
        pid: The process that died. Nothing is done unless it was the last to work there.

    Returns:
        Labels of the attempts that were going on.

    Raises:
        RunLockedError: If a live process works there.
        StorageError: If it cannot be written.
        RunRecordError: If the record is damaged.
    """
    folder = storage.relpath(folder)
    lock = RunLock.acquire(storage, folder)
    try:
        stored = read_journal(storage, folder)
        state = replay(stored.events, where=journal_location(storage, folder))
        session = state.last_session
        if session is None or session.pid != pid:
            return ()
        journal = open_journal(storage, folder, stored)
        try:
            record = RunRecord(storage, folder, lock, journal, state, sync="group", clock=_utc_now)
            return record._outlive(outcome, reason)  # noqa: SLF001 - of this module
        finally:
            journal.close()
    finally:
        lock.release()
