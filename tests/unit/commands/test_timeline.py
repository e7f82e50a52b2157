"""Bars over time: where they begin and end, in as many columns as there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gluepy.commands._timeline import Line, fold, render_timeline

AT = datetime(2026, 11, 22, tzinfo=UTC)


def span(start_s: float, end_s: float) -> tuple[datetime, datetime]:
    return AT + timedelta(seconds=start_s), AT + timedelta(seconds=end_s)


def bars(
    *spans: tuple[float, float], width: int = 8, is_ascii: bool = False, total_s: float = 8.0
) -> list[str]:
    """Return the bar of each span, in a run of 8 seconds."""
    lines = [Line("a", "1 s", "", (span(*one),)) for one in spans]
    drawn = render_timeline(lines, [span(0, total_s)], width + 10, is_ascii=is_ascii)
    return [text.removeprefix("  a  1 s  ") for text, _ in drawn]


def test_bars_are_exact_to_an_eighth_at_their_end() -> None:
    assert bars((0, 4), (4, 5.5), (5.5, 8)) == ["████    ", "    █▌  ", "     ▐██"]


@pytest.mark.parametrize(
    ("start", "end", "bar"),
    [
        (0, 0, "▏       "),
        (3, 3.01, "   ▏    "),
        (8, 8, "       █"),
        (2.2, 2.9, "  ▉     "),
        (-5, 20, "████████"),
        (0, 1, "█       "),
    ],
)
def test_what_is_short_or_outside_is_still_seen(start: float, end: float, bar: str) -> None:
    assert bars((start, end)) == [bar]


def test_ascii_has_whole_cells() -> None:
    assert bars((0, 4), (4, 5.5), (8, 8), is_ascii=True) == ["#####   ", "    ##  ", "       #"]


def test_times_between_sessions_are_left_out() -> None:
    lines = [Line("a", "", "", (span(0, 2), span(1000, 1002)))]

    drawn = render_timeline(lines, [span(0, 4), span(1000, 1004)], 15, is_ascii=False)

    assert drawn == [("  a    ██  ██  ", "")]


def test_run_of_no_time_has_no_scale() -> None:
    assert bars((0, 3), total_s=0.0) == ["▏       "]


def test_labels_are_cut_where_it_is_narrow() -> None:
    lines = [Line("forecast-training[AA]", "12.5 s", "FAILED, attempt 2", (span(0, 8),))]

    ((wide, note),) = render_timeline(lines, [span(0, 8)], 80, is_ascii=False)
    ((narrow, _),) = render_timeline(lines, [span(0, 8)], 40, is_ascii=False)
    ((plain, _),) = render_timeline(lines, [span(0, 8)], 40, is_ascii=True)

    assert wide == f"  forecast-training[AA]  12.5 s  {'█' * 28}"
    assert note == "FAILED, attempt 2"
    assert narrow == "  forec…g[AA]  12.5 s"
    assert plain == "  forec..[AA]  12.5 s"
    assert len(wide) + 2 + len(note) == 80


def test_bars_do_not_grow_for_ever() -> None:
    ((text, _),) = render_timeline(
        [Line("a", "", "", (span(0, 8),))], [span(0, 8)], 200, is_ascii=True
    )

    assert text.count("#") == 100


def test_nothing_to_draw_is_nothing() -> None:
    assert render_timeline([], [], 80, is_ascii=False) == []


def step(status: str, *tries: tuple[str, str, str | None, float | None]) -> dict[str, Any]:
    return {
        "status": status,
        "seconds": tries[-1][3] if tries else None,
        "attempts": len(tries),
        "tries": [
            {"status": state, "started_at": start, "ended_at": end, "seconds": seconds}
            for state, start, end, seconds in tries
        ],
    }


def at(seconds: float) -> str:
    return (AT + timedelta(seconds=seconds)).isoformat()


def test_attempts_have_a_span_each() -> None:
    steps = {
        "a": step("running", ("failed", at(0), at(9), 1.0), ("running", at(2), None, None)),
        "b": step("lost", ("lost", at(0), at(3), None)),
        "c": step("lost", ("lost", at(0), None, None)),
        "d\n": step("planned"),
    }

    lines = list(fold(steps, AT + timedelta(seconds=5), is_whole=False))

    assert lines == [
        Line("a", "", "running, attempt 2", (span(0, 1), span(2, 5))),
        Line("b", "", "lost", (span(0, 3),)),
        Line("c", "", "lost", (span(0, 0),)),
        Line("d\\n", "", "not run", ()),
    ]
