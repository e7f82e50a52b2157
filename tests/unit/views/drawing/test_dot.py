from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from gluepy.utils.text import escape
from gluepy.views import draw_dot

Document = dict[str, Any]
MakeGraph = Callable[..., Document]

_STRING = r'"((?:[^"\\]|\\.)*)"'


def read(text: str) -> str:
    """Return what Graphviz shows for the inside of a quoted label."""
    return html.unescape(re.sub(r"\\(.)", lambda it: "\n" if it[1] == "n" else it[1], text))


def test_a_graph_is_a_digraph(make: MakeGraph) -> None:
    document = make(
        ["load", "fit", "judge"],
        [("load", "fit"), ("fit", "judge")],
        fit={"partitions": None},
        judge={"kind": "evaluation"},
    )

    assert draw_dot(document).splitlines() == [
        'digraph "training" {',
        '    node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"]',
        '    n0 [label="load"]',
        '    n1 [label="fit\\npartitions known later"]',
        '    n2 [label="judge\\nevaluation", style="rounded,filled,dashed"]',
        "    n0 -> n1",
        "    n1 -> n2",
        "}",
    ]


def test_a_run_has_words_and_colours(diamond: Document) -> None:
    lines = draw_dot(diamond).splitlines()

    failed = 'label="left\\n3 partitions\\nfailed 2/3", color="#cf222e", fillcolor="#ffebe9"'
    assert f"    n1 [{failed}]" in lines


def test_labels_are_only_text(hostile: Document) -> None:
    lines = draw_dot(hostile).splitlines()
    title = re.fullmatch(rf"digraph {_STRING} {{", lines[0])
    boxes = [re.fullmatch(rf"    n\d+ \[label={_STRING}\]", line) for line in lines[2:10]]

    assert title is not None
    assert read(title[1]) == hostile["dag"]
    for node, box in zip(hostile["nodes"], boxes, strict=True):
        assert box is not None
        assert read(box[1]) == escape(node["label"])
