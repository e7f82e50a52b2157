"""Past runs: a list of them, what happened in one, what its steps printed, what its hooks cost."""

from __future__ import annotations

import contextlib
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gluepy.exceptions import RunRecordError, UnknownHookError
from gluepy.views._runs import FoundRun, find_run, get_storage, steps_named

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.index import RunRow
    from gluepy.runs.state import RunState, Try

__all__ = ["history_view", "logs_view", "run_view", "runs_view", "timings_view"]

#: So many runs of a DAG are in its history.
_HISTORY = 200


def runs_view(
    dag: str = "",
    status: str = "",
    since: datetime | None = None,
    query: str = "",
    limit: int = 20,
    offset: int = 0,
) -> dict[str, Any]:
    """Return past runs, the one that was started last first.

    Args:
        dag: Only those of this DAG.
        status: Only those that stand so.
        since: Only those that were started then or later.
        query: Only those that have each of these words in their id, DAG or status.
        limit: At most so many; all if it is negative.
        offset: Leave out so many before.
    """
    from gluepy.runs.index import RunIndex

    storage = get_storage()
    page = RunIndex(storage).find_page(
        dag=dag, status=status, since=since, query=query, limit=limit, offset=offset
    )
    damaged = [{"folder": one, "problem": problem} for one, problem in page.damaged.items()]
    return {
        "schema": "gluepy.runs/1",
        "total": page.total,
        "runs": [_row(storage, row) for row in page.rows],
        "damaged": damaged,
    }


def run_view(run: str) -> dict[str, Any]:
    """Return what happened in a run, step by step.

    Args:
        run: Any reference to it: its id or the beginning of it, its folder, ``@last``, ``@-2``.

    Raises:
        CommandError: If there is no such run, or several are meant.
        RunRecordError: If nothing is recorded of it, or its record cannot be read.
    """
    from gluepy.runs.document import make_document

    found = find_run(run)
    state = found.state
    document = make_document(state)
    logs = _logs(found)
    for label, step in document["steps"].items():
        step["log"] = logs.get(label, "")
        step["tries"] = [
            {"attempt": number, **_try(one)}
            for number, one in enumerate(state.steps[label].tries, start=1)
        ]
    return {
        **document,
        "schema": "gluepy.runs.show/1",
        "location": found.storage.location(found.folder),
        "is_live": found.is_live,
        "resume": "" if found.is_live else _resume(state),
        "again": _again(state),
        "previous": _previous(found.storage, state),
        "params": dict(state.params),
        "artifacts": dict(state.artifacts),
        "inputs": dict(state.inputs),
    }


def logs_view(run: str, step: str = "", tail: int | None = None) -> dict[str, Any]:
    """Return what the steps of a run have printed and logged.

    Args:
        run: As of `run_view`.
        step: Only that of this step, or of all partitions of this task.
        tail: Only so many lines of each, the last ones.

    Raises:
        CommandError: If there is no such run or step.
        RunRecordError: If the record cannot be read.
        StorageError: If a log cannot be read.
    """
    from gluepy.runs.logs import read_log

    found = find_run(run)
    paths = _logs(found)
    logs = []
    for label in steps_named(found.state, step):
        if label in paths:
            text, size, is_cut = read_log(found.storage, found.folder, label, tail=tail)
            one = {"step": label, "path": paths[label], "text": text, "bytes": size}
            logs.append({**one, "is_cut": is_cut})
    return {"schema": "gluepy.runs.logs/1", "run_id": found.state.run_id, "logs": logs}


def timings_view(run: str, hook: str = "") -> dict[str, Any]:
    """Return what each implementation of a hook has cost in a run.

    Args:
        run: As of `run_view`.
        hook: Name of the one that is wanted; empty for all.

    Raises:
        CommandError: If there is no such run or hook.
        RunRecordError: If the record cannot be read.
    """
    from gluepy.plugin.manager import Hooks

    state = find_run(run).state
    names = Hooks.names()
    # A record of another version may have others.
    if hook and hook not in {*names, *(one.hook for one in state.hooks)}:
        raise UnknownHookError(hook, names)
    return {
        "schema": "gluepy.hooks.timings/1",
        "run_id": state.run_id,
        "seconds": state.seconds,
        "rows": [one._asdict() for one in state.hooks if hook in {"", one.hook}],
    }


def history_view(dag: str) -> dict[str, Any]:
    """Return the last 200 runs of a DAG, the oldest first, with seconds per step and metrics."""
    from gluepy.runs.index import RunIndex

    rows = RunIndex(get_storage()).history(dag, _HISTORY)
    return {"schema": "gluepy.history/1", "dag": dag, "runs": [row._asdict() for row in rows]}


def _row(storage: BaseStorage, row: RunRow) -> dict[str, Any]:
    """Return a run; how far one in progress has come is not in the index, but in its journal."""
    from gluepy.runs.journal import load_state

    if row.status == "running":
        with contextlib.suppress(RunRecordError):  # that is told when somebody asks for this run
            state = load_state(storage, row.folder)
            row = row._replace(done=state.done, total=len(state.steps))
    return row._asdict()


def _logs(found: FoundRun) -> dict[str, str]:
    """Return the paths, in the run folder, of the logs that are there, by the label of the step."""
    from gluepy.runs.logs import LOGS_FOLDER, log_path

    storage = found.storage
    folder = storage.separator.join((found.folder, LOGS_FOLDER))
    if not storage.isdir(folder):
        return {}
    # One look at the folder, not one per step.
    names = {f"{LOGS_FOLDER}/{name}" for name in storage.ls(folder)[0]}
    paths = {label: log_path(label) for label in found.state.steps}
    return {label: path for label, path in paths.items() if path in names}


def _try(one: Try) -> dict[str, Any]:
    ended_at = one.ended_at.isoformat() if one.ended_at else None
    return {**one._asdict(), "started_at": one.started_at.isoformat(), "ended_at": ended_at}


def _resume(state: RunState) -> str:
    """Return the command that goes on with a run; empty if it is complete, or was of one task."""
    if state.is_complete or not state.dag:
        return ""
    return shlex.join(["gluepy", "dag", state.dag, "--resume", "--retry", state.run_id])


def _again(state: RunState) -> str:
    """Return the command that repeats a run from anew; empty if nobody can know it.

    A program may have started it, and a secret that was typed is nowhere.
    """
    words = [word for word in state.sessions[0].command if word != "--resume"]
    if not words or any("***" in word for word in words):
        return ""
    short = {word.rpartition(":")[2] for word in words}
    if words[0] == "dag" and state.dag.rpartition(":")[2] not in short:
        return ""  # a task of the DAG that was asked for has started this one
    return shlex.join(["gluepy", *words])


def _previous(storage: BaseStorage, state: RunState) -> str:
    """Return the id of the run of the same DAG before this one; empty if there is none."""
    from gluepy.runs.index import RunIndex

    if not state.dag:
        return ""
    before = state.sessions[-1].started_at.astimezone(UTC)
    rows = RunIndex(storage).list_runs(dag=state.dag, before=before, limit=1)
    return rows[0].run_id if rows else ""
