"""The pictures. Each function draws on a figure that it is given and saves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gluepy_flights.features import TARGET
from gluepy_flights.punctuality import ENDINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_by_hour", "draw_density", "draw_punctuality"]

_INK = "#222222"
_ACCENT = "#d7301f"
_GREY = "#bbbbbb"

# What is drawn of the actual delays, in minutes, and the size of a cell of the density.
_ACTUAL = (-60, 180)
_CELL = (2, 4)

# Medians of the actual delay: one for each so many minutes of prediction, from so many flights.
_STRIP = 5
_FEWEST_PER_STRIP = 100

_ENDING_COLOURS = {
    "on_time": "#4a90b8",
    "late": "#d98324",
    "diverted": "#9c6fb0",
    "cancelled": "#c23b3b",
}
_SMALLEST_SHARE = 0.04  # below it, a number would not fit into its bar

# An hour with fewer flights says little about the carrier.
_FEWEST_PER_HOUR = 30


def draw_density(figure: Figure, predictions: pd.DataFrame) -> None:
    """Draw the density of predicted against actual arrival delays.

    Args:
        figure: An empty one, about 9 by 6 inches.
        predictions: As `gluepy_flights.model.join` returns them.
    """
    from matplotlib.colors import LogNorm

    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    shown = _limits(predictions["predicted"])
    *_, cells = axes.hist2d(
        predictions["predicted"],
        predictions[TARGET],
        bins=[
            np.arange(low, high + step, step)
            for (low, high), step in zip((shown, _ACTUAL), _CELL, strict=True)
        ],
        cmap="Blues",
        norm=LogNorm(vmin=1),
    )
    label = f"Flights per cell of {_CELL[0]} by {_CELL[1]} minutes"
    figure.colorbar(cells, ax=axes, label=label, format="%d")
    axes.axhline(0, color=_GREY, linewidth=0.8)
    axes.plot(_ACTUAL, _ACTUAL, color=_INK, linewidth=1, linestyle="--", label="actual = predicted")
    _draw_quartiles(axes, predictions)
    axes.set(
        xlim=shown,
        ylim=_ACTUAL,
        xlabel="Predicted arrival delay (minutes; below 0 is early)",
        ylabel="Actual arrival delay (minutes)",
    )
    axes.set_title(
        f"Predicted and actual arrival delay of {len(predictions):,} flights", loc="left"
    )
    outside = 1 - _is_within(predictions, shown).mean()
    axes.annotate(
        f"{outside:.1%} of the flights lie outside",
        xy=(1, 0),
        xytext=(-4, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        fontsize=8,
    )
    _tidy(axes)
    axes.legend(loc="upper left", framealpha=0.9)


def draw_punctuality(figure: Figure, table: pd.DataFrame, *, late_from_min: int) -> None:
    """Draw how the flights of each carrier ended, the most punctual carrier on top.

    Args:
        figure: An empty one, about 10 by 7 inches.
        table: As `gluepy_flights.punctuality.tabulate` returns it.
        late_from_min: From so many minutes on, an arrival was counted as late.
    """
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    names = [f"{row.airline}  ({row.flights:,})" for row in table.itertuples()]
    left = np.zeros(len(table))
    for ending in ENDINGS:
        share = table[ending].to_numpy()
        label = {"on_time": "on time", "late": f"late by {late_from_min} min or more"}
        bars = axes.barh(
            names,
            share,
            left=left,
            color=_ENDING_COLOURS[ending],
            label=label.get(ending, ending),
        )
        texts = [f"{part:.0%}" if part >= _SMALLEST_SHARE else "" for part in share]
        axes.bar_label(bars, texts, label_type="center", color="white", fontsize=8)
        left += share
    axes.set(xlim=(0, 1), xlabel="Share of scheduled flights", ylim=(len(table) - 0.4, -0.6))
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_title(
        "How the flights of each carrier ended (in brackets: how many there were)",
        loc="left",
        pad=28,
    )
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(ENDINGS), frameon=False)
    axes.tick_params(axis="y", length=0)
    _tidy(axes)


def draw_by_hour(figure: Figure, hours: pd.DataFrame, table: pd.DataFrame) -> None:
    """Draw, in one panel per carrier, how late it is over the day.

    Args:
        figure: An empty one, about 11 by 9 inches.
        hours: As `gluepy_flights.punctuality.late_by_hour` returns it.
        table: As `gluepy_flights.punctuality.tabulate` returns it; it gives the order and names.
    """
    figure.set_layout_engine("constrained")
    columns = 4
    rows = -(-len(table) // columns)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    overall = _late_overall(hours)
    for panel, row in zip(panels, table.itertuples(), strict=False):
        of_carrier = hours[hours["carrier"] == row.carrier].set_index("hour").reindex(overall.index)
        late = of_carrier["late"].where(of_carrier["flights"] >= _FEWEST_PER_HOUR)
        panel.plot(overall.index, overall, color=_GREY, linewidth=1.5)
        panel.plot(late.index, late, color=_ACCENT, marker=".", linewidth=1.5)
        panel.set_title(f"{row.airline} ({row.flights:,})", fontsize=9, loc="left")
        _tidy(panel)
    for panel in panels[len(table) :]:
        panel.set_visible(False)
    panels[0].set(xticks=range(6, 24, 6), xlim=(4.5, 23.5), ylim=(0, None))
    panels[0].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    figure.suptitle(
        "Share of late arrivals over the day: the carrier (red) and all carriers (grey); "
        f"hours with fewer than {_FEWEST_PER_HOUR} flights are left out",
        fontsize=11,
        x=0.01,
        ha="left",
    )
    figure.supxlabel("Hour of scheduled departure (New York time)")
    figure.supylabel("Share of arrivals that were late")


def _limits(predicted: pd.Series[float]) -> tuple[int, int]:
    """Return round numbers between which 99.5 % of the predictions lie."""
    low, high = (round(predicted.quantile(q) / 10) * 10 for q in (0.0025, 0.9975))
    return low, max(high, low + 10)


def _is_within(predictions: pd.DataFrame, shown: tuple[int, int]) -> pd.Series[bool]:
    return predictions["predicted"].between(*shown) & predictions[TARGET].between(*_ACTUAL)


def _draw_quartiles(axes: Axes, predictions: pd.DataFrame) -> None:
    """Draw the middle half of what happened, for each strip of the predictions."""
    strips = predictions.groupby(predictions["predicted"] // _STRIP * _STRIP)[TARGET]
    enough = strips.size() >= _FEWEST_PER_STRIP
    centres = enough.index[enough].to_numpy() + _STRIP / 2
    low, median, high = (strips.quantile(q)[enough] for q in (0.25, 0.5, 0.75))
    axes.plot(centres, median, color=_ACCENT, marker=".", label="median of actual")
    axes.plot(centres, low, color=_ACCENT, linestyle=":", label="middle half of actual")
    axes.plot(centres, high, color=_ACCENT, linestyle=":")


def _late_overall(hours: pd.DataFrame) -> pd.Series[float]:
    """Return the share of late arrivals of all carriers by hour, of hours with enough flights."""
    totals = hours.assign(late=hours["late"] * hours["flights"]).groupby("hour")
    sums = totals[["flights", "late"]].sum()
    sums = sums[sums["flights"] >= _FEWEST_PER_HOUR]
    return sums["late"] / sums["flights"]


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
