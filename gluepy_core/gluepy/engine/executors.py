"""Executors: what carries steps out, and the two that do so in this process.

An executor is any ``concurrent.futures.Executor``. The entry point group ``gluepy.executors`` names
factories: functions that take an `ExecutorRequest` and return one. These attributes of it are
looked at, and none is needed:

``workers``
    How many steps it carries out at once; else as many as were asked for, or as this machine has
    cores.
``in_process``
    Whether steps run in the coordinating process, as in threads. Others need a storage that other
    processes see.
``kill(future)``
    Ends what runs for a future, at once; the future then ends with an exception. Needed for tasks
    with ``timeout_s``.
``interrupt(future)``
    Raises ``KeyboardInterrupt`` in what runs for a future, as Ctrl-C does. Without it a run that is
    asked to stop kills its steps or, where it cannot, waits for them.
``attend(timeout_s)`` and ``wake()``
    Waits in the calling thread until something has happened to a worker, and lets futures end
    there; and lets such a call come back at once, from any thread and from signal handlers. A run
    that has no other executor waits so, which saves a switch of threads per step. After the first
    call, futures need not end at any other time; but where one does, ``attend`` comes back.

Workers that outlive an executor keep what its runs needed there until `gluepy.engine.worker.leave`
is called in them with the ``key`` of the assignments.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

from gluepy.engine.interrupts import ThreadInterrupts
from gluepy.exceptions import ExecutorError
from gluepy.exec.records import ExecutorRequest

__all__ = ["BUILT_IN", "Factory", "SerialExecutor", "ThreadsExecutor", "count_cores"]

#: Makes an executor.
Factory = Callable[[ExecutorRequest], Executor]

P = ParamSpec("P")
T = TypeVar("T")

_Call = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class SerialExecutor(Executor):
    """Carries each step out when it is submitted, in the thread that submits it."""

    workers = 1
    in_process = True

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn`` and return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


class ThreadsExecutor(Executor):
    """Carries steps out in threads of this process, which live until it is shut down.

    The standard library's does more for every call: it looks whether a thread is idle before it
    starts another, and cannot interrupt one.

    Args:
        workers: How many at once.
    """

    in_process = True

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._interrupts = ThreadInterrupts()
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._is_shut_down = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn`` in a thread."""
        future: Future[T] = Future()
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot submit anything after shutdown()")
            if len(self._threads) < self.workers:
                name = f"gluepy-step_{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name)
                thread.start()  # which may fail: then there is no call, and nobody to be waited for
                self._threads.append(thread)
            self._calls.put((future, fn, args, kwargs))
        return future

    def _serve(self) -> None:
        """Carry calls out until there are no more."""
        while (call := self._calls.get()) is not None:
            future, fn, args, kwargs = call
            if future.set_running_or_notify_cancel():
                try:
                    with self._interrupts.allowed(future):
                        result = fn(*args, **kwargs)
                except BaseException as error:  # noqa: BLE001 - as an executor does
                    future.set_exception(error)
                else:
                    future.set_result(result)

    def interrupt(self, future: Future[Any]) -> None:
        """Raise an interrupt in the thread; it comes through with the next line of Python."""
        self._interrupts.interrupt(future)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - its signature
        """Let the threads end what they do, and then themselves."""
        with self._lock:
            self._is_shut_down = True
            while cancel_futures and not self._calls.empty():
                if (call := self._calls.get()) is not None:
                    call[0].cancel()
            for _ in self._threads:
                self._calls.put(None)
        if wait:
            for thread in self._threads:
                thread.join()


def count_cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _make_serial(request: ExecutorRequest) -> Executor:
    return SerialExecutor()


def _make_threads(request: ExecutorRequest) -> Executor:
    return ThreadsExecutor(request.workers or count_cores())


def _make_processes(request: ExecutorRequest) -> Executor:
    from gluepy.engine.processes import ProcessesExecutor
    from gluepy.engine.starting import START_METHODS

    method = str(request.settings.get("START_METHOD", START_METHODS[0]))
    if method not in START_METHODS:
        known = ", ".join(START_METHODS)
        reason = f"cannot start workers by START_METHOD {method!r}"
        raise ExecutorError("processes", reason, hint=f"Use one of: {known}.")
    return ProcessesExecutor(
        request.workers or count_cores(), start_method=method, modules=request.modules
    )


#: The executors that are always there.
BUILT_IN = MappingProxyType(
    {"serial": _make_serial, "threads": _make_threads, "processes": _make_processes}
)
