from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gluepy_flights.punctuality import ENDINGS, late_by_hour, tabulate
from gluepy_flights.source import AIRLINES, read_table

MakeTable = Callable[..., pd.DataFrame]
NAMES = pd.DataFrame({"carrier": ["UA"], "name": ["United"]})
CANCELLED = {"dep_time": np.nan, "dep_delay": np.nan, "arr_delay": np.nan}


def test_shares_are_of_scheduled_flights(make_flights: MakeTable) -> None:
    flights = make_flights(
        {"arr_delay": 14.0}, {"arr_delay": 15.0}, {"arr_delay": np.nan}, CANCELLED
    )

    row = tabulate(flights, NAMES).iloc[0]

    assert row["airline"] == "United"
    assert row["flights"] == 4
    assert [row[ending] for ending in ENDINGS] == [0.25, 0.25, 0.25, 0.25]
    assert row["mean_delay_min"] == 14.5


def test_late_is_what_the_parameter_says(make_flights: MakeTable) -> None:
    flights = make_flights({"arr_delay": 14.0}, {"arr_delay": 15.0})

    table = tabulate(flights, NAMES, late_from_min=10)

    assert table["late"].tolist() == [1.0]


def test_most_punctual_carrier_comes_first_and_may_lack_a_name(make_flights: MakeTable) -> None:
    flights = make_flights({"arr_delay": 99.0}, {"carrier": "ZZ"}, {"carrier": "AA"})

    table = tabulate(flights, NAMES)

    assert table["carrier"].tolist() == ["AA", "ZZ", "UA"]
    assert table["airline"].tolist() == ["AA", "ZZ", "United"]


def test_hours_count_flights_that_arrived(make_flights: MakeTable) -> None:
    flights = make_flights({"arr_delay": 20.0}, {}, {"hour": 9}, CANCELLED)

    hours = late_by_hour(flights)

    assert hours.to_dict("list") == {
        "carrier": ["UA", "UA"],
        "hour": [9, 12],
        "flights": [1, 2],
        "late": [0.0, 0.5],
    }


def test_table_of_the_year_accounts_for_every_flight(flights: pd.DataFrame) -> None:
    table = tabulate(flights, read_table(AIRLINES))

    assert len(table) == 16
    assert table["flights"].sum() == 336_776
    assert table[list(ENDINGS)].sum(axis=1).tolist() == pytest.approx([1.0] * 16)
    assert (table["cancelled"] * table["flights"]).sum() == pytest.approx(8_255)
