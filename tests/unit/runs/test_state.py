from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import DamagedRecordError, NewerRecordError
from gluepy.runs.events import apply, replay
from gluepy.runs.state import RunState, StepState

AT = "2026-11-22T10:40:12+00:00"


def opened(mode: str = "new", **rest: Any) -> dict[str, Any]:
    return {
        "event": "opened",
        "at": AT,
        "schema": "gluepy.journal/1",
        "run_id": "abc",
        "dag": "training",
        "folder": "runs/abc",
        "mode": mode,
        "host": "here",
        "pid": 7,
        "executor": "serial",
        "python": "3.11.7",
        "gluepy": "0.1.0",
        "distributions": {"acme": "1.0"},
        "plugins": [],
        "sources": [],
        "git": None,
        "parameters": {},
        **rest,
    }


def planned(*steps: str) -> dict[str, Any]:
    return {"event": "planned", "at": AT, "steps": list(steps)}


def expanded(task: str, *partitions: str) -> dict[str, Any]:
    return {"event": "expanded", "at": AT, "task": task, "partitions": list(partitions)}


def started(step: str, attempt: int = 1) -> dict[str, Any]:
    return {"event": "started", "at": AT, "step": step, "attempt": attempt}


def ended(step: str, outcome: str = "succeeded", **rest: Any) -> dict[str, Any]:
    return {
        "event": "ended",
        "at": AT,
        "step": step,
        "attempt": 1,
        "outcome": outcome,
        "seconds": 1.5,
        "started_at": AT,
        "host": "here",
        "pid": 8,
        **rest,
    }


def logged(kind: str, name: str, value: object) -> dict[str, Any]:
    return {"event": "logged", "at": AT, "step": "a", "kind": kind, "name": name, "value": value}


def finished(status: str, **rest: Any) -> dict[str, Any]:
    return {"event": "finished", "at": AT, "status": status, "seconds": 2.0, **rest}


def state_of(*events: dict[str, Any]) -> RunState:
    return replay(events, where="/x/journal.jsonl")


def statuses(state: RunState) -> dict[str, str]:
    return {label: step.status for label, step in state.steps.items()}


# -- steps -----------------------------------------------------------------------------------------


def test_nothing_recorded_is_an_empty_state() -> None:
    state = state_of()

    assert (state.status, state.succeeded, state.is_complete) == ("unknown", frozenset(), False)
    assert (state.last_session, state.started_at, state.finished_at) == (None, None, None)
    assert state.seconds is None


def test_every_step_has_its_last_outcome() -> None:
    state = state_of(
        opened(),
        planned("a", "b", "c"),
        started("a"),
        ended("a"),
        started("b"),
        ended("b", "failed", error="KeyError: 'x'", hint="Mend.", plugin="log"),
        started("b", 2),
    )

    assert statuses(state) == {"a": "succeeded", "b": "running", "c": "planned"}
    assert state.steps["b"].attempts == 2
    assert state.steps["b"].error == ""
    assert state.open_steps == ("b",)
    assert state.succeeded == {"a"}
    assert state.status == "running"


def test_facts_of_an_attempt_are_kept() -> None:
    state = state_of(
        opened(),
        started("a"),
        ended("a", "failed", error="E", hint="H", reason="R", plugin="P", seconds=None),
    )

    step = state.steps["a"]
    assert (step.error, step.hint, step.reason, step.plugin) == ("E", "H", "R", "P")
    assert (step.host, step.pid, step.seconds) == ("here", 8, None)
    assert step.started_at == step.ended_at


@pytest.mark.parametrize(
    ("mode", "status"), [("new", "planned"), ("retry", "planned"), ("resume", "succeeded")]
)
def test_success_is_forgotten_when_the_step_is_planned_again_but_not_by_resume(
    mode: str, status: str
) -> None:
    state = state_of(
        opened(), planned("a"), started("a"), ended("a"), opened(mode), planned("a", "b")
    )

    assert statuses(state) == {"a": status, "b": "planned"}


def test_success_is_forgotten_when_the_step_begins_again() -> None:
    state = state_of(opened(), started("a"), ended("a"), opened("resume"), started("a"))

    assert state.succeeded == frozenset()
    assert state.steps["a"].attempts == 2


def test_end_without_a_beginning_counts() -> None:
    assert state_of(opened(), ended("a")).succeeded == {"a"}


# -- partitions ------------------------------------------------------------------------------------


def test_partitions_stand_in_the_place_of_their_task() -> None:
    state = state_of(opened(), planned("a", "t", "z"), expanded("t", "x", "y"))

    assert list(state.steps) == ["a", "t[x]", "t[y]", "z"]
    assert state.expansions == {"t": ("x", "y")}


def test_partitions_of_an_unplanned_task_stand_last() -> None:
    assert list(state_of(opened(), planned("a"), expanded("t", "x")).steps) == ["a", "t[x]"]


def test_resume_keeps_the_outcomes_of_partitions() -> None:
    state = state_of(
        opened(),
        planned("t"),
        expanded("t", "x", "y"),
        ended("t[x]"),
        opened("resume"),
        planned("t"),
        expanded("t", "x", "y"),
    )

    assert statuses(state) == {"t[x]": "succeeded", "t[y]": "planned"}


