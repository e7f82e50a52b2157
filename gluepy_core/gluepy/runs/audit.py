"""Whether the records of runs are in order: the index beside the journals, and the locks."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from gluepy.exceptions import RunRecordError
from gluepy.runs._database import open_database
from gluepy.runs.index import INDEX_FILE, iter_runs
from gluepy.runs.journal import has_journal
from gluepy.runs.lock import LOCK_FILE
from gluepy.runs.reading import read_run

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage

__all__ = ["Audit", "audit_runs"]

logger = logging.getLogger(__name__)


class Audit(NamedTuple):
    """What was found in the records of all runs.

    Attributes:
        runs: How many can be read.
        damaged: What is wrong with the others.
        unlisted: Run folders that the index does not know.
        gone: Run folders that the index knows and that are not there.
        different: Run folders of which the index and the journal say different things.
        abandoned: Run folders whose lock names a process that is no more.
    """

    runs: int = 0
    damaged: tuple[RunRecordError, ...] = ()
    unlisted: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()


def audit_runs(storage: BaseStorage) -> Audit:
    """Read all journals, and compare them with the index; nothing is changed.

    Raises:
        StorageError: If the storage cannot be read.
    """
    statuses = dict[str, str]()
    damaged, abandoned = list[RunRecordError](), list[str]()
    folders = sorted(iter_runs(storage))
    for folder in folders:
        try:
            state, is_live = read_run(storage, folder)
        except RunRecordError as error:
            damaged.append(error)
            continue
        if not is_live and _has_owner(storage, folder):
            abandoned.append(folder)
        if state.sessions:
            statuses[folder] = state.status
    indexed = _read_index(storage)
    if indexed is None:  # it is made when somebody asks
        return Audit(len(statuses), tuple(damaged), abandoned=tuple(abandoned))
    return Audit(
        len(statuses),
        tuple(damaged),
        unlisted=tuple(folder for folder in statuses if folder not in indexed),
        gone=tuple(
            folder
            for folder in indexed
            if folder not in folders and not has_journal(storage, folder)
        ),
        different=tuple(
            folder
            for folder, status in statuses.items()
            # One that has died is buried by whoever asks next.
            if indexed.get(folder, status) not in (status, "running")
        ),
        abandoned=tuple(abandoned),
    )


def _has_owner(storage: BaseStorage, folder: str) -> bool:
    """Return whether the lock of a run names somebody: it is empty after an orderly end."""
    path = storage.separator.join((folder, LOCK_FILE))
    return storage.isfile(path) and bool(storage.open(path, mode="rb"))


def _read_index(storage: BaseStorage) -> dict[str, str] | None:
    """Return the status of every run that the index knows; None if it has not been filled yet."""
    path = storage.local_path(INDEX_FILE)
    if path is None or not storage.isfile(INDEX_FILE):
        return None
    try:
        with open_database(path) as database:
            if not database.execute("SELECT count(*) FROM filled").fetchone()[0]:
                return None
            return dict(database.execute("SELECT folder, status FROM runs").fetchall())
    except (sqlite3.Error, OSError) as error:
        logger.warning("the index of runs cannot be used: %s", error)
        return None
