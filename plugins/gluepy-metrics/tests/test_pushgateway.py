"""What is pushed, where to, and what it costs when nobody takes it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Player, Samples


@dataclass
class Push:
    method: str
    path: str
    authorization: str
    text: str


class Gateway(ThreadingHTTPServer):
    """Takes down what is pushed, and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pushes: list[Push] = []
        self.answer: tuple[int, bytes] = (200, b"")
        self.is_slow = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_PUT(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        authorization = self.headers.get("Authorization", "")
        self.server.pushes.append(Push(self.command, self.path, authorization, text))
        if self.server.is_slow.is_set():
            return
        code, body = self.server.answer
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT  # noqa: N815 - the name that the base class looks for

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_groups_by_job_dag_and_outcome(player: Player, gateway: Gateway, samples: Samples) -> None:
    player.configure(METRICS_PUSHGATEWAY=gateway.url)

    player.play("1", "failed")

    begun, last, ended = gateway.pushes
    assert (begun.method, begun.path) == ("POST", "/metrics/job/gluepy/dag/training")
    assert list(samples(begun.text)) == ['gluepy_run_last_start_timestamp_seconds{dag="training"}']
    assert (last.method, last.path) == ("PUT", "/metrics/job/gluepy/dag/training")
    found = samples(last.text)
    assert found['gluepy_run_last_duration_seconds{dag="training"}'] == 9.5
    assert not [name for name in found if "_total" in name or "_end_" in name]
    assert (ended.method, ended.path) == (
        "PUT",
        "/metrics/job/gluepy/dag/training/outcome/failed",
    )
    assert list(samples(ended.text)) == [
        'gluepy_run_last_end_timestamp_seconds{dag="training",outcome="failed"}'
    ]


def test_job_and_more_labels_can_be_chosen(player: Player, gateway: Gateway) -> None:
    player.configure(
        METRICS_PUSHGATEWAY=gateway.url.removeprefix("http://"),
        METRICS_JOB="nightly",
        METRICS_GROUPING={"team": "growth", "shard": 3},
    )

    player.begin()

    assert gateway.pushes[0].path == "/metrics/job/nightly/dag/training/shard/3/team/growth"


def test_a_password_comes_from_the_environment(
    player: Player, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUEPY_METRICS_PUSHGATEWAY_PASSWORD", "s3cret")
    player.configure(METRICS_PUSHGATEWAY=gateway.url, METRICS_PUSHGATEWAY_USER="amy")

    player.begin()

    assert gateway.pushes[0].authorization == f"Basic {base64.b64encode(b'amy:s3cret').decode()}"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((400, b"pushed metrics are invalid\n"), "400 Bad Request: pushed metrics are invalid"),
        ((401, b""), "401 Unauthorized"),
    ],
)
def test_a_refusal_is_one_sentence(
    player: Player, gateway: Gateway, answer: tuple[int, bytes], reason: str
) -> None:
    player.configure(METRICS_PUSHGATEWAY=gateway.url)
    gateway.answer = answer

    with pytest.raises(RuntimeError) as caught:
        player.begin()

    assert str(caught.value) == (
        f"the Pushgateway {gateway.url!r}, which the setting METRICS_PUSHGATEWAY names, did not "
        f"take the metrics: {reason}"
    )


def test_nobody_there_is_one_sentence(player: Player, free_port: int) -> None:
    player.configure(METRICS_PUSHGATEWAY=f"http://127.0.0.1:{free_port}/")

    with pytest.raises(RuntimeError, match=r"did not take the metrics: .*Connection refused"):
        player.begin()


def test_an_answer_that_is_no_http_is_one_sentence(player: Player, gateway: Gateway) -> None:
    player.configure(METRICS_PUSHGATEWAY=gateway.url)
    gateway.is_slow.set()

    with pytest.raises(RuntimeError, match="did not take the metrics: Remote end closed"):
        player.begin()


def test_an_address_that_is_none_is_one_sentence(player: Player) -> None:
    player.configure(METRICS_PUSHGATEWAY="http://127.0.0.1:port")

    with pytest.raises(RuntimeError, match="did not take the metrics: nonnumeric port"):
        player.begin()


def test_a_gateway_that_says_nothing_is_waited_for_no_longer_than_said(
    player: Player,
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        player.configure(
            METRICS_PUSHGATEWAY=f"127.0.0.1:{port}", METRICS_PUSHGATEWAY_TIMEOUT_S="0.2"
        )

        with pytest.raises(RuntimeError, match="did not take the metrics: timed out"):
            player.begin()
