from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gluepy.utils.text import escape
from gluepy.views import SVG_CSS, draw_svg

Document = dict[str, Any]
MakeGraph = Callable[..., Document]

SVG = "{http://www.w3.org/2000/svg}"
STATUSES = [
    "succeeded",
    "failed",
    "timed-out",
    "lost",
    "interrupted",
    "running",
    "planned",
    "skipped",
]


def parse(document: Document, **options: Any) -> ET.Element:
    return ET.fromstring(draw_svg(document, **options))  # noqa: S314 - our own


def classes(element: ET.Element) -> list[str]:
    return element.get("class", "").split()


def with_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if name in classes(element)]


def texts(root: ET.Element, name: str) -> list[str]:
    return ["".join(element.itertext()) for element in with_class(root, name)]


def test_every_task_is_a_box_with_its_label(diamond: Document) -> None:
    root = parse(diamond)

    assert texts(root, "label") == ["load", "left", "right", "end"]
    assert len(with_class(root, "node")) == 4
    assert len(with_class(root, "edge")) == 4
    assert len(with_class(root, "tip")) == 3  # one for each box that something leads to


def test_outcome_is_said_by_sign_and_word_besides_colour(make: MakeGraph) -> None:
    root = parse(make(STATUSES, **{status: {"status": status} for status in STATUSES}))

    assert texts(root, "note") == STATUSES
    signs = [sign.get("d") for sign in with_class(root, "sign")]
    assert len(set(signs)) == len(STATUSES)
    assert all(classes(node)[1].startswith("is-") for node in with_class(root, "node"))


def test_a_status_of_a_newer_version_is_said_by_its_word(make: MakeGraph) -> None:
    root = parse(make(["load"], load={"status": "frozen"}))

    assert texts(root, "note") == ["frozen"]
    assert not with_class(root, "sign")
    assert classes(with_class(root, "node")[0]) == ["node"]


def test_who_points_at_a_box_is_told_everything(diamond: Document) -> None:
    titles = [node.findtext(f"{SVG}title") for node in with_class(parse(diamond), "node")]

    assert titles == [
        "load: succeeded 12.4 s; tags: slow, io",
        "left: 3 partitions; failed 2/3",
        "right: running",
        "end: evaluation; planned",
    ]


def test_evaluations_and_partitions_look_different(diamond: Document) -> None:
    nodes = with_class(parse(diamond), "node")

    assert [len(node.findall(f"{SVG}rect")) for node in nodes] == [1, 2, 1, 1]
    assert "is-evaluation" in classes(nodes[3])


def test_without_a_run_boxes_say_what_is_special_about_a_task(make: MakeGraph) -> None:
    document = make(
        ["load", "fit", "judge"],
        fit={"partitions": None},
        judge={"kind": "evaluation", "partitions": ["a"]},
    )

    root = parse(document)

    assert texts(root, "note") == ["partitions known later", "evaluation, 1 partition"]
    assert not with_class(root, "sign")


def test_it_is_an_image_with_title_and_description(diamond: Document) -> None:
    root = parse(diamond)

    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Run r1 of training"
    description = root.findtext(f"{SVG}desc") or ""
    assert description.startswith("4 tasks, 1 succeeded, 1 failed, 1 running, 1 planned.\n1  load")


def test_a_large_graph_is_described_by_its_numbers(make: MakeGraph) -> None:
    root = parse(make([f"t{number}" for number in range(101)]))

    assert root.findtext(f"{SVG}desc") == "101 tasks"


def test_a_graph_of_single_tasks_has_a_title(make: MakeGraph) -> None:
    root = parse(make(["load"], dag=""))

    assert root.findtext(f"{SVG}title") == "Graph of single tasks"


def test_style_is_in_it_or_left_to_the_page(diamond: Document) -> None:
    complete, part = parse(diamond), parse(diamond, with_style=False)

    assert (complete.findtext(f"{SVG}style") or "").strip() == SVG_CSS.strip()
    assert part.find(f"{SVG}style") is None
    assert with_class(complete, "ground")
    assert not with_class(part, "ground")


@pytest.mark.parametrize("with_style", [True, False])
def test_a_strict_content_security_policy_has_nothing_against_it(
    diamond: Document, *, with_style: bool
) -> None:
    for element in parse(diamond, with_style=with_style).iter():
        assert "style" not in element.attrib
        assert "id" not in element.attrib
        assert not any(name.startswith("on") for name in element.attrib)
        assert not element.tag.endswith("script")


def test_style_sheet_is_about_graphs_alone_and_knows_the_dark() -> None:
    light, _, dark = SVG_CSS.partition("@media (prefers-color-scheme: dark) {")

    rules = re.findall(r"^([^{}\n]+) \{", light + dark, re.MULTILINE)
    assert rules
    for selector in itertools.chain.from_iterable(rule.split(",") for rule in rules):
        assert selector.strip().startswith(".gluepy-graph ")
    assert ".is-failed .box" in light
    assert ".is-failed .box" in dark
    assert "var(" not in SVG_CSS  # not every program that shows SVG knows variables


def test_boxes_can_lead_somewhere(diamond: Document) -> None:
    root = parse(diamond, link=lambda label: f"tasks/{label}.html?a&b" if label != "end" else "")

    links = [link.get("href") for link in root.iter(f"{SVG}a")]
    assert links == [f"tasks/{label}.html?a&b" for label in ("load", "left", "right")]
    assert root.get("role") == "group"  # what is an image has no links in it


def test_labels_are_only_text(hostile: Document) -> None:
    root = parse(hostile)

    titles = [node.findtext(f"{SVG}title") for node in with_class(root, "node")]
    assert titles == [escape(node["label"]) for node in hostile["nodes"]]
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "title",
        "desc",
        "style",
        "rect",
        "g",
        "path",
        "text",
    }


def test_long_labels_are_shortened_in_their_box_only(make: MakeGraph) -> None:
    root = parse(make(["x" * 300]))

    (label,) = texts(root, "label")
    assert re.fullmatch("x{15,30}…", label)
    assert with_class(root, "node")[0].findtext(f"{SVG}title") == "x" * 300
    assert float(root.get("width", "")) < 260


def test_what_is_wide_gets_a_wide_box(make: MakeGraph) -> None:
    def width(label: str) -> float:
        (box,) = with_class(parse(make([label])), "box")
        return float(box.get("width", ""))

    assert width("iiii") < width("aaaa") < width("AAAA") < width("MMMM") < width("語語語語")


def test_a_graph_of_nothing_is_an_empty_picture(make: MakeGraph) -> None:
    root = parse(make([]))

    assert (root.get("width"), root.get("height")) == ("32", "32")
    assert root.findtext(f"{SVG}desc") == "0 tasks.\n(no tasks)"


def test_lines_that_share_a_trunk_draw_it_once(make: MakeGraph) -> None:
    leaves = [f"leaf-{number}" for number in range(30)]

    root = parse(make(["root", *leaves], [("root", leaf) for leaf in leaves]))

    pieces = "".join(edge.get("d", "") for edge in with_class(root, "edge"))
    assert pieces.count("C") + pieces.count("L") < 50
