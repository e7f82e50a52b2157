"""The data manager interface: formats by file ending, and what every back end does alike."""

from __future__ import annotations

import contextlib
import io
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from gluepy.exceptions import (
    DataReadError,
    DataWriteError,
    MissingLibraryError,
    UnknownFormatError,
)
from gluepy.files.data._sql import connecting, querying_files
from gluepy.files.storages import default_storage
from gluepy.files.storages.base import BaseStorage, Path
from gluepy.utils.errors import reason_of

__all__ = ["BaseDataManager", "Format"]

Read: TypeAlias = Callable[..., Any]
Write: TypeAlias = Callable[..., None]


class Format(NamedTuple):
    """How one format is read and written.

    Attributes:
        read: Takes a stream of bytes and options, and returns a table.
        write: Takes a table, a stream of bytes and options.
    """

    read: Read
    write: Write


class BaseDataManager:
    """Tables in the storage.

    A back end defines `formats`, `table_class` and the two methods that queries need, or `read`,
    `read_sql` and `write` in its own way.

    Args:
        storage: Where the files lie; by default `gluepy.files.storages.default_storage`.

    Attributes:
        extra: The extra of ``gluepy-core`` that installs the libraries of this back end.
    """

    extra = "pandas"

    def __init__(self, storage: BaseStorage | None = None) -> None:
        self.storage = default_storage if storage is None else storage

    def formats(self) -> Mapping[str, Format]:
        """Return the known formats by file ending, in lower case and without the dot."""
        raise NotImplementedError

    def table_class(self) -> type:
        """Return the class of tables that this back end writes."""
        raise NotImplementedError

    def read(self, path: Path, root: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - 1.6
        """Read a table.

        Args:
            path: Relative to the run folder; its ending names the format, in any case.
            root: Whether ``path`` is relative to the root of the storage instead.
            kwargs: Options of the library's own function for the format.

        Raises:
            StorageNotFoundError: If there is no such file.
            UnknownFormatError: If the ending belongs to no format.
            DataReadError: If the file is damaged.
            MissingLibraryError: If a library is needed and not installed.
        """
        key = self._full_path(path, root=root)
        name, table_format = self._find_format(key)
        content = self.storage.open(key)
        with _reporting(DataReadError, key, name, self.extra, options=kwargs):
            return table_format.read(io.BytesIO(content), **kwargs)

    def read_sql(self, sql: str, *, con: Any = None, root: bool = False, **kwargs: Any) -> Any:
        """Return the result of a query as a table.

        Without ``con``, DuckDB runs the query over files of the run, which it names like tables:
        ``SELECT carrier, avg(delay) FROM 'flights.parquet' GROUP BY carrier``. It can reach nothing
        but the files that it names so, in any storage.

        Args:
            sql: One statement.
            con: A database: an SQLAlchemy URL such as ``postgresql://host/name``, or an engine or
                connection.
            root: Whether files are named relative to the root of the storage, not to the run
                folder.
            kwargs: With ``con``, options of the library's own function for queries, such as
                ``params`` of pandas.

        Raises:
            QueryError: If the query fails.
            StorageNotFoundError: If there is no file of a name in the query.
            MissingLibraryError: If DuckDB or SQLAlchemy is needed and not installed.
        """
        if con is not None:
            with connecting(sql, con) as connection:
                return self._query_database(sql, connection, **kwargs)
        if kwargs:
            raise TypeError(f"read_sql() without con knows no {', '.join(sorted(kwargs))}")

        def read(name: str) -> Any:
            return self.read(name, root=root) if _ending(name) in self.formats() else None

        with querying_files(sql, read) as relation:
            return self._from_relation(relation)

    def write(self, path: Path, df: Any, root: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002 - 1.6
        """Write a table, whole or not at all.

        Args:
            path: Relative to the run folder; its ending names the format, in any case.
            df: The table.
            root: Whether ``path`` is relative to the root of the storage instead.
            kwargs: Options of the library's own function for the format.

        Raises:
            TypeError: If ``df`` is no table of this back end.
            UnknownFormatError: If the ending belongs to no format.
            DataWriteError: If the format cannot hold the table.
            MissingLibraryError: If a library is needed and not installed.
            StorageError: If the storage cannot be written.
        """
        key = self._full_path(path, root=root)
        name, table_format = self._find_format(key)
        _check_table(df, self.table_class())
        buffer = io.BytesIO()
        with _reporting(DataWriteError, key, name, self.extra, options=kwargs):
            table_format.write(df, buffer, **kwargs)
        self.storage.touch(key, buffer)

    def _query_database(self, sql: str, con: Any, **kwargs: Any) -> Any:
        """Return the result of a query that a database runs."""
        raise NotImplementedError

    def _from_relation(self, relation: Any) -> Any:
        """Return the result of a query that DuckDB runs."""
        raise NotImplementedError

    def _full_path(self, path: Path, *, root: bool) -> str:
        return os.fspath(path) if root else self.storage.runpath(path)

    def _find_format(self, path: str) -> tuple[str, Format]:
        formats = self.formats()
        name = _ending(path)
        if name not in formats:
            raise UnknownFormatError(path, list(formats))
        return name, formats[name]


def _ending(path: str) -> str:
    return posixpath.splitext(path)[1].lstrip(".").lower()


def _check_table(df: object, table_class: type) -> None:
    if not isinstance(df, table_class):
        library = table_class.__module__.partition(".")[0]
        raise TypeError(
            f"write() takes a {library} {table_class.__name__}, not {type(df).__qualname__}"
        )


@contextlib.contextmanager
def _reporting(
    error_class: type[DataReadError | DataWriteError],
    path: str,
    name: str,
    extra: str,
    *,
    options: Mapping[str, object],
) -> Iterator[None]:
    """Turn whatever a dataframe library raises into an error that names the file."""
    try:
        yield
    except ImportError as error:
        raise MissingLibraryError(error.name or "pyarrow", f"the format {name!r}", extra) from error
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, TypeError) and options:
            raise  # most likely an option that the library does not know: a programming mistake
        raise error_class(path, name, reason_of(error)) from error
