"""A graph as SVG: complete in itself, or as a part of a page that has the style sheet."""

from __future__ import annotations

import html
import itertools
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gluepy.utils.text import escape
from gluepy.views.drawing.style import SIGNS, SVG_CSS
from gluepy.views.drawing.text import draw_text
from gluepy.views.drawing.words import kind_of, state_of, summary_of, title_of
from gluepy.views.layout import Box, Layout, lay_out

__all__ = ["draw_svg"]

_MARGIN = 16
_PADDING = 12
_HEIGHT = 30
_HEIGHT_WITH_NOTE = 44
_SIGN = 14
_SIGN_SPACE = 20
_LABEL_SIZE = 13
_NOTE_SIZE = 11
#: A label is shortened to so much.
_MAX_LABEL = 190.0
_TIP = 7
#: Graphs with more tasks are described by their number alone.
_MAX_DESCRIBED = 100

#: The classes of the style sheet, where they are not called as the status.
_CLASSES = {"timed-out": "failed", "lost": "failed", "interrupted": "stopped"}

_Piece = tuple[tuple[float, float], tuple[float, float]]

# Widths of characters, as parts of the size of the font; those of a wide font, DejaVu Sans.
_NARROW = frozenset("fijlrt.,:;'|!()[]/\\I -_")
_BROAD = frozenset("mwMW@%")


def draw_svg(
    document: Mapping[str, Any],
    *,
    with_style: bool = True,
    link: Callable[[str], str] | None = None,
) -> str:
    """Return a graph as SVG.

    It has no inline styles, scripts or ids, so that it can stand in a page with a strict content
    security policy, and several in one.

    Args:
        document: Of the form ``gluepy.graph/1``.
        with_style: Whether the style sheet and a background are in it; a page that has `SVG_CSS`
            itself wants neither.
        link: Says where the box of a task leads to, by its label; nowhere where it returns an empty
            text.
    """
    drawing = _Drawing(document, link)
    return "\n".join(drawing.lines(with_style=with_style)) + "\n"


class _Drawing:
    """A graph, laid out."""

    def __init__(self, document: Mapping[str, Any], link: Callable[[str], str] | None) -> None:
        self._document = document
        self._link = link
        self._nodes: Sequence[Mapping[str, Any]] = document["nodes"]
        self._labels = [_shortened(escape(node["label"])) for node in self._nodes]
        self._notes = [state_of(node) or kind_of(node) for node in self._nodes]
        self._layout = self._laid_out()

    def _laid_out(self) -> Layout:
        place_of = {node["label"]: place for place, node in enumerate(self._nodes)}
        edges = [(place_of[upper], place_of[lower]) for upper, lower in self._document["edges"]]
        widths = [
            max(_width(label, _LABEL_SIZE), _width(note, _NOTE_SIZE))
            + 2 * _PADDING
            + (_SIGN_SPACE if node["status"] else 0)
            for node, label, note in zip(self._nodes, self._labels, self._notes, strict=True)
        ]
        height = _HEIGHT_WITH_NOTE if any(self._notes) else _HEIGHT
        return lay_out([round(width) for width in widths], edges, height=height)

    def lines(self, *, with_style: bool) -> Iterator[str]:
        layout = self._layout
        width, height = (_number(it + 2 * _MARGIN) for it in (layout.width, layout.height))
        # What is an image has no links in it, for those who cannot see it either.
        role = "group" if self._link else "img"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="gluepy-graph" role="{role}"'
            f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        )
        yield f"<title>{_text(title_of(self._document))}</title>"
        yield f"<desc>{html.escape(self._description())}</desc>"
        if with_style:
            yield f"<style>\n{SVG_CSS}</style>"
            yield f'<rect class="ground" width="{width}" height="{height}"/>'
        yield f'<g transform="translate({_MARGIN} {_MARGIN})">'
        drawn: set[_Piece] = set()
        for points in layout.lines:
            yield f'<path class="edge" d="{_way(points, drawn)}"/>'
        for box in self._entered():
            yield f'<path class="tip" d="M{_number(box.middle)} {_number(box.y)}l-4-{_TIP}h8z"/>'
        for place in range(len(self._nodes)):
            yield self._box(place)
        yield "</g>"
        yield "</svg>"

    def _description(self) -> str:
        summary = summary_of(self._document)
        if len(self._nodes) > _MAX_DESCRIBED:
            return summary
        return f"{summary}.\n{draw_text(self._document)}"

    def _entered(self) -> Iterable[Box]:
        lower = {label for _, label in self._document["edges"]}
        for node, box in zip(self._nodes, self._layout.boxes, strict=True):
            if node["label"] in lower:
                yield box

    def _box(self, place: int) -> str:
        node, box = self._nodes[place], self._layout.boxes[place]
        note = self._notes[place]
        sign = SIGNS.get(node["status"], "")
        room = _SIGN_SPACE if sign else 0
        middle = _number((box.width + room) / 2)
        parts = [f"<title>{_text(_told(node))}</title>"]
        if node["partitions"] or node["partitions"] is None:  # a pile of cards
            parts.append(_rectangle(box, offset=4))
        parts.append(_rectangle(box))
        if sign:
            x, y = _PADDING - 2, (box.height - _SIGN) / 2
            parts.append(f'<path class="sign" transform="translate({x} {_number(y)})" d="{sign}"/>')
        y = box.height / 2 + (-3 if note else 4.5)
        parts.append(
            f'<text class="label" x="{middle}" y="{_number(y)}">{_text(self._labels[place])}</text>'
        )
        if note:
            y = box.height / 2 + 13
            parts.append(f'<text class="note" x="{middle}" y="{_number(y)}">{_text(note)}</text>')
        shape = "".join(parts)
        href = self._link(node["label"]) if self._link else ""
        if href:
            shape = f'<a href="{_text(href)}">{shape}</a>'
        where = f"translate({_number(box.x)} {_number(box.y)})"
        return f'<g class="{_classes(node)}" transform="{where}">{shape}</g>'


