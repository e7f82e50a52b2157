from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from gluepy_flights.source import FLIGHTS, WEATHER, read_table

MakeTable = Callable[..., pd.DataFrame]


@pytest.fixture
def make_flights() -> MakeTable:
    """Return a function that makes flights out of what matters: one dict per flight."""
    return _make_flights


@pytest.fixture
def make_weather() -> MakeTable:
    """Return a function that makes hours of weather out of what matters: one dict per hour."""
    return _make_weather


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    return read_table(FLIGHTS)


@pytest.fixture(scope="session")
def weather() -> pd.DataFrame:
    return read_table(WEATHER)


def _make_flights(*rows: dict[str, object]) -> pd.DataFrame:
    """Flights of UA from EWR to ORD on 1 March, scheduled at noon, on time, unless told otherwise.

    ``hour`` is the local one, and ``time_hour`` follows from it where it is not given.
    """
    usual: dict[str, object] = {
        "year": 2013,
        "month": 3,
        "day": 1,
        "dep_time": 1200.0,
        "dep_delay": 0.0,
        "arr_delay": 0.0,
        "sched_arr_time": 1400,
        "carrier": "UA",
        "origin": "EWR",
        "dest": "ORD",
        "distance": 719,
        "hour": 12,
        "minute": 0,
    }
    frame = pd.DataFrame([{**usual, "flight": number, **row} for number, row in enumerate(rows)])
    return frame.assign(time_hour=_time_hour(frame))


def _make_weather(*rows: dict[str, object]) -> pd.DataFrame:
    """Fair weather at EWR on 1 March at noon, unless told otherwise."""
    usual: dict[str, object] = {
        "origin": "EWR",
        "year": 2013,
        "month": 3,
        "day": 1,
        "hour": 12,
        "temp": 50.0,
        "dewp": 40.0,
        "humid": 60.0,
        "wind_dir": 270.0,
        "wind_speed": 10.0,
        "wind_gust": float("nan"),
        "precip": 0.0,
        "pressure": 1015.0,
        "visib": 10.0,
    }
    frame = pd.DataFrame([{**usual, **row} for row in rows])
    return frame.assign(time_hour=_time_hour(frame))


def _time_hour(frame: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    # Local standard time is five hours behind UTC.
    local = pd.to_datetime(frame[["year", "month", "day", "hour"]]).dt.tz_localize("UTC")
    derived = local + pd.Timedelta(hours=5)
    if "time_hour" not in frame:
        return derived
    return pd.to_datetime(frame["time_hour"], utc=True).fillna(derived)
