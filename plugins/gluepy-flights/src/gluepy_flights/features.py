"""What the model may know about a flight, and nothing else.

The prediction is made ``notice_h`` whole hours before the clock hour in which the flight is
scheduled: with one hour, that of 17:40 at 16:00. Until then these are known:

- the timetable: carrier, airport, destination, distance, weekday, times, how many other flights are
  scheduled in the same hour;
- the weather of the last clock hour that was over by then;
- the delays of flights that *had left* in that hour.

Not known, and so no feature: anything that happens to the flight itself (``dep_time``,
``dep_delay``, ``arr_time``, ``air_time``), the weather at departure, and its aircraft, which may be
swapped. Nor is the month a feature: the test months are none that the model could have seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["CATEGORIES", "FEATURES", "IDENTITY", "TARGET", "build_features"]

TARGET = "arr_delay"

#: What says which flight a row is about; the month divides training from test.
IDENTITY = ("time_hour", "month", "carrier", "flight", "origin", "dest")

CATEGORIES = ("carrier", "origin", "dest")

_TIMETABLE = (*CATEGORIES, "weekday", "departs_min", "lasts_min", "distance", "same_hour")
_WEATHER = (
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
)
_RECENT = ("airport_delay", "carrier_delay")

FEATURES = (*_TIMETABLE, *_WEATHER, *_RECENT)

# Miles an hour. JFK's weather has one reading of 1,048; no wind on the ground was ever above 253.
_MOST_WIND = 253


def build_features(
    flights: pd.DataFrame, weather: pd.DataFrame, *, notice_h: int = 1
) -> pd.DataFrame:
    """Return one row per flight that arrived, with what was known before and its arrival delay.

    Flights that were cancelled, or diverted, have no arrival delay that could be learnt or tested.
    They are left out at the very end: they count as scheduled, and as having left if they had.

    Args:
        flights: As `gluepy_flights.source` reads them.
        weather: Likewise. Hours that it lacks become missing values; no flight is dropped.
        notice_h: Hours between the prediction and the clock hour of the flight, at least 1.

    Returns:
        The columns of `IDENTITY`, `FEATURES` and `TARGET`, in the order of ``flights``.
    """
    known = _with_timetable(flights)
    known = _join_earlier(known, _clean(weather), ["origin"], notice_h)
    left = _departures(flights)
    for keys, name in ((["origin"], "airport_delay"), (["origin", "carrier"], "carrier_delay")):
        known = _join_earlier(known, _mean_delay(left, keys, name), keys, notice_h)
    arrived = known[known[TARGET].notna()]
    return arrived[list(dict.fromkeys((*IDENTITY, *FEATURES, TARGET)))].reset_index(drop=True)


def _with_timetable(flights: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from the timetable alone."""
    departs = flights["hour"] * 60 + flights["minute"]
    arrives = flights["sched_arr_time"] // 100 * 60 + flights["sched_arr_time"] % 100
    return flights.assign(
        weekday=pd.to_datetime(flights[["year", "month", "day"]]).dt.day_of_week,
        departs_min=departs,
        # Both by local clocks. The time zone is in it, and the destination tells which.
        lasts_min=(arrives - departs) % (24 * 60),
        same_hour=flights.groupby(["origin", "time_hour"])["flight"].transform("size"),
    )


def _clean(weather: pd.DataFrame) -> pd.DataFrame:
    """Return the readings by airport and hour, without the impossible ones."""
    readings = weather[["origin", "time_hour", *_WEATHER]]
    for name in ("wind_speed", "wind_gust"):
        readings = readings.assign(**{name: readings[name].where(readings[name] <= _MOST_WIND)})
    return readings


def _departures(flights: pd.DataFrame) -> pd.DataFrame:
    """Return the flights that left, by the clock hour in which they really did."""
    left = flights.loc[flights["dep_delay"].notna(), ["origin", "carrier", "dep_delay"]]
    minutes = (flights["minute"] + flights["dep_delay"]).loc[left.index]
    scheduled = flights["time_hour"].loc[left.index]
    return left.assign(time_hour=scheduled + pd.to_timedelta(minutes // 60, unit="h"))


def _mean_delay(left: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    by_hour = left.groupby([*keys, "time_hour"], as_index=False)
    return by_hour.agg(**{name: ("dep_delay", "mean")})


def _join_earlier(
    flights: pd.DataFrame, observed: pd.DataFrame, keys: list[str], notice_h: int
) -> pd.DataFrame:
    """Add to each flight what was observed in the last clock hour before its prediction.

    Hours are compared in UTC: local ones repeat, or are missing, when summer time ends or begins.
    """
    # An observation stands under the start of its hour and is complete one hour later.
    usable_from = observed["time_hour"] + np.timedelta64(notice_h + 1, "h")
    return flights.merge(
        observed.assign(time_hour=usable_from),
        on=[*keys, "time_hour"],
        how="left",
        validate="many_to_one",
    )
