from __future__ import annotations

import pandas as pd

from gluepy_flights.evaluation import metrics_of, score

PREDICTIONS = pd.DataFrame(
    {
        "carrier": ["UA", "AA", "UA"],
        "arr_delay": [10.0, -5.0, 30.0],
        "predicted": [12.0, -5.0, 20.0],
        "median": [0.0, 0.0, 0.0],
        "mean": [10.0, 10.0, 10.0],
    }
)


def test_scores_are_mean_absolute_errors_of_all_then_by_carrier() -> None:
    scores = score(PREDICTIONS)

    assert scores.to_dict("list") == {
        "carrier": ["all", "UA", "AA"],
        "flights": [3, 2, 1],
        "predicted": [4.0, 6.0, 0.0],
        "median": [15.0, 20.0, 5.0],
        "mean": [35 / 3, 10.0, 15.0],
    }


def test_metrics_are_those_of_all_flights() -> None:
    assert metrics_of(score(PREDICTIONS)) == {
        "flights_tested": 3.0,
        "mae_model": 4.0,
        "mae_baseline": 15.0,
        "mae_mean_baseline": 35 / 3,
    }
