"""The events of a journal, replayed into the state of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from gluepy.exceptions import DamagedRecordError, NewerRecordError
from gluepy.exec.records import HookCost, TaskOutcome
from gluepy.runs.state import RunState, Session

__all__ = ["JOURNAL_SCHEMA", "Event", "apply", "replay"]

#: Name and version of the form of a journal.
JOURNAL_SCHEMA = "gluepy.journal/1"

#: One line of a journal.
Event = Mapping[str, Any]


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
            apply(state, event)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            reason = f"it misses {error}" if isinstance(error, KeyError) else f"{error}"
            raise DamagedRecordError(where, number, reason) from error
    return state


def apply(state: RunState, event: Event) -> None:
    """Note one event; one of an unknown name says nothing.

    Raises:
        KeyError, TypeError, ValueError, IndexError: If it is not as the schema has it.
    """
    handler = _HANDLERS.get(event["event"])
    if handler is not None:
        handler(state, event)


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
        user=event.get("user", ""),
        command=tuple(event.get("command", ())),
    )
    state.open(session, run_id=event["run_id"], folder=event["folder"])


def _planned(state: RunState, event: Event) -> None:
    state.plan(
        event["steps"],
        event.get("upstream"),
        evaluations=event.get("evaluations", ()),
        tags=event.get("tags"),
    )


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
        reads=tuple(event.get("reads", ())),
        traceback=event.get("traceback", ""),
    )
    state.end(event["step"], _moment(event["at"]), outcome, event["seconds"])


def _finished(state: RunState, event: Event) -> None:
    state.finish(
        event["status"],
        _moment(event["at"]),
        event["seconds"],
        signal=event.get("signal", 0),
        reason=event.get("reason", ""),
        hooks=[_cost(one) for one in event.get("hooks", ())],
    )


def _cost(row: Mapping[str, Any]) -> HookCost:
    return HookCost(**{name: row[name] for name in HookCost._fields})


_HANDLERS: dict[str, Callable[[RunState, Event], None]] = {
    "opened": _opened,
    "planned": _planned,
    "expanded": lambda state, event: state.expand(event["task"], event["partitions"]),
    "started": lambda state, event: state.start(event["step"], _moment(event["at"])),
    "logged": lambda state, event: state.log(event["kind"], event["name"], event["value"]),
    "ended": _ended,
    "finished": _finished,
}
