from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from gluepy_flights.source import FLIGHTS, WEATHER, read_table

MakeTable = Callable[..., pd.DataFrame]

#: What flight-delays leaves in the run folder, and has the same bytes every time.
OUTPUTS = (
    "flights.parquet",
    "weather.parquet",
    "features.parquet",
    "predictions.parquet",
    "scores.csv",
    "predicted-vs-actual.png",
    "report.html",
)


class Gluepy:
    """The command in a folder where there is no project, with no settings from outside.

    Attributes:
        folder: That folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Let it run; all its processes are one session, whose id is its own."""
        # A file, not a pipe: processes that outlive it would keep a pipe open.
        with (self.folder / "stderr.txt").open("wb") as stderr:
            return subprocess.Popen(
                self._command(arguments),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    def stderr(self) -> str:
        """Return what the last command that was started has said."""
        return (self.folder / "stderr.txt").read_text("utf-8", "replace")

    def journal(self) -> list[str]:
        """Return the complete lines of the journal of the only run; none if it has none yet."""
        journals = [path.read_text() for path in self.folder.rglob("journal.jsonl")]
        # What follows the last line feed was cut short by a kill, or is just being written.
        return [line for journal in journals for line in journal.split("\n")[:-1]]

    @property
    def run_folder(self) -> Path:
        """The folder of the only run."""
        (context,) = self.folder.rglob("context.yaml")
        return context.parent

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "gluepy", *arguments]

    @staticmethod
    def _environment() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("GLUEPY_")}


class Run(NamedTuple):
    """A run of flight-delays.

    Attributes:
        folder: Of the run.
        command: What the command said.
        journal: Its lines.
        outputs: What it left there, by name.
    """

    folder: Path
    command: subprocess.CompletedProcess[str]
    journal: list[str]
    outputs: dict[str, bytes]


@pytest.fixture
def gluepy(tmp_path: Path) -> Gluepy:
    """Return the command in a folder of the test's own."""
    return Gluepy(tmp_path)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run flight-delays once, one task after the other."""
    gluepy = Gluepy(tmp_path_factory.mktemp("empty"))
    command = gluepy.run("dag", "flight-delays", "--executor", "serial")
    assert command.returncode == 0, command.stderr
    return Run(gluepy.run_folder, command, gluepy.journal(), read_outputs(gluepy.run_folder))


@pytest.fixture
def outputs_of() -> Callable[[Path], dict[str, bytes]]:
    """Return a function that reads what flight-delays has left in a run folder."""
    return read_outputs


def read_outputs(folder: Path) -> dict[str, bytes]:
    carriers = sorted(path.relative_to(folder) for path in folder.glob("predictions/*"))
    return {name: (folder / name).read_bytes() for name in (*OUTPUTS, *map(str, carriers))}


@pytest.fixture
def make_flights() -> MakeTable:
    """Return a function that makes flights out of what matters: one dict per flight."""
    return _make_flights


@pytest.fixture
def make_weather() -> MakeTable:
    """Return a function that makes hours of weather out of what matters: one dict per hour."""
    return _make_weather


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    return read_table(FLIGHTS)


@pytest.fixture(scope="session")
def weather() -> pd.DataFrame:
    return read_table(WEATHER)


def _make_flights(*rows: dict[str, object]) -> pd.DataFrame:
    """Flights of UA from EWR to ORD on 1 March, scheduled at noon, on time, unless told otherwise.

    ``hour`` is the local one, and ``time_hour`` follows from it where it is not given.
    """
    usual: dict[str, object] = {
        "year": 2013,
        "month": 3,
        "day": 1,
        "dep_time": 1200.0,
        "dep_delay": 0.0,
        "arr_delay": 0.0,
        "sched_arr_time": 1400,
        "carrier": "UA",
        "origin": "EWR",
        "dest": "ORD",
        "distance": 719,
        "hour": 12,
        "minute": 0,
    }
    frame = pd.DataFrame([{**usual, "flight": number, **row} for number, row in enumerate(rows)])
    return frame.assign(time_hour=_time_hour(frame))


def _make_weather(*rows: dict[str, object]) -> pd.DataFrame:
    """Fair weather at EWR on 1 March at noon, unless told otherwise."""
    usual: dict[str, object] = {
        "origin": "EWR",
        "year": 2013,
        "month": 3,
        "day": 1,
        "hour": 12,
        "temp": 50.0,
        "dewp": 40.0,
        "humid": 60.0,
        "wind_dir": 270.0,
        "wind_speed": 10.0,
        "wind_gust": float("nan"),
        "precip": 0.0,
        "pressure": 1015.0,
        "visib": 10.0,
    }
    frame = pd.DataFrame([{**usual, **row} for row in rows])
    return frame.assign(time_hour=_time_hour(frame))


def _time_hour(frame: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    # Local standard time is five hours behind UTC.
    local = pd.to_datetime(frame[["year", "month", "day", "hour"]]).dt.tz_localize("UTC")
    derived = local + pd.Timedelta(hours=5)
    if "time_hour" not in frame:
        return derived
    return pd.to_datetime(frame["time_hour"], utc=True).fillna(derived)
