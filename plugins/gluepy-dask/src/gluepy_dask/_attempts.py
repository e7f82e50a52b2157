"""What happens in a worker: an attempt begins once at most, and ends with its coordinator.

Dask gives a task whose worker has died to another one, on its own, and goes on with a task whose
client has gone. That is right for functions without side effects. A step has them, and nobody but
the coordinator says whether it is tried again. So:

- For each attempt the coordinator puts one token into a queue of the scheduler. Whoever takes it
  may begin: a worker, or the coordinator that withdraws the attempt. For all others there is none.
- While attempts run, a thread asks the scheduler whether they are still wanted. A process in which
  one is not, or that cannot ask, is killed: the run may be resumed at any moment, and two processes
  would then work on the same files.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from distributed import Client, Nanny, Queue, get_client, get_worker

from gluepy.engine.interrupts import ThreadInterrupts

__all__ = [
    "Answer",
    "begin_or_refuse",
    "end",
    "end_worker",
    "interrupt",
    "leave",
    "pack",
    "take_token",
]

#: How often a worker asks whether its attempts are still wanted, in seconds.
INTERVAL_S = 1.0


class Answer(NamedTuple):
    """What comes back from a worker.

    Attributes:
        kind: ``returned``; ``refused``, because the attempt had been begun before;
            ``interrupted``, before the function could tell.
        value: What the function returned.
    """

    kind: str
    value: Any = None


_running: set[str] = set()
_interrupts = ThreadInterrupts()
_lock = threading.Lock()


def pack(
    token: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bytes:
    """Return what `pickle.loads` makes an attempt of.

    A scheduler takes apart what it passes on. For it these are bytes and a function of Python's
    own, so neither Gluepy nor this package has to be installed where it runs.
    """
    return pickle.dumps(_Call(token, fn, args, kwargs), protocol=5)


class _Call:
    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __reduce__(self) -> tuple[Callable[..., Answer], tuple[Any, ...]]:
        return begin_or_refuse, self.arguments


def begin_or_refuse(
    token: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Answer:
    """Call a function if nobody has begun to."""
    client = get_client()
    if not take_token(token, client):
        return Answer("refused")
    _start_watching(client)
    try:
        with _noted(token), _interrupts.allowed(token):
            return Answer("returned", fn(*args, **kwargs))
    except KeyboardInterrupt:  # it came before the function began, or after it had ended
        return Answer("interrupted")
    except SystemExit as error:  # Dask would close the worker
        raise RuntimeError(f"SystemExit: {error}") from error


def take_token(token: str, client: Client) -> bool:
    """Take the token of an attempt, and say whether it was still there."""
    queue = Queue(token, client=client)
    try:
        return bool(queue.get(batch=True))  # does not wait: all that there is, in one go
    finally:
        queue.close()


@contextlib.contextmanager
def _noted(token: str) -> Iterator[None]:
    with _lock:
        _running.add(token)
    try:
        yield
    finally:
        with _lock:
            _running.discard(token)


# -- called by Client.run --------------------------------------------------------------------------


def end(token: str) -> None:
    """End this process if it carries the attempt out; a nanny starts another."""
    if token in _running:
        _end_process()


def end_worker(dask_worker: Nanny) -> None:
    """End the worker of a nanny, when it cannot do so itself."""
    if dask_worker.pid is not None:
        os.kill(dask_worker.pid, signal.SIGKILL)


def interrupt(token: str) -> None:
    """Raise an interrupt in the thread of the attempt, if that is here."""
    _interrupts.interrupt(token)


def leave(keys: Iterable[str]) -> None:
    """Tear down what runs needed in this process, which may outlive them by months."""
    from gluepy.engine.worker import leave as leave_run

    for key in keys:
        leave_run(key)


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# -- whether attempts are still wanted -------------------------------------------------------------

_watching: set[int] = set()  # the process that does; one that was forked off it does not


def _start_watching(client: Client) -> None:
    with _lock:
        if os.getpid() in _watching:
            return
        _watching.add(os.getpid())
    arguments = client, str(get_worker().address)
    threading.Thread(target=_watch, args=arguments, name="gluepy-watch", daemon=True).start()


def _watch(client: Client, address: str) -> None:
    while True:
        time.sleep(INTERVAL_S)
        tokens = _copy_of_running()
        # Again after the answer: what has ended meanwhile is not missed.
        if tokens and (tokens - _wanted(client, address)) & _copy_of_running():
            _end_process()


def _copy_of_running() -> set[str]:
    with _lock:
        return set(_running)


def _wanted(client: Client, address: str) -> set[str]:
    """Return what the scheduler wants of this worker; nothing if it does not answer."""
    with contextlib.suppress(Exception):  # of whatever kind
        return set(client.processing([address])[address])  # the tokens are keys of tasks, too
    return set()
