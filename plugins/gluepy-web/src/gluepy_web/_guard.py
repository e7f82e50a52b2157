"""Who may ask, and for what: to read, by the names of this machine, with the token if any."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard", "is_loopback"]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_COOKIE = "gluepy-web"
_READING = ("GET", "HEAD")
#: What can be had without the token: it is in everybody's copy of the package.
_OPEN = "/static/"


def is_loopback(host: str) -> bool:
    """Return whether an address, or the name ``localhost``, leads to this machine and no other."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """Stands before the application, and puts headers on whatever is answered.

    Args:
        app: The application.
        token: What everybody has to show; empty if the server asks for none.
        is_remote: Whether other machines may ask. If not, a page of another site could still make
            a browser ask here, by a name of its own that leads to this machine; such names are
            refused.
        ask: Answers who has shown no token, or a wrong one.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        is_remote: bool,
        ask: Callable[[Request], Response],
    ) -> None:
        self._app = app
        self._token = _digest(token) if token else b""
        self._is_remote = is_remote
        self._ask = ask
        # The browser keeps this, and not the token; it ends with the server.
        self._session = secrets.token_urlsafe()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        answer = self._refuse(request) or self._app
        await answer(scope, receive, _with_headers(send))

    def _refuse(self, request: Request) -> Response | None:
        """Return why a request is not let through; None if it is."""
        if request.method not in _READING:
            status = HTTPStatus.METHOD_NOT_ALLOWED
            allow = {"Allow": ", ".join(_READING)}
            return PlainTextResponse("This server can only be read.\n", status, allow)
        if not self._is_remote and not is_loopback(_host_of(request)):
            text = "This server does not answer to that name; ask for localhost.\n"
            return PlainTextResponse(text, HTTPStatus.MISDIRECTED_REQUEST)
        if _is_embedded(request):
            text = "This server does not answer to pages of others.\n"
            return PlainTextResponse(text, HTTPStatus.FORBIDDEN)
        # Not the path of the URL: it is put together with what the request says its host is.
        if not self._token or request.scope["path"].startswith(_OPEN):
            return None
        return self._check(request)

    def _check(self, request: Request) -> Response | None:
        shown = request.query_params.get("token")
        if shown is not None and self._is_right(shown):
            return self._welcome(request)
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_right(bearer.strip()):
            return None
        cookie = request.cookies.get(_cookie_of(request), "")
        if hmac.compare_digest(cookie.encode("utf-8", "replace"), self._session.encode()):
            return None
        return self._ask(request)

    def _is_right(self, token: str) -> bool:
        return hmac.compare_digest(_digest(token), self._token)

    def _welcome(self, request: Request) -> Response:
        """Give a cookie for the token, and take the token out of the address."""
        left = [(key, text) for key, text in request.query_params.multi_items() if key != "token"]
        # What begins with two slashes would be another server.
        path = "/" + request.scope["raw_path"].decode("latin-1").lstrip("/\\")
        where = f"{path}?{urlencode(left)}" if left else path
        answer = RedirectResponse(where, HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            _cookie_of(request),
            self._session,
            httponly=True,
            samesite="strict",
            secure=request.scope["scheme"] == "https",
        )
        return answer


def _digest(token: str) -> bytes:
    """Return what can be compared in the same time whatever the lengths are."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _cookie_of(request: Request) -> str:
    """Return the name of the cookie: browsers give a cookie to all ports of a host."""
    _, port = request.scope["server"]
    return f"{_COOKIE}-{port}"


def _is_embedded(request: Request) -> bool:
    """Return whether a browser asks for a page of another site, and not because of a link.

    That page could not read the answer, but it could take the places of those who follow.
    """
    site = request.headers.get("sec-fetch-site", "")
    mode = request.headers.get("sec-fetch-mode", "")
    return site in ("cross-site", "same-site") and mode != "navigate"


def _host_of(request: Request) -> str:
    host = request.headers.get("host", "")
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.rpartition(":")[0] if ":" in host else host


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, text in _HEADERS.items():
                headers[name] = text
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers
