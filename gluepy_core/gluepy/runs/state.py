"""How a run stands: its sessions, and the state of every step, changed event by event."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from gluepy.exec.records import HookCost, Outcome, TaskOutcome

__all__ = ["RunState", "Session", "StepState", "Try"]

StepStatus = Outcome | Literal["planned", "running"]

_DONE = frozenset({"succeeded", "skipped"})
_FORGETTING = frozenset({"new", "retry"})


class Try(NamedTuple):
    """One attempt at a step.

    Attributes:
        status: Its outcome; or that it is going on.
        started_at: In UTC.
        ended_at: In UTC; None if it has not, or nobody knows.
        seconds: None when nobody could measure it.
        host: Where it ran.
        pid: Its process.
    """

    status: StepStatus
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    host: str
    pid: int


@dataclass(slots=True)
class StepState:
    """What is known of a step.

    Attributes:
        label: Of the step.
        status: The outcome of its last attempt; or that it waits, or is being tried.
        attempts: How often it was begun since it last lost its outcome.
        seconds: Of the last attempt; None when nobody could measure it.
        started_at: Of the last attempt, in UTC.
        ended_at: Of the last attempt, in UTC.
        error: Why it failed; empty otherwise.
        hint: What to do about it.
        reason: Why it was skipped or lost; empty otherwise.
        plugin: The plugin whose wrapper failed it; empty otherwise.
        host: Where the last attempt ran.
        pid: Process of the last attempt.
        reads: Dotted names of the parameters that it read.
        traceback: Of the last attempt, as Python prints it; empty unless it failed.
        earlier: The attempts before the last.
    """

    label: str
    status: StepStatus = "planned"
    attempts: int = 0
    seconds: float | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str = ""
    hint: str = ""
    reason: str = ""
    plugin: str = ""
    host: str = ""
    pid: int = 0
    reads: tuple[str, ...] = ()
    traceback: str = ""
    earlier: tuple[Try, ...] = ()

    @property
    def tries(self) -> tuple[Try, ...]:
        """All attempts, the last one included."""
        if self.started_at is None:
            return self.earlier
        last = Try(self.status, self.started_at, self.ended_at, self.seconds, self.host, self.pid)
        return (*self.earlier, last)


@dataclass(slots=True, kw_only=True)
class Session:
    """One process that has worked in a run folder, from opening its record to its end.

    Attributes:
        mode: ``new``, ``retry`` or ``resume``.
        dag: The label; empty where a task ran alone.
        status: ``running`` until it is known how it ended.
        started_at: In UTC.
        finished_at: In UTC; None if it has not, or died.
        seconds: From its own report; None if there is none.
        signal: Number of the signal that asked it to stop; 0 for none.
        reason: Why it ended otherwise than by itself.
        host: Its machine.
        pid: Its process.
        executor: What carried the steps out.
        python: Version of Python.
        gluepy: Version of Gluepy.
        distributions: Name and version of every distribution involved.
        plugins: The active hook plugins.
        sources: Where the DAG came from.
        git: ``commit`` and ``dirty`` of the folder that it was started in; None outside of git.
        parameters: The context, secrets masked.
        user: Name of the user that the process belonged to; empty where it has none.
        command: The words after ``gluepy`` that have started it, secrets masked; none where a
            program did.
        hooks: What the implementations of hooks cost; none until it has ended.
    """

    mode: str
    dag: str = ""
    status: str = "running"
    started_at: datetime
    finished_at: datetime | None = None
    seconds: float | None = None
    signal: int = 0
    reason: str = ""
    host: str = ""
    pid: int = 0
    executor: str = ""
    python: str = ""
    gluepy: str = ""
    distributions: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    git: Mapping[str, object] | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    user: str = ""
    command: tuple[str, ...] = ()
    hooks: tuple[HookCost, ...] = ()


@dataclass(slots=True, kw_only=True)
class RunState:
    """All that a journal says.

    Attributes:
        run_id: Id of the run; empty when nothing is recorded.
        dag: Label of the DAG; empty while only single tasks have run in the folder.
        folder: The run folder, as its last session named it.
        status: ``running``, ``succeeded``, ``failed``, ``interrupted`` or ``lost``; ``unknown``
            when nothing is recorded.
        steps: By label, in the order of the plan.
        upstream: The tasks that each task waits for, by label, in the order of the plan; none in
            the records of a Gluepy that did not note it.
        evaluations: The tasks that evaluate, by label.
        tags: Of each task that has any, by label.
        expansions: The partitions of each task that knew them only when it became ready.
        metrics: Last value of each metric.
        params: Last value of each parameter that tasks logged.
        artifacts: Name and value of each artifact that tasks logged.
        inputs: Name and value of each input that tasks logged.
        sessions: All of them, the oldest first.
    """

    run_id: str = ""
    dag: str = ""
    folder: str = ""
    status: str = "unknown"
    steps: dict[str, StepState] = field(default_factory=dict)
    upstream: dict[str, tuple[str, ...]] = field(default_factory=dict)
    evaluations: tuple[str, ...] = ()
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    expansions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, object] = field(default_factory=dict)
    artifacts: dict[str, object] = field(default_factory=dict)
    inputs: dict[str, object] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)

    # -- reading -------------------------------------------------------------------------------

    @property
    def succeeded(self) -> frozenset[str]:
        """Labels of the steps whose success is recorded, and that were not begun again since."""
        return frozenset(one.label for one in self.steps.values() if one.status == "succeeded")

    @property
    def done(self) -> int:
        """How many steps have succeeded or were skipped."""
        return sum(one.status in _DONE for one in self.steps.values())

    @property
    def is_complete(self) -> bool:
        """Whether the run succeeded, and with it every step that was ever planned in it."""
        return self.status == "succeeded" and self.done == len(self.steps)

    @property
    def last_session(self) -> Session | None:
        """The session that began last; None when nothing is recorded."""
        return self.sessions[-1] if self.sessions else None

    @property
    def started_at(self) -> datetime | None:
        """When the last session began."""
        return self.sessions[-1].started_at if self.sessions else None

    @property
    def finished_at(self) -> datetime | None:
        """When the last session ended; None if it has not, or died."""
        return self.sessions[-1].finished_at if self.sessions else None

    @property
    def seconds(self) -> float | None:
        """What all sessions took together; None if none has told."""
        known = [one.seconds for one in self.sessions if one.seconds is not None]
        return math.fsum(known) if known else None

    @property
    def hooks(self) -> tuple[HookCost, ...]:
        """What the implementations of hooks cost in all sessions together."""
        found: dict[tuple[str, str, str], HookCost] = {}
        for one in (cost for session in self.sessions for cost in session.hooks):
            key = one.hook, one.plugin, one.source
            found[key] = found[key].plus(one) if key in found else one
        return tuple(found.values())

    @property
    def open_steps(self) -> tuple[str, ...]:
        """Labels of the steps that are being tried."""
        return tuple(one.label for one in self.steps.values() if one.status == "running")

    def copy(self) -> RunState:
        """Return a state that does not change with this one."""
        return replace(
            self,
            steps={label: replace(step) for label, step in self.steps.items()},
            upstream=dict(self.upstream),
            tags=dict(self.tags),
            expansions=dict(self.expansions),
            metrics=dict(self.metrics),
            params=dict(self.params),
            artifacts=dict(self.artifacts),
            inputs=dict(self.inputs),
            sessions=[replace(session) for session in self.sessions],
        )

    # -- what happened -------------------------------------------------------------------------

    def open(self, session: Session, *, run_id: str, folder: str) -> None:
        """A session begins; one before it that has not told its end is lost."""
        self.lose(reason="its process ended without a record")
        self.run_id = self.run_id or run_id
        self.dag = session.dag or self.dag
        self.folder = folder
        self.sessions.append(session)
        self.status = "running"

    def plan(
        self,
        labels: Iterable[str],
        upstream: Mapping[str, Sequence[str]] | None = None,
        *,
        evaluations: Iterable[str] = (),
        tags: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Steps are planned; unless the session resumes, they lose their outcome.

        Args:
            labels: Of the steps.
            upstream: The tasks that each task waits for.
            evaluations: The tasks that evaluate.
            tags: Of each task that has any.
        """
        known = {label: tuple(ups) for label, ups in (upstream or {}).items()}
        others = {label: own for label, own in self.tags.items() if label not in known}
        self.tags = others | {label: tuple(own) for label, own in (tags or {}).items()}
        earlier = [label for label in self.evaluations if label not in known]
        self.evaluations = tuple(dict.fromkeys([*earlier, *evaluations]))
        self._note_upstream(known)
        forgets = self.sessions[-1].mode in _FORGETTING
        for label in labels:
            if forgets:
                self._forget(label)
            elif label not in self.expansions:
                self.steps.setdefault(label, StepState(label))

    def _note_upstream(self, upstream: dict[str, tuple[str, ...]]) -> None:
        if upstream.keys() >= self.upstream.keys():
            self.upstream = upstream
        else:
            # A part of the DAG: what was said when there was more of it, says more.
            self.upstream = {**upstream, **self.upstream}

    def expand(self, label: str, partitions: Sequence[str]) -> None:
        """A task has become ready, and its partitions are known."""
        self.expansions[label] = tuple(partitions)
        labels = [f"{label}[{one}]" for one in partitions]
        if self.sessions[-1].mode in _FORGETTING:
            parts = {one: StepState(one) for one in labels}
        else:
            parts = {one: self.steps.get(one) or StepState(one) for one in labels}
        # In the place of the task, so that the order stays that of the plan.
        steps = dict[str, StepState]()
        for name, step in self.steps.items():
            if name == label:
                steps |= parts
            elif name not in parts:
                steps[name] = step
        self.steps = steps | parts

    def start(self, label: str, at: datetime) -> None:
        """An attempt at a step begins."""
        before = self.steps.get(label)
        attempts = before.attempts + 1 if before else 1
        earlier = before.tries if before else ()
        self.steps[label] = StepState(label, "running", attempts, started_at=at, earlier=earlier)

    def log(self, kind: str, name: str, value: object) -> None:
        """A task has logged something."""
        if kind == "metric":
            self.metrics[name] = float(value)  # type: ignore[arg-type]  # a number, or "NaN"
        elif kind in _LOGS:
            getattr(self, _LOGS[kind])[name] = value

    def end(self, label: str, at: datetime, outcome: TaskOutcome, seconds: float | None) -> None:
        """An attempt at a step has ended."""
        step = self.steps.get(label)
        if step is None:
            step = self.steps[label] = StepState(label, attempts=1)
        step.status = outcome.status
        step.seconds = seconds
        step.started_at = outcome.started_at
        step.ended_at = at
        step.host = outcome.host
        step.pid = outcome.pid
        step.error = outcome.error
        step.hint = outcome.hint
        step.reason = outcome.reason
        step.plugin = outcome.plugin
        step.reads = outcome.reads
        step.traceback = outcome.traceback

    def finish(
        self,
        status: str,
        at: datetime,
        seconds: float | None,
        *,
        signal: int = 0,
        reason: str = "",
        hooks: Sequence[HookCost] = (),
    ) -> None:
        """The session has ended; an attempt whose end could not be recorded is lost."""
        for label in self.open_steps:
            self.steps[label].status = "lost"
            self.steps[label].reason = "its end was not recorded"
        session = self.sessions[-1]
        session.status = status
        session.finished_at = at
        session.seconds = seconds
        session.signal = signal
        session.reason = reason
        session.hooks = tuple(hooks)
        self.status = self._status()

    def lose(
        self, outcome: Literal["lost", "interrupted"] = "lost", *, reason: str
    ) -> tuple[str, ...]:
        """The last session has died, if it has not told its end.

        Returns:
            Labels of the steps that it was trying.
        """
        if not self.sessions or self.sessions[-1].status != "running":
            return ()
        labels = self.open_steps
        for label in labels:
            self.steps[label].status = outcome
            self.steps[label].reason = reason
        self.sessions[-1].status = outcome
        self.sessions[-1].reason = reason
        self.status = self._status()
        return labels

    def _status(self) -> str:
        """Return how the last session ended; single tasks say nothing about the run of a DAG."""
        sessions = [one for one in self.sessions if one.dag] or self.sessions
        return sessions[-1].status

    def _forget(self, label: str) -> None:
        parts = self.expansions.pop(label, None)
        if parts is None:
            self.steps[label] = StepState(label)
            return
        # Its partitions will be known again when it becomes ready; until then it stands for them.
        gone = {f"{label}[{part}]" for part in parts}
        steps = dict[str, StepState]()
        for name, step in self.steps.items():
            if name in gone:
                steps.setdefault(label, StepState(label))
            else:
                steps[name] = step
        steps.setdefault(label, StepState(label))
        self.steps = steps


_LOGS = {"param": "params", "artifact": "artifacts", "input": "inputs"}
