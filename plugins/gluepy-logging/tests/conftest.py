"""Records as the core makes them, and a plugin that writes to a file of the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from gluepy import RunInfo, SettingsInfo, TaskInfo, TaskOutcome
from gluepy_logging import LoggingPlugin

MOMENT = datetime(2026, 11, 22, 10, 40, 12, 345678, tzinfo=UTC)


@pytest.fixture
def run() -> RunInfo:
    return RunInfo(
        run_id="0b5e",
        dag="training",
        folder="runs/2026/11/22/0b5e",
        location="/data/runs/2026/11/22/0b5e",
        steps=("load", "train"),
        sources=("acme-forecast 1.0",),
        started_at=MOMENT,
        host="forge",
        pid=7,
    )


@pytest.fixture
def task() -> TaskInfo:
    return TaskInfo(label="train", task="acme.tasks:Train", index=2, attempt=3)


@pytest.fixture
def outcome() -> TaskOutcome:
    return TaskOutcome(status="succeeded", seconds=1.5, started_at=MOMENT, host="worker", pid=8)


@pytest.fixture
def other_run(run: RunInfo) -> RunInfo:
    return replace(run, run_id="77aa", dag="scoring")


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "run.jsonl"


@pytest.fixture
def read_lines(log_file: Path) -> Callable[[], list[dict[str, object]]]:
    def read() -> list[dict[str, object]]:
        return [json.loads(line, parse_constant=pytest.fail) for line in _lines_of(log_file)]

    return read


def _lines_of(path: Path) -> list[str]:
    content = path.read_bytes()
    assert content == b"" or content.endswith(b"\n")
    # Not splitlines(): it would also split where JSON does not end a line.
    return content.decode("ascii").split("\n")[:-1]


@pytest.fixture
def plugin(log_file: Path) -> LoggingPlugin:
    """Writes to `log_file`; its clock is a second later each time."""
    seconds = count(100)
    plugin = LoggingPlugin(now=lambda: MOMENT, clock=lambda: float(next(seconds)))
    plugin.configure(SettingsInfo((("JSONLOG", str(log_file)),)))
    return plugin
