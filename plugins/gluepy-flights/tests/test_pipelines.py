"""The real pipelines on all flights, through the command, in an empty folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from gluepy_flights.dags import FlightDelaysDAG
from gluepy_flights.tasks import BuildFeatures, ReadFlights, ReadWeather

if TYPE_CHECKING:
    from tests.conftest import Gluepy, Run

CARRIERS = (
    *("UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E"),
    *("WN", "VX", "FL", "AS", "F9", "YV", "HA", "OO"),
)


def test_everything_in_the_entry_points_is_labelled_as_it_is_called() -> None:
    declared = [
        entry
        for group in ("gluepy.dags", "gluepy.tasks")
        for entry in metadata.entry_points(group=group)
        if entry.value.startswith("gluepy_flights.")
    ]

    assert len(declared) == 11
    assert [entry.load().label for entry in declared] == [entry.name for entry in declared]


def test_model_beats_the_baseline_on_the_real_flights(
    run: Run,
) -> None:
    metrics = json.loads((run.folder / "metrics.json").read_text())

    assert metrics["flights_tested"] == 82_609
    assert metrics["mae_model"] < 20.5
    assert 21.5 < metrics["mae_baseline"] < metrics["mae_mean_baseline"]


def test_metrics_are_printed(run: Run) -> None:
    assert "metric:mae_model=20." in run.command.stdout
    assert "metric:mae_baseline=21." in run.command.stdout


def test_logged_metrics_are_those_of_the_predictions(
    run: Run,
) -> None:
    predictions = pd.read_parquet(run.folder / "predictions.parquet")
    metrics = json.loads((run.folder / "metrics.json").read_text())

    error = (predictions["predicted"] - predictions["arr_delay"]).abs().mean()
    assert error == pytest.approx(metrics["mae_model"], abs=1e-9)
    assert set(predictions["month"]) == {10, 11, 12}
    assert set(predictions["median"]) == {-5.0}


def test_outputs_are_written_and_the_report_shows_the_picture(
    run: Run,
) -> None:
    assert b'src="predicted-vs-actual.png"' in run.outputs["report.html"]
    assert run.outputs["predicted-vs-actual.png"].startswith(b"\x89PNG")


def test_flights_and_weather_are_read_side_by_side() -> None:
    tasks = FlightDelaysDAG.tasks

    assert list(tasks[ReadFlights]) == list(tasks[ReadWeather]) == []
    assert set(tasks[BuildFeatures]) == {ReadFlights, ReadWeather}


def test_every_carrier_has_a_step_of_its_own_and_those_with_most_flights_come_first(
    run: Run,
) -> None:
    steps = json.loads((run.folder / "run.json").read_text())["steps"]

    assert [label for label in steps if "[" in label] == [
        f"predict-delays[{carrier}]" for carrier in CARRIERS
    ]
    assert {step["status"] for step in steps.values()} == {"succeeded"}


def test_carrier_with_few_flights_gets_their_median(run: Run) -> None:
    predictions = pd.read_parquet(run.folder / "predictions.parquet")
    constant = predictions.groupby("carrier")["predicted"].nunique() == 1

    assert set(constant.index[constant]) == {"AS", "F9", "HA", "OO", "YV"}


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_outputs_are_the_same_bytes_side_by_side(
    executor: str, run: Run, gluepy: Gluepy, outputs_of: Callable[[Path], dict[str, bytes]]
) -> None:
    result = gluepy.run("dag", "flight-delays", "--executor", executor, "-j", "2")

    assert result.returncode == 0, result.stderr
    outputs = outputs_of(gluepy.run_folder)
    assert list(outputs) == list(run.outputs)
    assert [name for name, content in outputs.items() if content != run.outputs[name]] == []
    assert result.stdout == run.command.stdout


def test_carrier_punctuality_makes_a_table_and_charts(gluepy: Gluepy) -> None:
    result = gluepy.run("dag", "carrier-punctuality", "--set", "flights.late_from_min=30")

    assert result.returncode == 0, result.stderr
    folder = gluepy.run_folder
    assert len(pd.read_csv(folder / "carriers.csv")) == 16
    assert (folder / "carriers.png").stat().st_size > 10_000
    assert (folder / "carriers-by-hour.png").stat().st_size > 10_000


def test_missing_data_ends_in_one_sentence(gluepy: Gluepy, tmp_path: Path) -> None:
    result = gluepy.run(
        "dag", "carrier-punctuality", "--set", f"flights.data_folder={tmp_path}/none"
    )

    assert result.returncode == 1
    assert f"cannot use '{tmp_path}/none/flights.csv.zip': it is missing" in result.stderr


def test_mistyped_parameter_is_named(gluepy: Gluepy) -> None:
    result = gluepy.run("dag", "carrier-punctuality", "--set", "flights.data_foldr=x")

    assert result.returncode == 1
    assert "flights.data_foldr: there is no such parameter" in result.stderr
