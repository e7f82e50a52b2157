"""Tables in and out of the storage, with both back ends."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
import sqlalchemy

from gluepy.conf import default_context, default_settings
from gluepy.conf.context import Context
from gluepy.conf.settings import Settings
from gluepy.exceptions import (
    DataError,
    DataReadError,
    DataWriteError,
    MissingLibraryError,
    PathOutsideRootError,
    QueryError,
    StorageNotFoundError,
    UnknownFormatError,
)
from gluepy.files.data import (
    BaseDataManager,
    PandasDataManager,
    PolarsDataManager,
    data_manager,
)
from gluepy.files.storages import BaseStorage, default_storage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.utils.loading import LazyProxy, scoped

FORMATS = ["csv", "parquet", "json", "jsonl", "feather"]
DATA: dict[str, list[Any]] = {
    "carrier": ["UA", 'Grüße, "世界"\n🌍', None],
    "delay": [1.5, None, -3.25],
    "flights": [1, 2, 3_000_000_000],
    "late": [True, False, True],
}


@pytest.fixture(params=["local", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseStorage]:
    storage = LocalStorage(tmp_path) if request.param == "local" else MemoryStorage()
    with (
        scoped(default_storage, storage),
        scoped(default_context, Context({"gluepy": {"run_folder": "runs/1"}})),
    ):
        yield storage


@pytest.fixture(params=[PandasDataManager, PolarsDataManager])
def manager(request: pytest.FixtureRequest, storage: BaseStorage) -> BaseDataManager:
    manager: BaseDataManager = request.param(storage)
    return manager


@pytest.fixture
def table(manager: BaseDataManager) -> Any:
    return _make(manager, DATA)


# -- reading and writing -----------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_table_comes_back_as_it_was(manager: BaseDataManager, table: Any, ending: str) -> None:
    manager.write(f"a/t.{ending}", table)

    assert manager.read(f"a/t.{ending}").equals(table)


@pytest.mark.parametrize("ending", FORMATS)
def test_ending_counts_in_any_case(manager: BaseDataManager, table: Any, ending: str) -> None:
    manager.write(f"T.v1.{ending.upper()}", table)

    assert manager.read(f"T.v1.{ending.upper()}").equals(table)


@pytest.mark.parametrize("ending", FORMATS)
def test_back_ends_read_each_other(storage: BaseStorage, ending: str) -> None:
    pandas, polars = PandasDataManager(storage), PolarsDataManager(storage)

    pandas.write(f"a.{ending}", _make(pandas, DATA))
    polars.write(f"b.{ending}", _make(polars, DATA))

    assert polars.read(f"a.{ending}").equals(_make(polars, DATA))
    assert pandas.read(f"b.{ending}").equals(_make(pandas, DATA))


def test_path_is_relative_to_the_run_folder_or_to_the_root(
    manager: BaseDataManager, table: Any, storage: BaseStorage
) -> None:
    manager.write("a.csv", table)
    manager.write(Path("b.csv"), table, root=True)

    assert storage.ls() == (["b.csv"], ["runs"])
    assert storage.ls("runs/1") == (["a.csv"], [])
    assert manager.read("runs/1/a.csv", root=True).equals(table)
    assert manager.read("b.csv", True).equals(table)


def test_options_go_to_the_library(manager: BaseDataManager, table: Any) -> None:
    manager.write("a.csv", table)

    is_pandas = isinstance(manager, PandasDataManager)
    options: dict[str, Any] = {"usecols" if is_pandas else "columns": ["delay"]}
    assert list(manager.read("a.csv", **options).columns) == ["delay"]


def test_table_without_rows_comes_back(manager: BaseDataManager) -> None:
    empty = _make(manager, {"a": []})

    for ending in ("csv", "parquet", "feather"):
        manager.write(f"a.{ending}", empty)

        assert manager.read(f"a.{ending}").shape == (0, 1)


def test_storage_is_the_default_one_unless_given(storage: BaseStorage) -> None:
    PandasDataManager().write("a.csv", pd.DataFrame(DATA))

    assert storage.ls("runs/1") == (["a.csv"], [])


def test_default_manager_is_the_one_of_the_settings(storage: BaseStorage) -> None:
    settings = Settings()
    settings.DATA_BACKEND = "gluepy.files.data.PolarsDataManager"

    with scoped(default_settings, settings):
        fresh: Any = LazyProxy(data_manager._factory)  # type: ignore[attr-defined]  # a proxy
        fresh.write("a.csv", pl.DataFrame(DATA))

    assert isinstance(fresh._target(), PolarsDataManager)
    assert storage.ls("runs/1") == (["a.csv"], [])


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_dates_are_text_that_a_person_can_read(
    manager: BaseDataManager, storage: BaseStorage, ending: str
) -> None:
    days = {"day": [datetime(2026, 11, 22, 10, 40, tzinfo=UTC)]}

    manager.write(f"days.{ending}", _make(manager, days), root=True)

    assert re.search(r'"2026-11-22.10:40:00', storage.open(f"days.{ending}", mode="r"))


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_index_that_counts_rows_is_not_written_and_any_other_is(
    storage: BaseStorage, ending: str
) -> None:
    manager = PandasDataManager(storage)
    table = pd.DataFrame({"a": [1, 2]})

    manager.write(f"plain.{ending}", table)
    manager.write(f"named.{ending}", table.set_index(pd.Index(["x", "y"])))

    assert list(manager.read(f"plain.{ending}").columns) == ["a"]
    options: dict[str, Any] = {"index_col": 0} if ending == "csv" else {}
    assert list(manager.read(f"named.{ending}", **options).index) == ["x", "y"]


# -- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["parquet", "json", "jsonl", "feather"])
@pytest.mark.parametrize("content", [b"\xff\xfe\x00garbage", b"{[", b"PAR1"], ids=repr)
def test_damaged_file_is_an_error_that_names_it(
    manager: BaseDataManager, storage: BaseStorage, ending: str, content: bytes
) -> None:
    storage.touch(f"runs/1/a.{ending}", content)

    with pytest.raises(DataReadError) as caught:
        manager.read(f"a.{ending}")

    assert str(caught.value).startswith(f"cannot read 'runs/1/a.{ending}' as {ending}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None
    assert caught.value.hint == ("Is the file complete, and of the format that its ending names?")


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_file_cut_short_is_an_error(
    manager: BaseDataManager, table: Any, storage: BaseStorage, ending: str
) -> None:
    manager.write(f"a.{ending}", table, root=True)
    content = storage.open(f"a.{ending}")
    storage.touch(f"a.{ending}", content[:-5])

    with pytest.raises(DataReadError, match=f"^cannot read 'a.{ending}' as {ending}: "):
        manager.read(f"a.{ending}", root=True)


@pytest.mark.parametrize("content", [b"", b'a,b\n1,2\n1,2,"3'], ids=repr)
def test_damaged_csv_is_an_error(
    manager: BaseDataManager, storage: BaseStorage, content: bytes
) -> None:
    storage.touch("a.csv", content)

    with pytest.raises(DataReadError, match=r"^cannot read 'a\.csv' as csv: "):
        manager.read("a.csv", root=True)


def test_option_that_the_library_does_not_know_is_a_type_error(
    manager: BaseDataManager, table: Any
) -> None:
    manager.write("a.csv", table)

    with pytest.raises(TypeError, match="no_such_option"):
        manager.read("a.csv", no_such_option=1)
    with pytest.raises(TypeError, match="no_such_option"):
        manager.write("a.csv", table, no_such_option=1)


def test_missing_file_is_an_error_that_names_it(manager: BaseDataManager) -> None:
    with pytest.raises(StorageNotFoundError, match=r"^there is no 'runs/1/a\.csv'"):
        manager.read("a.csv")


@pytest.mark.parametrize("path", ["a.pkl", "a.csv.gz", "a", ".csv", "a.", "csv"])
def test_unknown_ending_is_an_error_that_names_the_known_ones(
    manager: BaseDataManager, table: Any, storage: BaseStorage, path: str
) -> None:
    storage.touch(path, "x")

    for call in (
        lambda: manager.read(path, root=True),
        lambda: manager.write(path, table, root=True),
    ):
        with pytest.raises(UnknownFormatError) as caught:
            call()
        assert str(caught.value) == f"{path!r}: its ending belongs to no known format"
        assert caught.value.hint == "Use one of: csv, parquet, json, jsonl, feather."
    assert storage.open(path) == b"x"


def test_path_out_of_the_root_is_refused(manager: BaseDataManager, table: Any) -> None:
    with pytest.raises(PathOutsideRootError):
        manager.write("../../../a.csv", table)
    with pytest.raises(PathOutsideRootError):
        manager.read("/etc/a.csv", root=True)


@pytest.mark.parametrize("what", [None, "text", [1, 2], {"a": [1]}], ids=repr)
def test_what_is_no_table_is_refused(
    manager: BaseDataManager, storage: BaseStorage, what: Any
) -> None:
    storage.touch("a.csv", "old")

    library = "pandas" if isinstance(manager, PandasDataManager) else "polars"
    with pytest.raises(TypeError) as caught:
        manager.write("a.csv", what, root=True)

    assert str(caught.value) == f"write() takes a {library} DataFrame, not {type(what).__name__}"

    assert storage.open("a.csv") == b"old"
    assert storage.ls() == (["a.csv"], [])


def test_table_that_the_format_cannot_hold_leaves_the_old_file(storage: BaseStorage) -> None:
    manager = PandasDataManager(storage)
    manager.write("a.feather", pd.DataFrame({"a": [1]}), root=True)

    with pytest.raises(DataWriteError, match=r"^cannot write 'a\.feather' as feather: "):
        manager.write("a.feather", pd.DataFrame({"a": [1, "x", object()]}), root=True)

    assert manager.read("a.feather", root=True).shape == (1, 1)


def test_lack_of_memory_is_not_blamed_on_the_file(storage: BaseStorage) -> None:
    class Hungry(pd.DataFrame):
        def to_csv(self, *_: Any, **__: Any) -> Any:
            raise MemoryError

    with pytest.raises(MemoryError):
        PandasDataManager(storage).write("a.csv", Hungry())


@pytest.mark.parametrize(
    ("manager_class", "library", "message"),
    [
        (PandasDataManager, "pandas", "the data manager needs pandas, which is not installed"),
        (PolarsDataManager, "polars", "the data manager needs polars, which is not installed"),
    ],
)
def test_missing_library_is_one_sentence_with_the_way_out(
    storage: BaseStorage,
    monkeypatch: pytest.MonkeyPatch,
    manager_class: type[BaseDataManager],
    library: str,
    message: str,
) -> None:
    storage.touch("a.csv", "a\n1\n")
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(MissingLibraryError) as caught:
        manager_class(storage).read("a.csv", root=True)

    assert str(caught.value) == message
    assert caught.value.hint == f"Run: pip install 'gluepy-core[{library}]'"


def test_missing_engine_of_a_format_is_one_sentence_with_the_way_out(
    storage: BaseStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)

    with pytest.raises(MissingLibraryError) as caught:
        PandasDataManager(storage).write("a.parquet", pd.DataFrame(DATA))

    assert str(caught.value) == "the format 'parquet' needs pyarrow, which is not installed"
    assert caught.value.hint == "Run: pip install 'gluepy-core[pandas]'"


def test_back_end_must_define_what_it_is_asked_for(storage: BaseStorage) -> None:
    manager = BaseDataManager(storage)

    for call in (
        lambda: manager.read("a.csv"),
        lambda: manager.write("a.csv", None),
        manager.table_class,
        lambda: manager._query_database("SELECT 1", None),
        lambda: manager._from_relation(None),
    ):
        with pytest.raises(NotImplementedError):
            call()


# -- queries -----------------------------------------------------------------------------------


def test_query_runs_over_files_of_the_run(manager: BaseDataManager, table: Any) -> None:
    manager.write("a/flights.parquet", table)
    manager.write("carriers.CSV", _make(manager, {"code": ["UA"], "name": ["United"]}))

    found = manager.read_sql(
        "WITH late AS (SELECT * FROM 'a/flights.parquet' WHERE late) "
        "SELECT name, flights FROM late JOIN 'carriers.CSV' ON code = carrier"
    )

    assert type(found) is type(table)
    assert _rows(found) == [{"name": "United", "flights": 1}]


def test_query_runs_over_files_of_the_root(manager: BaseDataManager, table: Any) -> None:
    manager.write("flights.csv", table, root=True)

    found = manager.read_sql("SELECT count(*) AS n FROM 'flights.csv'", root=True)

    assert _rows(found) == [{"n": 3}]


def test_query_needs_no_file(manager: BaseDataManager) -> None:
    assert _rows(manager.read_sql("SELECT 1 AS one")) == [{"one": 1}]


def test_query_of_a_missing_file_names_it(manager: BaseDataManager) -> None:
    with pytest.raises(StorageNotFoundError, match=r"^there is no 'runs/1/a\.csv'"):
        manager.read_sql("SELECT * FROM 'a.csv'")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{path}')",
        "SELECT * FROM read_text('{path}')",
        "COPY (SELECT 1) TO '{path}'",
        "ATTACH '{path}' AS db",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SELECT * FROM outside",
        "SELECT * FROM '{path}'",
    ],
)
def test_query_reaches_nothing_but_the_files_that_it_names(
    manager: BaseDataManager, tmp_path_factory: pytest.TempPathFactory, statement: str
) -> None:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "outside").write_text("a\n1\n")
    outside = _make(manager, DATA)

    with pytest.raises(QueryError):
        manager.read_sql(statement.format(path=folder / "outside"))

    assert (folder / "outside").read_text() == "a\n1\n"
    assert [path.name for path in folder.iterdir()] == ["outside"]
    assert outside.shape == (3, 4)


def test_query_of_a_file_out_of_the_root_is_refused(manager: BaseDataManager) -> None:
    with pytest.raises(PathOutsideRootError):
        manager.read_sql("SELECT * FROM '../../../a.csv'")


def test_query_that_fails_is_one_sentence(manager: BaseDataManager) -> None:
    with pytest.raises(QueryError) as caught:
        manager.read_sql("SELEC   1\nFROM x " + "y" * 100)

    assert str(caught.value).startswith(f"the query 'SELEC 1 FROM x {'y' * 65}...' failed: Parser")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, DataError)


def test_two_statements_are_refused(manager: BaseDataManager) -> None:
    with pytest.raises(QueryError, match="single statement"):
        manager.read_sql("SELECT 1; SELECT 2")


def test_option_without_a_database_is_a_type_error(manager: BaseDataManager) -> None:
    with pytest.raises(TypeError, match=r"^read_sql\(\) without con knows no chunk, params$"):
        manager.read_sql("SELECT 1", params=[1], chunk=2)


def test_query_runs_in_a_database_named_by_url(manager: BaseDataManager, tmp_path: Path) -> None:
    file = tmp_path / "flights.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE flights (carrier TEXT, delay REAL)")
        connection.execute("INSERT INTO flights VALUES ('UA', 1.5)")
    connection.close()

    found = manager.read_sql("SELECT * FROM flights", con=f"sqlite:///{file}")

    assert _rows(found) == [{"carrier": "UA", "delay": 1.5}]


def test_query_runs_in_an_open_database_which_stays_open(manager: BaseDataManager) -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        for con in (engine, connection):
            assert _rows(manager.read_sql("SELECT 1 AS one", con=con)) == [{"one": 1}]
        assert connection.scalar(sqlalchemy.text("SELECT 2")) == 2
    engine.dispose()


def test_query_of_a_database_takes_options_of_the_library(storage: BaseStorage) -> None:
    pandas, polars = PandasDataManager(storage), PolarsDataManager(storage)

    first = pandas.read_sql("SELECT ? AS n", con="sqlite://", params=(5,))
    second = polars.read_sql(
        "SELECT :n AS n", con="sqlite://", execute_options={"parameters": {"n": 5}}
    )

    assert _rows(first) == _rows(second) == [{"n": 5}]


@pytest.mark.parametrize(
    "con", ["nothing://amy:hunter2@host/db", "sqlite:////no/such/folder/hunter2.db", "hunter"]
)
def test_database_that_cannot_be_reached_is_one_sentence(
    manager: BaseDataManager, con: str
) -> None:
    with pytest.raises(QueryError, match=r"^the query 'SELECT 1' failed: ") as caught:
        manager.read_sql("SELECT 1", con=con)

    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        ("duckdb", {}, "read_sql() without con needs duckdb, which is not installed"),
        (
            "sqlalchemy",
            {"con": "sqlite://"},
            "read_sql() with a URL needs SQLAlchemy, which is not installed",
        ),
    ],
)
def test_missing_database_library_is_one_sentence_with_the_way_out(
    manager: BaseDataManager,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    options: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingLibraryError) as caught:
        manager.read_sql("SELECT 1", **options)

    assert str(caught.value) == message
    assert caught.value.hint == "Run: pip install 'gluepy-core[sql]'"


def _make(manager: BaseDataManager, data: dict[str, list[Any]]) -> Any:
    return pd.DataFrame(data) if isinstance(manager, PandasDataManager) else pl.DataFrame(data)


def _rows(table: Any) -> list[dict[str, Any]]:
    frame = table if isinstance(table, pl.DataFrame) else pl.from_pandas(table)
    return frame.to_dicts()
