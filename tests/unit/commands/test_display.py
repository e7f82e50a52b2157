from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from gluepy import RunInfo, RunReport, TaskInfo, TaskOutcome
from gluepy.commands._display import RunDisplay, render_failure
from gluepy.exec.records import Frame, Outcome, StepReport

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RUN = RunInfo(
    run_id="k3f",
    dag="training",
    folder="runs/2026/11/22/k3f",
    location="/data/runs/2026/11/22/k3f",
    steps=("load-raw", "clean", "report"),
    started_at=NOW,
    host="h",
    pid=1,
)
TASK = TaskInfo(label="clean", task="churn.tasks:Clean", index=2)
OWN = Frame("churn/tasks.py", 13, "run", 'return params["horizn"]', "       ^^^^^^^^^^^^^^^^")
LIBRARY = Frame("/lib/pandas/core.py", 99, "get", "x", "", "library", "pandas")
OURS = Frame("/gluepy/engine/step.py", 47, "attempt", "cls().run()", "", "gluepy", "gluepy")


def outcome(status: Outcome, **rest: object) -> TaskOutcome:
    done = TaskOutcome(status=status, seconds=0.3, started_at=NOW, host="h", pid=1)
    return replace(done, **rest)  # type: ignore[arg-type]  # fields by name


FAILED = outcome(
    "failed",
    error="KeyError: 'horizn'",
    frames=(OURS, OWN, LIBRARY, LIBRARY),
    traceback="Traceback (most recent call last):\n  all of it\nKeyError: 'horizn'\n",
)


def plain_failure(task: TaskInfo, end: TaskOutcome, *, tb: str) -> list[str]:
    return [click.unstyle(line) for line in render_failure(task, end, tb=tb)]


def shown(
    capsys: pytest.CaptureFixture[str], run: RunInfo, task: TaskInfo, end: TaskOutcome
) -> str:
    display = RunDisplay()
    display.before_dag(run=run)
    display.after_task(task=task, run=run, outcome=end)
    place = run.steps.index(task.label)
    ends = [outcome("succeeded")] * place + [end] + [None] * (len(run.steps) - place - 1)
    is_good = ends[-1] is not None and end.status in ("succeeded", "skipped")
    report = RunReport(
        status="succeeded" if is_good else "failed",
        seconds=0.85,
        steps=tuple(map(StepReport, run.steps, ends)),
    )
    display.after_dag(run=run, report=report)
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_failing_run_is_shown_with_the_command_that_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert shown(capsys, RUN, TASK, FAILED) == (
        "training  3 tasks  run k3f  /data/runs/2026/11/22/k3f\n"
        "  2/3 FAILED    clean       300 ms\n"
        "  3/3 not run   report\n"
        "\n"
        "Task 'clean' failed: KeyError: 'horizn'\n"
        "  churn/tasks.py:13 in run\n"
        '    return params["horizn"]\n'
        "           ^^^^^^^^^^^^^^^^\n"
        "  (2 frames in pandas)\n"
        "  (--tb full shows all frames)\n"
        "\n"
        "1 done, 1 failed, 1 not run in 850 ms\n"
        "Fix it, then go on:  gluepy dag training --resume\n"
    )


def test_successful_run_needs_no_advice(capsys: pytest.CaptureFixture[str]) -> None:
    run = replace(RUN, steps=("clean",))

    text = shown(capsys, run, replace(TASK, index=1), outcome("succeeded"))

    assert text.endswith("  1/1 done      clean    300 ms\n\n1 done in 850 ms\n")


def test_skipped_step_has_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    run = replace(RUN, steps=("load-raw", "clean"))

    text = shown(capsys, run, TASK, outcome("skipped", reason="nothing\nnew"))

    assert "  2/2 skipped   clean       300 ms  nothing\\nnew\n" in text
    assert "Fix it" not in text


