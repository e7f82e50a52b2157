"""The file of SQLite that holds the index of runs: opened, and made where it is missing."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator

__all__ = ["open_database", "transaction"]

logger = logging.getLogger(__name__)

#: Of the tables below; another one is made anew.
_VERSION = 3
_BUSY_S = 2.0
_WAIT_S = 0.01
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_TABLES = """
CREATE TABLE runs (
    folder TEXT PRIMARY KEY, run_id TEXT NOT NULL, dag TEXT NOT NULL, status TEXT NOT NULL,
    mode TEXT NOT NULL, created_at TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT,
    seconds REAL, host TEXT NOT NULL, pid INTEGER NOT NULL, executor TEXT NOT NULL,
    source TEXT NOT NULL, user TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL,
    is_complete INTEGER NOT NULL, durations TEXT NOT NULL, metrics TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (started_at, folder);
CREATE INDEX runs_of_dag ON runs (dag, started_at);
CREATE INDEX runs_of_status ON runs (status, started_at);
CREATE INDEX runs_by_id ON runs (run_id);
CREATE TABLE filled (at TEXT NOT NULL);
CREATE TABLE damaged (folder TEXT PRIMARY KEY, problem TEXT NOT NULL) WITHOUT ROWID;
"""


@contextlib.contextmanager
def open_database(path: str) -> Iterator[sqlite3.Connection]:
    """Open the file, made anew where it is damaged or of another version."""
    try:
        database = _connect(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in _DAMAGED:
            raise
        logger.warning("the index of runs is damaged, and made anew")
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + ending)
        database = _connect(path)
    with contextlib.closing(database):
        yield database


def _connect(path: str) -> sqlite3.Connection:
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            return _connected(path)
        except sqlite3.OperationalError as error:
            # SQLite waits for locks, but not where several processes begin to use a new file.
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
        time.sleep(_WAIT_S)


def _connected(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if _version(database) != _VERSION:
            with transaction(database):
                if _version(database) != _VERSION:  # no other process was faster
                    _make_tables(database)
    except BaseException:
        database.close()
        raise
    return database


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _make_tables(database: sqlite3.Connection) -> None:
    kinds = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in kinds:
        database.execute(f'DROP TABLE "{name}"')
    for statement in _TABLES.split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {_VERSION}")


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
