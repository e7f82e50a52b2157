from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gluepy_flights.features import FEATURES, IDENTITY, TARGET
from gluepy_flights.model import predict, split
from gluepy_flights.parameters import Parameters

QUICK = Parameters(trees=20, flights_per_leaf=5)


@pytest.fixture
def features() -> pd.DataFrame:
    """Return 600 flights whose delay is an hour at JFK, else none, give or take ten minutes."""
    rng = np.random.default_rng(7)
    count = 600
    frame = pd.DataFrame({name: rng.normal(size=count) for name in FEATURES}).assign(
        time_hour=pd.Timestamp("2013-01-01", tz="UTC"),
        month=rng.integers(1, 13, count),
        flight=range(count),
        carrier=rng.choice(["AA", "UA"], count),
        origin=rng.choice(["JFK", "EWR"], count),
        dest="ORD",
    )
    noise = rng.integers(-10, 11, count)
    return frame.assign(arr_delay=np.where(frame["origin"] == "JFK", 60.0, 0.0) + noise)


def test_split_is_by_month(features: pd.DataFrame) -> None:
    train, test = split(features, 10)

    assert set(train["month"]) == set(range(1, 10))
    assert set(test["month"]) == {10, 11, 12}


def test_predictions_are_closer_than_any_constant(features: pd.DataFrame) -> None:
    predictions = predict(*split(features, 10), QUICK)

    errors = {
        guess: (predictions[guess] - predictions[TARGET]).abs().mean()
        for guess in ("predicted", "median", "mean")
    }
    assert list(predictions) == [*IDENTITY, TARGET, "predicted", "median", "mean"]
    assert errors["predicted"] < 15 < min(errors["median"], errors["mean"])


def test_baseline_is_that_of_the_training_flights(features: pd.DataFrame) -> None:
    train, test = split(features, 10)

    predictions = predict(train, test, QUICK)

    assert set(predictions["median"]) == {train[TARGET].median()}
    assert set(predictions["mean"]) == {train[TARGET].mean()}


def test_target_of_the_tested_flights_has_no_influence(features: pd.DataFrame) -> None:
    train, test = split(features, 10)

    honest = predict(train, test, QUICK)
    scrambled = predict(train, test.assign(arr_delay=-test[TARGET]), QUICK)

    assert honest["predicted"].equals(scrambled["predicted"])
    assert honest["median"].equals(scrambled["median"])


def test_carrier_that_was_never_seen_is_a_missing_value(features: pd.DataFrame) -> None:
    train, test = split(features, 10)

    predictions = predict(train, test.assign(carrier="ZZ"), QUICK)

    assert predictions["predicted"].notna().all()


def test_predictions_are_the_same_every_time(features: pd.DataFrame) -> None:
    first, second = (predict(*split(features, 10), QUICK) for _ in range(2))

    assert first["predicted"].to_numpy().tobytes() == second["predicted"].to_numpy().tobytes()
