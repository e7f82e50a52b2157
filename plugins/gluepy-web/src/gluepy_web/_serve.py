"""Listens, and ends in order when it is asked to."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from gluepy_web._errors import AddressError, ExposedError, PortInUseError, WeakTokenError
from gluepy_web._guard import is_loopback

__all__ = ["LEAST_TOKEN", "check_exposure", "listen", "serve"]

LEAST_TOKEN = 16
#: So long may answers take that were begun before the server ends, in seconds.
_GRACE_S = 3
_MAX_CONNECTIONS = 512
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def check_exposure(host: str, *, allow_remote: bool, token: str) -> None:
    """See that nobody shows pages to others without meaning to.

    Raises:
        ExposedError: If others could reach them and that was not allowed, or asks for no token.
            Where others are allowed, names are not checked: the token has to keep out pages of
            other sites, at a loopback address as well.
        WeakTokenError: If the token is short.
    """
    missing = [] if allow_remote else ["--allow-remote"]
    missing += [] if token else ["a token, GLUEPY_WEB_TOKEN or --token"]
    if token and len(token) < LEAST_TOKEN:
        raise WeakTokenError(LEAST_TOKEN)
    if missing and (allow_remote or not is_loopback(host)):
        raise ExposedError(host, " and ".join(missing))


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        PortInUseError: If another process listens there.
        AddressError: If it cannot listen for another reason.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise AddressError(host, port, error.strerror or str(error)) from error
    return listener


def serve(make: Callable[[Callable[[], bool]], ASGIApp], listener: socket.socket) -> int:
    """Serve until a signal asks for the end.

    Args:
        make: Makes the application; it is given what tells whether the server ends.
        listener: Where to listen.

    Returns:
        The exit code: 128 and the number of the signal.
    """
    server: uvicorn.Server
    app = make(lambda: server.should_exit)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            date_header=True,
            http="h11",
            lifespan="off",
            limit_concurrency=_MAX_CONNECTIONS,
            log_level="warning",
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            ws="none",
        )
    )
    with _noted() as noted:
        server.run(sockets=[listener])
    return 128 + noted[0] if noted else 0


@contextlib.contextmanager
def _noted() -> Iterator[list[int]]:
    """Note signals: uvicorn handles them, and raises them again for who was there before it."""
    noted: list[int] = []
    before = {one: signal.signal(one, lambda number, _: noted.append(number)) for one in _SIGNALS}
    try:
        yield noted
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
