from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from gluepy.engine.request import RunResult
from gluepy.exec.records import Outcome, RunInfo, RunReport, StepReport, TaskOutcome
from gluepy.views.run_page import draw_run_page

AT = datetime(2026, 11, 22, tzinfo=UTC)


def outcome(status: Outcome, **rest: Any) -> TaskOutcome:
    return TaskOutcome(status=status, seconds=2.5, started_at=AT, host="h", pid=1, **rest)


def result(*steps: StepReport, metrics: dict[str, float] | None = None) -> RunResult:
    info = RunInfo(
        run_id="r<1>",
        dag="training",
        folder="runs/r1",
        location="/data/runs/r1",
        steps=tuple(step.label for step in steps),
        started_at=AT,
        host="h",
        pid=1,
    )
    report = RunReport(status="failed", seconds=61.0, steps=steps)
    return RunResult(run=info, report=report, metrics=metrics or {}, compared={})


def graph(number: int) -> dict[str, Any]:
    node = {
        "kind": "task",
        "partitions": [],
        "tags": [],
        "layer": 0,
        "status": "succeeded",
        "done": 1,
        "total": 1,
        "seconds": 1.0,
    }
    nodes = [{"label": f"t{one}", **node} for one in range(number)]
    return {
        "schema": "gluepy.graph/1",
        "dag": "training",
        "run_id": "r1",
        "nodes": nodes,
        "edges": [],
    }


class Reader(HTMLParser):
    """Reads tables, and fails where a tag is closed that was not opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.update(name for name, _ in attrs)
        if tag != "br":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def test_page_has_every_step_and_metric() -> None:
    page = draw_run_page(
        result(
            StepReport("load", is_done=True),
            StepReport("clean", outcome("succeeded")),
            StepReport("guess", outcome("skipped", reason="nothing new")),
            StepReport("fit", outcome("failed", error="ValueError: <b>\nbecause of KeyError")),
            StepReport("publish", reason="it needs 'fit'"),
            metrics={"rows": 12_000.0, "auc": 0.871},
        ),
        graph(5),
    )

    assert read(page).rows == [
        ["Step", "Status", "Took", "Why"],
        ["load", "done before", "", ""],
        ["clean", "✓ succeeded", "2.5 s", ""],
        ["guess", "skipped", "2.5 s", "nothing new"],
        ["fit", "✗ failed", "2.5 s", "ValueError: <b>"],
        ["publish", "not run", "", "it needs 'fit'"],
        ["Metric", "Value"],
        ["auc", "0.871"],
        ["rows", "12000"],
    ]
    assert "in 1 min 01 s" in page
    assert "<code>r&lt;1&gt;</code>" in page


def test_page_without_metrics_has_no_table_of_them() -> None:
    assert len(read(draw_run_page(result(StepReport("load")), graph(1))).rows) == 2


def test_page_has_no_inline_styles_and_scripts() -> None:
    reader = read(draw_run_page(result(StepReport("load", outcome("lost"))), graph(1)))

    assert "style" not in reader.attributes
    assert not any(name.startswith("on") for name in reader.attributes)


def test_page_styles_itself_alone_and_knows_the_dark() -> None:
    page = draw_run_page(result(StepReport("load")), graph(1))

    css = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    selectors = re.findall(r"^([^{}@\n]+) \{", css, re.MULTILINE)
    for selector in selectors:
        for one in selector.split(","):
            assert one.strip().startswith((".gluepy-run", ".gluepy-graph"))
    assert css.count("@media (prefers-color-scheme: dark)") == 2


@pytest.mark.parametrize(("number", "is_drawn"), [(300, True), (301, False)])
def test_a_graph_that_is_too_large_to_keep_is_not_drawn(number: int, *, is_drawn: bool) -> None:
    page = draw_run_page(result(StepReport("load")), graph(number))

    assert ("<svg" in page) is is_drawn


def test_a_run_of_many_steps_tells_how_many_more_there_are() -> None:
    steps = [StepReport(f"fit[{one}]") for one in range(203)]

    page = draw_run_page(result(*steps), graph(1))

    assert len(read(page).rows) == 201
    assert "and 3 more steps: see <code>report</code>" in page
