"""An index over all runs of a storage: fast to ask, and nothing is lost with it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gluepy.exceptions import GluepyError, RunRecordError
from gluepy.runs.document import is_settled
from gluepy.runs.journal import JOURNAL_FILE, JOURNAL_FOLDER, has_journal, load_state
from gluepy.runs.lock import find_owner

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.state import RunState

__all__ = ["INDEX_FILE", "RunIndex", "RunRow"]

logger = logging.getLogger(__name__)

#: Where the index lies, relative to the root of the storage.
INDEX_FILE = "runs/index.sqlite3"

_RUNS_FOLDER = "runs"
#: Of the tables below; another one is made anew.
_VERSION = 1
_BUSY_S = 2.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_DONE = ("succeeded", "skipped")
#: Runs deeper than this below ``runs`` are found only while the index knows them.
_DEPTH = 5
#: So many runs tell how long a step takes.
_REMEMBERED = 20

T = TypeVar("T")

_TABLES = """
CREATE TABLE runs (
    folder TEXT PRIMARY KEY, run_id TEXT NOT NULL, dag TEXT NOT NULL, status TEXT NOT NULL,
    mode TEXT NOT NULL, created_at TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT,
    seconds REAL, host TEXT NOT NULL, pid INTEGER NOT NULL, executor TEXT NOT NULL,
    source TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL,
    is_complete INTEGER NOT NULL, durations TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (started_at, folder);
CREATE INDEX runs_of_dag ON runs (dag, started_at);
CREATE INDEX runs_of_status ON runs (status, started_at);
CREATE INDEX runs_by_id ON runs (run_id);
CREATE TABLE filled (at TEXT NOT NULL);
"""


class RunRow(NamedTuple):
    """A run as the index knows it; moments are text in ISO form, in UTC.

    Attributes:
        folder: The run folder.
        run_id: Its id.
        dag: Label of the DAG; empty where single tasks ran.
        status: ``running``, ``succeeded``, ``failed``, ``interrupted`` or ``lost``.
        mode: Of its last session.
        created_at: When it began first.
        started_at: When its last session began.
        finished_at: When that ended.
        seconds: What all sessions took.
        host: Of the last session.
        pid: Of the last session.
        executor: Of the last session.
        source: Where the DAG came from.
        done: How many steps succeeded or were skipped.
        total: How many steps it has.
    """

    folder: str
    run_id: str
    dag: str
    status: str
    mode: str
    created_at: str
    started_at: str
    finished_at: str | None
    seconds: float | None
    host: str
    pid: int
    executor: str
    source: str
    done: int
    total: int


_COLUMNS = ", ".join(RunRow._fields)


class RunIndex:
    """The index of a storage.

    On a disk it is a file of SQLite beside the runs, which any process may use at any time. Where
    it is missing, damaged or of another version it is filled from the journals, by the first who
    asks. For other storages that is done each time.

    Args:
        storage: Where the runs lie.
    """

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage

    # -- writing -------------------------------------------------------------------------------

    def put(self, state: RunState) -> None:
        """Note how a run stands. What goes wrong is logged: no run fails with it."""
        try:
            path = self._path()
            if path is not None:
                self._storage.mkdir(_RUNS_FOLDER)
                with _database(path) as database:
                    _put(database, state)
        except (sqlite3.Error, GluepyError, OSError) as error:
            logger.warning("the index of runs cannot be written: %s", error)

    def rebuild(self) -> tuple[int, tuple[RunRecordError, ...]]:
        """Read all journals again.

        Returns:
            How many runs there are, and what is wrong with those that cannot be read.

        Raises:
            StorageError: If the storage cannot be read.
        """
        return self._ask(self._fill)

    # -- asking --------------------------------------------------------------------------------

    def list_runs(
        self,
        *,
        dag: str = "",
        status: str = "",
        since: datetime | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> list[RunRow]:
        """Return runs, the one that was started last first.

        Args:
            dag: Only those of this DAG.
            status: Only those that stand so.
            since: Only those that were started then or later.
            limit: At most so many; all if it is negative.
            offset: Leave out so many before.
        """
        where, values = ["1"], list[object]()
        for column, value in (("dag", dag), ("status", status)):
            if value:
                where.append(f"{column} = ?")
                values.append(value)
        if since is not None:
            where.append("started_at >= ?")
            values.append(_moment(since))
        query = (
            f"SELECT {_COLUMNS} FROM runs WHERE {' AND '.join(where)} "  # noqa: S608 - names of ours
            "ORDER BY started_at DESC, folder DESC LIMIT ? OFFSET ?"
        )

        def select(database: sqlite3.Connection) -> list[RunRow]:
            while True:
                found = [RunRow(*row) for row in database.execute(query, [*values, limit, offset])]
                gone = [row.folder for row in found if not has_journal(self._storage, row.folder)]
                if not gone:
                    return found
                _forget(database, gone)

        return self._fresh(select)

    def find_ids(self, beginning: str) -> list[RunRow]:
        """Return the runs whose ids begin so, the one that was started last first."""

        def select(database: sqlite3.Connection) -> list[RunRow]:
            query = (
                f"SELECT {_COLUMNS} FROM runs WHERE substr(run_id, 1, ?) = ? "  # noqa: S608 - as above
                "ORDER BY started_at DESC"
            )
            rows = database.execute(query, (len(beginning), beginning))
            found = [RunRow(*row) for row in rows]
            return [row for row in found if has_journal(self._storage, row.folder)]

        return self._fresh(select)

    def find_unfinished(self, dag: str) -> str | None:
        """Return the folder of the last run of a DAG that is not complete; None if all are.

        A run is complete when it has succeeded, and with it every step ever planned in it, and when
        its process has lived to write all that is made of the journal; noting it here comes last.

        Raises:
            RunRecordError: If its record is damaged.
        """

        def select(database: sqlite3.Connection) -> list[str]:
            query = (
                "SELECT folder FROM runs WHERE dag = ? AND NOT is_complete "
                "ORDER BY started_at DESC, folder DESC"
            )
            return [folder for (folder,) in database.execute(query, (dag,))]

        for folder in self._fresh(select):
            if has_journal(self._storage, folder):
                state = load_state(self._storage, folder)
                if state.dag == dag:
                    return folder
                if state.sessions:
                    self.put(state)  # the journal is the truth: it holds another run by now
        return None

    def medians(self, dag: str) -> dict[str, float]:
        """Return how many seconds each step of a DAG took, in the middle of its last runs."""

        def select(database: sqlite3.Connection) -> list[str]:
            query = "SELECT durations FROM runs WHERE dag = ? ORDER BY started_at DESC LIMIT ?"
            return [text for (text,) in database.execute(query, (dag, _REMEMBERED))]

        known: dict[str, list[float]] = {}
        for text in self._ask(self._filled(select)):
            for label, seconds in json.loads(text).items():
                known.setdefault(label, []).append(seconds)
        return {label: statistics.median(seconds) for label, seconds in known.items()}

    # -- how -----------------------------------------------------------------------------------

    def _path(self) -> str | None:
        return self._storage.local_path(INDEX_FILE)

    def _fresh(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the index after it has been told which runs have died."""

        def ask(database: sqlite3.Connection) -> T:
            rows = database.execute("SELECT folder FROM runs WHERE status = 'running'").fetchall()
            for (folder,) in rows:
                if find_owner(self._storage, folder) is None:
                    self._bury(database, folder)
            return question(database)

        return self._ask(self._filled(ask))

    def _bury(self, database: sqlite3.Connection, folder: str) -> None:
        """Note how a run ended whose process did not live to note it."""
        try:
            self._read_again(database, folder)
        except RunRecordError as error:  # that is told when somebody asks for this run
            logger.warning("%s", error)
            database.execute("UPDATE runs SET status = 'lost' WHERE folder = ?", (folder,))

    def _filled(
        self, question: Callable[[sqlite3.Connection], T]
    ) -> Callable[[sqlite3.Connection], T]:
        def ask(database: sqlite3.Connection) -> T:
            if not database.execute("SELECT count(*) FROM filled").fetchone()[0]:
                self._fill(database)
            return question(database)

        return ask

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the file; where it cannot be used, an index in memory that is filled for it."""
        path = self._path()
        if path is not None and self._storage.isdir(_RUNS_FOLDER):
            try:
                with _database(path) as database:
                    return question(database)
            except (sqlite3.Error, OSError) as error:
                logger.warning("the index of runs cannot be used: %s", error)
        with _database(":memory:") as database:
            return question(database)

    def _fill(self, database: sqlite3.Connection) -> tuple[int, tuple[RunRecordError, ...]]:
        known = {folder for (folder,) in database.execute("SELECT folder FROM runs")}
        problems, count = list[RunRecordError](), 0
        folders = {*_iter_runs(self._storage), *known}
        with _transaction(database):
            for folder in sorted(folders):
                try:
                    count += self._read_again(database, folder)
                except RunRecordError as error:
                    _forget(database, [folder])
                    problems.append(error)
            database.execute("DELETE FROM filled")
            database.execute("INSERT INTO filled VALUES (?)", (_moment(datetime.now(UTC)),))
        return count, tuple(problems)

    def _read_again(self, database: sqlite3.Connection, folder: str) -> bool:
        """Put a run as its journal has it, or forget it; return whether there is one."""
        if not has_journal(self._storage, folder):
            _forget(database, [folder])
            return False
        state = load_state(self._storage, folder)
        if not state.sessions:
            return False
        if find_owner(self._storage, folder) is None:
            state.lose(reason="its process ended without a record")
        state.folder = folder  # it may have been moved since
        _put(database, state, settled=is_settled(self._storage, folder, state))
        return True


def _iter_runs(storage: BaseStorage) -> Iterator[str]:
    """Yield the folders below ``runs`` that hold a journal; what lies in these is not looked at."""
    level = [_RUNS_FOLDER] if storage.isdir(_RUNS_FOLDER) else []
    for _ in range(_DEPTH):
        below = list[str]()
        for folder in level:
            files, folders = storage.ls(folder)
            if JOURNAL_FILE in files or JOURNAL_FOLDER in folders:
                yield folder
            else:
                below += [storage.separator.join((folder, name)) for name in folders]
        level = below


# -- SQLite ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _database(path: str) -> Iterator[sqlite3.Connection]:
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
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if _version(database) != _VERSION:
            with _transaction(database):
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
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _put(database: sqlite3.Connection, state: RunState, *, settled: bool = True) -> None:
    first, last = state.sessions[0], state.sessions[-1]
    steps = state.steps.values()
    durations = {
        step.label: step.seconds
        for step in steps
        if step.status == "succeeded" and step.seconds is not None
    }
    values = (
        *(state.folder, state.run_id, state.dag, state.status, last.mode),
        *(_moment(first.started_at), _moment(last.started_at)),
        _moment(last.finished_at) if last.finished_at else None,
        *(state.seconds, last.host, last.pid, last.executor, ", ".join(last.sources)),
        *(sum(step.status in _DONE for step in steps), len(steps)),
        *(state.is_complete and settled, json.dumps(durations)),
    )
    places = ", ".join("?" * len(values))
    database.execute(f"INSERT OR REPLACE INTO runs VALUES ({places})", values)  # noqa: S608 - as above


def _forget(database: sqlite3.Connection, folders: list[str]) -> None:
    database.executemany("DELETE FROM runs WHERE folder = ?", [(folder,) for folder in folders])


def _moment(moment: datetime) -> str:
    # In one zone and form, so that text sorts as time.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