def test_task_without_a_dag_goes_on_alone(capsys: pytest.CaptureFixture[str]) -> None:
    run = replace(RUN, dag="", steps=("clean",))

    text = shown(capsys, run, TASK, FAILED)

    assert text.startswith("one task  1 task  run k3f")
    assert text.endswith("go on:  gluepy task clean --run runs/2026/11/22/k3f\n")


def test_command_that_goes_on_is_quoted_for_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    run = replace(RUN, dag="Train Model")

    text = shown(capsys, run, TASK, FAILED)

    assert text.endswith("gluepy dag 'Train Model' --resume\n")


def test_labels_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run = replace(RUN, steps=("a\x1b[2J",))
    task = replace(TASK, label="a\x1b[2J")

    assert "\x1b" not in shown(capsys, run, task, FAILED)


@pytest.mark.parametrize(
    ("tb", "lines"),
    [
        ("no", []),
        ("line", ["  churn/tasks.py:13 in run"]),
        ("full", ["Traceback (most recent call last):", "  all of it", "KeyError: 'horizn'"]),
    ],
)
def test_traceback_is_shown_as_the_user_wants(tb: str, lines: list[str]) -> None:
    assert plain_failure(TASK, FAILED, tb=tb)[1:] == lines


def test_hint_and_causes_of_an_error_are_shown() -> None:
    end = outcome("failed", error="ValueError: x\nbecause of KeyError: 'y'", hint="Mend it.")

    assert plain_failure(TASK, end, tb="no") == [
        "Task 'clean' failed: ValueError: x",
        "  because of KeyError: 'y'",
        "Hint: Mend it.",
    ]


def test_interrupted_run_can_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    display = RunDisplay()
    done, stopped = StepReport("load-raw", outcome("succeeded")), StepReport("clean")
    report = RunReport(status="interrupted", seconds=1.0, steps=(done, stopped), signal=2)

    display.after_dag(run=replace(RUN, steps=("load-raw", "clean")), report=report)

    assert capsys.readouterr().err.endswith("\nGo on:  gluepy dag training --resume\n")


def test_selection_of_the_first_run_is_part_of_the_command_that_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = RunDisplay(selected_by=["--select", "tag:slow +fit"])
    report = RunReport(status="failed", seconds=1.0, steps=(StepReport("clean", FAILED),))

    for run in (RUN, replace(RUN, run_id="inner", dag="other")):
        display.before_dag(run=run)
    for run in (replace(RUN, run_id="inner", dag="other"), RUN):
        display.after_dag(run=run, report=report)

    advice = [line for line in capsys.readouterr().err.splitlines() if "go on" in line]
    assert advice == [
        "Fix it, then go on:  gluepy dag other --resume",
        "Fix it, then go on:  gluepy dag training --select 'tag:slow +fit' --resume",
    ]


def test_run_that_is_resumed_says_what_is_done_and_what_has_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = replace(RUN, done=("load-raw", "clean"), changes=("acme 1.0 -> 1.1",))
    display = RunDisplay()

    display.before_dag(run=run)
    display.after_dag(
        run=run,
        report=RunReport(
            status="succeeded",
            seconds=0.85,
            steps=(
                *(StepReport(label, is_done=True) for label in run.done),
                StepReport("report", outcome("succeeded")),
            ),
        ),
    )

    assert capsys.readouterr().err.splitlines()[1:] == [
        "  2 done before",
        "  other than before: acme 1.0 -> 1.1",
        "",
        "1 done, 2 done before in 850 ms",
    ]


def test_step_that_did_not_run_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    steps = (StepReport("load-raw", FAILED), StepReport("clean", reason="it needs 'load-raw'"))

    RunDisplay().after_dag(
        run=replace(RUN, steps=("load-raw", "clean")),
        report=RunReport(status="failed", seconds=1.0, steps=steps),
    )

    shown = capsys.readouterr().err
    assert "  2/2 not run   clean     it needs 'load-raw'\n" in shown


