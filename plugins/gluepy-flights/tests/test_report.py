from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from gluepy_flights.parameters import Parameters
from gluepy_flights.report import render_report

MakeTable = Callable[..., pd.DataFrame]
SCORES = pd.DataFrame(
    {
        "carrier": ["all", "UA", "ZZ"],
        "flights": [1200, 1000, 200],
        "predicted": [18.0, 17.0, 23.0],
        "median": [20.0, 19.0, 25.0],
        "mean": [22.0, 21.0, 27.0],
    }
)
NAMES = pd.DataFrame({"carrier": ["UA"], "name": ["United <&> Sons"]})


class _Tags(HTMLParser):
    """Checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def report(make_flights: MakeTable) -> str:
    flights = make_flights(
        {},
        {"month": 10},
        {"month": 11},
        {"arr_delay": np.nan},
        {"dep_time": np.nan, "dep_delay": np.nan, "arr_delay": np.nan},
    )
    return render_report(flights, SCORES, NAMES, Parameters(trees=77), picture="p.png")


def test_report_begins_with_the_verdict(report: str) -> None:
    assert (
        "The model is off by 18.0 minutes on average, the plain baseline by 20.0: 10.0% better."
        in report
    )


def test_report_says_so_when_the_baseline_is_better() -> None:
    from gluepy_flights.report import _verdict

    assert _verdict(SCORES.assign(predicted=21.0)).endswith("by 20.0: which is not better.")


def test_report_counts_flights_of_each_kind(report: str) -> None:
    for row in (
        "<td>scheduled</td><td>5</td>",
        "<td>cancelled</td><td>1</td>",
        "<td>left, but no arrival delay is known</td><td>1</td>",
        "<td>arrived, to learn from</td><td>1</td>",
        "<td>arrived, to test on</td><td>2</td>",
    ):
        assert row in report
    assert "flights of January to September, tested on 2 flights of October to December" in report


def test_report_shows_scores_parameters_and_picture(report: str) -> None:
    assert "<td>United &lt;&amp;&gt; Sons</td><td>1,000</td><td>17.00</td><td>19.00</td>" in report
    assert "<td>ZZ</td><td>200</td>" in report
    assert "<td>trees</td><td>77</td>" in report
    assert '<img src="p.png"' in report


def test_report_tells_from_how_many_flights_a_carrier_has_a_model(report: str) -> None:
    assert "carrier has fewer than 1,000 flights to learn from, it is their median." in report


def test_report_is_well_formed(report: str) -> None:
    tags = _Tags()

    tags.feed(report)

    assert tags.open == []


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (Parameters(), "in minutes, one hour before the clock hour"),
        (Parameters(notice_h=3), "in minutes, 3 hours before the clock hour"),
        (Parameters(first_test_month=2), "flights of January, tested on 0 flights of February to"),
        (Parameters(first_test_month=12), "of January to November, tested on 0 flights of Decem"),
    ],
)
def test_report_says_what_was_done_with_these_parameters(
    make_flights: MakeTable, parameters: Parameters, sentence: str
) -> None:
    report = render_report(make_flights({"month": 1}), SCORES, NAMES, parameters, picture="p.png")

    assert sentence in report