def test_retry_forgets_the_partitions_until_they_are_known_again() -> None:
    before = [
        opened(),
        planned("a", "t", "z"),
        expanded("t", "x", "y"),
        ended("t[x]"),
        opened("retry"),
        planned("t"),
    ]

    assert list(state_of(*before).steps) == ["a", "t", "z"]
    assert statuses(state_of(*before, expanded("t", "x"))) == {
        "a": "planned",
        "t[x]": "planned",
        "z": "planned",
    }


def test_retry_forgets_a_task_that_had_no_partitions() -> None:
    state = state_of(
        opened(), planned("t"), expanded("t"), opened("retry"), planned("t"), expanded("t", "x")
    )

    assert statuses(state) == {"t[x]": "planned"}


def test_retry_forgets_a_single_partition() -> None:
    state = state_of(
        opened(), expanded("t", "x", "y"), ended("t[x]"), opened("retry"), planned("t[x]")
    )

    assert statuses(state) == {"t[x]": "planned", "t[y]": "planned"}


# -- sessions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["succeeded", "failed", "interrupted", "lost"])
def test_run_stands_as_its_last_session_ended(status: str) -> None:
    state = state_of(opened(), finished(status, signal=15, reason="why"))

    assert state.status == status
    session = state.last_session
    assert session is not None
    assert (session.status, session.signal, session.reason) == (status, 15, "why")
    assert (session.seconds, state.finished_at) == (2.0, session.finished_at)


def test_session_that_has_not_told_its_end_is_lost_when_the_next_begins() -> None:
    state = state_of(opened(), planned("a"), started("a"), opened("resume", pid=9))

    assert [one.status for one in state.sessions] == ["lost", "running"]
    assert statuses(state) == {"a": "lost"}
    assert state.steps["a"].reason == "its process ended without a record"


def test_attempt_whose_end_was_not_recorded_is_lost_when_the_session_ends() -> None:
    state = state_of(opened(), started("a"), finished("failed"))

    assert statuses(state) == {"a": "lost"}


def test_death_is_noted_once() -> None:
    state = state_of(opened(), started("a"), started("b"), ended("b"))

    assert state.lose("interrupted", reason="killed") == ("a",)
    assert state.lose(reason="again") == ()
    assert state.status == "interrupted"
    assert state.steps["a"] == StepState(
        "a", "interrupted", 1, started_at=state.started_at, reason="killed"
    )


def test_single_task_says_nothing_about_the_run_of_the_dag() -> None:
    state = state_of(
        opened(),
        finished("failed"),
        opened("retry", dag=""),
        ended("a"),
        finished("succeeded"),
    )

    assert (state.dag, state.status) == ("training", "failed")


def test_single_tasks_alone_are_a_run() -> None:
    assert state_of(opened(dag=""), finished("succeeded")).status == "succeeded"


def test_run_is_complete_when_all_that_was_planned_succeeded() -> None:
    part = [opened(), planned("a", "b"), ended("a"), finished("succeeded")]

    assert not state_of(*part).is_complete
    assert state_of(
        *part, opened("resume"), ended("b", "skipped"), finished("succeeded")
    ).is_complete


def test_seconds_are_those_of_all_sessions() -> None:
    state = state_of(opened(), finished("failed"), opened("resume"), finished("lost", seconds=None))

    assert state.seconds == 2.0


# -- what tasks log --------------------------------------------------------------------------------


def test_last_value_of_a_name_counts() -> None:
    state = state_of(
        opened(),
        logged("metric", "auc", 0.5),
        logged("metric", "auc", "Infinity"),
        logged("param", "depth", 4),
        logged("artifact", "model", "m.bin"),
        logged("input", "flights", [3, 2]),
        logged("later-kind", "x", 1),
        {"event": "later-event", "at": AT},
    )

    assert state.metrics == {"auc": float("inf")}
    assert (state.params, state.artifacts) == ({"depth": 4}, {"model": "m.bin"})
    assert state.inputs == {"flights": [3, 2]}


def test_copy_does_not_change_with_the_original() -> None:
    state = state_of(opened(), planned("a"))
    copy = state.copy()
    assert copy == state

    apply(state, started("a"))
    apply(state, logged("metric", "m", 1))
    apply(state, finished("failed"))

    assert statuses(copy) == {"a": "planned"}
    assert (copy.metrics, copy.sessions[0].status) == ({}, "running")


# -- damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (planned("a"), "a journal begins with 'opened'"),
        (opened(schema="other/1"), "it is of the form 'other/1'"),
        (opened(schema="gluepy.journal/x"), "it is of the form 'gluepy.journal/x'"),
        ({"event": "opened"}, "it misses 'schema'"),
        (opened(at="yesterday"), "Invalid isoformat string: 'yesterday'"),
    ],
)
def test_beginning_that_is_none_is_damage(event: dict[str, Any], reason: str) -> None:
    with pytest.raises(DamagedRecordError) as caught:
        state_of(event)

    assert str(caught.value) == f"/x/journal.jsonl: line 1 is damaged: {reason}"


