"""Where bars, dots and lines of charts are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy_report._charts import (
    BAR_HEIGHT,
    LINE_HEIGHT,
    MAX_CHARTS,
    SPARK_HEIGHT,
    bars,
    lines,
    spark,
)


def a_run(status: str = "succeeded", seconds: float | None = 1.0, **metrics: Any) -> dict[str, Any]:
    moment = "2026-11-22T10:40:12+00:00"
    run = {"run_id": "0b5e", "status": status, "started_at": moment, "seconds": seconds}
    return {**run, "metrics": metrics}


def test_longest_run_has_the_highest_bar() -> None:
    chart = bars([a_run(seconds=5), a_run("failed", 10)])

    assert chart is not None
    first, second = chart.columns
    assert second.height == 2 * first.height == BAR_HEIGHT - 14
    assert first.y + first.height == second.y + second.height
    assert second.text == "failed, 22 Nov, 10:40, 10.0 s"
    assert (chart.top, chart.middle, chart.has_room) == ("10.0 s", "5.0 s", False)


def test_bars_of_many_runs_fit() -> None:
    chart = bars([a_run() for _ in range(200)])

    assert chart is not None
    assert chart.columns[-1].x + chart.columns[-1].width <= 100
    assert chart.has_room


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_run_of_unknown_length_is_seen(seconds: float | None) -> None:
    chart = bars([a_run("running", seconds)])

    assert chart is not None
    assert chart.columns[0].height == 1


def test_there_is_no_chart_of_no_runs() -> None:
    assert (bars([]), spark([]), lines([])) == (None, None, ([], 0))


def test_spark_goes_up_for_success_and_down_for_all_else() -> None:
    small = spark([a_run(seconds=2), a_run("failed"), a_run("lost", None), a_run("running", None)])

    assert small is not None
    base = SPARK_HEIGHT * 2 / 3
    assert [one.y < base for one in small.columns] == [True, False, False, True]
    assert small.text == "last 4 runs: 1 succeeded, 1 failed, 1 lost, 1 running"


def test_spark_shows_the_last_runs() -> None:
    small = spark([a_run("failed"), *[a_run() for _ in range(20)]])

    assert small is not None
    assert small.text == "last 20 runs: 20 succeeded"
    assert spark([a_run()]).text == "one run: 1 succeeded"  # type: ignore[union-attr]


def test_metric_goes_from_run_to_run() -> None:
    (chart,), more = lines([a_run(mae=1), a_run(), a_run(mae=3), a_run(mae=2.5)])

    assert [dot.y for dot in chart.dots] == [LINE_HEIGHT - 3, 3, 17.5]
    assert len(chart.segments) == 2
    assert (chart.low, chart.high, chart.newest, more) == ("1", "3", "2.5", 0)


def test_metric_that_stays_is_in_the_middle() -> None:
    (chart,), _ = lines([a_run(rows=7)])

    assert [(dot.x, dot.y) for dot in chart.dots] == [(50, LINE_HEIGHT / 2)]


def test_what_is_no_finite_number_has_no_chart() -> None:
    charts, more = lines([a_run(loss="NaN", score=float("inf"), zero=0, is_good=True)])

    assert ([chart.name for chart in charts], more) == (["zero"], 0)


def test_of_very_many_metrics_some_have_charts() -> None:
    charts, more = lines(
        [a_run("succeeded", 1.0, **{f"m{number}": number for number in range(MAX_CHARTS + 5)})]
    )

    assert (len(charts), more) == (MAX_CHARTS, 5)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_dots_stay_in_the_chart(values: list[float]) -> None:
    (chart,), _ = lines([a_run(mae=value) for value in values])

    assert all(0 <= dot.x <= 100 and 0 <= dot.y <= LINE_HEIGHT for dot in chart.dots)
