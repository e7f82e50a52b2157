"""What a journal says about a run: its events, replayed into the state of every step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from gluepy.exceptions import DamagedRecordError, NewerRecordError
from gluepy.exec.records import Outcome, TaskOutcome

__all__ = ["JOURNAL_SCHEMA", "Event", "RunState", "Session", "StepState", "replay"]

#: Name and version of the form of a journal.
JOURNAL_SCHEMA = "gluepy.journal/1"

#: One line of a journal.
Event = Mapping[str, Any]

StepStatus = Outcome | Literal["planned", "running"]

_DONE = frozenset({"succeeded", "skipped"})
_FORGETTING = frozenset({"new", "retry"})


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
    def is_complete(self) -> bool:
        """Whether the run succeeded, and with it every step that was ever planned in it."""
        ends = (one.status in _DONE for one in self.steps.values())
        return self.status == "succeeded" and all(ends)

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
    def open_steps(self) -> tuple[str, ...]:
        """Labels of the steps that are being tried."""
        return tuple(one.label for one in self.steps.values() if one.status == "running")

    def copy(self) -> RunState:
        """Return a state that does not change with this one."""
        return replace(
            self,
            steps={label: replace(step) for label, step in self.steps.items()},
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

    def plan(self, labels: Iterable[str]) -> None:
        """Steps are planned; unless the session resumes, they lose their outcome."""
        forgets = self.sessions[-1].mode in _FORGETTING
        for label in labels:
            if forgets:
                self._forget(label)
            elif label not in self.expansions:
                self.steps.setdefault(label, StepState(label))

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
        self.steps[label] = StepState(label, "running", attempts, started_at=at)

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

    def finish(
        self,
        status: str,
        at: datetime,
        seconds: float | None,
        *,
        signal: int = 0,
        reason: str = "",
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

    # -- from a journal ------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Note one event; one of an unknown name says nothing.

        Raises:
            KeyError, TypeError, ValueError, IndexError: If it is not as the schema has it.
        """
        handler = _HANDLERS.get(event["event"])
        if handler is not None:
            handler(self, event)


_LOGS = {"param": "params", "artifact": "artifacts", "input": "inputs"}


def replay(events: Iterable[Event], *, where: str) -> RunState:
    """Return the state that the events of a journal lead to.

    Args:
        events: In the order of the journal.
        where: Path of the journal, for errors.

    Raises:
        NewerRecordError: If a newer Gluepy has written it.
        DamagedRecordError: If an event is not as the schema has it.
    """
    state = RunState()
    for number, event in enumerate(events, start=1):
        try:
            if number == 1 or event["event"] == "opened":
                _check_opening(event, where)
            state.apply(event)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            reason = f"it misses {error}" if isinstance(error, KeyError) else f"{error}"
            raise DamagedRecordError(where, number, reason) from error
    return state


def _check_opening(event: Event, where: str) -> None:
    if event["event"] != "opened":
        raise ValueError("a journal begins with 'opened'")
    schema = event["schema"]
    name, _, version = schema.partition("/")
    known, _, newest = JOURNAL_SCHEMA.partition("/")
    if name != known or not version.isdecimal():
        raise ValueError(f"it is of the form {schema!r}")
    if int(version) > int(newest):
        raise NewerRecordError(where, schema, JOURNAL_SCHEMA)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _opened(state: RunState, event: Event) -> None:
    session = Session(
        mode=event["mode"],
        dag=event["dag"],
        started_at=_moment(event["at"]),
        host=event["host"],
        pid=event["pid"],
        executor=event["executor"],
        python=event["python"],
        gluepy=event["gluepy"],
        distributions=dict(event["distributions"]),
        plugins=tuple(event["plugins"]),
        sources=tuple(event["sources"]),
        git=event["git"],
        parameters=dict(event["parameters"]),
    )
    state.open(session, run_id=event["run_id"], folder=event["folder"])


def _ended(state: RunState, event: Event) -> None:
    outcome = TaskOutcome(
        status=event["outcome"],
        seconds=event["seconds"] or 0.0,
        started_at=_moment(event["started_at"]),
        host=event["host"],
        pid=event["pid"],
        error=event.get("error", ""),
        hint=event.get("hint", ""),
        reason=event.get("reason", ""),
        plugin=event.get("plugin", ""),
    )
    state.end(event["step"], _moment(event["at"]), outcome, event["seconds"])


def _finished(state: RunState, event: Event) -> None:
    state.finish(
        event["status"],
        _moment(event["at"]),
        event["seconds"],
        signal=event.get("signal", 0),
        reason=event.get("reason", ""),
    )


_HANDLERS: dict[str, Callable[[RunState, Event], None]] = {
    "opened": _opened,
    "planned": lambda state, event: state.plan(event["steps"]),
    "expanded": lambda state, event: state.expand(event["task"], event["partitions"]),
    "started": lambda state, event: state.start(event["step"], _moment(event["at"])),
    "logged": lambda state, event: state.log(event["kind"], event["name"], event["value"]),
    "ended": _ended,
    "finished": _finished,
}