@pytest.mark.parametrize(
    "event",
    [
        {"event": "started", "at": AT},
        {"event": "planned", "at": AT, "steps": 3},
        logged("metric", "m", "many"),
        logged("metric", "m", []),
        ended("a", started_at=3),
    ],
)
def test_event_that_is_not_as_the_schema_has_it_is_damage(event: dict[str, Any]) -> None:
    with pytest.raises(DamagedRecordError, match="line 2 is damaged"):
        state_of(opened(), event)


def test_newer_journal_asks_for_a_newer_gluepy() -> None:
    with pytest.raises(NewerRecordError, match=r"'gluepy\.journal/2'.*knows 'gluepy\.journal/1'"):
        state_of(opened(), opened(schema="gluepy.journal/2"))


# -- against a model -------------------------------------------------------------------------------

labels = st.sampled_from("abc")
happenings = st.lists(
    st.one_of(
        st.sampled_from(["new", "retry", "resume"]).map(lambda mode: ("open", mode)),
        st.lists(labels, max_size=3, unique=True).map(lambda steps: ("plan", steps)),
        labels.map(lambda label: ("start", label)),
        st.tuples(st.just("end"), labels),
        st.tuples(st.just("fail"), labels),
    )
)


@given(happenings)
def test_success_is_what_the_design_says(sequence: list[tuple[str, Any]]) -> None:
    events, succeeded, mode = [opened()], set[str](), "new"
    for what, value in sequence:
        if what == "open":
            mode = value
            events.append(opened(mode))
        elif what == "plan":
            events.append(planned(*value))
            succeeded -= set(value) if mode != "resume" else set()
        elif what == "start":
            events.append(started(value))
            succeeded.discard(value)
        elif what == "end":
            events.append(ended(value))
            succeeded.add(value)
        else:
            events.append(ended(value, "failed"))
            succeeded.discard(value)

    assert state_of(*events).succeeded == succeeded


# -- what is recorded besides ----------------------------------------------------------------------


COST = {
    "hook": "after_task",
    "plugin": "mlflow",
    "source": "x 1",
    "calls": 2,
    "seconds": 0.5,
    "slowest_s": 0.4,
    "slowest_task": "a",
}


def test_user_command_and_costs_are_known() -> None:
    events = [opened(user="amy", command=["dag", "training"]), finished("failed", hooks=[COST])]

    (session,) = replay(events, where="x").sessions

    assert (session.user, session.command) == ("amy", ("dag", "training"))
    assert [one._asdict() for one in session.hooks] == [COST]


def test_older_records_say_nothing_of_them() -> None:
    state = replay([opened(), planned("a"), finished("failed")], where="x")

    assert (state.upstream, state.hooks) == ({}, ())
    assert (state.sessions[0].user, state.sessions[0].command) == ("", ())


def test_costs_that_are_damaged_are_found() -> None:
    with pytest.raises(DamagedRecordError, match="it misses 'calls'"):
        replay(
            [opened(), finished("failed", hooks=[{"hook": "x", "plugin": "y", "source": "z"}])],
            where="x",
        )


def test_upstream_is_that_of_the_largest_plan() -> None:
    whole = {"a": [], "b": ["a"], "c": ["b"]}
    events = [
        opened(),
        {**planned("a", "b"), "upstream": {"a": [], "b": []}},
        {**planned("a", "b", "c"), "upstream": whole},
        # Of b nothing runs: so c would wait for a.
        {**planned("a", "c", "d"), "upstream": {"a": [], "c": ["a"], "d": ["c"]}},
    ]

    state = replay(events, where="x")

    assert state.upstream == {"a": (), "b": ("a",), "c": ("b",), "d": ("c",)}


def test_what_is_said_of_a_task_counts_until_it_is_planned_again() -> None:
    upstream = {"a": [], "b": ["a"]}
    tags = {"a": ["slow"], "b": ["io"]}
    events = [
        opened(),
        {**planned("a", "b"), "upstream": upstream, "evaluations": ["a", "b"], "tags": tags},
        {**planned("b"), "upstream": {"b": []}, "tags": {"b": ["fast"]}},
    ]

    state = replay(events, where="x")
    unplanned = replay([opened(), planned("a")], where="x")

    assert state.evaluations == ("a",)
    assert state.tags == {"a": ("slow",), "b": ("fast",)}
    assert (unplanned.evaluations, unplanned.tags) == ((), {})


def test_every_attempt_is_kept() -> None:
    state = replay(
        [opened(), started("a"), ended("a", "failed"), opened("resume"), started("a")], where="x"
    )

    step = state.steps["a"]
    assert [one.status for one in step.tries] == ["failed", "running"]
    assert [one.pid for one in step.tries] == [8, 0]
    assert (step.attempts, step.tries[1].ended_at) == (2, None)
    assert StepState("b").tries == ()


def test_attempts_before_a_retry_are_forgotten() -> None:
    state = replay(
        [opened(), started("a"), ended("a", "failed"), opened("retry"), planned("a"), started("a")],
        where="x",
    )

    assert [one.status for one in state.steps["a"].tries] == ["running"]
