"""What the errors of storages and data say, whole; and that they survive a process boundary."""

from __future__ import annotations

import pickle

import pytest

from gluepy.exceptions import (
    DataReadError,
    DataWriteError,
    FileExpectedError,
    FolderExpectedError,
    GluepyError,
    InvalidPathError,
    PathOutsideRootError,
    QueryError,
    StorageExistsError,
    StorageNotFoundError,
    StorageReadError,
    StorageWriteError,
)

ERRORS = [
    (
        PathOutsideRootError("../x", "/data"),
        "the path '../x' leads out of the storage root '/data'",
        "Use a path relative to STORAGE_ROOT, without '..'.",
    ),
    (
        InvalidPathError("a\0", "it holds a NUL character"),
        "the path 'a\\x00' cannot be used: it holds a NUL character",
        "Use another path.",
    ),
    (
        StorageNotFoundError("a/x", "/data/a/x"),
        "there is no 'a/x' in the storage ('/data/a/x')",
        "Paths are relative to STORAGE_ROOT; those of the data manager to the run folder, "
        "unless root=True.",
    ),
    (
        StorageExistsError("a"),
        "'a' is in the storage already and nothing was changed",
        "Choose another name, or pass overwrite=True where a file may be replaced.",
    ),
    (
        FileExpectedError("a", hint="Name the file in it."),
        "'a' is a folder, not a file",
        "Name the file in it.",
    ),
    (FolderExpectedError("a"), "'a' is a file, not a folder", "Choose another name."),
    (
        StorageReadError("a", "Permission denied"),
        "cannot read 'a': Permission denied",
        "Check the setting STORAGE_ROOT and its permissions.",
    ),
    (
        StorageReadError("a", "it is no UTF-8 text", hint="Open it with mode='rb'."),
        "cannot read 'a': it is no UTF-8 text",
        "Open it with mode='rb'.",
    ),
    (
        StorageWriteError("/data/a", "No space left on device"),
        "cannot write '/data/a': No space left on device",
        "Check the setting STORAGE_ROOT, its permissions and the free space.",
    ),
    (
        DataReadError("a.csv", "csv", "EmptyDataError: No columns"),
        "cannot read 'a.csv' as csv: EmptyDataError: No columns",
        "Is the file complete, and of the format that its ending names?",
    ),
    (
        DataWriteError("a.feather", "feather", "ValueError: no index"),
        "cannot write 'a.feather' as feather: ValueError: no index",
        "Change the table, or choose another format by the ending of the name.",
    ),
    (
        QueryError("SELECT\n  1", "ParserException: no"),
        "the query 'SELECT 1' failed: ParserException: no",
        "A file of the run is named as in SELECT * FROM 'training.parquet'; "
        "a database is given with con=URL.",
    ),
]


@pytest.mark.parametrize(
    ("error", "message", "hint"), ERRORS, ids=lambda value: type(value).__name__
)
def test_error_says_what_is_wrong_and_what_to_do(
    error: GluepyError, message: str, hint: str
) -> None:
    assert str(error) == message
    assert error.hint == hint


@pytest.mark.parametrize("error", [error for error, _, _ in ERRORS], ids=repr)
def test_error_survives_a_process_boundary(error: GluepyError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in the line itself

    assert type(copy) is type(error)
    assert (str(copy), copy.hint, vars(copy)) == (str(error), error.hint, vars(error))


def test_long_query_is_shown_in_part() -> None:
    assert str(QueryError("x" * 81, "no")) == f"the query '{'x' * 80}...' failed: no"


def test_storage_errors_end_a_command_with_5_and_data_errors_with_3() -> None:
    codes = {type(error).__name__: error.exit_code for error, _, _ in ERRORS}

    assert {name for name, code in codes.items() if code == 3} == {
        "DataReadError",
        "DataWriteError",
        "QueryError",
    }
    assert set(codes.values()) == {3, 5}
