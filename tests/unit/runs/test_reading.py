"""A run as it stands, whatever happens while it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gluepy.exec.records import RunReport
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.reading import read_run
from gluepy.runs.record import Opening, RunRecord

MakeOpening = Callable[..., Opening]

FOLDER = "runs/2026/11/22/abc"


class Meddling(LocalStorage):
    """Lets something happen just before or after the journal is read for the first time."""

    def __init__(self, root: Path, before: Callable[[], Any], after: Callable[[], Any]) -> None:
        super().__init__(root)
        self._steps = [before, after]

    def open(self, file_path: Any, mode: Any = "rb") -> Any:
        if not str(file_path).endswith("journal.jsonl") or not self._steps:
            return super().open(file_path, mode)
        before, after = self._steps
        self._steps = []
        before()
        content = super().open(file_path, mode)
        after()
        return content


def nothing() -> None:
    """Let nothing happen."""


def test_run_whose_process_works_is_running(local: LocalStorage, opening: MakeOpening) -> None:
    with RunRecord.open(local, opening(folder=FOLDER)) as record:
        record.planned(["a"])
        record.started("a", 1)

        state, is_live = read_run(local, FOLDER)

    assert (state.status, state.steps["a"].status, is_live) == ("running", "running", True)


def test_run_whose_process_is_gone_is_lost(local: LocalStorage, opening: MakeOpening) -> None:
    with RunRecord.open(local, opening(folder=FOLDER)) as record:
        record.planned(["a"])
        record.started("a", 1)

    state, is_live = read_run(local, FOLDER)

    assert (state.status, state.steps["a"].status, is_live) == ("lost", "lost", False)


def test_run_that_ends_meanwhile_has_not_died(
    local: LocalStorage, opening: MakeOpening, tmp_path: Path
) -> None:
    record = RunRecord.open(local, opening(folder=FOLDER))

    def end() -> None:
        record.finish(RunReport(status="succeeded", seconds=1.0, steps=()))
        record.close()

    state, is_live = read_run(Meddling(tmp_path / "data", nothing, end), FOLDER)

    assert (state.status, is_live) == ("running", True)
    assert read_run(local, FOLDER)[0].status == "succeeded"


def test_run_that_is_resumed_meanwhile_has_not_died(
    local: LocalStorage, opening: MakeOpening, tmp_path: Path
) -> None:
    RunRecord.open(local, opening(folder=FOLDER)).close()
    records: list[RunRecord] = []

    def resume() -> None:
        records.append(RunRecord.open(local, opening("resume", folder=FOLDER)))

    state, is_live = read_run(Meddling(tmp_path / "data", resume, nothing), FOLDER)
    records[0].close()

    assert (state.status, is_live) == ("running", True)
