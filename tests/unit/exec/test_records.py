from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime

import pytest

from gluepy.exec.records import (
    CommandInfo,
    Frame,
    RunInfo,
    RunReport,
    SettingsInfo,
    StepReport,
    TaskInfo,
    TaskOutcome,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OUTCOME = TaskOutcome(status="failed", seconds=1.0, started_at=NOW, host="h", pid=1, error="E: x")

RECORDS = [
    CommandInfo(name="dag", arguments=("training",)),
    Frame("a.py", 1, "run"),
    SettingsInfo((("EXECUTOR", "serial"),)),
    RunInfo(
        run_id="1", dag="d", folder="runs/1", location="/x", steps=("a",), started_at=NOW, host="h",
        pid=1,
    ),
    TaskInfo(label="a", task="m:A", index=1),
    OUTCOME,
    RunReport(status="failed", seconds=1.0, steps=(StepReport("a", OUTCOME), StepReport("b"))),
]  # fmt: skip


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_record_can_be_pickled(record: object) -> None:
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - our own


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_record_is_frozen(record: object) -> None:
    name = dataclasses.fields(record)[0].name  # type: ignore[arg-type]  # all are dataclasses

    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, name, "other")


def test_report_tells_the_outcomes_of_steps_that_ran() -> None:
    report = RunReport(
        status="failed", seconds=1, steps=(StepReport("a", OUTCOME), StepReport("b"))
    )

    assert report.outcomes() == {"a": OUTCOME}


def test_settings_tell_what_nobody_set() -> None:
    settings = SettingsInfo((("EXECUTOR", "serial"),))

    assert settings.get("EXECUTOR") == "serial"
    assert settings.get("OTHER") is None
    assert settings.get("OTHER", 3) == 3
