"""A graph as a Mermaid flowchart, which many pages of Markdown show as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gluepy.utils.text import escape
from gluepy.views.drawing.words import kind_of, state_of

__all__ = ["draw_mermaid"]

# Colours that go with black text, on light pages and dark ones.
_COLORS = {
    "succeeded": "fill:#dafbe1,stroke:#1a7f37,color:#000",
    "failed": "fill:#ffebe9,stroke:#cf222e,color:#000",
    "timed-out": "fill:#ffebe9,stroke:#cf222e,color:#000",
    "lost": "fill:#ffebe9,stroke:#cf222e,color:#000",
    "interrupted": "fill:#fff8c5,stroke:#9a6700,color:#000",
    "running": "fill:#ddf4ff,stroke:#0969da,color:#000",
    "skipped": "fill:#eaeef2,stroke:#57606a,color:#000",
}


def draw_mermaid(document: Mapping[str, Any]) -> str:
    """Return a graph of the form ``gluepy.graph/1`` as a Mermaid flowchart."""
    return "\n".join(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    names = {node["label"]: f"n{place}" for place, node in enumerate(document["nodes"])}
    yield "flowchart TD"
    for node in document["nodes"]:
        parts = [node["label"], kind_of(node), state_of(node)]
        text = "<br/>".join(_quoted(part) for part in parts if part)
        before, after = ("([", "])") if node["kind"] == "evaluation" else ("[", "]")
        yield f'    {names[node["label"]]}{before}"{text}"{after}'
    for upper, lower in document["edges"]:
        yield f"    {names[upper]} --> {names[lower]}"
    for status, style in _COLORS.items():
        members = [names[node["label"]] for node in document["nodes"] if node["status"] == status]
        if members:
            yield f"    classDef {status} {style}"
            yield f"    class {','.join(members)} {status}"


def _quoted(text: str) -> str:
    """Return text that says to Mermaid nothing but itself: what may mean more is a number."""
    return re.sub(r"[^\w \-.,:/+=()\[\]]", lambda found: f"#{ord(found[0])};", escape(text))
