"""Pages of documents, whatever these say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gluepy.exceptions import CommandError
from gluepy_report import Page, Renderer
from gluepy_report._links import FolderLinks

NOW = datetime(2026, 11, 22, 10, 41, 12, tzinfo=UTC)

RUN: dict[str, Any] = {
    "schema": "gluepy.runs.show/1",
    "run_id": "0b5e",
    "dag": "training",
    "status": "running",
    "mode": "new",
    "sources": [],
    "folder": "runs/2026/11/22/0b5e",
    "host": "forge",
    "pid": 7,
    "started_at": "2026-11-22T10:40:12+00:00",
    "seconds": None,
    "executor": "serial",
    "python": "3.11.7",
    "gluepy": "0.1.0",
    "distributions": {},
    "plugins": [],
    "git": {"commit": "4d98328aaaaaaaaaaaa", "dirty": True},
    "parameters": {},
    "steps": {},
    "metrics": {},
    "params": {},
    "artifacts": {"model": "model.pkl"},
    "inputs": {},
    "hooks": [],
    "sessions": [],
    "location": "/data/runs/2026/11/22/0b5e",
    "is_live": True,
    "resume": "",
    "again": "",
    "previous": "",
}


def a_step(status: str, **more: Any) -> dict[str, Any]:
    step = {"status": status, "attempts": 1, "seconds": 1.5, "ended_at": None, "tries": []}
    texts = {"error": "", "hint": "", "reason": "", "plugin": "", "log": "", "traceback": ""}
    return {**step, "started_at": "2026-11-22T10:40:12+00:00", **texts, **more}


def render(page: Page) -> str:
    return Renderer("acme", now=lambda: NOW).render(page, FolderLinks("runs/0b5e.html", []))


def a_page(**run: Any) -> Page:
    return Page("run", "0b5e", "training, run 0b5e", {"run": {**RUN, **run}})


def test_run_that_goes_on_says_how_long_it_has_taken() -> None:
    text = render(a_page())

    assert "1 min 00 s so far" in text
    assert "No step was planned." in text
    assert "<code>4d98328aaaaa</code> with changes" in text
    assert "model.pkl" in text


def test_clock_of_another_machine_may_be_ahead() -> None:
    assert "0 s so far" in render(a_page(started_at="2026-11-22T10:50:00+00:00"))


def test_run_that_was_resumed_has_taken_both_times() -> None:
    assert "1 min 30 s so far" in render(a_page(seconds=30.0))


def test_plugin_that_failed_a_step_is_named() -> None:
    step = a_step("failed", error="RuntimeError: no", plugin="veto (acme 1.0)", hint="Ask first.")

    text = render(a_page(steps={"train": step}))

    assert "The plugin veto (acme 1.0) is at fault." in text
    assert "Ask first." in text


def test_traceback_of_a_failure_can_be_unfolded() -> None:
    step = a_step("failed", error="KeyError: 'x'", traceback='File "<churn>", line 7, in run')

    text = render(a_page(steps={"train": step}))

    assert "<summary><span>Traceback</span></summary>" in text
    assert "File &#34;&lt;churn&gt;&#34;, line 7, in run" in text


def test_of_very_many_failures_some_are_told() -> None:
    steps = {f"train[{number}]": a_step("failed", error=f"no {number}") for number in range(500)}

    text = render(a_page(steps=steps))

    assert "480 more steps went wrong in other ways." in text
    assert text.count('<div class="note failed">') == 20
    assert text.index("no 4<") < text.index("<span>15 more</span>") < text.index("no 5<")
    assert "100 more steps without a row here" in text


def test_what_went_wrong_with_many_is_told_once() -> None:
    steps = {f"train[{number}]": a_step("timed-out", attempts=2) for number in range(14)}

    text = render(a_page(steps=steps))

    assert "train[10], train[11] and 2 more: timed out after 2 attempts each" in text


def test_list_says_how_far_a_run_is() -> None:
    row = {"run_id": "0b5e", "dag": "training", "status": "running", "seconds": None, "done": 0}
    more = {"total": 0, "started_at": RUN["started_at"], "executor": "serial"}
    graph = {
        "schema": "gluepy.graph/1",
        "nodes": [{"done": 2, "total": 3}, {"done": 0, "total": 4}],
    }
    runs = {"schema": "gluepy.runs/1", "runs": [{**row, **more}], "total": 1}

    text = render(Page("runs", "", "Runs", {"runs": runs, "graph of 0b5e": graph}))

    assert ">2/7<" in text
    assert ">\N{EN DASH}<" in render(Page("runs", "", "Runs", {"runs": runs}))


def test_status_of_a_later_release_is_shown_without_a_sign_of_ours() -> None:
    text = render(a_page(status="pondering", steps={"train": a_step('"><b>')}))

    assert "pondering" in text
    assert 'href="#sign-unknown"' in text
    assert "<b>" not in text


def test_part_that_cannot_be_had_is_told() -> None:
    page = a_page()

    def of_gluepy() -> Any:
        raise CommandError("there is no graph", hint="Draw one.")

    def of_others() -> Any:
        raise ZeroDivisionError("<script>")

    page.add("graph", of_gluepy)
    page.add("logs", of_others)

    assert page.problems == ["There is no graph. Draw one.", "ZeroDivisionError: <script>"]
    assert "ZeroDivisionError: &lt;script&gt;" in render(page)


def test_what_would_hide_text_is_shown_as_an_escape() -> None:
    step = a_step("failed", error="\u202egnp.exe\x00", log="logs/train.log")
    log = {"step": "train", "path": "logs/train.log", "text": "\x1b[31mred\x1b[0m", "is_cut": False}
    page = a_page(dag="a\u2066b", steps={"train": step})
    page.documents["logs"] = {"schema": "gluepy.runs.logs/1", "logs": [log]}

    text = render(page)

    assert r"\u202egnp.exe\x00" in text
    assert r"<h1>a\u2066b</h1>" in text
    assert ">red</pre>" in text
    assert not set("\x00\x1b\u202e\u2066") & set(text)


def test_plugins_of_gluepy_itself_are_none_to_a_reader() -> None:
    text = render(a_page(plugins=["display (gluepy-core)", "jsonlog (gluepy-logging 0.1.0)"]))

    assert "jsonlog (gluepy-logging 0.1.0)" in text
    assert "display" not in text


def test_overview_knows_a_run_that_was_long_ago() -> None:
    last = {"run_id": "77aa", "status": "failed", "started_at": RUN["started_at"], "seconds": 61.0}
    dag = {"label": "old", "name": "old", "state": "available", "problem": "", "sources": []}
    known = {"is_history_known": True, "last_run": last}
    dags = [{**dag, **known}, {**dag, **known, "name": "new", "last_run": None}]
    found = {"schema": "gluepy.list/1", "dags": dags, "tasks": [], "unreadable": []}

    text = render(Page("overview", "", "Overview", {"list": found}))

    assert "1 min 01 s" in text
    assert text.count("never") == 1
    dags[1]["is_history_known"] = False
    assert "never" not in render(Page("overview", "", "Overview", {"list": found}))


@pytest.mark.parametrize("kind", ["overview", "runs", "dag", "plugins"])
def test_page_without_any_document_is_a_page(kind: Any) -> None:
    page = Page(kind, "training", "Training", {}, ["the storage is away"])

    assert "the storage is away" in render(page)
