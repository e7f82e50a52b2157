from __future__ import annotations

from dataclasses import replace

import pytest

from gluepy import RunInfo
from gluepy.engine.request import RunRequest, RunResult
from gluepy.exec.plan import ALL
from gluepy.exec.records import RunReport, StepReport, TaskOutcome


def result(info: RunInfo, *labels: str, evaluations: tuple[str, ...]) -> RunResult:
    end = TaskOutcome(status="succeeded", seconds=1.0, started_at=info.started_at, host="h", pid=1)
    steps = tuple(StepReport(label, end) for label in labels)
    report = RunReport(status="succeeded", seconds=1.0, steps=(*steps, StepReport("not-run")))
    return RunResult(run=info, report=report, metrics={}, compared={}, evaluations=evaluations)


@pytest.mark.parametrize(
    ("ran", "evaluations", "expected"),
    [
        (["fit"], (), False),
        (["fit"], ("score",), False),
        (["fit", "score"], ("score",), True),
        (["score[AA]"], ("score",), True),
        (["fit"], ("not-run",), False),
    ],
)
def test_run_has_evaluated_if_an_evaluation_task_has_run(
    info: RunInfo, ran: list[str], evaluations: tuple[str, ...], expected: bool
) -> None:
    assert result(info, *ran, evaluations=evaluations).has_evaluated is expected


def test_request_asks_for_a_new_run_of_everything_by_default() -> None:
    request = RunRequest()

    assert request.selection == ALL
    assert (request.retry, request.resume, request.folder) == ("", False, "")
    assert replace(request, retry="runs/1").retry == "runs/1"
