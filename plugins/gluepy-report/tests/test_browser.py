"""The report as people read it, in Debian's chromium."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.conftest import Project, Tab

KINDS = ("overview", "runs", "run", "dag", "compare", "plugins")
WIDTHS = (390, 1280)


@pytest.fixture(params=KINDS)
def files(
    request: pytest.FixtureRequest, report: Path, pages: Mapping[str, list[str]]
) -> list[str]:
    """The addresses of some pages of each kind: with a very long name, hostile ones, the last."""
    chosen = pages[request.param]
    hostile = [file for file in chosen if "Hostile" in (report / file).read_text()]
    return [
        (report / file).as_uri() for file in dict.fromkeys([chosen[0], *hostile[:2], chosen[-1]])
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(files: list[str], tab: Tab, scheme: str) -> None:
    for address in files:
        page = tab(address, color_scheme=scheme)
        open_all(page)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def open_all(page: Page) -> None:
    """Unfold what folds: axe does not look at what is hidden."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(files: list[str], tab: Tab, width: int) -> None:
    for address in files:
        page = tab(address, width=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_hostile_text_stays_text(files: list[str], tab: Tab) -> None:
    for address in files:
        page = tab(address)
        assert page.locator("main").count() == 1, "a label has removed the page"
        assert page.locator("script, img").count() == 0


def test_pages_are_reached_by_mouse(report: Path, tab: Tab) -> None:
    page = tab((report / "index.html").as_uri())

    page.get_by_role("link", name="training", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("training")
    page.locator(".runs a").first.click()
    expect(page.get_by_role("heading", name="What went wrong")).to_be_visible()
    page.get_by_role("link", name="compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two runs compared")
    page.get_by_role("link", name="This page as JSON").click()
    expect(page.locator("body")).to_contain_text('"gluepy.page/1"')


def test_pages_are_reached_by_keyboard(report: Path, tab: Tab) -> None:
    page = tab((report / "index.html").as_uri())

    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # it is seen now
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")

    page.get_by_role("link", name="Runs", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs.html")
    assert page.get_by_role("link", name="Runs", exact=True).get_attribute("aria-current") == "page"


def test_focus_is_seen(report: Path, tab: Tab) -> None:
    page = tab((report / "index.html").as_uri())

    for _ in range(8):
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid", focused(page)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def test_dark_pages_are_dark(report: Path, tab: Tab) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        page = tab((report / "index.html").as_uri(), color_scheme=scheme)
        grounds[scheme] = page.evaluate(
            "getComputedStyle(document.documentElement).backgroundColor"
        )

    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 21, 25)"}


def test_paper_is_white_has_no_menu_and_all_that_folds(
    report: Path, pages: Mapping[str, list[str]], tab: Tab
) -> None:
    page = tab((report / "index.html").as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    for file in pages["run"]:
        page.goto((report / file).as_uri())
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        assert not page.get_by_role("navigation").is_visible()
        assert all(log.is_visible() for log in page.locator(".log").all())


def test_outcome_is_said_by_a_word_or_a_sign_as_well(
    report: Path, pages: Mapping[str, list[str]], tab: Tab
) -> None:
    bars = 0
    page = tab((report / "index.html").as_uri())
    for file in [*pages["run"], *pages["runs"], *pages["dag"]]:
        page.goto((report / file).as_uri())
        assert "" not in [text.strip() for text in page.locator(".status").all_inner_texts()]
        bad = page.locator(".bars rect:not(.succeeded):not(.running)")
        after = bad.evaluate_all("bars => bars.map(one => one.nextElementSibling?.tagName)")
        assert set(after) <= {"use"}
        bars += len(after)
    assert bars > 0


def test_log_begins_at_its_end(full_project: Project, report: Path, tab: Tab) -> None:
    page = tab((report / "runs" / f"{full_project.ids()[-1]}.html").as_uri())
    page.locator("summary").first.click()
    log = page.locator(".log").first
    log.evaluate("log => { log.textContent = 'line\\n'.repeat(200) + 'the end' }")

    end = log.evaluate(
        """log => {
            const range = document.createRange();
            range.setStart(log.firstChild, log.firstChild.length - 1);
            range.setEnd(log.firstChild, log.firstChild.length);
            return range.getBoundingClientRect().bottom <= log.getBoundingClientRect().bottom;
        }"""
    )

    assert log.evaluate("log => log.scrollHeight > log.clientHeight")
    assert end


def test_command_is_copied_as_it_is_typed(report: Path, tab: Tab) -> None:
    for width in WIDTHS:
        page = tab((report / "dags" / "training.html").as_uri(), width=width)
        page.evaluate("getSelection().selectAllChildren(document.querySelector('.command'))")
        assert page.evaluate("getSelection().toString()").strip() == "gluepy dag training"


def test_wide_graph_has_the_whole_width(report: Path, tab: Tab) -> None:
    page = tab((report / "dags" / "training.html").as_uri())
    graph, beside = page.locator(".drawn"), page.locator(".drawn + div")
    assert beside.bounding_box()["x"] > graph.bounding_box()["x"]

    page.locator(".gluepy-graph").evaluate("graph => graph.setAttribute('width', 1500)")

    assert beside.bounding_box()["x"] == graph.bounding_box()["x"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_pages_are_read_without_scripts(report: Path, tab: Tab) -> None:
    page = tab((report / "dags" / "training.html").as_uri(), java_script_enabled=False)

    assert page.get_by_role("heading", level=1).inner_text() == "training"
    assert page.locator("svg.chart").count() >= 2
