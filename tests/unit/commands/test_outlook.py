"""The line that tells what is going on, and how long it will take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from gluepy import RunInfo, TaskInfo
from gluepy.commands._outlook import Outlook, render_progress

STEPS = ("load", "clean", "train", "report")


class Story:
    """A run with a clock that can be set."""

    def __init__(
        self,
        *,
        medians: Mapping[str, float] = MappingProxyType({}),
        done: tuple[str, ...] = (),
    ) -> None:
        run = RunInfo(
            run_id="r",
            dag="d",
            folder="f",
            location="l",
            steps=STEPS,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            host="h",
            pid=1,
            done=done,
        )
        self.now = 0.0
        self.outlook = Outlook(run, clock=lambda: self.now)
        self.outlook.medians = medians

    def begin(self, label: str, attempt: int = 1) -> float:
        return self.outlook.begin(self._task(label, attempt))

    def end(self, label: str, *, is_good: bool = True) -> None:
        self.outlook.end(self._task(label), is_good=is_good)

    def _task(self, label: str, attempt: int = 1) -> TaskInfo:
        index = STEPS.index(label.partition("[")[0]) + 1
        return TaskInfo(label=label, task="m:T", index=index, attempt=attempt)

    def line(self, width: int = 120, *, unicode: bool = True) -> str:
        return render_progress(
            self.outlook,
            width,
            label_width=min(12, width - 20),
            place=lambda index: f"{index}/{len(STEPS)}",
            unicode=unicode,
        )


def test_step_that_runs_is_told_with_its_time() -> None:
    story = Story()
    story.begin("load")
    story.now = 14.0

    assert story.line() == (
        "  1/4 running   load              14.0 s    ░░░░░░░░░░░░  14.0 s so far"
    )


def test_what_is_known_of_earlier_runs_tells_how_long_it_takes() -> None:
    story = Story(medians={"load": 20.0, "clean": 30.0, "train": 60.0, "report": 10.0})
    story.begin("load")
    story.now = 14.0

    assert story.line() == (
        "  1/4 running   load              14.0 s of about 20 s"
        "    █░░░░░░░░░░░  14.0 s so far, about 1 min 46 s left"
    )


def test_step_that_takes_longer_than_ever_does_not_shorten_the_rest() -> None:
    story = Story(medians=dict.fromkeys(STEPS, 1.0))
    story.begin("load")
    story.now = 100.0

    assert story.outlook.left_s() == 3.0


def test_nothing_is_told_of_an_end_while_a_step_is_new() -> None:
    story = Story(medians={"load": 1.0})

    assert story.outlook.left_s() is None
    story.begin("clean")
    assert story.outlook.left_s() is None


def test_partitions_to_come_count_as_they_did_last_time() -> None:
    medians = {"load": 1.0, "clean": 1.0, "train[a]": 5.0, "train[b]": 7.0, "report": 1.0}
    story = Story(medians=medians, done=("load", "clean"))

    assert story.outlook.expected_s("train") == 12.0
    assert story.outlook.left_s() == 13.0
    story.begin("train[a]")
    assert story.outlook.expected_s("train") == 7.0
    story.now = 2.0
    assert story.outlook.left_s() == 3.0 + 7.0 + 1.0


def test_steps_at_once_share_what_is_left() -> None:
    story = Story(medians=dict.fromkeys(STEPS, 10.0))
    story.begin("load")
    story.begin("clean")

    assert story.outlook.left_s() == 20.0


def test_last_step_is_not_shared() -> None:
    story = Story(medians=dict.fromkeys(STEPS, 10.0), done=("train", "report"))
    story.begin("load")
    story.begin("clean")
    story.end("load")

    assert story.outlook.left_s() == 10.0


def test_steps_at_once_are_told_together() -> None:
    story = Story(medians={"load": 20.0})
    story.begin("load")
    story.now = 3.0
    story.begin("train[a]")
    story.now = 14.0

    assert story.line(100) == (
        "  2 running: load 14.0 s of about 20 s, train[a] 11.0 s    ░░░░░░░░░░░░  14.0 s so far"
    )
    assert story.line(60) == "  2 running: load 14.0 s of about 20 s, train[a] 11.0 s"
    assert story.line(50) == "  2 running: load 14.0 s, train[a] 11.0 s"
    assert story.line(40) == "  2 running: load 14.0 s, 1 more"
    assert story.line(15) == "  2 running"


def test_time_between_two_attempts_is_known() -> None:
    story = Story()
    story.begin("load")
    story.now = 1.0
    story.end("load", is_good=False)
    assert "waiting" in story.line()
    story.now = 3.5

    assert story.begin("load", 2) == 2.5


def test_step_is_done_after_its_end() -> None:
    story = Story()
    story.begin("load")
    story.end("load")

    assert story.outlook.done_count() == 1
    assert story.line().startswith("  1/4 waiting")


def test_terminal_without_unicode_gets_ascii() -> None:
    story = Story(medians=dict.fromkeys(STEPS, 10.0), done=("load", "clean"))
    story.begin("train[a-partition-with-a-long-name]")
    story.now = 30.0

    line = story.line(unicode=False)
    assert line.isascii()
    assert "trai...g-name]" not in line
    assert "..." in line
    assert "#" in line


@pytest.mark.parametrize("width", [5, 20, 30, 40, 60, 80, 120, 200])
def test_line_is_never_wider_than_the_terminal(width: int) -> None:
    story = Story(medians=dict.fromkeys(STEPS, 10.0))
    story.begin("train[a-partition-with-a-long-name]")
    story.now = 1000.0

    assert 0 < len(story.line(width)) <= width


def test_run_that_has_taken_no_time_has_a_bar() -> None:
    story = Story(medians=dict.fromkeys(STEPS, 0.0))
    story.begin("load")

    assert "░" in story.line()
