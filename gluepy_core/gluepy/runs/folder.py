"""Run folders: where a run's files lie, how to find one again, and what is kept in it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gluepy.exceptions import AmbiguousRunError, RunRecordError, StorageError, UnknownRunError
from gluepy.ops.metrics import dump_metrics, load_metrics
from gluepy.runs.journal import load_state
from gluepy.runs.state import RunState

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage

__all__ = [
    "CONTEXT_FILE",
    "METRICS_FILE",
    "REMOVING_FILE",
    "RUNS_FOLDER",
    "get_run_folder",
    "load_metrics_file",
    "read_metrics",
    "write_context",
    "write_metrics",
]

#: So many runs are compared with one that is not there.
_SUGGESTED = 200

#: All run folders lie below this one.
RUNS_FOLDER = "runs"
#: Names the run folder that is being removed. Who is killed meanwhile leaves it for the next.
REMOVING_FILE = "runs/removing"
#: The parameters of the run, as it saw them.
CONTEXT_FILE = "context.yaml"
#: Name and last value of each metric that its tasks logged.
METRICS_FILE = "metrics.json"


def get_run_folder(storage: BaseStorage, run: str, *, option: str) -> str:
    """Return the folder, relative to the root of the storage, of a run that is there.

    Args:
        storage: Where the runs lie.
        run: A run folder, as the run printed it; the id of a run, or the beginning of one;
            ``@last``, ``@last-failed``, or ``@-2`` for the one before the last.
        option: What the user typed it for, for the message.

    Raises:
        UnknownRunError: If no run lies there.
        AmbiguousRunError: If several ids begin so.
        PathOutsideRootError: If it leads out of the storage.
    """
    folder = run.rstrip("/")
    if folder and _is_run(storage, folder):
        return storage.relpath(folder)
    found: str | None = None
    if folder.startswith("@"):
        found = _find_by_time(storage, folder)
    elif folder and storage.separator not in folder:
        found = _find_by_id(storage, folder, option)
    if found is None:
        # A folder is like no id, and elsewhere than on a disk to ask for them costs a while.
        known = [] if storage.separator in folder else _names(storage)
        raise UnknownRunError(option, run, root=storage.location(""), known=known)
    return found


def _names(storage: BaseStorage) -> list[str]:
    """Return by what the last runs can be named."""
    from gluepy.runs.index import RunIndex

    ids = [row.run_id for row in RunIndex(storage).list_runs(limit=_SUGGESTED)]
    return [*ids, "@last", "@last-failed"] if ids else []


def _find_by_time(storage: BaseStorage, reference: str) -> str | None:
    """Return the folder of the run that a reference such as ``@-2`` means, if it means one."""
    from gluepy.runs.index import RunIndex

    place = re.fullmatch(r"@-([1-9]\d{0,5})", reference)
    if reference not in ("@last", "@last-failed") and place is None:
        return None
    status = "failed" if reference == "@last-failed" else ""
    offset = int(place[1]) - 1 if place else 0
    rows = RunIndex(storage).list_runs(status=status, offset=offset, limit=1)
    return rows[0].folder if rows else None


def _find_by_id(storage: BaseStorage, run: str, option: str) -> str | None:
    """Return the folder of the run that an id, or the beginning of one, means, if there is one."""
    from gluepy.runs.index import RunIndex

    days = _days(storage)
    for day in days:
        if _is_run(storage, _in(storage, day, run)):
            return _in(storage, day, run)
    indexed = RunIndex(storage).find_ids(run)
    exact = [row.folder for row in indexed if row.run_id == run]
    if exact:
        return exact[0]
    begun = {row.folder: row.run_id for row in indexed}
    for day in days:
        names = [name for name in storage.ls(day)[1] if name.startswith(run)]
        folders = {_in(storage, day, name): name for name in names}
        begun |= {folder: name for folder, name in folders.items() if _is_run(storage, folder)}
    if len(begun) > 1:
        raise AmbiguousRunError(option, run, sorted(begun.values()))
    return next(iter(begun), None)


def _is_run(storage: BaseStorage, folder: str) -> bool:
    return storage.isfile(_in(storage, folder, CONTEXT_FILE))


def write_context(storage: BaseStorage, folder: str, text: str) -> None:
    """Store the parameters of a run where only its owner may read them; or leave no run folder.

    Raises:
        StorageError: If they cannot be stored.
    """
    is_new = not storage.exists(folder)
    try:
        storage.touch(_in(storage, folder, CONTEXT_FILE), text, private=True)
    except StorageError:
        if is_new:
            with contextlib.suppress(StorageError):
                storage.rm(folder, recursive=True)
        raise


def read_metrics(storage: BaseStorage, folder: str) -> dict[str, float]:
    """Return the metrics of a run; none if it logged none.

    The journal says; ``metrics.json`` adds what a run of Gluepy 1.6 has left there.

    Raises:
        RunRecordError: If the journal, or, without one, ``metrics.json``, is damaged.
    """
    state = load_state(storage, folder)
    return {**load_metrics_file(storage, folder, state), **state.metrics}


def load_metrics_file(storage: BaseStorage, folder: str, state: RunState) -> dict[str, float]:
    """Return what is in ``metrics.json``.

    Raises:
        RunRecordError: If it is damaged, and nothing else is recorded of the run.
    """
    path = _in(storage, folder, METRICS_FILE)
    if not storage.isfile(path):
        return {}
    try:
        return load_metrics(storage.open(path, mode="rb"), where=storage.location(path))
    except RunRecordError:
        if state.sessions:
            return {}
        raise


def write_metrics(storage: BaseStorage, folder: str, metrics: Mapping[str, float]) -> None:
    """Store the metrics of a run."""
    storage.touch(_in(storage, folder, METRICS_FILE), dump_metrics(metrics))


def _days(storage: BaseStorage) -> list[str]:
    """Return the folders ``runs/YEAR/MONTH/DAY``, the latest first."""
    level = [RUNS_FOLDER] if storage.isdir(RUNS_FOLDER) else []
    for _ in range(3):
        level = [
            _in(storage, parent, child)
            for parent in level
            for child in sorted(storage.ls(parent)[1], key=_as_number, reverse=True)
        ]
    return level


def _as_number(name: str) -> tuple[int, str]:
    return (int(name), name) if name.isdecimal() else (-1, name)


def _in(storage: BaseStorage, *parts: str) -> str:
    return storage.separator.join(parts)
