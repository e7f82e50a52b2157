from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from gluepy_flights.exceptions import MissingPredictionsError
from gluepy_flights.features import FEATURES, IDENTITY, TARGET
from gluepy_flights.model import carriers_of, join, predict, split
from gluepy_flights.parameters import Parameters

QUICK = Parameters(trees=20, flights_per_leaf=5, fewest_flights=100)


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


def test_carriers_are_those_to_be_tested_on_with_most_flights_first() -> None:
    features = pd.DataFrame(
        [("UA", 1), ("ZZ", 1), ("ZZ", 2), ("BB", 11), ("UA", 12), ("AA", 10)],
        columns=["carrier", "month"],
    )

    assert carriers_of(features, 10) == ["UA", "AA", "BB"]


def test_predictions_are_closer_than_any_constant(features: pd.DataFrame) -> None:
    predictions = _predict(features)

    errors = {
        guess: (predictions[guess] - predictions[TARGET]).abs().mean()
        for guess in ("predicted", "median", "mean")
    }
    assert list(predictions) == [*IDENTITY, TARGET, "predicted", "median", "mean"]
    assert errors["predicted"] < 15 < min(errors["median"], errors["mean"])


def test_baseline_is_that_of_all_training_flights(features: pd.DataFrame) -> None:
    train, _ = split(features, 10)

    predictions = _predict(features)

    assert set(predictions["median"]) == {train[TARGET].median()}
    assert set(predictions["mean"]) == {train[TARGET].mean()}


def test_joined_predictions_are_in_the_order_of_the_features(features: pd.DataFrame) -> None:
    _, test = split(features, 10)

    forwards, backwards = (_predict(features, reverse=reverse) for reverse in (False, True))

    assert forwards["flight"].tolist() == test["flight"].tolist()
    assert forwards.equals(backwards)


def test_flights_without_a_prediction_are_an_error(features: pd.DataFrame) -> None:
    part = predict(*split(features[features["carrier"] == "AA"], 10), QUICK)
    lacking = int((split(features, 10)[1]["carrier"] == "UA").sum()) + 1

    with pytest.raises(
        MissingPredictionsError, match=rf"^{lacking} flights of AA, UA have no prediction$"
    ) as caught:
        join(features, [part.iloc[1:]], 10)

    assert caught.value.hint == "Features were built again since; run predict-delays again, too."
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(copy), copy.carriers) == (str(caught.value), ["AA", "UA"])


def test_target_of_the_tested_flights_has_no_influence(features: pd.DataFrame) -> None:
    train, test = split(features, 10)

    honest = predict(train, test, QUICK)
    scrambled = predict(train, test.assign(arr_delay=-test[TARGET]), QUICK)

    assert honest["predicted"].equals(scrambled["predicted"])


@pytest.mark.parametrize("flights", [1, 99])
def test_few_flights_give_their_median(features: pd.DataFrame, flights: int) -> None:
    train, test = split(features, 10)
    few = train.iloc[:flights]

    predictions = predict(few, test, dataclasses.replace(QUICK, fewest_flights=100))

    assert set(predictions["predicted"]) == {few[TARGET].median()}


def test_nothing_to_learn_from_gives_on_time(features: pd.DataFrame) -> None:
    train, test = split(features, 10)

    assert set(predict(train.iloc[:0], test, QUICK)["predicted"]) == {0.0}


def test_feature_that_is_always_missing_or_the_same_is_no_hindrance(
    features: pd.DataFrame,
) -> None:
    train, test = split(features, 10)

    predictions = predict(train.assign(carrier_delay=np.nan, precip=0.0), test, QUICK)

    assert predictions["predicted"].notna().all()


def test_carrier_that_was_never_seen_is_a_missing_value(features: pd.DataFrame) -> None:
    train, test = split(features, 10)

    predictions = predict(train, test.assign(carrier="ZZ"), QUICK)

    assert predictions["predicted"].notna().all()


def test_predictions_are_the_same_every_time_and_side_by_side(features: pd.DataFrame) -> None:
    alone = predict(*split(features, 10), QUICK)

    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(predict, *split(features, 10), QUICK) for _ in range(4)]

    assert {future.result()["predicted"].to_numpy().tobytes() for future in futures} == {
        alone["predicted"].to_numpy().tobytes()
    }


def _predict(features: pd.DataFrame, *, reverse: bool = False) -> pd.DataFrame:
    """Return the predictions of all carriers, each with a model of its own."""
    carriers = sorted(carriers_of(features, 10), reverse=reverse)
    parts = [
        predict(*split(features[features["carrier"] == carrier], 10), QUICK) for carrier in carriers
    ]
    return join(features, parts, 10)
