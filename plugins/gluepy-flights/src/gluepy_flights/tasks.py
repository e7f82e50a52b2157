"""The tasks: each reads what others left in the run folder, calls one function, and writes."""

from __future__ import annotations

import dataclasses

import pandas as pd

from gluepy import EvaluationTask, Task
from gluepy.files.data import data_manager
from gluepy.files.storages import default_storage
from gluepy.files.storages.utils import plot
from gluepy.ops import default_mlops
from gluepy_flights.charts import draw_by_hour, draw_density, draw_punctuality
from gluepy_flights.evaluation import metrics_of, score
from gluepy_flights.features import IDENTITY, TARGET, build_features
from gluepy_flights.model import carriers_of, join, predict, split
from gluepy_flights.parameters import get_parameters
from gluepy_flights.punctuality import late_by_hour, tabulate
from gluepy_flights.report import render_report
from gluepy_flights.source import AIRLINES, FLIGHTS, WEATHER, Table, read_table

__all__ = [
    "BuildFeatures",
    "DrawCarriers",
    "EvaluateDelays",
    "JoinPredictions",
    "PredictDelays",
    "ReadFlights",
    "ReadWeather",
    "ReportDelays",
    "TabulateCarriers",
]

FLIGHTS_FILE = "flights.parquet"
WEATHER_FILE = "weather.parquet"
FEATURES_FILE = "features.parquet"
CARRIER_PREDICTIONS_FILE = "predictions/{}.parquet"
PREDICTIONS_FILE = "predictions.parquet"
SCORES_FILE = "scores.csv"
DENSITY_FILE = "predicted-vs-actual.png"
REPORT_FILE = "report.html"
CARRIERS_FILE = "carriers.csv"
PUNCTUALITY_FILE = "carriers.png"
BY_HOUR_FILE = "carriers-by-hour.png"


class ReadFlights(Task):
    """Read and check all flights."""

    label = "read-flights"

    def run(self) -> None:
        """Write ``flights.parquet``."""
        data_manager.write(FLIGHTS_FILE, _read_source(FLIGHTS))


class ReadWeather(Task):
    """Read and check the hourly weather at the three airports."""

    label = "read-weather"

    def run(self) -> None:
        """Write ``weather.parquet``."""
        data_manager.write(WEATHER_FILE, _read_source(WEATHER))


class BuildFeatures(Task):
    """Join flights, weather and recent delays into what may be known before departure."""

    label = "build-features"

    def run(self) -> None:
        """Write ``features.parquet`` and log the parameters of the run."""
        parameters = get_parameters()
        for name, value in dataclasses.asdict(parameters).items():
            default_mlops.log_param(name, value)
        flights = data_manager.read(FLIGHTS_FILE)
        weather = data_manager.read(WEATHER_FILE)
        features = build_features(flights, weather, notice_h=parameters.notice_h)
        data_manager.write(FEATURES_FILE, features)


class PredictDelays(Task):
    """Train on the first months of one carrier and predict its others."""

    label = "predict-delays"

    def partitions(self) -> list[str]:
        """Return the carriers that have flights to predict."""
        features = data_manager.read(FEATURES_FILE, columns=["carrier", "month"])
        return carriers_of(features, get_parameters().first_test_month)

    def run(self) -> None:
        """Write ``predictions/AA.parquet``, where AA is the carrier."""
        parameters = get_parameters()
        flights = data_manager.read(FEATURES_FILE, filters=[("carrier", "==", self.partition)])
        train, test = split(flights, parameters.first_test_month)
        predictions = predict(train, test, parameters)
        data_manager.write(CARRIER_PREDICTIONS_FILE.format(self.partition), predictions)


class JoinPredictions(Task):
    """Put the predictions of all carriers together, next to the baselines."""

    label = "join-predictions"

    def run(self) -> None:
        """Write ``predictions.parquet``."""
        first_test_month = get_parameters().first_test_month
        features = data_manager.read(FEATURES_FILE, columns=[*IDENTITY, TARGET])
        parts = [
            data_manager.read(CARRIER_PREDICTIONS_FILE.format(carrier))
            for carrier in carriers_of(features, first_test_month)
        ]
        data_manager.write(PREDICTIONS_FILE, join(features, parts, first_test_month))


class EvaluateDelays(EvaluationTask):
    """Measure the model against constants that know nothing of the flight."""

    label = "evaluate-delays"

    def run(self) -> None:
        """Write ``scores.csv`` and log the mean absolute errors, in minutes."""
        scores = score(data_manager.read(PREDICTIONS_FILE))
        data_manager.write(SCORES_FILE, scores)
        for name, value in metrics_of(scores).items():
            default_mlops.log_metric(name, value)


class ReportDelays(EvaluationTask):
    """Write a page that a person can read."""

    label = "report-delays"

    def run(self) -> None:
        """Write ``report.html`` and the picture in it."""
        parameters = get_parameters()
        with plot(DENSITY_FILE) as plt:
            draw_density(plt.figure(figsize=(9, 6), dpi=150), data_manager.read(PREDICTIONS_FILE))
        report = render_report(
            data_manager.read(FLIGHTS_FILE),
            data_manager.read(SCORES_FILE),
            _read_source(AIRLINES),
            parameters,
            picture=DENSITY_FILE,
        )
        default_storage.touch(default_storage.runpath(REPORT_FILE), report)


class TabulateCarriers(Task):
    """Count how the flights of each carrier ended."""

    label = "tabulate-carriers"

    def run(self) -> None:
        """Write ``carriers.csv``."""
        table = tabulate(
            data_manager.read(FLIGHTS_FILE),
            _read_source(AIRLINES),
            late_from_min=get_parameters().late_from_min,
        )
        data_manager.write(CARRIERS_FILE, table)


class DrawCarriers(Task):
    """Draw the carriers side by side, and each over the day."""

    label = "draw-carriers"

    def run(self) -> None:
        """Write ``carriers.png`` and ``carriers-by-hour.png``."""
        late_from_min = get_parameters().late_from_min
        table = data_manager.read(CARRIERS_FILE)
        hours = late_by_hour(data_manager.read(FLIGHTS_FILE), late_from_min=late_from_min)
        with plot(PUNCTUALITY_FILE) as plt:
            figure = plt.figure(figsize=(10, 7), dpi=150)
            draw_punctuality(figure, table, late_from_min=late_from_min)
        with plot(BY_HOUR_FILE) as plt:
            draw_by_hour(plt.figure(figsize=(11, 9), dpi=150), hours, table)


def _read_source(table: Table) -> pd.DataFrame:
    return read_table(table, get_parameters().data_folder)
