"""An index over all runs of a storage: fast to ask, and nothing is lost with it."""

from __future__ import annotations

import json
import logging
import sqlite3
import statistics
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gluepy.exceptions import GluepyError, RunRecordError
from gluepy.ops.metrics import metric_to_json
from gluepy.runs._database import open_database, transaction
from gluepy.runs.document import is_settled
from gluepy.runs.folder import REMOVING_FILE
from gluepy.runs.journal import JOURNAL_FILE, JOURNAL_FOLDER, has_journal, load_state
from gluepy.runs.lock import find_owner
from gluepy.runs.reading import read_run

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.state import RunState

__all__ = ["INDEX_FILE", "HistoryRow", "RunIndex", "RunPage", "RunRow", "iter_runs"]

logger = logging.getLogger(__name__)

#: Where the index lies, relative to the root of the storage.
INDEX_FILE = "runs/index.sqlite3"

_RUNS_FOLDER = "runs"
#: Runs deeper than this below ``runs`` are found only while the index knows them.
_DEPTH = 5
#: So many runs tell how long a step takes.
_REMEMBERED = 20

T = TypeVar("T")


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
        user: Of the last session; empty where it is not known.
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
    user: str
    done: int
    total: int


class RunPage(NamedTuple):
    """Some of the runs that were asked for, and how many there are of them.

    Attributes:
        rows: The one that was started last first.
        total: As far as the index knows; the folder of one that is not shown may be gone.
        damaged: What is wrong with the runs of this storage that are left out, by their folders.
    """

    rows: list[RunRow]
    total: int
    damaged: dict[str, str]


class HistoryRow(NamedTuple):
    """A run of a DAG, as far as it can be compared with others.

    Attributes:
        run_id: Its id.
        status: As in `RunRow`.
        started_at: As in `RunRow`.
        seconds: What all sessions took.
        steps: How many seconds each step took that succeeded.
        metrics: Last value of each metric, as JSON can hold it.
    """

    run_id: str
    status: str
    started_at: str
    seconds: float | None
    steps: dict[str, float]
    metrics: dict[str, float | str]


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
                with open_database(path) as database:
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
        before: datetime | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> list[RunRow]:
        """Return runs, the one that was started last first.

        The arguments are those of `find_page`.
        """
        page = self.find_page(
            dag=dag, status=status, since=since, before=before, limit=limit, offset=offset
        )
        return page.rows

    def find_page(
        self,
        *,
        dag: str = "",
        status: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        query: str = "",
        limit: int = -1,
        offset: int = 0,
    ) -> RunPage:
        """Return runs, the one that was started last first, and how many there are.

        Args:
            dag: Only those of this DAG.
            status: Only those that stand so.
            since: Only those that were started then or later.
            before: Only those that were started earlier.
            query: Only those that have each of these words in their id, DAG or status, in capitals
                or not.
            limit: At most so many; all if it is negative.
            offset: Leave out so many before.
        """
        where, values = _condition(dag, status, since, before, query)
        select_rows = (
            f"SELECT {_COLUMNS} FROM runs WHERE {where} "  # noqa: S608 - names of ours
            "ORDER BY started_at DESC, folder DESC LIMIT ? OFFSET ?"
        )
        select_total = f"SELECT count(*) FROM runs WHERE {where}"  # noqa: S608 - as above

        def select(database: sqlite3.Connection) -> RunPage:
            while True:
                rows = database.execute(select_rows, [*values, limit, offset])
                found = [RunRow(*row) for row in rows]
                # Of those that are shown: to look at 10,000 folders would take seconds.
                gone = self._gone(found)
                if not gone:
                    (total,) = database.execute(select_total, values).fetchone()
                    return RunPage(found, total, self._damaged(database))
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

    def last_runs(self) -> dict[str, RunRow]:
        """Return the run of each DAG that was started last, by label; one question for all."""

        def select(database: sqlite3.Connection) -> dict[str, RunRow]:
            # Of columns beside a max(), SQLite gives those of the row that has it.
            query = f"SELECT {_COLUMNS}, max(started_at) FROM runs WHERE dag <> '' GROUP BY dag"  # noqa: S608 - names of ours
            while True:
                rows = [RunRow(*row[:-1]) for row in database.execute(query)]
                gone = self._gone(rows)
                if not gone:
                    return {row.dag: row for row in rows}
                _forget(database, gone)

        return self._fresh(select)

    def tally(self, dag: str) -> tuple[dict[str, int], float | None]:
        """Return how the runs of a DAG ended, and how long one takes.

        Returns:
            How many runs there are of each status, and the seconds in the middle of the last that
            succeeded; None if none has.
        """

        def select(database: sqlite3.Connection) -> tuple[dict[str, int], list[float]]:
            by_status = "SELECT status, count(*) FROM runs WHERE dag = ? GROUP BY status"
            query = (
                "SELECT seconds FROM runs WHERE dag = ? AND status = 'succeeded' "
                "AND seconds IS NOT NULL ORDER BY started_at DESC LIMIT ?"
            )
            seconds = [one for (one,) in database.execute(query, (dag, _REMEMBERED))]
            return dict(database.execute(by_status, (dag,)).fetchall()), seconds

        counts, seconds = self._fresh(select)
        return counts, statistics.median(seconds) if seconds else None

    def history(self, dag: str, limit: int) -> list[HistoryRow]:
        """Return the last runs of a DAG, the oldest of them first."""

        def select(database: sqlite3.Connection) -> list[HistoryRow]:
            query = (
                "SELECT run_id, status, started_at, seconds, durations, metrics FROM runs "
                "WHERE dag = ? ORDER BY started_at DESC, folder DESC LIMIT ?"
            )
            rows = database.execute(query, (dag, limit)).fetchall()
            return [
                HistoryRow(
                    run_id, status, started_at, seconds, json.loads(steps), json.loads(metrics)
                )
                for run_id, status, started_at, seconds, steps, metrics in reversed(rows)
            ]

        return self._fresh(select)

    def forget(self, folder: str) -> None:
        """Leave a run out from now on; what goes wrong is logged."""
        path = self._path()
        if path is not None and self._storage.isdir(_RUNS_FOLDER):
            try:
                with open_database(path) as database:
                    _forget(database, [folder])
            except (sqlite3.Error, OSError) as error:
                logger.warning("the index of runs cannot be written: %s", error)

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

    def _gone(self, rows: Iterable[RunRow]) -> list[str]:
        """Return the folders of runs that are not there any more."""
        return [row.folder for row in rows if not has_journal(self._storage, row.folder)]

    def _damaged(self, database: sqlite3.Connection) -> dict[str, str]:
        """Return what is wrong with the runs that are left out, by their folders."""
        found = database.execute("SELECT folder, problem FROM damaged ORDER BY folder").fetchall()
        return {folder: text for folder, text in found if has_journal(self._storage, folder)}

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
                with open_database(path) as database:
                    return question(database)
            except (sqlite3.Error, OSError) as error:
                logger.warning("the index of runs cannot be used: %s", error)
        with open_database(":memory:") as database:
            return question(database)

    def _fill(self, database: sqlite3.Connection) -> tuple[int, tuple[RunRecordError, ...]]:
        select_known = "SELECT folder FROM runs UNION SELECT folder FROM damaged"
        known = {folder for (folder,) in database.execute(select_known)}
        problems, count = list[RunRecordError](), 0
        folders = {*iter_runs(self._storage), *known}
        with transaction(database):
            for folder in sorted(folders):
                try:
                    count += self._read_again(database, folder)
                except RunRecordError as error:
                    _forget(database, [folder])
                    database.execute("INSERT INTO damaged VALUES (?, ?)", (folder, str(error)))
                    problems.append(error)
            database.execute("DELETE FROM filled")
            database.execute("INSERT INTO filled VALUES (?)", (_moment(datetime.now(UTC)),))
        return count, tuple(problems)

    def _read_again(self, database: sqlite3.Connection, folder: str) -> bool:
        """Put a run as its journal has it, or forget it; return whether there is one."""
        if not has_journal(self._storage, folder):
            _forget(database, [folder])
            return False
        state, _ = read_run(self._storage, folder)
        if not state.sessions:
            return False
        state.folder = folder  # it may have been moved since
        _put(database, state, settled=is_settled(self._storage, folder, state))
        return True


