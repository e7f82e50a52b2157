from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gluepy_flights.features import FEATURES, IDENTITY, TARGET, build_features

MakeTable = Callable[..., pd.DataFrame]


def test_columns_are_identity_features_and_target(
    make_flights: MakeTable, make_weather: MakeTable
) -> None:
    features = build_features(make_flights({}), make_weather({}))

    assert set(features.columns) == {*IDENTITY, *FEATURES, TARGET}
    assert not {"dep_delay", "dep_time", "arr_time", "air_time"} & set(features.columns)


def test_timetable_gives_weekday_and_minutes(
    make_flights: MakeTable, make_weather: MakeTable
) -> None:
    flights = make_flights({"hour": 23, "minute": 30, "sched_arr_time": 115})

    row = build_features(flights, make_weather({})).iloc[0]

    assert row["weekday"] == 4  # the first of March 2013 was a Friday
    assert row["departs_min"] == 23 * 60 + 30
    assert row["lasts_min"] == 105


def test_flights_that_did_not_arrive_are_left_out_but_count_as_scheduled(
    make_flights: MakeTable, make_weather: MakeTable
) -> None:
    cancelled = {"dep_time": np.nan, "dep_delay": np.nan, "arr_delay": np.nan}
    diverted = {"arr_delay": np.nan}

    features = build_features(make_flights({}, cancelled, diverted), make_weather({}))

    assert features["flight"].tolist() == [0]
    assert features["same_hour"].tolist() == [3]


@pytest.mark.parametrize(("notice_h", "temp"), [(1, 10.0), (2, 9.0)])
def test_weather_is_that_of_the_last_hour_over_before_the_prediction(
    make_flights: MakeTable, make_weather: MakeTable, notice_h: int, temp: float
) -> None:
    weather = make_weather(*({"hour": hour, "temp": float(hour)} for hour in range(24)))

    features = build_features(make_flights({"hour": 12}), weather, notice_h=notice_h)

    assert features["temp"].tolist() == [temp]


def test_weather_is_joined_by_airport(make_flights: MakeTable, make_weather: MakeTable) -> None:
    weather = make_weather({"hour": 10, "temp": 1.0}, {"hour": 10, "temp": 2.0, "origin": "JFK"})

    features = build_features(make_flights({}, {"origin": "JFK"}), weather)

    assert features["temp"].tolist() == [1.0, 2.0]


def test_weather_is_joined_in_utc_where_a_local_hour_comes_twice(
    make_flights: MakeTable, make_weather: MakeTable
) -> None:
    night = {"month": 11, "day": 3, "hour": 1}
    weather = make_weather(
        {**night, "temp": 1.0, "time_hour": "2013-11-03T05:00:00Z"},  # summer time
        {**night, "temp": 2.0, "time_hour": "2013-11-03T06:00:00Z"},  # an hour later
    )
    flight = {"month": 11, "day": 3, "hour": 3, "time_hour": "2013-11-03T08:00:00Z"}

    features = build_features(make_flights(flight), weather)

    assert features["temp"].tolist() == [2.0]


def test_flight_without_weather_is_kept(make_flights: MakeTable, make_weather: MakeTable) -> None:
    features = build_features(make_flights({}), make_weather({"origin": "JFK"}))

    assert features["temp"].isna().tolist() == [True]


def test_impossible_wind_is_a_missing_value(
    make_flights: MakeTable, make_weather: MakeTable
) -> None:
    weather = make_weather({"hour": 10, "wind_speed": 1048.36, "wind_gust": 30.0})

    row = build_features(make_flights({}), weather).iloc[0]

    assert np.isnan(row["wind_speed"])
    assert row["wind_gust"] == 30.0


def test_recent_delays_are_those_of_flights_that_had_left(
    make_flights: MakeTable, make_weather: MakeTable
) -> None:
    flights = make_flights(
        {"hour": 12},
        {"hour": 10, "minute": 10, "dep_delay": 20.0},
        {"hour": 10, "minute": 50, "dep_delay": -6.0, "carrier": "DL"},
        {"hour": 10, "minute": 30, "dep_delay": 45.0},  # left at 11:15: not known at 11:00
        {"hour": 8, "minute": 30, "dep_delay": 110.0},  # left at 10:20
        {"hour": 11, "minute": 5, "dep_delay": -8.0},  # left early, at 10:57
        {"hour": 10, "minute": 0, "dep_delay": 500.0, "origin": "JFK"},
        {"hour": 10, "minute": 0, "dep_delay": np.nan, "arr_delay": np.nan},
    )

    row = build_features(flights, make_weather({})).iloc[0]

    assert row["airport_delay"] == pytest.approx((20 - 6 + 110 - 8) / 4)
    assert row["carrier_delay"] == pytest.approx((20 + 110 - 8) / 3)


def test_nothing_that_happens_after_the_prediction_changes_a_feature(
    flights: pd.DataFrame, weather: pd.DataFrame
) -> None:
    """Scramble the future of a busy day, weather included: what was known stays the same."""
    moment = pd.Timestamp("2013-07-10T18:00:00Z")  # two in the afternoon
    flights = flights[flights["month"] == 7]
    rng = np.random.default_rng(1)
    later = flights["time_hour"] >= moment
    scrambled = flights.assign(
        # No flight of the year left more than 43 minutes early.
        dep_delay=flights["dep_delay"].mask(later, rng.integers(-43, 600, len(flights))),
        arr_delay=flights["arr_delay"].mask(later, rng.integers(-80, 600, len(flights))),
    )
    now = weather["time_hour"] >= moment - pd.Timedelta(hours=1)
    storm = weather.assign(visib=weather["visib"].mask(now, 0.0), temp=weather["temp"].mask(now, 0))

    before, after = (
        _known_until(moment, build_features(*data))
        for data in ((flights, weather), (scrambled, storm))
    )

    assert len(before) > 8000
    pd.testing.assert_frame_equal(before, after.loc[before.index])


def test_all_flights_of_the_year_that_arrived_are_kept_once(
    flights: pd.DataFrame, weather: pd.DataFrame
) -> None:
    features = build_features(flights, weather)

    assert len(features) == 327_346
    assert not features.duplicated(["time_hour", "carrier", "flight", "origin", "dest"]).any()
    assert features["temp"].isna().mean() < 0.005


def _known_until(moment: pd.Timestamp, features: pd.DataFrame) -> pd.DataFrame:
    """Return the features of the flights scheduled until then, that hour included."""
    scheduled = features[features["time_hour"] <= moment]
    key = ["time_hour", "carrier", "flight", "origin", "dest"]
    return scheduled.set_index(key, drop=False)[list(FEATURES)]