def _rectangle(box: Box, offset: int = 0) -> str:
    place = f' x="{offset}" y="{offset}"' if offset else ""
    width, height = _number(box.width), _number(box.height)
    return f'<rect class="box"{place} width="{width}" height="{height}" rx="6"/>'


def _classes(node: Mapping[str, Any]) -> str:
    classes = ["node"]
    status = node["status"]
    if status in SIGNS:
        classes.append(f"is-{_CLASSES.get(status, status)}")
    if node["kind"] == "evaluation":
        classes.append("is-evaluation")
    return " ".join(classes)


def _told(node: Mapping[str, Any]) -> str:
    """Return all that there is to say of a task, for who points at it."""
    tags = ", ".join(node["tags"])
    parts = [kind_of(node), state_of(node), f"tags: {tags}" if tags else ""]
    told = "; ".join(part for part in parts if part)
    return f"{node['label']}: {told}" if told else node["label"]


def _way(points: Sequence[tuple[float, float]], drawn: set[_Piece]) -> str:
    """Return the way of a line: curved between rows, straight through them.

    Lines that share a trunk draw it once: what is in ``drawn`` is left out, the rest put there.
    """
    parts: list[str] = []
    is_there = False
    for place, piece in enumerate(itertools.pairwise(points)):
        if piece in drawn:
            is_there = False
            continue
        drawn.add(piece)
        (x, y), (to_x, to_y) = piece
        end = to_y - _TIP if place == len(points) - 2 else to_y
        if not is_there:
            parts.append(f"M{_number(x)} {_number(y)}")
            is_there = True
        if abs(to_x - x) < 1:
            parts.append(f"L{_number(to_x)} {_number(end)}")
        else:
            bow = _number((y + end) / 2)
            parts.append(
                f"C{_number(x)} {bow} {_number(to_x)} {bow} {_number(to_x)} {_number(end)}"
            )
    return "".join(parts)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    """Return text, on one line, as XML holds it."""
    return html.escape(escape(text))


def _shortened(label: str) -> str:
    if _width(label, _LABEL_SIZE) <= _MAX_LABEL:
        return label
    room = _MAX_LABEL - _width("…", _LABEL_SIZE)
    end = 0
    while room > 0:
        room -= _width(label[end], _LABEL_SIZE)
        end += 1
    return f"{label[: end - 1]}…"


def _width(text: str, size: float) -> float:
    """Return about how wide a text is, rather too much than too little."""
    return size * sum(map(_part, text))


def _part(char: str) -> float:
    if char in _NARROW:
        return 0.41
    if char in _BROAD:
        return 0.98
    if unicodedata.east_asian_width(char) in "WF":
        return 1.05
    return 0.74 if char.isupper() else 0.64
