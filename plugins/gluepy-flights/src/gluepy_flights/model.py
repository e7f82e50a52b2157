"""The regressor and the plain baseline that it has to beat."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gluepy_flights.features import CATEGORIES, FEATURES, IDENTITY, TARGET
from gluepy_flights.parameters import Parameters

__all__ = ["predict", "split"]


def split(features: pd.DataFrame, first_test_month: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the flights to learn from and, later in the year, those to be tested on."""
    is_test = features["month"] >= first_test_month
    return features[~is_test], features[is_test]


def predict(train: pd.DataFrame, test: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Learn from some flights and predict the arrival delay of others.

    One thread does it. More would save two seconds on an idle machine, and lose ten on a busy one,
    because OpenMP's threads wait for one another by spinning; to use all cores is the business of
    the executor.

    Args:
        train: As `gluepy_flights.features.build_features` returns them.
        test: Likewise; its target is passed on for comparison and otherwise not looked at.
        parameters: Those of the model are used.

    Returns:
        A row per flight of ``test``, in minutes: the true ``arr_delay``, ``predicted``, and two
        constants that know nothing of the flight: ``median`` and ``mean`` of ``train``. No constant
        has a smaller mean absolute error on ``train`` than its median, so that is the baseline.
    """
    import threadpoolctl  # type: ignore[import-not-found,import-untyped,unused-ignore]  # no types

    model = _regressor(parameters)  # first, for only libraries that are loaded can be limited
    with threadpoolctl.threadpool_limits(1):
        model.fit(_inputs(train, train), train[TARGET])
        predicted = model.predict(_inputs(test, train))
    return test[[*IDENTITY, TARGET]].assign(
        predicted=predicted,
        median=train[TARGET].median(),
        mean=train[TARGET].mean(),
    )


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
    """Return the features; a carrier or airport that is not in ``train`` is a missing value."""
    inputs = flights[list(FEATURES)]
    for name in CATEGORIES:
        seen = sorted(train[name].unique())
        known = inputs[name].where(inputs[name].isin(seen))
        inputs = inputs.assign(**{name: known.astype(pd.CategoricalDtype(seen))})
    return inputs
