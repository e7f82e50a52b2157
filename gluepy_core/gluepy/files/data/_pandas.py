"""Tables of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from gluepy.exceptions import MissingLibraryError
from gluepy.files.data.base import BaseDataManager, Format

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import BinaryIO

    import pandas as pd

__all__ = ["PandasDataManager"]


class PandasDataManager(BaseDataManager):
    """Tables as ``pandas.DataFrame``.

    An index that only counts the rows is not written to csv and json; any other is kept, where the
    format has a place for it.
    """

    extra = "pandas"

    def formats(self) -> Mapping[str, Format]:
        """Return the known formats by file ending."""
        pd = _load_pandas()
        return {
            "csv": Format(pd.read_csv, _write_csv),
            "parquet": Format(pd.read_parquet, _write_parquet),
            "json": Format(pd.read_json, _write_json),
            "jsonl": Format(_read_jsonl, _write_jsonl),
            "feather": Format(pd.read_feather, _write_feather),
        }

    def table_class(self) -> type:
        """Return ``pandas.DataFrame``."""
        return cast("type", _load_pandas().DataFrame)

    def _query_database(self, sql: str, con: Any, **kwargs: Any) -> pd.DataFrame:
        return cast("pd.DataFrame", _load_pandas().read_sql(sql, con, **kwargs))

    def _from_relation(self, relation: Any) -> pd.DataFrame:
        return cast("pd.DataFrame", relation.df())


def _load_pandas() -> ModuleType:
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingLibraryError("pandas", "the data manager", "pandas") from error
    return pd


def _read_jsonl(stream: BinaryIO, **options: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.read_json(stream, lines=True, **options)  # type: ignore[no-any-return]


def _write_csv(df: pd.DataFrame, stream: BinaryIO, **options: Any) -> None:
    df.to_csv(stream, **{"index": not _only_counts_rows(df), **options})


def _write_parquet(df: pd.DataFrame, stream: BinaryIO, **options: Any) -> None:
    df.to_parquet(stream, **options)


# Dates as text, as polars writes them: the numbers that pandas writes by default nobody can read
# as dates again without knowing their unit.


def _write_json(df: pd.DataFrame, stream: BinaryIO, **options: Any) -> None:
    orient = "records" if _only_counts_rows(df) else "columns"
    df.to_json(stream, **{"orient": orient, "date_format": "iso", **options})


def _write_jsonl(df: pd.DataFrame, stream: BinaryIO, **options: Any) -> None:
    df.to_json(stream, **{"orient": "records", "lines": True, "date_format": "iso", **options})


def _write_feather(df: pd.DataFrame, stream: BinaryIO, **options: Any) -> None:
    df.to_feather(stream, **options)


def _only_counts_rows(df: pd.DataFrame) -> bool:
    import pandas as pd

    return df.index.name is None and df.index.equals(pd.RangeIndex(len(df)))
