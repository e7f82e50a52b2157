"""How far predictions are from what happened."""

from __future__ import annotations

import pandas as pd

from gluepy_flights.features import TARGET

__all__ = ["ALL", "GUESSES", "metrics_of", "score"]

#: The columns of the predictions that are compared with the truth.
GUESSES = ("predicted", "median", "mean")

#: Stands for the carrier in the row about all flights.
ALL = "all"


def score(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return mean absolute errors in minutes: of all flights, then by carrier.

    Args:
        predictions: As `gluepy_flights.model.join` returns them.

    Returns:
        Columns ``carrier`` (first `ALL`, then the carriers with most flights first), ``flights``,
        and one per guess.
    """
    errors = pd.DataFrame(
        {guess: (predictions[guess] - predictions[TARGET]).abs() for guess in GUESSES}
    ).assign(carrier=predictions["carrier"], flights=1)
    how = {"flights": "sum", **dict.fromkeys(GUESSES, "mean")}
    carriers = errors.groupby("carrier", as_index=False).agg(how)
    carriers = carriers.sort_values(["flights", "carrier"], ascending=[False, True])
    total = errors.assign(carrier=ALL).groupby("carrier", as_index=False).agg(how)
    return pd.concat([total, carriers], ignore_index=True)


def metrics_of(scores: pd.DataFrame) -> dict[str, float]:
    """Return what is worth comparing between runs, by the name under which it is logged.

    ``mae_baseline`` is that of the median, the best of all constants; beat that one.
    """
    total = scores[scores["carrier"] == ALL].iloc[0]
    return {
        "flights_tested": float(total["flights"]),
        "mae_model": float(total["predicted"]),
        "mae_baseline": float(total["median"]),
        "mae_mean_baseline": float(total["mean"]),
    }
