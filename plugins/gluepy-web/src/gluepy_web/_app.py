"""The pages of gluepy-report, each made when somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from importlib.resources import files as resources
from typing import Any, cast
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from gluepy import views
from gluepy.exceptions import (
    CommandError,
    GluepyError,
    InvalidPathError,
    PathOutsideRootError,
)
from gluepy_report import (
    Page,
    Renderer,
    compare_page,
    dag_page,
    overview_page,
    plugins_page,
    run_page,
    runs_page,
)
from gluepy_web._events import Watch, follow
from gluepy_web._guard import Guard
from gluepy_web._links import JSON, ServerLinks, from_path

__all__ = ["make_app"]

_PER_PAGE = 50
_STATUSES = ("running", "succeeded", "failed", "interrupted", "lost")
#: So many browsers can follow at once; each takes a connection.
_MAX_STREAMS = 64
_STATIC = {
    "report.css": ("gluepy_report", "text/css"),
    "icon.svg": ("gluepy_report", "image/svg+xml"),
    "live.js": ("gluepy_web", "text/javascript"),
}
_LONGEST_NUMBER = 9
#: Pages that have a form beside what the report shows.
_TEMPLATES = {"runs": "web_runs", "compare": "web_compare"}

Endpoint = Callable[[Request], Awaitable[Response]]
#: Makes a page from what a request asks for.
Maker = Callable[[Request, str], Page]


def make_app(
    project: str = "",
    *,
    token: str = "",
    is_remote: bool = False,
    is_ending: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """Return the application.

    Args:
        project: What stands in the head of each page.
        token: What everybody has to show; empty if none is asked for.
        is_remote: Whether other machines may ask.
        is_ending: Whether the server is about to end; streams end with it.
    """
    site = _Site(Renderer(project, package="gluepy_web"), is_ending)
    app = Starlette(
        routes=[
            *_twins("/", "/index", site.page(_overview)),
            *_twins("/runs", "/runs", site.page(_runs)),
            *_twins("/plugins", "/plugins", site.page(_plugins)),
            *_twins("/compare", "/compare", site.page(_compare)),
            Route("/runs/{name:path}", site.page(_run)),
            Route("/dags/{name:path}", site.page(_dag)),
            Route("/events", site.events),
            Route("/static/{name}", _static),
        ],
        exception_handlers={GluepyError: site.explain, HTTPException: site.refuse},
    )
    return Guard(app, token=token, is_remote=is_remote, ask=site.ask)


def _twins(path: str, stem: str, endpoint: Endpoint) -> list[Route]:
    return [Route(path, endpoint), Route(f"{stem}{JSON}", endpoint)]


# -- pages -----------------------------------------------------------------------------------------


def _overview(request: Request, name: str) -> Page:
    return overview_page()


def _runs(request: Request, name: str) -> Page:
    chosen = _filters(request)
    offset = (_number_of_page(request) - 1) * _PER_PAGE
    return runs_page(
        dag=chosen["dag"],
        status=chosen["status"],
        query=chosen["q"],
        limit=_PER_PAGE,
        offset=offset,
    )


def _plugins(request: Request, name: str) -> Page:
    return plugins_page()


def _compare(request: Request, name: str) -> Page:
    asked = request.query_params
    return compare_page(asked.get("a") or "@-2", asked.get("b") or "@last")


def _run(request: Request, name: str) -> Page:
    return run_page(name)


def _dag(request: Request, name: str) -> Page:
    return dag_page(name)


def _filters(request: Request) -> dict[str, str]:
    asked = request.query_params
    status = asked.get("status", "")
    return {
        "q": asked.get("q", "").strip(),
        "dag": asked.get("dag", ""),
        "status": status if status in _STATUSES else "",
    }


def _number_of_page(request: Request) -> int:
    text = request.query_params.get("page", "")
    is_number = text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return max(int(text), 1) if is_number else 1


class _Site:
    """What answers requests."""

    def __init__(self, renderer: Renderer, is_ending: Callable[[], bool]) -> None:
        self._renderer = renderer
        self._is_ending = is_ending
        self._watch = Watch()
        self._streams = 0

    def page(self, make: Maker) -> Endpoint:
        """Return what answers with a page, or with its twin."""

        async def answer(request: Request) -> Response:
            # Pages are made of files: in a thread, so that others need not wait.
            return await run_in_threadpool(self._answer, make, request)

        return answer

    def _answer(self, make: Maker, request: Request) -> Response:
        name = request.path_params.get("name", "")
        is_twin = _is_twin(request)
        page = make(request, from_path(name.removesuffix(JSON) if is_twin else name))
        if is_twin:
            return _json(page.twin())
        stream = _stream_of(page)
        links = ServerLinks(*_address_of(request), stream)
        more = self._listing(request, page) if page.kind == "runs" else {}
        template = _TEMPLATES.get(page.kind, page.kind)
        return _html(self._renderer.render(page, links, template=template, **more))

    def _listing(self, request: Request, page: Page) -> dict[str, Any]:
        """Return what the list of runs shows beside the runs."""
        filters, number = _filters(request), _number_of_page(request)
        total = page.documents.get("runs", {"total": 0})["total"]
        pages = max(-(-total // _PER_PAGE), 1)
        dags = views.list_view(kinds=("dag",))["dags"]
        to_page = partial(ServerLinks().runs, **filters)
        return {
            "filters": filters,
            "statuses": _STATUSES,
            "labels": sorted({*(dag["name"] for dag in dags), filters["dag"]} - {""}),
            "number": number,
            "pages": pages,
            "earlier": to_page(page=min(number - 1, pages)) if number > 1 else "",
            "later": to_page(page=number + 1) if number < pages else "",
        }

    # -- the rest ------------------------------------------------------------------------------

    async def events(self, request: Request) -> Response:
        """Answer with a stream of events, as long as somebody listens."""
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        if self._streams >= _MAX_STREAMS:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "too many follow already")
        run = request.query_params.get("run", "")

        async def is_gone() -> bool:
            return self._is_ending() or await request.is_disconnected()

        async def stream() -> Any:
            self._streams += 1
            try:
                async for text in follow(self._watch.look, run, is_gone):
                    yield text
            finally:
                self._streams -= 1

        return StreamingResponse(stream(), media_type="text/event-stream")

    def ask(self, request: Request) -> Response:
        """Ask for the token; programs are told so."""
        status = HTTPStatus.UNAUTHORIZED
        challenge = {"WWW-Authenticate": 'Bearer realm="gluepy-web"'}
        if "text/html" not in request.headers.get("accept", ""):
            return _json(_error("a token is missing or wrong", ""), status, challenge)
        is_wrong = "token" in request.query_params
        text = self._renderer.render_template(
            "web_login", ServerLinks(), title="Token", is_wrong=is_wrong
        )
        return _html(text, status, challenge)

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Say that there is no such page, or what else the framework found."""
        return self._failure(request, *_of_http(cast("HTTPException", error)))

    async def explain(self, request: Request, error: Exception) -> Response:
        """Say why a page could not be made."""
        return self._failure(request, *_of_gluepy(cast("GluepyError", error)))

    def _failure(self, request: Request, status: HTTPStatus, text: str, hint: str) -> Response:
        if _is_twin(request):
            return _json(_error(text, hint), status)
        return self._message(status, f"{text[:1].upper()}{text[1:]}", hint)

    def _message(self, status: HTTPStatus, text: str, hint: str) -> Response:
        page = self._renderer.render_template(
            "web_message", ServerLinks(), title=status.phrase, text=text, hint=hint
        )
        return _html(page, status)


