from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from gluepy_flights.charts import draw_by_hour, draw_density, draw_punctuality
from gluepy_flights.punctuality import late_by_hour, tabulate

MakeTable = Callable[..., pd.DataFrame]
NAMES = pd.DataFrame({"carrier": ["UA", "AA"], "name": ["United", "American"]})


@pytest.fixture
def some_flights(make_flights: MakeTable) -> pd.DataFrame:
    return make_flights(
        *({"carrier": carrier, "hour": hour} for carrier in ("UA", "AA") for hour in (7, 8) * 40),
        {"carrier": "AA", "arr_delay": 50.0},
    )


def _texts(figure: Figure) -> set[str]:
    """Draw the figure, as saving it does, and return all words in it."""
    figure.savefig(io.BytesIO(), format="png")
    return {text.get_text() for text in figure.findobj(Text)}


def test_density_names_axes_units_and_what_is_not_shown() -> None:
    rng = np.random.default_rng(3)
    predicted = rng.normal(0, 20, 2000)
    predictions = pd.DataFrame({"predicted": predicted, "arr_delay": predicted + 10}).assign(
        arr_delay=lambda frame: frame["arr_delay"].where(frame.index >= 20, 1000.0)
    )
    figure = Figure()

    draw_density(figure, predictions)

    texts = _texts(figure)
    assert "Predicted arrival delay (minutes; below 0 is early)" in texts
    assert "Actual arrival delay (minutes)" in texts
    assert "Flights per cell of 2 by 4 minutes" in texts
    assert "median of actual" in texts
    assert any(text.endswith("of the flights lie outside") for text in texts)


def test_density_of_equal_predictions_can_be_drawn() -> None:
    figure = Figure()

    draw_density(figure, pd.DataFrame({"predicted": [1.0] * 5, "arr_delay": [0.0] * 5}))

    assert "Predicted and actual arrival delay of 5 flights" in _texts(figure)


def test_punctuality_names_every_carrier_and_ending(some_flights: pd.DataFrame) -> None:
    figure = Figure()

    draw_punctuality(figure, tabulate(some_flights, NAMES), late_from_min=15)

    assert {
        "United  (80)",
        "American  (81)",
        "on time",
        "late by 15 min or more",
        "diverted",
        "cancelled",
        "100%",
    } <= _texts(figure)


def test_hours_have_a_panel_per_carrier_and_no_more(some_flights: pd.DataFrame) -> None:
    figure = Figure()

    draw_by_hour(figure, late_by_hour(some_flights), tabulate(some_flights, NAMES))

    assert {"United (80)", "American (81)"} <= _texts(figure)
    assert [axes.get_visible() for axes in figure.axes] == [True, True, False, False]
