"""The server as people see it, in Debian's chromium."""

from __future__ import annotations

import signal
from collections.abc import Callable
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.conftest import Project, Server, Tab

from gluepy.testing import hostile
from gluepy_web._links import ServerLinks

Open = Callable[..., Tab]

TOKEN = "correct-horse-battery"  # noqa: S105 - of these tests alone

HOSTILE = ServerLinks().dag(hostile.MARKUP)
PAGES = (
    *("/", "/runs", "/plugins", "/dags/training", HOSTILE, "/runs/@last-failed", "/runs/@last"),
    *("/compare", "/nope", f"/runs?q={quote(hostile.MARKUP)}"),
)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("path", PAGES)
def test_page_is_sound(server: Server, tab: Open, scheme: str, path: str) -> None:
    """One look at a page for all that must hold for each: opening it is what takes time."""
    one = tab(server.address + path, color_scheme=scheme)
    page = one.page

    assert page.locator("main").count() == 1, "a label has removed the page"
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    unexpected = [text for text in one.said if "404" not in text]
    assert unexpected == [], "the security policy was violated"
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_run_finishes_on_the_page(project: Project, tab: Open) -> None:
    server = project.serve()
    one = tab(f"{server.address}/")
    page = one.page
    expect(page.get_by_text("Nothing has run yet")).to_be_visible()

    run = project.start("dag", "training", WAIT="1")
    page.locator(".runs .status.running").wait_for()
    page.locator(".runs a").click()
    page.get_by_text("this page follows the run").wait_for()
    expect(page.locator("h1 + .status")).to_have_text("running")
    expect(page.locator(".facts")).to_contain_text("0 of 2")
    page.locator("h1").evaluate("node => node.dataset.same = 'page'")
    resume = page.get_by_role("region", name="Drawing of the graph")
    resume.focus()

    (project.folder / "go-load").touch()
    expect(page.locator(".facts")).to_contain_text("1 of 2")
    (project.folder / "go-train").touch()
    expect(page.locator("h1 + .status")).to_have_text("succeeded")
    expect(page.locator("#said")).to_have_text("training: succeeded, 2 of 2 steps done")
    assert (
        page.evaluate("document.activeElement.getAttribute('aria-label')") == "Drawing of the graph"
    )
    expect(page.get_by_text("this page follows the run")).to_have_count(0)
    page.get_by_text("train", exact=True).last.wait_for()
    assert run.wait().code == 0
    assert one.said == []


def test_list_shows_runs_that_begin_while_words_are_typed(project: Project, tab: Open) -> None:
    server = project.serve()
    page = tab(f"{server.address}/runs").page
    page.get_by_label("Search").fill("half a wo")

    project.gluepy("dag", "training")

    page.locator(".runs .status.succeeded").wait_for()
    expect(page.get_by_label("Search")).to_have_value("half a wo")


def test_what_is_selected_stays_selected(project: Project, tab: Open) -> None:
    server = project.serve()
    project.gluepy("dag", "training")
    page = tab(f"{server.address}/runs").page
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.runs tbody tr'))")
    selected = page.evaluate("getSelection().toString()")

    page.evaluate("document.title = 'older'")
    project.gluepy("dag", "training")

    expect(page).not_to_have_title("older")  # it is set at last
    assert page.evaluate("getSelection().toString()") == selected
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator(".runs tbody tr")).to_have_count(2)


def test_tab_that_nobody_sees_leaves_its_connection(project: Project, tab: Open) -> None:
    project.gluepy("dag", "training")
    server = project.serve()
    page = tab(f"{server.address}/dags/training").page
    expect(page.locator(".runs tbody tr")).to_have_count(1)
    show = """isHidden => {
        Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""

    with page.expect_event("requestfailed", lambda request: "/events" in request.url):
        page.evaluate(show, True)
    project.gluepy("dag", "training")
    with page.expect_request("**/events"):
        page.evaluate(show, False)

    expect(page.locator(".runs tbody tr")).to_have_count(2)


def test_page_says_that_the_server_is_away(project: Project, tab: Open) -> None:
    server = project.serve()
    run = project.start("dag", "training", WAIT="1")
    page = tab(f"{server.address}/runs").page
    with page.expect_response("**/events?run=*"):
        page.locator(".runs a").click()
    expect(page.locator(".live")).to_have_text("this page follows the run")

    server.stop()

    expect(page.locator(".live")).to_have_text("the server is away")
    run.send(signal.SIGTERM)


def test_any_two_runs_are_compared_by_a_form(full_project: Project, tab: Open) -> None:
    server = full_project.serve()
    last, *_, first = full_project.ids()
    page = tab(f"{server.address}/runs").page

    page.get_by_role("link", name="Compare two").click()
    expect(page.get_by_label("B", exact=True)).to_have_value(last)
    page.get_by_label("A", exact=True).fill(first[:8])
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_label("A", exact=True)).to_have_value(first)
    expect(page.get_by_role("heading", name="What is different")).to_be_visible()


def test_runs_are_found_by_keyboard(server: Server, tab: Open) -> None:
    page = tab(f"{server.address}/runs").page

    page.get_by_label("Search").focus()
    page.keyboard.type("train")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("failed")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/runs?q=train&dag=&status=failed")
    assert page.locator(".runs tbody tr").count() == 1
    page.locator(".runs a").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What went wrong")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Show all").click()
    page.wait_for_url("**/runs")


def test_page_is_read_without_scripts(server: Server, tab: Open) -> None:
    page = tab(f"{server.address}/runs/@last-failed", java_script_enabled=False).page

    assert page.get_by_role("heading", name="What went wrong").is_visible()


def test_token_is_asked_for_once(project: Project, tab: Open) -> None:
    project.gluepy("dag", "training")
    server = project.serve("--token", TOKEN)
    one = tab(f"{server.address}/runs")
    page = one.page

    assert Axe().run(page).response["violations"] == []
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That is not the token.")).to_be_visible()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Come in").click()

    page.wait_for_url(f"{server.address}/runs")
    expect(page.locator(".runs tbody tr")).to_have_count(1)
    assert page.evaluate("document.cookie") == ""
