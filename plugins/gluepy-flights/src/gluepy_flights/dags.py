"""The two pipelines."""

from __future__ import annotations

from gluepy import DAG
from gluepy_flights.tasks import (
    BuildFeatures,
    DrawCarriers,
    EvaluateDelays,
    JoinPredictions,
    PredictDelays,
    ReadFlights,
    ReadWeather,
    ReportDelays,
    TabulateCarriers,
)

__all__ = ["CarrierPunctualityDAG", "FlightDelaysDAG"]


class FlightDelaysDAG(DAG):
    """Predict how late flights arrive, and show how well that works."""

    label = "flight-delays"
    tasks = {  # noqa: RUF012 - as a pipeline is usually written; nobody changes it
        ReadFlights: (),
        ReadWeather: (),
        BuildFeatures: (ReadFlights, ReadWeather),
        PredictDelays: (BuildFeatures,),
        JoinPredictions: (PredictDelays,),
    }
    eval_tasks = (EvaluateDelays, ReportDelays)


class CarrierPunctualityDAG(DAG):
    """Compare how punctual the carriers are."""

    label = "carrier-punctuality"
    tasks = (ReadFlights, TabulateCarriers, DrawCarriers)
