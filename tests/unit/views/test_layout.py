from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gluepy.views.layout import Layout, lay_out

HEIGHT = 30.0

Edges = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[float], Edges]:
    """Make the widths of nodes and the edges between them, without circles, in any order."""
    widths = draw(st.lists(st.integers(20, 220).map(float), min_size=1, max_size=25))
    names = draw(st.permutations(range(len(widths))))
    pairs = list(itertools.combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=60)) if pairs else []
    return widths, edges


def wide(number: int, edges: Edges) -> Layout:
    return lay_out([80.0] * number, edges, height=HEIGHT)


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_every_edge_points_downwards_from_box_to_box(graph: tuple[list[float], Edges]) -> None:
    widths, edges = graph

    layout = lay_out(widths, edges, height=HEIGHT)

    assert len(layout.lines) == len(edges)
    for (upper, lower), line in zip(edges, layout.lines, strict=True):
        top, bottom = layout.boxes[upper], layout.boxes[lower]
        assert line[0] == pytest.approx((top.middle, top.y + HEIGHT), abs=0.1)
        assert line[-1] == pytest.approx((bottom.middle, bottom.y), abs=0.1)
        heights = [y for _, y in line]
        assert all(one < other for one, other in itertools.pairwise(heights))
        assert len(line) % 2 == 0


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_no_two_boxes_overlap_and_all_are_within_the_drawing(
    graph: tuple[list[float], Edges],
) -> None:
    widths, edges = graph

    layout = lay_out(widths, edges, height=HEIGHT)

    assert [box.width for box in layout.boxes] == widths
    for one, other in itertools.combinations(layout.boxes, 2):
        is_beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        is_above = one.y + HEIGHT <= other.y or other.y + HEIGHT <= one.y
        assert is_beside or is_above
    for box in layout.boxes:
        assert -0.1 <= box.x <= box.x + box.width <= layout.width + 0.1
        assert 0 <= box.y <= box.y + HEIGHT <= layout.height


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_no_line_runs_through_a_box(graph: tuple[list[float], Edges]) -> None:
    widths, edges = graph

    layout = lay_out(widths, edges, height=HEIGHT)

    for line in layout.lines:
        for (x, y), (_, end) in zip(line[1::2], line[2::2], strict=False):
            for box in layout.boxes:
                is_in_row = box.y < end and y < box.y + HEIGHT
                assert not (is_in_row and box.x < x < box.x + box.width)


@given(graphs())
@settings(max_examples=50, deadline=None)
def test_the_same_graph_is_drawn_in_the_same_way(graph: tuple[list[float], Edges]) -> None:
    widths, edges = graph

    assert lay_out(widths, edges, height=HEIGHT) == lay_out(widths, edges, height=HEIGHT)


def test_nothing_takes_no_space() -> None:
    assert wide(0, []) == Layout(0.0, 0.0, (), ())


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="the edges lead in a circle"):
        wide(3, [(0, 1), (1, 2), (2, 1)])


def test_a_chain_is_straight() -> None:
    layout = wide(60, [(one, one + 1) for one in range(59)])

    assert {box.x for box in layout.boxes} == {0.0}
    assert [box.y for box in layout.boxes] == sorted(box.y for box in layout.boxes)
    assert layout.width == 80


def test_many_tasks_of_one_wave_are_spread_over_even_rows() -> None:
    layout = wide(61, [(0, one) for one in range(1, 61)])

    rows = [
        len(list(boxes)) for _, boxes in itertools.groupby(sorted(box.y for box in layout.boxes))
    ]
    assert rows == [1, 8, 8, 8, 8, 7, 7, 7, 7]
    assert layout.width < 1000


def test_lines_that_leave_one_box_share_their_way() -> None:
    layout = wide(61, [(0, one) for one in range(1, 61)])

    pieces = {piece for line in layout.lines for piece in itertools.pairwise(line)}
    assert len(pieces) < 80  # one for each box, and one trunk; without it, hundreds


def test_lines_that_enter_one_box_share_their_way() -> None:
    layout = wide(61, [(one, 0) for one in range(1, 61)])

    pieces = {piece for line in layout.lines for piece in itertools.pairwise(line)}
    assert len(pieces) < 80


def test_a_task_that_nothing_leads_to_stands_near_what_it_leads_to() -> None:
    layout = wide(5, [(0, 1), (1, 2), (2, 3), (4, 3)])

    assert layout.boxes[4].y == layout.boxes[2].y


def test_a_row_without_room_leaves_a_task_where_it_is() -> None:
    # Six ways of two meet; the seventh could stand beside their second half, which is full.
    edges = [(one, one + 6) for one in range(6)] + [(one, 12) for one in range(6, 12)]
    layout = wide(14, [*edges, (13, 12)])

    assert layout.boxes[13].y < layout.boxes[12].y


def test_order_avoids_crossings() -> None:
    # Declared so that all six lines of three pairs would cross.
    layout = wide(6, [(0, 5), (1, 4), (2, 3)])

    for upper, lower in ((0, 5), (1, 4), (2, 3)):
        assert layout.boxes[upper].x == layout.boxes[lower].x


def test_lines_cross_less_by_exchanging_neighbours() -> None:
    # Sweeps alone leave two crossings in this graph.
    edges = [(0, 3), (0, 6), (1, 2), (1, 7), (2, 4), (2, 6), (3, 5), (3, 7), (5, 6), (5, 7)]

    layout = wide(8, edges)

    pieces = {piece for line in layout.lines for piece in list(itertools.pairwise(line))[::2]}
    crossings = sum(
        one[0][1] == other[0][1] and (one[0][0] - other[0][0]) * (one[1][0] - other[1][0]) < 0
        for one, other in itertools.combinations(pieces, 2)
    )
    assert crossings == 1


def test_two_thousand_tasks_are_no_problem() -> None:
    rng = random.Random(3)  # noqa: S311 - no secret
    edges = {(min(pair), max(pair)) for pair in (rng.sample(range(2000), 2) for _ in range(4000))}

    layout = wide(2000, sorted(edges))

    assert len(layout.boxes) == 2000
