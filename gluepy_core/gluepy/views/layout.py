"""Where the boxes and lines of a drawn graph go: in rows, with every edge pointing downwards.

The steps are those of K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of
hierarchical system structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 1981: rows,
order within rows, then coordinates. A line that passes a row has a place there as boxes have, a
*bend*, so that it runs between them.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import ceil
from typing import NamedTuple

__all__ = ["Box", "Layout", "lay_out"]

#: Free space between two boxes of a row, and beside a line that passes.
_BOX_GAP = 22.0
_LINE_GAP = 12.0
#: Free space between two rows; more where lines go far to the side, up to the second number.
_ROW_GAP = 34.0
_MAX_ROW_GAP = 96.0
_SLOPE = 0.07

#: A row has so many boxes at least before another one is begun.
_MIN_ROW = 6
#: Work on the order, in places of boxes and bends times sweeps.
_MAX_SWEEPS = 24
_EFFORT = 150_000
_MAX_EXCHANGED = 1_500
_PLACING_SWEEPS = 30

#: How much a line wants to be straight: between boxes, at one bend, between bends.
_PULL = (1.0, 2.0, 30.0)


class Box(NamedTuple):
    """Where a node stands.

    Attributes:
        x: Of its left edge.
        y: Of its upper edge.
        width: As asked for.
        height: That of all.
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Where its lines begin and end, from the left."""
        return self.x + self.width / 2


class Layout(NamedTuple):
    """Where everything stands.

    Attributes:
        width: Of the whole.
        height: Of the whole.
        boxes: For each node.
        lines: For each edge the points that its line goes through, from the upper node to the
            lower. It crosses the space between two rows from each point with an even place to the
            next, and a row, straight down, from each with an odd place to the next.
    """

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[tuple[tuple[float, float], ...], ...]


def lay_out(widths: Sequence[float], edges: Sequence[tuple[int, int]], *, height: float) -> Layout:
    """Place nodes in rows: each edge points downwards, no two nodes overlap, few lines cross.

    The same graph is always drawn in the same way.

    Args:
        widths: Of each node.
        edges: From the upper node to the lower, as places in ``widths``.
        height: Of every node.

    Raises:
        ValueError: If the edges lead in a circle.
    """
    if not widths:
        return Layout(0.0, 0.0, (), ())
    net = _make_net(len(widths), edges, _rows_of(len(widths), edges))
    _order(net)
    sizes = [*widths, *[0.0] * (len(net.row_of) - len(widths))]
    middles = _place(net, sizes)
    tops = _tops(net, middles, height)
    boxes = tuple(
        Box(round(middles[node] - width / 2, 1), tops[net.row_of[node]], width, height)
        for node, width in enumerate(widths)
    )
    lines = tuple(_line(net, route, boxes, middles, tops, height) for route in net.routes)
    total = max(box.x + box.width for box in boxes)
    bends = max(middles[len(widths) :], default=0.0)
    return Layout(round(max(total, bends), 1), tops[-1] + height, boxes, lines)


# -- rows ------------------------------------------------------------------------------------------


def _rows_of(number: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the row of each node.

    Every row takes, of the nodes that may come next, those with the longest way to the end, as far
    as it has room. A node that little leads to then moves down to those that it leads to.

    Source:
        E. G. Coffman and R. L. Graham, "Optimal scheduling for two-processor systems", Acta
        Informatica 1, 1972: rows of limited width.
    """
    below: list[list[int]] = [[] for _ in range(number)]
    above: list[list[int]] = [[] for _ in range(number)]
    for upper, lower in dict.fromkeys(edges):
        below[upper].append(lower)
        above[lower].append(upper)
    order = _topological(above, below)
    way = [0] * number
    for node in reversed(order):
        way[node] = 1 + max((way[one] for one in below[node]), default=0)
    room = max(_MIN_ROW, round(number**0.5))
    rows = _fill(above, below, way, room)
    taken = Counter(rows)
    for node in reversed(order):
        if below[node] and len(below[node]) > len(above[node]):
            last = min(rows[one] for one in below[node]) - 1
            for row in range(last, rows[node], -1):
                if taken[row] < room:
                    taken[rows[node]] -= 1
                    taken[row] += 1
                    rows[node] = row
                    break
    used = {row: place for place, row in enumerate(sorted(set(rows)))}
    return [used[row] for row in rows]