def test_attempts_of_a_step_are_shown_each(capsys: pytest.CaptureFixture[str]) -> None:
    display = RunDisplay()
    run = replace(RUN, steps=("clean",))
    second = replace(TASK, index=1, attempt=2)

    display.after_task(task=replace(TASK, index=1), run=run, outcome=FAILED)
    display.after_task(task=second, run=run, outcome=outcome("succeeded"))
    display.after_dag(
        run=run,
        report=RunReport(
            status="succeeded", seconds=1.0, steps=(StepReport("clean", outcome("succeeded")),)
        ),
    )

    assert capsys.readouterr().err == (
        "  1/1 FAILED    clean    300 ms\n"
        "  1/1 done      clean (attempt 2)    300 ms\n"
        "\n"
        "1 done in 1.0 s\n"
    )


def test_step_that_failed_is_explained_though_another_was_tried_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = RunDisplay(is_quiet=True)
    other = replace(TASK, label="report", index=3)
    report = RunReport(status="failed", seconds=1.0, steps=(StepReport("clean", FAILED),))

    display.after_task(task=TASK, run=RUN, outcome=FAILED)
    display.after_task(task=other, run=RUN, outcome=outcome("lost", error="it died"))
    display.after_task(task=other, run=RUN, outcome=outcome("succeeded"))
    display.after_dag(run=RUN, report=report)

    shown = capsys.readouterr().err
    assert shown.startswith("Task 'clean' failed: KeyError: 'horizn'\n")
    assert "report" not in shown


def test_task_alone_whose_record_failed_goes_on_with_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = replace(RUN, dag="", steps=("clean",))
    steps = (StepReport("clean", outcome("succeeded")),)

    RunDisplay().after_dag(run=run, report=RunReport(status="failed", seconds=1.0, steps=steps))

    shown = capsys.readouterr().err
    assert shown.endswith("go on:  gluepy task clean --run runs/2026/11/22/k3f\n")


@pytest.mark.parametrize(
    ("status", "title", "line"),
    [
        ("timed-out", "Task 'clean' timed out: why", "  2/3 TIMED OUT clean       300 ms\n"),
        ("lost", "Task 'clean' was lost: why", "  2/3 LOST      clean       300 ms\n"),
        (
            "interrupted",
            "Task 'clean' was interrupted: why",
            "  2/3 STOPPED   clean       300 ms\n",
        ),
    ],
)
def test_every_way_to_end_has_its_word(
    capsys: pytest.CaptureFixture[str], status: Outcome, title: str, line: str
) -> None:
    end = outcome(status, error="why")

    text = shown(capsys, RUN, TASK, end)

    assert line in text
    assert plain_failure(TASK, end, tb="no") == [title]


def test_interrupted_task_has_not_failed() -> None:
    end = outcome("interrupted", error="Stopped: SIGTERM")

    assert plain_failure(TASK, end, tb="no") == ["Task 'clean' was interrupted: Stopped: SIGTERM"]


def test_failure_in_a_library_alone_shows_its_last_frame() -> None:
    end = outcome("failed", error="E", frames=(OURS, LIBRARY))

    assert plain_failure(TASK, end, tb="line")[1:] == ["  /lib/pandas/core.py:99 in get"]


def test_long_failure_shows_the_innermost_of_the_authors_frames() -> None:
    frames = tuple(replace(OWN, line=line, marker="", code="") for line in range(1, 10))

    lines = plain_failure(TASK, outcome("failed", error="E", frames=frames), tb="short")

    assert lines[1:] == [
        "  (4 frames in your code)",
        *(f"  churn/tasks.py:{line} in run" for line in range(5, 10)),
        "  (--tb full shows all frames)",
    ]


def test_paths_below_the_current_folder_are_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = (replace(OWN, file=str(tmp_path / "churn" / "tasks.py")),)

    lines = plain_failure(TASK, outcome("failed", error="E", frames=frames), tb="line")

    assert lines[1] == "  churn/tasks.py:13 in run"


def test_path_is_shown_when_there_is_no_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    frames = (replace(OWN, file="/churn/tasks.py"),)

    lines = plain_failure(TASK, outcome("failed", error="E", frames=frames), tb="line")

    assert lines[1] == "  /churn/tasks.py:13 in run"
