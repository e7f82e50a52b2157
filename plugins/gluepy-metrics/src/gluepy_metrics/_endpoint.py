"""An HTTP endpoint that Prometheus fetches from while a run lasts."""

from __future__ import annotations

import logging
import socket
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from socketserver import TCPServer

from prometheus_client import CollectorRegistry, Metric, MetricsHandler
from prometheus_client.registry import Collector

from gluepy_metrics._book import RunBook
from gluepy_metrics._families import ended, in_progress, last_run, totals

__all__ = ["Endpoint"]

logger = logging.getLogger(__name__)

#: The end of a run waits so long for the server, in seconds; the usual 0.5 would be felt.
_POLL_S = 0.02


class Endpoint:
    """Serves ``/metrics`` from when the first run begins until none is in progress.

    Args:
        book: What is known of the runs.
        host: Name or address to listen at.
        port: 0 for one that is free, which the log tells.
    """

    def __init__(self, book: RunBook, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._registry = CollectorRegistry()
        self._registry.register(_BookCollector(book))
        self._lock = threading.Lock()
        self._runs = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def port(self) -> int:
        """The port that it listens at; 0 while it does not."""
        return self._server.server_port if self._server else 0

    def begin(self, dag: str) -> None:
        """Start to serve, unless a run is in progress already."""
        with self._lock:
            self._runs += 1
            if self._runs > 1:
                return
            self._server = self._start()
            host = f"[{self._host}]" if ":" in self._host else self._host
            logger.info("metrics of %r: http://%s:%d/metrics", dag, host, self.port)

    def end(self, dag: str) -> None:
        """Stop to serve, unless another run is in progress."""
        with self._lock:
            self._runs -= 1
            if self._runs or self._server is None:
                return
            server, self._server = self._server, None
        server.shutdown()
        server.server_close()
        logger.debug("metrics of %r: no longer served", dag)

    def _start(self) -> ThreadingHTTPServer:
        kind = _Server6 if ":" in self._host else _Server
        try:
            server = kind((self._host, self._port), MetricsHandler.factory(self._registry))
        except OSError as error:
            raise OSError(
                f"cannot listen at {self._host}:{self._port}, as the setting METRICS_HTTP says: "
                f"{error.strerror}"
            ) from error
        serve = partial(server.serve_forever, poll_interval=_POLL_S)
        threading.Thread(target=serve, name="gluepy-metrics", daemon=True).start()
        return server


class _BookCollector(Collector):
    """All that is in a book, and what is in progress."""

    def __init__(self, book: RunBook) -> None:
        self._book = book

    def collect(self) -> list[Metric]:
        books = self._book.read()
        return [*in_progress(books), *last_run(books), *ended(books), *totals(books)]


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        # HTTPServer's own asks the name service for the name of the host, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.socket.getsockname()[1]


class _Server6(_Server):
    address_family = socket.AF_INET6
