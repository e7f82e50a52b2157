"""A graph as text: a list of tasks on one line, any other by waves of what may run together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gluepy.utils.text import cells, escape
from gluepy.views.drawing.words import state_of
from gluepy.views.words import status_word

__all__ = ["draw_text"]

_GAP = "   "
_ARROW = " -> "


def draw_text(document: Mapping[str, Any], *, width: int = 100) -> str:
    """Return a graph as text for a terminal, without a line feed at its end.

    Args:
        document: Of the form ``gluepy.graph/1``.
        width: Lines are wrapped between tasks to be no longer, where they can be.
    """
    nodes: Sequence[Mapping[str, Any]] = document["nodes"]
    upstream: dict[str, list[str]] = {node["label"]: [] for node in nodes}
    for upper, lower in document["edges"]:
        upstream[lower].append(upper)
    labels = list(upstream)
    if not labels:
        return "(no tasks)"
    if list(upstream.values()) == [[], *([label] for label in labels[:-1])]:
        return "\n".join(_wrapped(map(_shown, nodes), _ARROW, width, indent="  "))
    return "\n".join(_waves(nodes, upstream, width))


def _waves(
    nodes: Iterable[Mapping[str, Any]], upstream: Mapping[str, Sequence[str]], width: int
) -> Iterator[str]:
    waves: dict[int, list[str]] = {}
    for node in nodes:
        before = ", ".join(map(escape, upstream[node["label"]]))
        text = _shown(node)
        waves.setdefault(node["layer"], []).append(f"{text} <- {before}" if before else text)
    margin = len(str(len(waves)))
    for number, layer in enumerate(sorted(waves), start=1):
        indent = " " * (margin + 2)
        first, *others = _wrapped(waves[layer], _GAP, width - len(indent))
        yield f"{number:>{margin}}  {first}"
        yield from (f"{indent}{line}" for line in others)


def _shown(node: Mapping[str, Any]) -> str:
    label, state = escape(node["label"]), state_of({**node, "status": status_word(node["status"])})
    return f"{label} ({state})" if state else label


def _wrapped(words: Iterable[str], between: str, width: int, indent: str = "") -> Iterator[str]:
    """Join words to lines; one that goes on says so by what stands between words at its end."""
    line = ""
    for word in words:
        longer = f"{line}{between}{word}" if line.strip() else f"{line}{word}"
        if line.strip() and cells(longer) + len(between.rstrip()) > width:
            yield f"{line}{between}".rstrip()
            longer = f"{indent}{word}"
        line = longer
    yield line