def _topological(above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> list[int]:
    waiting = [len(nodes) for nodes in above]
    order = [node for node, number in enumerate(waiting) if not number]
    for node in order:
        for one in below[node]:
            waiting[one] -= 1
            if not waiting[one]:
                order.append(one)
    if len(order) < len(above):
        raise ValueError("the edges lead in a circle")
    return order


def _fill(
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
    way: Sequence[int],
    room: int,
) -> list[int]:
    rows = [0] * len(above)
    waiting = [len(nodes) for nodes in above]
    ready = [(-way[node], node) for node, number in enumerate(waiting) if not number]
    heapify(ready)
    row = 0
    while ready:
        # As even as can be: of eight, where there is room for six, four.
        taken = ceil(len(ready) / ceil(len(ready) / room))
        chosen = [heappop(ready)[1] for _ in range(taken)]
        for node in chosen:
            rows[node] = row
            for one in below[node]:
                waiting[one] -= 1
                if not waiting[one]:
                    heappush(ready, (-way[one], one))
        row += 1
    return rows


# -- lines between rows ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Net:
    """Nodes and bends in rows; lines lead from one row to the next only.

    Attributes:
        number: Of the nodes; what has a higher place is a bend.
        row_of: The row of each.
        rows: What stands in each row, from left to right.
        above: What each is tied to in the row above.
        below: What each is tied to in the row below.
        routes: For each edge all that it goes through, both nodes included.
    """

    number: int
    row_of: list[int]
    rows: list[list[int]] = field(default_factory=list)
    above: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    routes: list[list[int]] = field(default_factory=list)

    def pull(self, one: int, other: int) -> float:
        """Return how much the line between two wants to be straight.

        The boxes that branch off at a bend share one pull, or they would pull a trunk with them.
        """
        bends = (one >= self.number) + (other >= self.number)
        if bends != 1:
            return _PULL[bends]
        bend, box = (one, other) if one >= self.number else (other, one)
        is_above = self.row_of[box] < self.row_of[bend]
        return _PULL[1] / len((self.above if is_above else self.below)[bend])


def _make_net(number: int, edges: Sequence[tuple[int, int]], rows: Sequence[int]) -> _Net:
    """Return rows with the bends of long edges.

    Long edges that leave one node, or enter one, share their bends as far as they go together: a
    trunk with branches, which says the same with far fewer lines.
    """
    net = _Net(number, list(rows))
    long = [(upper, lower) for upper, lower in edges if rows[lower] - rows[upper] > 1]
    leaving = Counter(upper for upper, _ in long)
    entering = Counter(lower for _, lower in long)
    bends: dict[tuple[bool, int, int], int] = {}
    for upper, lower in edges:
        is_of_upper = leaving[upper] >= entering[lower]
        route = [upper]
        for row in range(rows[upper] + 1, rows[lower]):
            key = (is_of_upper, upper if is_of_upper else lower, row)
            if key not in bends:
                bends[key] = len(net.row_of)
                net.row_of.append(row)
            route.append(bends[key])
        net.routes.append([*route, lower])
    net.rows = [[] for _ in range(max(net.row_of) + 1)]
    for place, row in enumerate(net.row_of):
        net.rows[row].append(place)
    for members in net.rows:  # bends in the middle: trunks like to have branches on both sides
        boxes = bisect_left(members, number)
        members[:] = [*members[: boxes // 2], *members[boxes:], *members[boxes // 2 : boxes]]
    net.above = [[] for _ in net.row_of]
    net.below = [[] for _ in net.row_of]
    ties = dict.fromkeys(tie for route in net.routes for tie in itertools.pairwise(route))
    for upper, lower in ties:
        net.below[upper].append(lower)
        net.above[lower].append(upper)
    return net


# -- order within rows -----------------------------------------------------------------------------


def _order(net: _Net) -> None:
    """Order the rows so that few lines cross: each by where its neighbours stand, up and down."""
    position = [0] * len(net.row_of)
    _note(position, net.rows)
    best, fewest = [list(row) for row in net.rows], _crossings(net, position)
    idle = 0
    for sweep in range(max(4, min(_MAX_SWEEPS, _EFFORT // len(position)))):
        if not fewest or idle > 4:  # noqa: PLR2004 - sweeps that changed nothing for the better
            break
        is_down = sweep % 2 == 0
        for row in net.rows if is_down else reversed(net.rows):
            _sort(row, net.above if is_down else net.below, position)
        crossings = _crossings(net, position)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [list(row) for row in net.rows], crossings, 0
    net.rows = best
    _note(position, net.rows)
    if len(position) <= _MAX_EXCHANGED and fewest:
        _exchange(net, position)


def _note(position: list[int], rows: Iterable[Sequence[int]]) -> None:
    for row in rows:
        for place, one in enumerate(row):
            position[one] = place


def _sort(row: list[int], neighbours: Sequence[Sequence[int]], position: list[int]) -> None:
    """Sort a row by the mean position of neighbours; what has none keeps its place."""
    free = [one for one in row if neighbours[one]]
    free.sort(key=lambda one: sum(position[it] for it in neighbours[one]) / len(neighbours[one]))
    sorted_ones = iter(free)
    row[:] = [next(sorted_ones) if neighbours[one] else one for one in row]
    for place, one in enumerate(row):
        position[one] = place


def _crossings(net: _Net, position: Sequence[int]) -> int:
    """Return how many lines cross."""
    crossings = 0
    for row in net.rows[:-1]:
        ends: list[int] = []
        for one in row:
            places = sorted([position[it] for it in net.below[one]])
            for place in places:
                crossings += len(ends) - bisect_left(ends, place + 1)
            for place in places:
                insort(ends, place)
    return crossings


def _exchange(net: _Net, position: list[int]) -> None:
    """Exchange neighbours in rows as long as lines cross less by it."""
    has_changed = True
    while has_changed:
        has_changed = False
        for row in net.rows:
            for place in range(len(row) - 1):
                left, right = row[place], row[place + 1]
                gain = sum(
                    _gain(neighbours[left], neighbours[right], position)
                    for neighbours in (net.above, net.below)
                )
                if gain > 0:
                    row[place], row[place + 1] = right, left
                    position[left], position[right] = place + 1, place
                    has_changed = True


def _gain(left: Iterable[int], right: Sequence[int], position: Sequence[int]) -> int:
    """Return how many lines fewer cross when two that stand side by side change places."""
    gain = 0
    for one in left:
        for other in right:
            gain += (position[one] > position[other]) - (position[one] < position[other])
    return gain


# -- coordinates -----------------------------------------------------------------------------------


def _place(net: _Net, sizes: Sequence[float]) -> list[float]:
    """Return the middle of each, from the left: as near to its neighbours as the row lets it."""
    offsets = [_offsets(net, row, sizes) for row in net.rows]
    middles = [0.0] * len(sizes)
    for row, offset in zip(net.rows, offsets, strict=True):
        for one, place in zip(row, offset, strict=True):
            middles[one] = place - offset[-1] / 2
    down = list(zip(net.rows, offsets, strict=True))
    for _ in range(_PLACING_SWEEPS):
        for row, offset in (*down, *reversed(down)):
            _settle(net, row, offset, middles)
    left = min(middle - size / 2 for middle, size in zip(middles, sizes, strict=True))
    return [middle - left for middle in middles]


def _offsets(net: _Net, row: Sequence[int], sizes: Sequence[float]) -> list[float]:
    """Return where all of a row stand when they stand as close as they may."""
    found = [0.0]
    for left, right in itertools.pairwise(row):
        is_line = left >= net.number or right >= net.number
        gap = _LINE_GAP if is_line else _BOX_GAP
        found.append(found[-1] + (sizes[left] + sizes[right]) / 2 + gap)
    return found


def _settle(
    net: _Net,
    row: Sequence[int],
    offsets: Sequence[float],
    middles: list[float],
) -> None:
    """Move all of a row as near to their neighbours as its order and its gaps let them.

    Without what they take up themselves, their places must not fall from left to right: where they
    would, they form a block at the weighted mean.

    Source:
        R. E. Barlow et al., "Statistical inference under order restrictions", 1972: pooling of
        adjacent violators, which finds the least sum of squares.
    """
    blocks: list[tuple[float, float, int]] = []  # sum of weighted places, of weights, members
    for one, offset in zip(row, offsets, strict=True):
        weight = total = 0.0
        for side in (net.above, net.below):
            for it in side[one]:
                pull = net.pull(one, it)
                weight += pull
                total += pull * middles[it]
        if not weight:
            weight, total = 0.01, 0.01 * middles[one]
        block = (total - weight * offset, weight, 1)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    members = iter(zip(row, offsets, strict=True))
    for total, weight, number in blocks:
        for _ in range(number):
            one, offset = next(members)
            middles[one] = total / weight + offset


def _tops(net: _Net, middles: Sequence[float], height: float) -> list[float]:
    """Return where each row begins, from above."""
    tops = [0.0]
    for row in net.rows[:-1]:
        far = max(
            (abs(middles[it] - middles[one]) for one in row for it in net.below[one]), default=0
        )
        gap = min(_MAX_ROW_GAP, max(_ROW_GAP, far * _SLOPE))
        tops.append(round(tops[-1] + height + gap, 1))
    return tops


def _line(
    net: _Net,
    route: Sequence[int],
    boxes: Sequence[Box],
    middles: Sequence[float],
    tops: Sequence[float],
    height: float,
) -> tuple[tuple[float, float], ...]:
    first, *bends, last = route
    points = [(round(boxes[first].middle, 1), round(boxes[first].y + height, 1))]
    for bend in bends:
        x, y = round(middles[bend], 1), tops[net.row_of[bend]]
        points += [(x, y), (x, round(y + height, 1))]
    return (*points, (round(boxes[last].middle, 1), boxes[last].y))
