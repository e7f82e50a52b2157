from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from gluepy.engine.signals import Stopped, StopRequest


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def no_nohup() -> Iterator[None]:
    """Let these tests run under nohup too, and change its signal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_interrupts_a_task(number: int) -> None:
    stop = StopRequest()

    with stop.listening(), pytest.raises(Stopped, match=signal.Signals(number).name):  # noqa: PT012
        with stop.in_task():
            send(number)
            raise AssertionError("not reached")

    assert stop.signal == number


def test_signal_outside_a_task_is_only_noted() -> None:
    stop = StopRequest()

    with stop.listening():
        send(signal.SIGTERM)

    assert stop.signal == signal.SIGTERM


def test_signal_that_came_before_interrupts_the_next_task() -> None:
    stop = StopRequest()

    with stop.listening():
        send(signal.SIGTERM)
        with pytest.raises(Stopped), stop.in_task():
            raise AssertionError("not reached")


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    with StopRequest().listening():
        assert signal.getsignal(signal.SIGTERM) != before[1]

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_run_under_nohup_outlives_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = StopRequest()

    with stop.listening(), stop.in_task():
        send(signal.SIGHUP)

    assert stop.signal == 0
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_threads_do_not_listen() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work() -> None:
        with StopRequest().listening():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [before]


def test_second_interrupt_leaves_an_interactive_process_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "ps1", "In: ", raising=False)
    stop = StopRequest()

    with stop.listening():
        send(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)

    assert stop.signal == signal.SIGINT


def test_interrupt_without_a_signal_counts_as_one() -> None:
    stop = StopRequest()

    stop.note_interrupt()

    assert stop.signal == signal.SIGINT


def test_first_signal_is_the_one_that_counts() -> None:
    stop = StopRequest()

    with stop.listening():
        send(signal.SIGTERM)
    stop.note_interrupt()

    assert stop.signal == signal.SIGTERM


def test_signal_wakes_whoever_waits() -> None:
    calls: list[int] = []
    stop = StopRequest(lambda: calls.append(stop.signal))

    with stop.listening():
        send(signal.SIGTERM)

    assert calls == [signal.SIGTERM]


def test_signal_after_a_task_does_not_interrupt_what_follows() -> None:
    stop = StopRequest()

    with stop.listening():
        with stop.in_task():
            pass
        send(signal.SIGTERM)

    assert stop.signal == signal.SIGTERM


def test_terminal_that_hangs_up_once_more_does_not_end_the_process() -> None:
    stop = StopRequest()

    with stop.listening():
        send(signal.SIGHUP)
        send(signal.SIGHUP)

    assert stop.signal == signal.SIGHUP


def test_second_signal_ends_the_process_at_once() -> None:
    code = (
        "import os, signal\n"
        "from gluepy.engine.signals import StopRequest\n"
        "with StopRequest().listening():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('noted', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('not reached', flush=True)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout == "noted\n"
    assert done.returncode == -signal.SIGTERM


def test_step_in_a_thread_does_not_begin_after_a_signal() -> None:
    stop = StopRequest()
    with stop.in_thread():
        stop.note_interrupt()

    with pytest.raises(Stopped, match="SIGINT"), stop.in_thread():
        raise AssertionError("it began")
