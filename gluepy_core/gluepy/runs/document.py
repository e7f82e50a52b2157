"""``run.json``: what a run is and how it stands, in one document for programs and people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from gluepy.exceptions import StorageError
from gluepy.ops.metrics import metric_to_json

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.state import RunState, Session, StepState

__all__ = ["RUN_FILE", "RUN_SCHEMA", "is_settled", "make_document", "to_json", "write_document"]

RUN_FILE = "run.json"
#: Name and version of its form.
RUN_SCHEMA = "gluepy.run/1"

_MAX_TEXT = 10_000
_MAX_DEPTH = 50
#: So many steps are written at once.
_BATCH = 1000

_encode = json.JSONEncoder(allow_nan=False).encode


def make_document(state: RunState) -> dict[str, Any]:
    """Return the content of ``run.json``.

    Args:
        state: Of a run that has had a session.
    """
    return _parts(state, {step.label: _step(step) for step in state.steps.values()})


def _parts(state: RunState, steps: Mapping[str, object]) -> dict[str, Any]:
    first, last = state.sessions[0], state.sessions[-1]
    return {
        "schema": RUN_SCHEMA,
        "run_id": state.run_id,
        "dag": state.dag,
        "status": state.status,
        "mode": last.mode,
        "sources": list(last.sources),
        "folder": state.folder,
        "host": last.host,
        "pid": last.pid,
        "created_at": first.started_at.isoformat(),
        "started_at": last.started_at.isoformat(),
        "finished_at": _text(last.finished_at),
        "seconds": state.seconds,
        "user": last.user,
        "command": list(last.command),
        "executor": last.executor,
        "python": last.python,
        "gluepy": last.gluepy,
        "distributions": dict(last.distributions),
        "plugins": list(last.plugins),
        "git": last.git,
        "parameters": last.parameters,
        "steps": steps,
        "upstream": {label: list(ups) for label, ups in state.upstream.items()},
        "evaluations": list(state.evaluations),
        "tags": {label: list(tags) for label, tags in state.tags.items()},
        "expansions": {label: list(parts) for label, parts in state.expansions.items()},
        "metrics": {name: metric_to_json(value) for name, value in state.metrics.items()},
        "hooks": [one._asdict() for one in state.hooks],
        "sessions": [_session(session) for session in state.sessions],
    }


def is_settled(storage: BaseStorage, folder: str, state: RunState) -> bool:
    """Return whether ``run.json`` says of a run what its journal says.

    Where it does not, the process has died before it had written what is made of the journal.
    """
    path = f"{folder}{storage.separator}{RUN_FILE}"
    try:
        document = json.loads(storage.open(path))
    except (StorageError, ValueError):
        return False
    return isinstance(document, dict) and document.get("status") == state.status


def write_document(storage: BaseStorage, folder: str, state: RunState) -> None:
    """Store ``run.json`` whole, readable by its owner only.

    Raises:
        StorageError: If it cannot be written.
    """
    path = storage.separator.join((folder, RUN_FILE))
    storage.touch(path, _chunks(state), private=True)


def _chunks(state: RunState) -> Iterator[str]:
    """Iterate over the text: one line per part and per step, each by the encoder in C.

    Piece by piece, so that a run of 100,000 steps is in memory once, as its state.
    """
    before = "{\n"
    for key, value in _parts(state, steps={}).items():
        yield f"{before}{_encode(key)}: "
        yield from _step_chunks(state) if key == "steps" else (_encode(value),)
        before = ",\n"
    yield "\n}\n"


def _step_chunks(state: RunState) -> Iterator[str]:
    steps = list(state.steps.values())
    yield "{"
    for first in range(0, len(steps), _BATCH):
        lines = [
            f"{_encode(one.label)}: {_encode(_step(one))}" for one in steps[first : first + _BATCH]
        ]
        yield (",\n" if first else "\n") + ",\n".join(lines)
    yield "}"


def to_json(value: object) -> Any:
    """Return what JSON can hold of a value, whatever it is.

    NumPy's scalars become numbers, moments text in ISO form; what has no form of its own, or lies
    too deep for readers, its text.
    """
    return _to_json(value, _MAX_DEPTH)


def _to_json(value: object, depth: int) -> Any:
    if not depth:
        return _shown(value)
    if isinstance(value, Mapping):
        # dict.items, because sections of the context resolve their references in their own items.
        items = dict.items(value) if isinstance(value, dict) else value.items()
        return {_key(key): _to_json(item, depth - 1) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_json(item, depth - 1) for item in value]
    if value is None or isinstance(value, bool | str | int | float):
        return _plain(value)
    return value.isoformat() if isinstance(value, date) else _of_others(value, depth)


def _key(key: object) -> str:
    return str.__str__(key) if isinstance(key, str) else _shown(key)


def _plain(value: object) -> Any:
    """Return the value without what subclasses, such as enumerations, add to it."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return metric_to_json(float(value))
    if isinstance(value, int) and not isinstance(value, bool):
        # Python refuses to write what nobody could read.
        bits = value.bit_length()
        return int(value) if bits < _MAX_TEXT else f"<a number of {bits} bits>"
    return value


def _of_others(value: object, depth: int) -> Any:
    """Return what the one element of an array is, or else the text of an object."""
    item = getattr(value, "item", None)
    if callable(item):
        try:
            found = item()
        except Exception:  # noqa: BLE001 - code of others; it holds more than one, or anything
            return _shown(value)
        return _to_json(found, depth - 1)
    return _shown(value)


def _shown(value: object) -> str:
    try:
        text = str(value)
    except Exception:  # noqa: BLE001 - code of others may fail at this, too
        return f"<{type(value).__name__}>"
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."


def _step(step: StepState) -> dict[str, object]:
    return {
        "status": step.status,
        "attempts": step.attempts,
        "seconds": step.seconds,
        "started_at": _text(step.started_at),
        "ended_at": _text(step.ended_at),
        "error": step.error,
        "hint": step.hint,
        "reason": step.reason,
        "plugin": step.plugin,
        "host": step.host,
        "pid": step.pid,
        "reads": list(step.reads),
        "traceback": step.traceback,
    }


def _session(session: Session) -> dict[str, object]:
    return {
        "mode": session.mode,
        "dag": session.dag,
        "status": session.status,
        "started_at": session.started_at.isoformat(),
        "finished_at": _text(session.finished_at),
        "seconds": session.seconds,
        "signal": session.signal,
        "reason": session.reason,
        "host": session.host,
        "pid": session.pid,
        "executor": session.executor,
        "python": session.python,
        "gluepy": session.gluepy,
        "distributions": dict(session.distributions),
        "plugins": list(session.plugins),
        "git": session.git,
        "user": session.user,
        "command": list(session.command),
        "hooks": [one._asdict() for one in session.hooks],
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
