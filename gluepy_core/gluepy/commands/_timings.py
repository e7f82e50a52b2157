"""What hooks have cost in a run, for ``gluepy hooks --timings``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gluepy.commands._table import render_table
from gluepy.utils.text import format_duration

__all__ = ["render_timings", "sum_up"]

_BRIEF_S = 0.01


def render_timings(document: Mapping[str, Any]) -> str:
    """Return a table with a row per implementation."""
    cells, before = [], ""
    for row in document["rows"]:
        slowest = f"({row['slowest_task']})" if row["slowest_task"] else ""
        cells.append(
            (
                "" if row["hook"] == before else row["hook"],
                row["plugin"],
                row["source"],
                row["calls"],
                _time(row["seconds"]),
                _time(row["slowest_s"]),
                slowest,
            )
        )
        before = row["hook"]
    headers = ["HOOK", "PLUGIN", "PACKAGE", "CALLS", "TOTAL", "SLOWEST", ""]
    return render_table(headers, cells, right=[3, 4, 5])


def sum_up(document: Mapping[str, Any], hook: str = "") -> str:
    """Return in a sentence what is in the table.

    Args:
        document: As of `gluepy.views.timings_view`.
        hook: The one that was asked for; empty for all.
    """
    if not document["rows"]:
        return f"The record of this run does not say what {hook or 'hooks'} cost."
    total_s, run_s = sum(row["seconds"] for row in document["rows"]), document["seconds"]
    share = f" of {format_duration(run_s)} ({total_s / run_s:.1%})" if run_s else ""
    rest = "" if hook else "; after_dag and after_command come later"
    return f"{hook or 'Hooks'} took {_time(total_s)}{share}{rest}."


def _time(seconds: float) -> str:
    if seconds >= _BRIEF_S:
        return format_duration(seconds)
    return f"{seconds * 1000:.2f} ms"
