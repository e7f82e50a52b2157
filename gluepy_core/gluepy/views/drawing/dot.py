"""A graph in DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gluepy.utils.text import escape
from gluepy.views.drawing.words import kind_of, state_of

__all__ = ["draw_dot"]

_COLORS = {
    "succeeded": ("#1a7f37", "#dafbe1"),
    "failed": ("#cf222e", "#ffebe9"),
    "timed-out": ("#cf222e", "#ffebe9"),
    "lost": ("#cf222e", "#ffebe9"),
    "interrupted": ("#9a6700", "#fff8c5"),
    "running": ("#0969da", "#ddf4ff"),
    "skipped": ("#57606a", "#eaeef2"),
}


def draw_dot(document: Mapping[str, Any]) -> str:
    """Return a graph of the form ``gluepy.graph/1`` in DOT."""
    return "\n".join(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    names = {node["label"]: f"n{place}" for place, node in enumerate(document["nodes"])}
    yield f"digraph {_quoted(document['dag'])} {{"
    yield '    node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"]'
    for node in document["nodes"]:
        yield f"    {names[node['label']]} [{_attributes(node)}]"
    for upper, lower in document["edges"]:
        yield f"    {names[upper]} -> {names[lower]}"
    yield "}"


def _attributes(node: Mapping[str, Any]) -> str:
    parts = [node["label"], kind_of(node), state_of(node)]
    # Outside of the quotes' own escapes, \n is what Graphviz takes for a new line.
    label = "\\n".join(_escaped(part) for part in parts if part)
    found = [f'label="{label}"']
    if node["status"] in _COLORS:
        line, fill = _COLORS[node["status"]]
        found += [f'color="{line}"', f'fillcolor="{fill}"']
    if node["kind"] == "evaluation":
        found.append('style="rounded,filled,dashed"')
    return ", ".join(found)


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Return text that says to Graphviz nothing but itself: it knows entities of HTML, too."""
    text = escape(text).replace("&", "&amp;")
    return text.replace("\\", "\\\\").replace('"', '\\"')
