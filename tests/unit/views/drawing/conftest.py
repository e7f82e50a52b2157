"""Graphs to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

Document = dict[str, Any]
MakeGraph = Callable[..., Document]

HOSTILE = (
    "\"quoted\" & 'single'",
    "[brackets] {braces} (round)",
    "<b>bold</b><script>alert(1)</script>&lt;",
    "line\nfeed\r\ttab \x1b[31m \x00 \ud800",
    "x" * 300,
    "日本語のラベル",
    "back\\slash \\N \\",
    "`tick` #35; %% --> ; |",
)


def make_graph(
    labels: Iterable[str],
    edges: Iterable[tuple[str, str]] = (),
    *,
    run_id: str = "",
    dag: str = "training",
    **facts: dict[str, Any],
) -> Document:
    """Return a graph document; ``facts`` are more of a node, by its label."""
    ties = [list(edge) for edge in edges]
    layers: dict[str, int] = {}
    for label in labels:
        above = [layers[upper] + 1 for upper, lower in ties if lower == label]
        layers[label] = max(above, default=0)
    nodes = [
        {
            "label": label,
            "kind": "task",
            "partitions": [],
            "tags": [],
            "layer": layer,
            "status": "",
            "done": 0,
            "total": 1,
            "seconds": None,
            **facts.get(label, {}),
        }
        for label, layer in layers.items()
    ]
    return {
        "schema": "gluepy.graph/1",
        "dag": dag,
        "run_id": run_id,
        "nodes": nodes,
        "edges": ties,
    }


@pytest.fixture
def diamond() -> Document:
    """A run: load, then left and right, then end."""
    return make_graph(
        ["load", "left", "right", "end"],
        [("load", "left"), ("load", "right"), ("left", "end"), ("right", "end")],
        run_id="r1",
        load={"status": "succeeded", "seconds": 12.4, "done": 1, "tags": ["slow", "io"]},
        left={"status": "failed", "partitions": ["a", "b", "c"], "done": 2, "total": 3},
        right={"status": "running"},
        end={"status": "planned", "kind": "evaluation"},
    )


@pytest.fixture
def hostile() -> Document:
    """Labels that would break, or break out of, what they are written into."""
    return make_graph(HOSTILE, [(HOSTILE[0], label) for label in HOSTILE[1:]], dag=HOSTILE[2])


@pytest.fixture
def make() -> MakeGraph:
    """Return what makes a graph document."""
    return make_graph