def iter_runs(storage: BaseStorage) -> Iterator[str]:
    """Yield the folders below ``runs`` that hold a journal; what lies in these is not looked at."""
    if not storage.isdir(_RUNS_FOLDER):
        return
    level = [_RUNS_FOLDER]
    # Of one that is being removed some objects may be gone already.
    removed = storage.open(REMOVING_FILE, mode="r") if storage.isfile(REMOVING_FILE) else ""
    for _ in range(_DEPTH):
        below = list[str]()
        for folder in level:
            files, folders = storage.ls(folder)
            if JOURNAL_FILE in files or (JOURNAL_FOLDER in folders and folder != removed):
                yield folder
            else:
                below += [storage.separator.join((folder, name)) for name in folders]
        level = below


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
        last.user,
        *(state.done, len(steps)),
        *(state.is_complete and settled, json.dumps(durations)),
        json.dumps({name: metric_to_json(value) for name, value in state.metrics.items()}),
    )
    places = ", ".join("?" * len(values))
    database.execute("DELETE FROM damaged WHERE folder = ?", (state.folder,))
    database.execute(f"INSERT OR REPLACE INTO runs VALUES ({places})", values)  # noqa: S608 - as above


def _condition(
    dag: str, status: str, since: datetime | None, before: datetime | None, query: str
) -> tuple[str, list[str]]:
    """Return what stands after WHERE, and the values for its places."""
    terms = [
        ("dag = ?", dag),
        ("status = ?", status),
        ("started_at >= ?", _moment(since) if since else ""),
        ("started_at < ?", _moment(before) if before else ""),
        # A separator that nobody types, so that no word is found across two of them.
        *(
            ("instr(lower(run_id || char(10) || dag || char(10) || status), ?)", word)
            for word in query.lower().split()
        ),
    ]
    used = [(condition, value) for condition, value in terms if value]
    where = " AND ".join(condition for condition, _ in used) or "1"
    return where, [value for _, value in used]


def _forget(database: sqlite3.Connection, folders: list[str]) -> None:
    rows = [(folder,) for folder in folders]
    database.executemany("DELETE FROM runs WHERE folder = ?", rows)
    database.executemany("DELETE FROM damaged WHERE folder = ?", rows)


def _moment(moment: datetime) -> str:
    # In one zone and form, so that text sorts as time.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
