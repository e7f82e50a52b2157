"""The real pipelines on all flights, through the command, in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest

OUTPUTS = (
    "flights.parquet",
    "weather.parquet",
    "features.parquet",
    "predictions.parquet",
    "scores.csv",
    "predicted-vs-actual.png",
    "report.html",
)


def _gluepy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where there is no project, with no settings from outside."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GLUEPY_")
    }
    return subprocess.run(
        [sys.executable, "-m", "gluepy", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def _run_folder(folder: Path) -> Path:
    (context,) = folder.rglob("context.yaml")
    return context.parent


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run flight-delays once."""
    folder = tmp_path_factory.mktemp("empty")
    result = _gluepy(folder, "dag", "flight-delays")
    assert result.returncode == 0, result.stderr
    return _run_folder(folder), result


def test_everything_in_the_entry_points_is_labelled_as_it_is_called() -> None:
    declared = [
        entry
        for group in ("gluepy.dags", "gluepy.tasks")
        for entry in metadata.entry_points(group=group)
        if entry.value.startswith("gluepy_flights.")
    ]

    assert len(declared) == 10
    assert [entry.load().label for entry in declared] == [entry.name for entry in declared]


def test_model_beats_the_baseline_on_the_real_flights(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    metrics = json.loads((run[0] / "metrics.json").read_text())

    assert metrics["flights_tested"] == 82_609
    assert metrics["mae_model"] < 20.5
    assert 21.5 < metrics["mae_baseline"] < metrics["mae_mean_baseline"]


def test_metrics_are_printed(run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert "metric:mae_model=20." in run[1].stdout
    assert "metric:mae_baseline=21." in run[1].stdout


def test_logged_metrics_are_those_of_the_predictions(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    predictions = pd.read_parquet(run[0] / "predictions.parquet")
    metrics = json.loads((run[0] / "metrics.json").read_text())

    error = (predictions["predicted"] - predictions["arr_delay"]).abs().mean()
    assert error == pytest.approx(metrics["mae_model"], abs=1e-9)
    assert set(predictions["month"]) == {10, 11, 12}
    assert set(predictions["median"]) == {-5.0}


def test_outputs_are_written_and_the_report_shows_the_picture(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = run

    assert set(OUTPUTS) <= {path.name for path in folder.iterdir()}
    assert 'src="predicted-vs-actual.png"' in (folder / "report.html").read_text()
    assert (folder / "predicted-vs-actual.png").read_bytes().startswith(b"\x89PNG")


def test_second_run_writes_the_same_bytes(
    run: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    result = _gluepy(tmp_path, "dag", "flight-delays")

    assert result.returncode == 0, result.stderr
    again = _run_folder(tmp_path)
    different = [
        name for name in OUTPUTS if (run[0] / name).read_bytes() != (again / name).read_bytes()
    ]
    assert different == []


def test_carrier_punctuality_makes_a_table_and_charts(tmp_path: Path) -> None:
    result = _gluepy(tmp_path, "dag", "carrier-punctuality", "--set", "flights.late_from_min=30")

    assert result.returncode == 0, result.stderr
    folder = _run_folder(tmp_path)
    assert len(pd.read_csv(folder / "carriers.csv")) == 16
    assert (folder / "carriers.png").stat().st_size > 10_000
    assert (folder / "carriers-by-hour.png").stat().st_size > 10_000


def test_missing_data_ends_in_one_sentence(tmp_path: Path) -> None:
    result = _gluepy(
        tmp_path, "dag", "carrier-punctuality", "--set", f"flights.data_folder={tmp_path}/none"
    )

    assert result.returncode == 1
    assert f"cannot use '{tmp_path}/none/flights.csv.zip': it is missing" in result.stderr


def test_mistyped_parameter_is_named(tmp_path: Path) -> None:
    result = _gluepy(tmp_path, "dag", "carrier-punctuality", "--set", "flights.data_foldr=x")

    assert result.returncode == 1
    assert "flights.data_foldr: there is no such parameter" in result.stderr
