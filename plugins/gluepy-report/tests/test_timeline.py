"""Where the bars of steps are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy_report._timeline import MAX_ROWS, Bar, lay_out

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_step(status: str, start: float | None, seconds: float | None, **more: Any) -> dict[str, Any]:
    started = None if start is None else (NOON + timedelta(seconds=start)).isoformat()
    step = {"status": status, "started_at": started, "ended_at": None, "seconds": seconds}
    return {**step, "attempts": 1, **more}


def places(bar: Bar) -> tuple[float, float]:
    return bar.start, bar.width


def test_steps_share_one_axis() -> None:
    line = lay_out({"load": a_step("succeeded", 0, 6), "train": a_step("failed", 6, 4)}, NOON)

    assert [places(bar) for row in line.rows for bar in row.bars] == [(0, 60), (60, 40)]
    assert line.rows[1].bars[0].text == "failed, 4.0 s"
    shown = [f"{place:g} % {text}" for place, text in line.ticks]
    assert shown == [
        "0 % 0 s",
        "20 % 2.0 s",
        "40 % 4.0 s",
        "60 % 6.0 s",
        "80 % 8.0 s",
        "100 % 10.0 s",
    ]
    assert not line.cuts
    assert line.hidden == 0


def test_each_attempt_has_a_bar() -> None:
    tries = [a_step("failed", 0, 2), a_step("timed-out", 3, 2), a_step("succeeded", 6, 4)]
    line = lay_out({"train": a_step("succeeded", 6, 4, tries=tries)}, NOON)

    (row,) = line.rows
    assert row.took == 4
    assert [(bar.status, *places(bar)) for bar in row.bars] == [
        ("failed", 0, 20),
        ("timed-out", 30, 20),
        ("succeeded", 60, 40),
    ]


def test_symbol_stands_where_there_is_a_place() -> None:
    line = lay_out({"load": a_step("failed", 0, 5), "train": a_step("failed", 5, 5)}, NOON)
    whole = lay_out({"load": a_step("failed", 0, 5)}, NOON)

    assert [row.bars[0].mark for row in (*line.rows, *whole.rows)] == ["after", "before", "inside"]


def test_running_step_reaches_until_now() -> None:
    line = lay_out(
        {"load": a_step("running", -8, None), "train": a_step("planned", None, None)}, NOON
    )

    assert places(line.rows[0].bars[0]) == (0, 100)
    assert line.rows[0].bars[0].text == "running, 8.0 s"
    assert [row.took for row in line.rows] == [8, None]
    assert line.rows[1].bars == []


def test_lost_step_ends_where_it_was_lost_or_began() -> None:
    ended = (NOON + timedelta(seconds=3)).isoformat()
    steps = {"load": a_step("lost", 0, None, ended_at=ended), "train": a_step("lost", 0, None)}

    assert [places(row.bars[0]) for row in lay_out(steps, NOON).rows] == [(0, 100), (0, 0.4)]


def test_night_between_two_sessions_is_cut_out() -> None:
    steps = {"load": a_step("succeeded", 0, 50), "train": a_step("succeeded", 40_000, 50)}
    line = lay_out(steps, NOON)

    (first,), (second,) = (row.bars for row in line.rows)
    assert first.width == second.width > 45
    assert line.cuts == [50]


def test_short_pause_stays() -> None:
    steps = {"load": a_step("succeeded", 0, 50), "train": a_step("succeeded", 60, 40)}

    assert [row.bars[0].start for row in lay_out(steps, NOON).rows] == [0, 60]


def test_run_without_steps_has_no_axis() -> None:
    line = lay_out({"load": a_step("planned", None, None)}, NOON)

    assert (line.ticks, [row.bars for row in line.rows]) == ([], [[]])


def test_of_very_many_steps_those_that_failed_are_shown() -> None:
    steps = {f"s{number}": a_step("succeeded", number, 1) for number in range(MAX_ROWS * 2)}
    steps |= {f"f{number}": a_step("failed", number, 1) for number in range(10)}
    line = lay_out(steps, NOON)

    assert len(line.rows) == MAX_ROWS
    assert line.hidden == MAX_ROWS + 10
    assert [row.label for row in line.rows][-10:] == [f"f{number}" for number in range(10)]


@pytest.mark.parametrize("days", [1, 3, 40])
def test_axis_of_days_has_few_ticks(days: int) -> None:
    line = lay_out({"load": a_step("succeeded", 0, days * 86400)}, NOON)

    assert 2 <= len(line.ticks) <= 8


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.tuples(st.floats(-1e6, 1e6), st.none() | st.floats(0, 1e6)),
        max_size=8,
    )
)
def test_bars_stay_on_the_axis(spans: dict[str, tuple[float, float | None]]) -> None:
    steps = {label: a_step("running", *span) for label, span in spans.items()}

    for row in lay_out(steps, NOON).rows:
        for bar in row.bars:
            assert 0 <= bar.start <= bar.start + bar.width <= 100.01
