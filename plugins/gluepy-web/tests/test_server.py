"""What the server answers, and to whom."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.conftest import Project, Server

from gluepy.testing import hostile
from gluepy.testing.commands import PATIENCE_S, wait_until
from gluepy.testing.distributions import write_distribution
from gluepy_web._links import ServerLinks, from_path, to_path

TOKEN = "correct-horse-battery"  # noqa: S105 - of these tests alone
EVERYWHERE = "0.0.0.0"  # noqa: S104 - of these tests alone

PAGES = (
    "/",
    "/runs",
    "/plugins",
    "/dags/training",
    "/runs/@last",
    "/compare?a=@last&b=@-2",
    "/compare",
)


# -- pages and twins -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_page_is_html_with_a_twin(server: Server, path: str) -> None:
    page = server.get(path)
    where, _, query = path.partition("?")
    twin = server.get(f"{'/index' if where == '/' else where}.json?{query}")

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert twin.headers["content-type"] == "application/json"
    document = twin.json()
    assert (document["schema"], document["problems"]) == ("gluepy.page/1", [])


@pytest.mark.parametrize("label", [*hostile.LABELS, hostile.MARKUP])
def test_every_label_has_an_address_of_its_own(server: Server, label: str) -> None:
    links = ServerLinks()
    address = links.dag(label)

    twin = server.get(f"{address}.json").json()

    assert (twin["kind"], twin["name"]) == ("dag", label)
    assert server.get(address).status == 200


@pytest.mark.parametrize("name", [*hostile.LABELS, "a.json", "a~", "a.json~", "~", "a"])
def test_name_comes_back_from_its_path(name: str) -> None:
    from urllib.parse import unquote

    assert from_path(unquote(to_path(name))) == name
    assert not to_path(name).endswith((".json", "/"))


@pytest.mark.parametrize(
    "path",
    [
        *("/nope", "/runs/nope", "/runs/", "/dags/nope", "/dags/load", "/dags/"),
        *("/compare?a=x&b=y", "/static/nope.css", "/login"),
    ],
)
def test_what_is_not_there_is_said_in_words(server: Server, path: str) -> None:
    answer = server.get(path)

    assert answer.status == 404
    assert "<h1>Not Found</h1>" in answer.text


def test_twin_of_what_is_not_there_is_an_error_for_programs(server: Server) -> None:
    answer = server.get("/runs/nope.json")

    assert answer.status == 404
    assert answer.json()["schema"] == "gluepy.error/1"
    assert "nope" in answer.json()["error"]


def test_runs_are_filtered_and_searched(server: Server) -> None:
    def found(query: str) -> list[str]:
        page = server.get(f"/runs.json?{query}").json()
        return [run["dag"] for run in page["documents"]["runs"]["runs"]]

    assert found("dag=training") == ["training", "training"]
    assert found("status=failed") == [hostile.MARKUP, "training"]
    assert found("status=failed&q=train") == ["training"]
    assert found("q=nothing-like-it") == []
    assert len(found("status=nonsense&page=x")) == len(hostile.LABELS) + 3
    assert found("page=99999") == []


def test_run_is_seen_that_began_after_the_server(project: Project) -> None:
    server = project.serve()
    assert server.get("/runs.json").json()["documents"]["runs"]["total"] == 0

    project.gluepy("dag", "training")

    assert server.get("/runs.json").json()["documents"]["runs"]["total"] == 1


def test_package_that_breaks_costs_its_own_part_of_a_page(project: Project) -> None:
    entry_points = {"gluepy.dags": {"scoring": "acme:Scoring"}}
    module = {"acme": "raise SystemExit(7)"}
    write_distribution(project.folder, "acme", entry_points=entry_points, modules=module)
    server = project.serve(PYTHONPATH=str(project.folder))

    page = server.get("/dags/scoring")

    assert page.status == 200
    assert "A part of this page is missing" in page.text
    assert "its import calls sys.exit(7)" in page.text
    assert server.get("/runs").status == 200
    assert "its import calls sys.exit(7)" in server.get("/").text


def test_damaged_record_is_said_and_nothing_else_is_lost(project: Project) -> None:
    project.gluepy("dag", "training")
    (run_id,) = project.ids()
    (journal,) = project.folder.glob("data/runs/*/*/*/*/journal.jsonl")
    journal.write_text("{}\n{}\n")
    server = project.serve()

    page = server.get(f"/runs/{run_id}")

    assert page.status == 500
    assert "is damaged" in page.text
    assert server.get("/runs").status == 200


def test_no_pipeline_is_imported_to_start_or_to_list_runs(project: Project) -> None:
    (project.folder / "gluepy.toml").write_text("")
    server = project.serve()

    assert server.get("/runs").status == 200
    assert server.get("/").status == 200
    assert not list(project.folder.rglob("__pycache__"))


def test_hooks_are_timed_by_the_last_run_that_ended(project: Project) -> None:
    project.gluepy("dag", "training")
    (ended,) = project.ids()
    server = project.serve()
    project.start("dag", "training", WAIT="1")
    wait_until(lambda: "running" in server.get("/runs.json").text, "a run")

    documents = server.get("/plugins.json").json()["documents"]

    assert documents["runs"]["runs"][0]["status"] == "running"
    assert documents["timings"]["run_id"] == ended


# -- who may ask -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(server: Server, method: str) -> None:
    answer = server.get("/runs", method)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_head_has_headers_alone(server: Server) -> None:
    assert (server.get("/runs", "HEAD").status, server.get("/runs", "HEAD").text) == (200, "")
    assert server.get("/events", "HEAD").status == 200


@pytest.mark.parametrize("path", ["/", "/nope", "/runs.json", "/static/report.css", "/events"])
def test_every_answer_has_the_security_headers(server: Server, path: str) -> None:
    headers = server.get(path, "HEAD").headers

    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", "", "[::2]"]
)
def test_name_that_is_not_this_machine_is_refused(server: Server, host: str) -> None:
    assert server.get("/runs", Host=host).status == 421


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8400", "[::1]:80", "127.9.9.9"]
)
def test_names_of_this_machine_are_answered(server: Server, host: str) -> None:
    assert server.get("/runs", "HEAD", Host=host).status == 200


@pytest.mark.parametrize(
    "name",
    ["../../etc", "..%2f..%2f..%2fetc", "%2fetc", "%2e%2e", "a%00b", "%ff", "@-x", "a%0d%0ab:c"],
)
def test_no_run_lies_outside_of_the_storage(server: Server, name: str) -> None:
    assert server.get(f"/runs/{name}.json").status == 404


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_page_of_another_site_may_lead_here_but_not_ask(server: Server, site: str) -> None:
    def ask(site: str, mode: str) -> int:
        headers = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode}
        return server.get("/events", "HEAD", **headers).status

    assert [ask(site, mode) for mode in ("no-cors", "cors", "navigate")] == [403, 403, 200]
    assert ask("same-origin", "cors") == 200


def test_history_of_ten_thousand_runs_is_quick(project: Project) -> None:
    project.gluepy("dag", "training")
    (run_id,) = project.ids()
    (journal,) = project.folder.glob("data/runs/*/*/*/*/journal.jsonl")
    text = journal.read_text()
    for number in range(10_000):
        folder = journal.parent.parent / f"run-{number:05}"
        folder.mkdir()
        (folder / "context.yaml").touch()
        (folder / "journal.jsonl").write_text(text.replace(run_id, folder.name))
    assert project.gluepy("runs", "reindex").code == 0
    server = project.serve()
    server.get("/runs")

    def time_of(path: str) -> float:
        before = time.monotonic()
        assert server.get(path).status == 200
        return time.monotonic() - before

    for path in ("/", "/runs", "/runs?page=200", "/runs?q=run-099", "/runs/run-05000"):
        # About 0.02 on an idle machine; others may use this one.
        assert min(time_of(path) for _ in range(3)) < 2, path


def test_only_known_files_are_served(server: Server) -> None:
    for name in ("../pyproject.toml", "..%2f..%2fpyproject.toml", "%2e%2e/_app.py", "x"):
        assert server.get(f"/static/{name}").status == 404


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", EVERYWHERE], "add --allow-remote and a token"),
        (["--host", EVERYWHERE, "--allow-remote"], "add a token"),
        (["--allow-remote"], "add a token"),
        (["--host", EVERYWHERE, "--token", TOKEN], "add --allow-remote."),
        (["--host", "::", "--allow-remote", "--token", "x" * 15], "fewer than 16 characters"),
        (["--token", "short"], "fewer than 16 characters"),
        (["--host", "no.such.host.invalid", "--allow-remote", "--token", TOKEN], "cannot listen"),
    ],
)
def test_others_are_let_in_only_on_purpose(project: Project, words: list[str], told: str) -> None:
    done = project.gluepy("web", "--port", "0", *words)

    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err


def test_other_machines_show_the_token(project: Project) -> None:
    server = project.serve("--host", EVERYWHERE, "--allow-remote", GLUEPY_WEB_TOKEN=TOKEN)
    server.address = server.address.replace(EVERYWHERE, "127.0.0.1")

    assert server.get("/runs.json", Host="box.example").status == 401
    assert server.get("/events").status == 401
    for host in ("box/static/", "box/static/?", "static/"):
        assert server.get("/runs.json", Host=host).status in (400, 401)
    for wrong in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN):
        assert server.get("/runs.json", Authorization=wrong).status == 401
    answer = server.get("/runs.json", Authorization=f"Bearer {TOKEN}", Host="box.example")
    assert answer.status == 200
    assert server.get("/static/report.css").status == 200


def test_token_in_an_address_becomes_a_cookie(project: Project) -> None:
    server = project.serve("--token", TOKEN)

    form = server.get("/runs", Accept="text/html")
    answer = server.get(f"/runs?status=failed&token={TOKEN}")

    assert form.status == 401
    assert form.headers["www-authenticate"].startswith("Bearer")
    assert 'type="password"' in form.text
    assert (answer.status, answer.headers["location"]) == (303, "/runs?status=failed")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert server.get("/runs", Cookie=cookie.partition(";")[0]).status == 200
    name = cookie.partition("=")[0]
    assert name == f"gluepy-web-{server.address.rpartition(':')[2]}"
    assert server.get("/runs", Cookie=f"{name}=other").status == 401
    assert server.get(f"/?token={TOKEN}").headers["location"] == "/"
    assert server.get(f"//evil.example/?token={TOKEN}").headers["location"] == "/evil.example/"
    assert "That is not the token" in server.get("/runs?token=x", Accept="text/html").text


# -- begin and end ---------------------------------------------------------------------------------


def test_port_in_use_is_one_sentence(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = project.gluepy("web", "--port", str(port))

    assert done.code == 2
    assert f"Error: port {port} of '127.0.0.1' is in use\n" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_server_ends_at_once_with_open_streams(
    project: Project, number: signal.Signals, code: int
) -> None:
    server = project.serve()
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        f"{server.address}/events", timeout=PATIENCE_S
    ) as stream:
        assert stream.readline() == b"retry: 2000\n"
        done = server.stop(number)

    assert (done.code, done.out) == (code, "")
    assert done.err == "Ctrl-C ends it.\n"  # an answer that had to be cut off would be told here


def test_ipv6_has_an_address_with_brackets(project: Project) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 on loopback")
    server = project.serve("--host", "::1")

    assert server.address.startswith("http://[::1]:")
    assert server.get("/runs").status == 200


# -- events ----------------------------------------------------------------------------------------


def test_stream_tells_of_a_run_until_it_is_over(project: Project) -> None:
    server = project.serve()
    run = project.start("dag", "training", WAIT="1")
    wait_until(lambda: server.get("/runs.json").json()["documents"]["runs"]["runs"], "a run")
    run_id = server.get("/runs.json").json()["documents"]["runs"]["runs"][0]["run_id"]

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{server.address}/events?run={quote(run_id)}", timeout=PATIENCE_S) as stream:
        assert stream.readline() == b"retry: 2000\n"
        assert next_event(stream) == "change"  # the page may be older
        (project.folder / "go-load").touch()
        assert next_event(stream) == "change"
        (project.folder / "go-train").touch()
        told = [next_event(stream)]
        while told[-1] != "over":
            told.append(next_event(stream))

    assert run.wait().code == 0
    assert set(told[:-1]) <= {"change"}


def next_event(stream: object) -> str:
    for line in stream:  # type: ignore[attr-defined]
        if line.startswith(b"event: "):
            return str(line[7:].strip().decode())
    return ""


def test_stream_of_a_run_that_is_over_ends(server: Server) -> None:
    run_id = json.loads(server.get("/runs.json").text)["documents"]["runs"]["runs"][0]["run_id"]

    assert "event: over" in server.get(f"/events?run={run_id}").text
    assert "event: over" in server.get("/events?run=nope").text


def test_streams_are_counted(project: Project) -> None:
    server = project.serve()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with ExitStack() as streams:
        for _ in range(64):
            stream = opener.open(f"{server.address}/events", timeout=PATIENCE_S)
            streams.enter_context(stream).readline()
        refused = server.get("/events")

    assert (refused.status, "Too many follow already" in refused.text) == (503, True)

    def has_place() -> bool:
        try:
            with opener.open(f"{server.address}/events", timeout=PATIENCE_S):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return False

    # Those who leave make place.
    wait_until(has_place, "a place")


def test_pages_are_opened_without_the_token(project: Project, tmp_path: Path) -> None:
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    opener.chmod(0o755)
    path = f"{opener.parent}{os.pathsep}{os.environ['PATH']}"

    server = project.serve("--open", PATH=path, GLUEPY_WEB_TOKEN=TOKEN)

    opened = tmp_path / "opened"
    wait_until(lambda: opened.exists() and opened.read_text(), "the browser")
    assert opened.read_text().strip() == f"{server.address}/"
