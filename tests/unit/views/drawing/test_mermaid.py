from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from gluepy.utils.text import escape
from gluepy.views import draw_mermaid

Document = dict[str, Any]
MakeGraph = Callable[..., Document]


def test_a_graph_is_a_flowchart(make: MakeGraph) -> None:
    document = make(
        ["load", "fit", "judge"],
        [("load", "fit"), ("fit", "judge")],
        fit={"partitions": ["a", "b"]},
        judge={"kind": "evaluation"},
    )

    assert draw_mermaid(document).splitlines() == [
        "flowchart TD",
        '    n0["load"]',
        '    n1["fit<br/>2 partitions"]',
        '    n2(["judge<br/>evaluation"])',
        "    n0 --> n1",
        "    n1 --> n2",
    ]


def test_a_run_has_words_and_colours(diamond: Document) -> None:
    lines = draw_mermaid(diamond).splitlines()

    assert '    n1["left<br/>3 partitions<br/>failed 2/3"]' in lines
    assert "    class n1 failed" in lines
    assert "    classDef failed fill:#ffebe9,stroke:#cf222e,color:#000" in lines


def test_labels_are_only_text(hostile: Document) -> None:
    lines = draw_mermaid(hostile).splitlines()
    boxes = [re.fullmatch(r'    n(\d+)\["([^"]*)"\]', line) for line in lines[1:9]]

    for node, box in zip(hostile["nodes"], boxes, strict=True):
        assert box is not None
        text = box[2]
        assert not re.search(r"[<>&;`%\\{}|](?!)|[<>&`%\\{}|]", text)
        # What Mermaid makes of it: numbers of characters.
        assert html.unescape(re.sub(r"#(\d+);", r"&#\1;", text)) == escape(node["label"])


def test_a_graph_of_nothing_is_an_empty_flowchart(make: MakeGraph) -> None:
    assert draw_mermaid(make([])) == "flowchart TD"
