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
import ctypes
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from distributed import Client, Nanny, Queue, get_client, get_worker

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


class _Running(NamedTuple):
    thread: int
    key: str


_running: dict[str, _Running] = {}
_interrupted: set[str] = set()
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
        return Answer("returned", _call(token, fn, args, kwargs))
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


def _call(token: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    thread = threading.get_ident()
    with _lock:
        _running[token] = _Running(thread, str(get_worker().get_current_task()))
    try:
        return fn(*args, **kwargs)
    finally:
        with _lock:
            del _running[token]
            if token in _interrupted:
                _interrupted.remove(token)
                _raise_in(thread, None)  # it may not have come through yet


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
    with _lock:
        running = _running.get(token)
        if running is not None and token not in _interrupted:
            _interrupted.add(token)
            _raise_in(running.thread, KeyboardInterrupt)


def leave(keys: Iterable[str]) -> None:
    """Tear down what runs needed in this process, which may outlive them by months."""
    from gluepy.engine.worker import leave as leave_run

    for key in keys:
        leave_run(key)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Let a thread raise an error soon; None takes back what has not come through."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# -- whether attempts are still wanted -------------------------------------------------------------

_watching: set[int] = set()  # the process that does; one that was forked off it does not


def _start_watching(client: Client) -> None:
    with _lock:
        if os.getpid() in _watching:
            return
        _watching.add(os.getpid())
    address = get_worker().address
    threading.Thread(
        target=_watch, args=(client, address), name="gluepy-watch", daemon=True
    ).start()


def _watch(client: Client, address: str) -> None:
    while True:
        time.sleep(INTERVAL_S)
        keys = _keys()
        # Again after the answer: what has ended meanwhile is not missed.
        if keys and (keys - _wanted(client, address)) & _keys():
            _end_process()


def _keys() -> set[str]:
    with _lock:
        return {one.key for one in _running.values()}


def _wanted(client: Client, address: str) -> set[str]:
    with contextlib.suppress(
        Exception
    ):  # whatever it is: a worker without a scheduler is of no use
        return set(client.processing([address])[address])
    return set()
