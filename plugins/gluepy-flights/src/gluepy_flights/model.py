"""The regressors, one per carrier, and the plain baseline that they have to beat together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from gluepy_flights.exceptions import MissingPredictionsError
from gluepy_flights.features import CATEGORIES, FEATURES, IDENTITY, TARGET
from gluepy_flights.parameters import Parameters

__all__ = ["carriers_of", "join", "predict", "split"]


def split(features: pd.DataFrame, first_test_month: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the flights to learn from and, later in the year, those to be tested on."""
    is_test = features["month"] >= first_test_month
    return features[~is_test], features[is_test]


def carriers_of(features: pd.DataFrame, first_test_month: int) -> list[str]:
    """Return the carriers whose flights are tested on.

    Those with most flights come first: models take longer the more there is to learn from, and no
    core should have the longest one left when the others are done.

    Args:
        features: The columns ``carrier`` and ``month`` are used.
        first_test_month: As in `split`.
    """
    counts = features["carrier"].value_counts()
    _, test = split(features, first_test_month)
    return sorted(test["carrier"].unique(), key=lambda carrier: (-counts[carrier], carrier))


def predict(train: pd.DataFrame, test: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Learn from some flights of a carrier and predict the arrival delay of others.

    Where there are fewer than ``fewest_flights`` to learn from, trees would learn them by heart;
    then the prediction is their median, and "on time" where there are none.

    One thread does it. More would wait for one another by spinning, which makes a busy machine
    slower; to use all cores is the business of the executor.

    Args:
        train: As `gluepy_flights.features.build_features` returns them.
        test: Likewise; its target is passed on for comparison and otherwise not looked at.
        parameters: Those of the model are used.

    Returns:
        A row per flight of ``test``, in minutes: the true ``arr_delay`` and ``predicted``.
    """
    tested = test[[*IDENTITY, TARGET]]
    if len(train) < parameters.fewest_flights:
        return tested.assign(predicted=train[TARGET].median() if len(train) else 0.0)
    return tested.assign(predicted=_learn_and_predict(train, test, parameters))


def join(
    features: pd.DataFrame, parts: Iterable[pd.DataFrame], first_test_month: int
) -> pd.DataFrame:
    """Put the predictions of all carriers together, next to what they are compared with.

    Args:
        features: As `gluepy_flights.features.build_features` returns them.
        parts: What `predict` has returned for each carrier.
        first_test_month: As in `split`.

    Returns:
        A row per flight that is tested on, in the order of ``features``, in minutes: the true
        ``arr_delay``, ``predicted``, and two constants that know nothing of the flight: ``median``
        and ``mean`` of all flights that were learnt from. No constant has a smaller mean absolute
        error on these than their median, so that is the baseline.

    Raises:
        MissingPredictionsError: If a flight has no prediction.
    """
    train, test = split(features, first_test_month)
    predicted = pd.concat(list(parts))[[*IDENTITY, "predicted"]]
    tested = test[[*IDENTITY, TARGET]]
    joined = tested.merge(predicted, on=list(IDENTITY), how="left", validate="one_to_one")
    lacking = joined.loc[joined["predicted"].isna(), "carrier"]
    if len(lacking):
        raise MissingPredictionsError(len(lacking), sorted(lacking.unique()))
    return joined.assign(median=train[TARGET].median(), mean=train[TARGET].mean())


def _learn_and_predict(train: pd.DataFrame, test: pd.DataFrame, parameters: Parameters) -> Any:
    import threadpoolctl  # type: ignore[import-not-found,import-untyped,unused-ignore]  # no types

    model = _regressor(parameters)  # first, for only libraries that are loaded can be limited
    # Only OpenMP: it has this number once per thread, and other libraries once per process, where
    # models that learn side by side would take each other's for what it was before.
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        model.fit(_inputs(train, train), train[TARGET])
        return model.predict(_inputs(test, train))


def _regressor(parameters: Parameters) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="absolute_error",  # what is measured in the end is what is minimised
        learning_rate=parameters.learning_rate,
        max_iter=parameters.trees,
        max_leaf_nodes=parameters.leaves,
        min_samples_leaf=parameters.flights_per_leaf,
        categorical_features="from_dtype",
        early_stopping=False,  # it would hold back flights at random, next to those it learns from
        random_state=parameters.seed,
    )


def _inputs(flights: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """Return the features that can be learnt from.

    One that is always missing in ``train`` is left out, for the model refuses it; a carrier with
    one flight a day, for example, never has another that left an hour before. A carrier or airport
    that is not in ``train`` is a missing value.
    """
    inputs = flights[[name for name in FEATURES if train[name].notna().any()]]
    for name in CATEGORIES:
        seen = sorted(train[name].unique())
        known = inputs[name].where(inputs[name].isin(seen))
        inputs = inputs.assign(**{name: known.astype(pd.CategoricalDtype(seen))})
    return inputs
