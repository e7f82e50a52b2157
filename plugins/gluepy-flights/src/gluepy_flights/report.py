"""The report on the delay model: one page of HTML."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from html import escape
from string import Template

import pandas as pd

from gluepy_flights.evaluation import ALL, GUESSES, metrics_of
from gluepy_flights.parameters import Parameters

__all__ = ["render_report"]

# Not those of the calendar module, which follow the locale.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_PAGE = Template(
    """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Arrival delays of flights from New York</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 56rem; margin: 2rem auto;
       padding: 0 1rem; }
img { max-width: 100%; }
table { border-collapse: collapse; }
th, td { padding: .15rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
</style>
</head>
<body>
<h1>Arrival delays of flights from New York, 2013</h1>
<p><strong>$verdict</strong></p>
<p>Learnt from $trained flights of $train_months, tested on $tested flights of $test_months. Both
predict the arrival delay in minutes, $notice before the clock hour of the scheduled
departure begins; the error is the mean absolute one. The model is one for each carrier; where a
carrier has fewer than $fewest flights to learn from, it is their median.</p>
<img src="$picture" alt="Density of predicted against actual arrival delays">
<h2>Mean absolute error, in minutes</h2>
$scores
<p>The median and the mean are those of all arrival delays in $train_months; every flight gets the
same. The baseline is the median, because no other constant is closer to the flights from which it
was taken.</p>
<h2>Flights</h2>
$flights
<p>Flights that were cancelled or diverted have no arrival delay. They are neither learnt from nor
tested on, so a prediction means: <em>if the flight arrives, then so late</em>.</p>
<h2>Parameters</h2>
$parameters
</body>
</html>
"""
)


def render_report(
    flights: pd.DataFrame,
    scores: pd.DataFrame,
    airlines: pd.DataFrame,
    parameters: Parameters,
    *,
    picture: str,
) -> str:
    """Return the report.

    Args:
        flights: All flights; the columns ``month``, ``dep_time`` and ``arr_delay`` are used.
        scores: As `gluepy_flights.evaluation.score` returns them.
        airlines: As `gluepy_flights.source` reads them.
        parameters: Those of the run.
        picture: Of predicted against actual delays, relative to the report.
    """
    first = parameters.first_test_month
    counts = _count(flights, first)
    return _PAGE.substitute(
        verdict=_verdict(scores),
        trained=f"{counts['arrived, to learn from']:,}",
        tested=f"{counts['arrived, to test on']:,}",
        train_months=_months(1, first - 1),
        test_months=_months(first, 12),
        fewest=f"{parameters.fewest_flights:,}",
        notice=_hours(parameters.notice_h),
        picture=escape(picture),
        scores=_scores_table(scores, airlines),
        flights=_table(("", "flights"), ((what, f"{count:,}") for what, count in counts.items())),
        parameters=_table(
            ("parameter", "value"),
            (
                (name, str(value))
                for name, value in dataclasses.asdict(parameters).items()
                if value != ""
            ),
        ),
    )


def _verdict(scores: pd.DataFrame) -> str:
    metrics = metrics_of(scores)
    model, baseline = metrics["mae_model"], metrics["mae_baseline"]
    gain = 1 - model / baseline
    better = f"{gain:.1%} better" if gain > 0 else "which is not better"
    return (
        f"The model is off by {model:.1f} minutes on average, "
        f"the plain baseline by {baseline:.1f}: {better}."
    )


def _count(flights: pd.DataFrame, first_test_month: int) -> dict[str, int]:
    arrived = flights["arr_delay"].notna()
    left = flights["dep_time"].notna()
    is_test = flights["month"] >= first_test_month
    return {
        "scheduled": len(flights),
        "cancelled": int((~left).sum()),
        "left, but no arrival delay is known": int((left & ~arrived).sum()),
        "arrived, to learn from": int((arrived & ~is_test).sum()),
        "arrived, to test on": int((arrived & is_test).sum()),
    }


def _months(first: int, last: int) -> str:
    ends = dict.fromkeys((_MONTHS[first - 1], _MONTHS[last - 1]))
    return " to ".join(ends)


def _hours(count: int) -> str:
    return "one hour" if count == 1 else f"{count} hours"


def _scores_table(scores: pd.DataFrame, airlines: pd.DataFrame) -> str:
    names = dict(zip(airlines["carrier"], airlines["name"], strict=True)) | {ALL: "All flights"}
    return _table(
        ("carrier", "flights tested", "model", "median (baseline)", "mean"),
        (
            (
                str(names.get(row["carrier"], row["carrier"])),
                f"{row['flights']:,}",
                *(f"{row[guess]:.2f}" for guess in GUESSES),
            )
            for row in scores.to_dict("records")
        ),
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    return "\n".join(("<table>", *lines, "</table>"))


def _row(tag: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