def _stream_of(page: Page) -> str:
    if page.kind in ("overview", "runs", "dag"):
        return "/events"
    if page.kind == "run" and page.documents["run"]["is_live"]:
        return f"/events?{urlencode({'run': page.name})}"
    return ""


def _is_twin(request: Request) -> bool:
    # The URL of a request is put together with what it says its host is; the path is its own.
    return str(request.scope["path"]).endswith(JSON)


def _address_of(request: Request) -> tuple[str, str]:
    """Return path and query as they were asked for, with their quotes."""
    path, query = request.scope["raw_path"], request.scope["query_string"]
    return path.decode("latin-1"), query.decode("latin-1")


def _of_http(error: HTTPException) -> tuple[HTTPStatus, str, str]:
    status = HTTPStatus(error.status_code)
    is_missing = status is HTTPStatus.NOT_FOUND
    return status, "there is no such page" if is_missing else error.detail, ""


def _of_gluepy(error: GluepyError) -> tuple[HTTPStatus, str, str]:
    # The last two: a reference to a run that would lead elsewhere.
    is_request = isinstance(error, CommandError | InvalidPathError | PathOutsideRootError)
    status = HTTPStatus.NOT_FOUND if is_request else HTTPStatus.INTERNAL_SERVER_ERROR
    return status, error.message, error.hint


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    package, kind = _STATIC[name]
    content = resources(package).joinpath("static", name).read_bytes()
    return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})


# -- answers ---------------------------------------------------------------------------------------


def _error(text: str, hint: str) -> dict[str, Any]:
    return {"schema": "gluepy.error/1", "error": text, "hint": hint}


def _json(
    document: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    text = json.dumps(document, indent=1, default=str, allow_nan=False)
    return Response(text, status, headers, media_type="application/json")


def _html(
    text: str, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    # Names of files may hold what is no character.
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), status, headers)
