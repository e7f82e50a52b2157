"""Tables of polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gluepy.exceptions import MissingLibraryError
from gluepy.files.data.base import BaseDataManager, Format

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PolarsDataManager"]


class PolarsDataManager(BaseDataManager):
    """Tables as ``polars.DataFrame``."""

    extra = "polars"

    def formats(self) -> Mapping[str, Format]:
        """Return the known formats by file ending."""
        try:
            import polars as pl
        except ImportError as error:
            raise MissingLibraryError("polars", "the data manager", "polars") from error
        table = pl.DataFrame
        return {
            "csv": Format(pl.read_csv, table.write_csv),
            "parquet": Format(pl.read_parquet, table.write_parquet),
            "json": Format(pl.read_json, table.write_json),
            "jsonl": Format(pl.read_ndjson, table.write_ndjson),
            "feather": Format(pl.read_ipc, table.write_ipc),
        }
