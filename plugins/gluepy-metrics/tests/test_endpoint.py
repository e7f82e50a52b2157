"""An endpoint from when the first run begins until none is in progress."""

from __future__ import annotations

import logging
import socket
import threading
import urllib.error
from typing import TYPE_CHECKING

import pytest

from gluepy_metrics._endpoint import Endpoint

if TYPE_CHECKING:
    from tests.conftest import Fetch, Player, Samples


def test_it_is_there_while_any_run_lasts(
    player: Player, free_port: int, fetch: Fetch, samples: Samples
) -> None:
    player.configure(METRICS_HTTP=free_port)
    url = f"http://127.0.0.1:{free_port}/metrics"

    first, second = player.begin("1"), player.begin("2", dag="scoring")
    player.step(first, "load")
    both = samples(fetch(url))
    player.end(first)
    one = samples(fetch(url))
    player.end(second)

    assert both['gluepy_runs_in_progress{dag="training"}'] == 1.0
    assert both['gluepy_runs_in_progress{dag="scoring"}'] == 1.0
    assert both['gluepy_steps_in_progress{dag="training",task="load"}'] == 0.0
    assert both['gluepy_task_attempts_total{dag="training",outcome="succeeded",task="load"}'] == 1
    assert one['gluepy_runs_in_progress{dag="training"}'] == 0.0
    assert one['gluepy_runs_total{dag="training",outcome="succeeded"}'] == 1.0
    with pytest.raises(urllib.error.URLError):
        fetch(url)


def test_each_series_is_there_once_whatever_the_number_of_dags(
    player: Player, free_port: int, fetch: Fetch
) -> None:
    player.configure(METRICS_HTTP=f"127.0.0.1:{free_port}")
    runs = [player.begin(dag, dag=dag) for dag in ("training", "scoring")]

    text = fetch(f"http://127.0.0.1:{free_port}/metrics")
    for run in runs:
        player.end(run)

    types = [line for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types)) > 0


def test_a_free_port_is_told(player: Player, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    player.configure(METRICS_HTTP="0")

    run = player.begin()
    (endpoint,) = player.plugin.outputs
    assert isinstance(endpoint, Endpoint)
    port = endpoint.port
    player.end(run)

    assert port > 0
    assert caplog.messages == [f"metrics of 'training': http://127.0.0.1:{port}/metrics"]
    assert endpoint.port == 0


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_it_listens_at_an_address_of_ipv6(
    player: Player, free_port: int, fetch: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    player.configure(METRICS_HTTP=f"[::1]:{free_port}")

    run = player.begin()
    text = fetch(f"http://[::1]:{free_port}/metrics")
    player.end(run)

    assert 'gluepy_runs_in_progress{dag="training"} 1.0' in text
    assert caplog.messages == [f"metrics of 'training': http://[::1]:{free_port}/metrics"]


def test_a_port_that_is_taken_is_one_sentence(player: Player) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        player.configure(METRICS_HTTP=port)

        with pytest.raises(RuntimeError) as caught:
            player.begin()

    assert str(caught.value) == (
        f"cannot listen at 127.0.0.1:{port}, as the setting METRICS_HTTP says: "
        "Address already in use"
    )
    (endpoint,) = player.plugin.outputs
    endpoint.end("training")


def test_somebody_who_connects_and_says_nothing_does_not_hold_up_the_end(
    player: Player, free_port: int
) -> None:
    player.configure(METRICS_HTTP=free_port)
    run = player.begin()

    with socket.create_connection(("127.0.0.1", free_port)):
        end = threading.Thread(target=player.end, args=(run,), daemon=True)
        end.start()
        end.join(5)

    assert not end.is_alive()


def test_it_is_read_while_the_run_goes_on(player: Player, free_port: int, fetch: Fetch) -> None:
    player.configure(METRICS_HTTP=free_port, METRICS_MAX_LOGGED=10_000)
    run = player.begin()
    over = threading.Event()

    def work() -> None:
        number = 0
        while not over.is_set():
            player.log(run, "train", f"m{number % 1000}", 1.0)
            player.step(run, f"t{number % 50}")
            number += 1

    worker = threading.Thread(target=work)
    worker.start()
    texts = [fetch(f"http://127.0.0.1:{free_port}/metrics") for _ in range(20)]
    over.set()
    worker.join()
    player.end(run)

    assert all("gluepy_runs_in_progress" in text for text in texts)
