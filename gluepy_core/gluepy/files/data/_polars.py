"""Tables of polars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from gluepy.exceptions import MissingLibraryError
from gluepy.files.data.base import BaseDataManager, Format

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    import polars as pl

__all__ = ["PolarsDataManager"]


class PolarsDataManager(BaseDataManager):
    """Tables as ``polars.DataFrame``."""

    extra = "polars"

    def formats(self) -> Mapping[str, Format]:
        """Return the known formats by file ending."""
        pl = _load_polars()
        table = pl.DataFrame
        return {
            "csv": Format(pl.read_csv, table.write_csv),
            "parquet": Format(pl.read_parquet, table.write_parquet),
            "json": Format(pl.read_json, table.write_json),
            "jsonl": Format(pl.read_ndjson, table.write_ndjson),
            "feather": Format(pl.read_ipc, table.write_ipc),
        }

    def table_class(self) -> type:
        """Return ``polars.DataFrame``."""
        return cast("type", _load_polars().DataFrame)

    def _query_database(self, sql: str, con: Any, **kwargs: Any) -> pl.DataFrame:
        return cast("pl.DataFrame", _load_polars().read_database(sql, con, **kwargs))

    def _from_relation(self, relation: Any) -> pl.DataFrame:
        return cast("pl.DataFrame", relation.pl())


def _load_polars() -> ModuleType:
    try:
        import polars as pl
    except ImportError as error:
        raise MissingLibraryError("polars", "the data manager", "polars") from error
    return pl
