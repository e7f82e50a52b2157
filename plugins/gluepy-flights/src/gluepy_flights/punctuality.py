"""How punctual the carriers are."""

from __future__ import annotations

import pandas as pd

__all__ = ["ENDINGS", "late_by_hour", "tabulate"]

#: How a scheduled flight can end, from good to bad; the shares of a carrier add up to 1.
ENDINGS = ("on_time", "late", "diverted", "cancelled")


def tabulate(
    flights: pd.DataFrame, airlines: pd.DataFrame, *, late_from_min: int = 15
) -> pd.DataFrame:
    """Return a row per carrier, the most punctual first.

    Args:
        flights: As `gluepy_flights.source` reads them.
        airlines: Likewise; a carrier that it lacks is called by its code.
        late_from_min: From so many minutes on, an arrival counts as late.

    Returns:
        ``carrier``, ``airline``, ``flights`` (scheduled); how large a share of them ended in which
        of `ENDINGS`; and of the arrival delay, in minutes, over those that arrived: the median, the
        mean, and what the worst tenth exceeds.
    """
    ended = _ending(flights, late_from_min)
    shares = pd.DataFrame({ending: ended == ending for ending in ENDINGS})
    by_carrier = flights.groupby("carrier")
    table = (
        shares.groupby(flights["carrier"])
        .mean()
        .assign(
            flights=by_carrier.size(),
            median_delay_min=by_carrier["arr_delay"].median(),
            mean_delay_min=by_carrier["arr_delay"].mean(),
            worst_tenth_min=by_carrier["arr_delay"].quantile(0.9),
        )
    )
    table = table.reset_index()
    names = table["carrier"].map(dict(zip(airlines["carrier"], airlines["name"], strict=True)))
    table.insert(1, "airline", names.fillna(table["carrier"]))
    table.insert(2, "flights", table.pop("flights"))
    return table.sort_values(["on_time", "carrier"], ascending=[False, True], ignore_index=True)


def late_by_hour(flights: pd.DataFrame, *, late_from_min: int = 15) -> pd.DataFrame:
    """Return how many flights are scheduled and how large a share is late, by carrier and hour.

    Args:
        flights: As `gluepy_flights.source` reads them; only those that arrived are counted.
        late_from_min: From so many minutes on, an arrival counts as late.

    Returns:
        ``carrier``, ``hour`` (local, of the scheduled departure), ``flights``, ``late``.
    """
    arrived = flights[flights["arr_delay"].notna()]
    is_late = arrived.assign(late=arrived["arr_delay"] >= late_from_min)
    by_hour = is_late.groupby(["carrier", "hour"], as_index=False)
    return by_hour.agg(flights=("late", "size"), late=("late", "mean"))


def _ending(flights: pd.DataFrame, late_from_min: int) -> pd.Series[str]:
    """Return how each flight ended.

    One that left and has no arrival delay went somewhere else, or is not known to have come.
    """
    ended = pd.Series("on_time", index=flights.index)
    ended = ended.mask(flights["arr_delay"] >= late_from_min, "late")
    ended = ended.mask(flights["arr_delay"].isna(), "diverted")
    return ended.mask(flights["dep_time"].isna(), "cancelled")
