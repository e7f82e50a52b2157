"""Why a task did not succeed, on one screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from gluepy import TaskInfo, TaskOutcome
from gluepy.commands._failure import render_failure, render_others, short_path
from gluepy.exec.records import Frame, Outcome

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TASK = TaskInfo(label="clean", task="churn.tasks:Clean", index=2)
OWN = Frame("churn/tasks.py", 13, "run", 'return params["horizn"]', "       ^^^^^^^^^^^^^^^^")
LIBRARY = Frame("/lib/pandas/core.py", 99, "get", "x", "", "library", "pandas")
OTHER = Frame("/lib/numpy/core.py", 7, "call", "y", "", "library", "numpy")
OURS = Frame("/gluepy/engine/step.py", 47, "attempt", "cls().run()", "", "gluepy", "gluepy")


def outcome(status: Outcome = "failed", **rest: object) -> TaskOutcome:
    done = TaskOutcome(status=status, seconds=0.3, started_at=NOW, host="h", pid=1)
    return replace(done, **rest)  # type: ignore[arg-type]  # fields by name


FAILED = outcome(
    error="KeyError: 'horizn'",
    frames=(OURS, OWN, LIBRARY, LIBRARY),
    traceback="Traceback (most recent call last):\n  all of it\nKeyError: 'horizn'\n",
)


def plain(end: TaskOutcome, **options: object) -> list[str]:
    lines = render_failure(TASK, end, **{"tb": "short", **options})  # type: ignore[arg-type]  # by name
    return [click.unstyle(line) for line in lines]


def test_authors_frames_are_shown_and_those_of_libraries_counted() -> None:
    assert plain(FAILED) == [
        "Task 'clean' failed: KeyError: 'horizn'",
        "  churn/tasks.py:13 in run",
        '    return params["horizn"]',
        "           ^^^^^^^^^^^^^^^^",
        "  (2 frames in pandas; --tb full shows all)",
    ]


@pytest.mark.parametrize(
    ("tb", "lines"),
    [
        ("no", []),
        ("line", ["  churn/tasks.py:13 in run"]),
        ("full", ["Traceback (most recent call last):", "  all of it", "KeyError: 'horizn'"]),
    ],
)
def test_traceback_is_shown_as_the_user_wants(tb: str, lines: list[str]) -> None:
    assert plain(FAILED, tb=tb)[1:] == lines


@pytest.mark.parametrize("tb", ["short", "line", "no", "full"])
def test_hint_and_place_come_last(tb: str) -> None:
    end = replace(FAILED, hint="Mend it.")

    assert plain(end, tb=tb, place="Log: logs/clean.log")[-2:] == [
        "Hint: Mend it.",
        "Log: logs/clean.log",
    ]


def test_causes_of_an_error_are_one_line() -> None:
    end = outcome(error="ValueError: x\nbecause of KeyError: 'y'\n more\nbecause of OSError: z")

    assert plain(end, tb="no") == [
        "Task 'clean' failed: ValueError: x",
        "  because of KeyError: 'y', because of OSError: z",
    ]


def test_message_of_many_lines_is_cut() -> None:
    end = outcome(error="ValueError: a\n\n" + "\n".join(map(str, range(100))))

    assert plain(end, tb="no") == ["Task 'clean' failed: ValueError: a", "  0", "  1"]


def test_long_line_is_cut() -> None:
    (line,) = plain(outcome(error="ValueError: " + "x" * 10_000), tb="no")

    assert len(line) < 350
    assert line.endswith("xxx...")


@pytest.mark.parametrize("tb", ["short", "full"])
def test_last_lines_that_the_task_printed_are_shown(tb: str) -> None:
    printed = "1\n2\n\n3\n4\n5\n 10%\r 100%\n"

    lines = plain(FAILED, tb=tb, printed=printed)

    assert lines[-6:] == ["  printed last:", "    2", "    3", "    4", "    5", "     100%"]


@pytest.mark.parametrize("tb", ["line", "no"])
def test_what_the_task_printed_is_no_part_of_a_short_report(tb: str) -> None:
    assert "  printed last:" not in plain(FAILED, tb=tb, printed="1\n")


def test_printed_text_cannot_command_the_terminal() -> None:
    assert plain(FAILED, printed="\x1b[2J\n")[-1] == "    \\x1b[2J"


def test_task_without_an_error_has_its_outcome_as_the_reason() -> None:
    assert plain(outcome("lost")) == ["Task 'clean' was lost: lost"]


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ("timed-out", "Task 'clean' timed out: why"),
        ("lost", "Task 'clean' was lost: why"),
        ("interrupted", "Task 'clean' was interrupted: why"),
    ],
)
def test_every_way_to_end_has_its_verb(status: Outcome, title: str) -> None:
    assert plain(outcome(status, error="why"), tb="no") == [title]


def test_failure_in_a_library_alone_shows_its_last_frame() -> None:
    end = outcome(error="E", frames=(OURS, OTHER, LIBRARY))

    assert plain(end, tb="line")[1:] == ["  /lib/pandas/core.py:99 in get"]
    assert plain(end)[1:] == [
        "  (1 frame in numpy; --tb full shows all)",
        "  /lib/pandas/core.py:99 in get",
        "    x",
    ]


def test_failure_in_gluepy_alone_shows_its_last_frame() -> None:
    assert plain(outcome(error="E", frames=(OURS,)), tb="line")[1:] == [
        "  /gluepy/engine/step.py:47 in attempt"
    ]


def test_frames_of_many_libraries_are_one_line() -> None:
    others = [replace(LIBRARY, package=name) for name in ("a", "b", "c", "d", "a")]

    assert plain(outcome(error="E", frames=(OWN, *others)))[-1] == (
        "  (2 frames in a, 1 frame in b, 1 frame in c, more in others; --tb full shows all)"
    )


def test_many_frames_show_the_innermost_of_the_authors() -> None:
    frames = tuple(replace(OWN, line=line, marker="", code="") for line in range(1, 10))

    assert plain(outcome(error="E", frames=frames))[1:] == [
        "  (4 frames in your code; --tb full shows all)",
        *(f"  churn/tasks.py:{line} in run" for line in range(5, 10)),
    ]


def test_frames_of_a_recursion_are_shown_once() -> None:
    start, again = replace(OWN, line=1, code=""), replace(OWN, line=2, code="")
    frames = tuple(replace(one, marker="") for one in (start, *[again] * 198))

    assert plain(outcome(error="E", frames=frames))[1:] == [
        "  churn/tasks.py:1 in run",
        "  (197 frames in your code; --tb full shows all)",
        "  churn/tasks.py:2 in run",
    ]


@pytest.mark.parametrize("frames", [1, 3, 30])
@pytest.mark.parametrize("causes", [0, 4])
@pytest.mark.parametrize("printed", [0, 3, 100])
def test_report_fits_on_a_screen(frames: int, causes: int, printed: int) -> None:
    trace = tuple(
        replace(one, line=line) for line in range(frames) for one in (OTHER, OWN, LIBRARY)
    )
    error = "E: 1\n2\n3\n4" + "\nbecause of E: x" * causes
    text = "".join(f"{line}\n" for line in range(printed))

    for max_lines in (16, 12):
        lines = plain(
            outcome(error=error, frames=trace, hint="Mend it."),
            printed=text,
            place="Log: l",
            max_lines=max_lines,
        )

        assert len(lines) <= max_lines
        assert "  churn/tasks.py:" in "\n".join(lines)
        assert lines[-2:] == ["Hint: Mend it.", "Log: l"]


def test_paths_below_the_current_folder_are_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = (replace(OWN, file=str(tmp_path / "churn" / "tasks.py")),)

    assert plain(outcome(error="E", frames=frames), tb="line")[1] == "  churn/tasks.py:13 in run"


def test_place_that_is_a_url_stays_so() -> None:
    assert short_path("s3://bucket/runs/1") == "s3://bucket/runs/1"


def test_path_is_shown_when_there_is_no_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    frames = (replace(OWN, file="/churn/tasks.py"),)

    assert plain(outcome(error="E", frames=frames), tb="line")[1] == "  /churn/tasks.py:13 in run"


def test_other_failures_are_a_line_each() -> None:
    others = [(replace(TASK, label=f"t{number}"), outcome(error="E\nF")) for number in range(5)]

    assert [click.unstyle(line) for line in render_others(others)] == [
        "Task 't0' failed: E",
        "Task 't1' failed: E",
        "Task 't2' failed: E",
        "  (and 2 more)",
    ]


def test_other_failure_without_an_error_has_its_outcome() -> None:
    (line,) = render_others([(TASK, outcome("lost"))])

    assert click.unstyle(line) == "Task 'clean' was lost: lost"
