"""Queries: over files of the storage with DuckDB, or over a database with SQLAlchemy."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from gluepy.conf.secrets import mask
from gluepy.exceptions import GluepyError, MissingLibraryError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

__all__ = ["connecting", "querying_files"]

# The query sees the tables that we register, and nothing else of this machine or the network.
_CONFINED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@contextlib.contextmanager
def querying_files(sql: str, read: Callable[[str], Any]) -> Iterator[duckdb.DuckDBPyRelation]:
    """Run a query in which names of files stand for tables.

    Args:
        sql: One statement.
        read: Returns the table of a name, or None if the name means no file.

    Raises:
        QueryError: If DuckDB refuses the query.
        MissingLibraryError: If DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingLibraryError("duckdb", "read_sql() without con", "sql") from error
    with _reporting(sql), duckdb.connect(":memory:", config=_CONFINED) as connection:
        for name in sorted(connection.get_table_names(sql)):
            table = read(name)
            if table is not None:
                connection.register(name, table)
        yield connection.sql(sql)


@contextlib.contextmanager
def connecting(sql: str, con: object) -> Iterator[object]:
    """Give what ``con`` stands for: a URL becomes an SQLAlchemy engine, for the time of the block.

    Args:
        sql: The query that the block runs, for errors.
        con: A URL, or an open connection or engine, which stays open.

    Raises:
        QueryError: If the database cannot be reached, or the block fails.
        MissingLibraryError: If SQLAlchemy is needed and not installed.
    """
    with _reporting(sql):
        if not isinstance(con, str):
            yield con
            return
        engine = _load_sqlalchemy().create_engine(con)
        try:
            yield engine
        finally:
            engine.dispose()


def _load_sqlalchemy() -> Any:
    try:
        import sqlalchemy
    except ImportError as error:
        raise MissingLibraryError("SQLAlchemy", "read_sql() with a URL", "sql") from error
    return sqlalchemy


@contextlib.contextmanager
def _reporting(sql: str) -> Iterator[None]:
    try:
        yield
    except (GluepyError, MemoryError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise QueryError(sql, str(mask(reason))) from error
