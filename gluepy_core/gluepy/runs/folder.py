"""Run folders: where a run's files lie, how to find one again, and what is kept in it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gluepy.exceptions import StorageError, UnknownRunError
from gluepy.ops.metrics import dump_metrics, load_metrics

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage

__all__ = [
    "CONTEXT_FILE",
    "METRICS_FILE",
    "get_run_folder",
    "read_metrics",
    "write_context",
    "write_metrics",
]

#: All run folders lie below this one.
RUNS_FOLDER = "runs"
#: The parameters of the run, as it saw them.
CONTEXT_FILE = "context.yaml"
#: Name and last value of each metric that its tasks logged.
METRICS_FILE = "metrics.json"


def get_run_folder(storage: BaseStorage, run: str, *, option: str) -> str:
    """Return the folder, relative to the root of the storage, of a run that is there.

    Args:
        storage: Where the runs lie.
        run: A run folder, as the run printed it, or the id of a run.
        option: What the user typed it for, for the message.

    Raises:
        UnknownRunError: If no run lies there.
        PathOutsideRootError: If it leads out of the storage.
    """
    folder = run.rstrip("/")
    if folder and storage.isfile(_in(storage, folder, CONTEXT_FILE)):
        return storage.relpath(folder)
    if folder and storage.separator not in folder:
        for day in _days(storage):
            found = _in(storage, day, folder)
            if storage.isfile(_in(storage, found, CONTEXT_FILE)):
                return found
    raise UnknownRunError(option, run, root=storage.location(""))


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

    Raises:
        RunRecordError: If its ``metrics.json`` is damaged.
    """
    path = _in(storage, folder, METRICS_FILE)
    if not storage.isfile(path):
        return {}
    return load_metrics(storage.open(path, mode="rb"), where=storage.location(path))


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
