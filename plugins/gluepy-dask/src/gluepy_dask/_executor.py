"""The executor: gives attempts to a cluster through ``Client.get_executor()``."""

from __future__ import annotations

import contextlib
import logging
import pickle
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, InvalidStateError, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, ParamSpec, TypeVar

from distributed import Client, KilledWorker, LocalCluster, Queue, WorkerPlugin

from gluepy_dask import _attempts
from gluepy_dask._errors import (
    DaskWorkerLostError,
    NotBegunError,
    NoWorkerError,
    SchedulerLostError,
    UnpreparedWorkerError,
)

__all__ = ["DaskExecutor"]

P = ParamSpec("P")
T = TypeVar("T")


#: So long a worker has to answer what it is asked, in seconds; a task may hold the whole process.
_ANSWER_S = 3.0


class _Attempt:
    """A call for the cluster.

    Args:
        token: Of the attempt, and the key of its task at the scheduler.
        packed: The call.
    """

    def __init__(self, token: str, packed: bytes) -> None:
        self.token = token
        self.packed = packed
        self.outer: Future[Any] = Future()
        #: Once it was sent: has the token until somebody begins.
        self.queue: Queue | None = None
        self.inner: Future[Any] | None = None


class DaskExecutor(Executor):
    """Carries steps out on a Dask cluster.

    The cluster is given no more than it has threads for at the moment. Dask would put the rest
    behind what runs already, and leave it there when another worker has come.

    Args:
        client: Connected to its scheduler; closed at the end.
        workers: How many steps at once; 0 for as many as the cluster has threads. Where more are
            asked for, workers are expected to come as they are needed, and all are given at once.
        patience_s: How long to wait for a worker when none is left, in seconds.
        cluster: One that belongs to this executor, and ends with it.
    """

    in_process = False

    def __init__(
        self,
        client: Client,
        *,
        workers: int = 0,
        patience_s: float = 30.0,
        cluster: LocalCluster | None = None,
    ) -> None:
        self._threads = sum(client.nthreads().values())
        self.workers = workers or self._threads
        self._is_elastic = cluster is None and self.workers > self._threads
        self._client = client
        self._patience_s = patience_s
        self._cluster = cluster
        self._address = str(client.scheduler.address)
        self._executor = client.get_executor(pure=False, retries=0)
        # What asks the scheduler something and waits for the answer; one after the other.
        self._errands = ThreadPoolExecutor(1, thread_name_prefix="gluepy-dask")
        self._lock = threading.Lock()
        self._attempts: dict[str, _Attempt] = {}
        self._tokens: dict[Future[Any], str] = {}
        self._waiting: deque[_Attempt] = deque()
        self._runs: set[str] = set()
        self._lost: SchedulerLostError | None = None
        self._is_closed = False
        self._last_look: threading.Timer | None = None
        if cluster is not None:
            client.register_plugin(_DeafToInterrupts())
        client.subscribe_topic("all", self._hear)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn`` on a worker, once at most.

        Raises:
            SchedulerLostError: If the scheduler has gone.
        """
        if self._lost is not None:
            raise self._lost
        token = _make_token(args)
        attempt = _Attempt(token, _attempts.pack(token, fn, args, kwargs))
        attempt.outer.set_running_or_notify_cancel()
        self._runs.update(str(one.key) for one in args if hasattr(one, "key"))
        with self._lock:
            self._attempts[token] = attempt
            self._tokens[attempt.outer] = token
            self._waiting.append(attempt)
        self._errand(self._send)
        return attempt.outer

    def kill(self, future: Future[Any]) -> None:
        """End the worker process that works for a future; its nanny starts another."""
        self._errand(self._ask, future, self._end)

    def interrupt(self, future: Future[Any]) -> None:
        """Raise an interrupt in the thread that works for a future."""
        self._errand(self._ask, future, self._interrupt)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - its signature
        """Let the workers end what they do, tear down what the runs needed there, and leave."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            futures = list(self._tokens)
        if cancel_futures:
            for attempt in list(self._attempts.values()):
                self._errand(self._withdraw, attempt)
        if wait:
            self._close(futures)
        else:
            threading.Thread(target=self._close, args=(futures,)).start()

    def _close(self, futures: Iterable[Future[Any]]) -> None:
        wait(futures)
        self._errands.shutdown()
        if self._last_look is not None:
            self._last_look.cancel()
        if self._lost is None:
            self._run_on(None, _attempts.leave, sorted(self._runs))
            self._client.unsubscribe_topic("all")
        for one in (self._client, self._cluster):
            with contextlib.suppress(Exception), _silence(is_needed=self._lost is not None):
                if one is not None:
                    one.close(timeout=5)

    # -- how attempts begin --------------------------------------------------------------------

    def _send(self) -> None:
        """Give the cluster what waits, as much as it has threads for."""
        while (attempt := self._next()) is not None:
            attempt.queue = Queue(attempt.token, client=self._client, maxsize=1)
            attempt.queue.put(1)
            inner = self._executor.submit(pickle.loads, attempt.packed, key=attempt.token)
            attempt.inner = inner
            inner.add_done_callback(partial(self._take, attempt))

    def _next(self) -> _Attempt | None:
        with self._lock:
            sent = len(self._attempts) - len(self._waiting)
            has_place = self._is_elastic or sent < self._threads
            return self._waiting.popleft() if self._waiting and has_place else None

    # -- how attempts end ----------------------------------------------------------------------

    def _take(self, attempt: _Attempt, inner: Future[Any]) -> None:
        """Take what came back; called by the client's loop, which must not wait."""
        if inner.cancelled():
            # Nobody here cancels an attempt that is not over. The client does, when it has no
            # scheduler any more; or somebody has restarted the workers.
            if self._client.status == "running":
                self._fail(attempt, DaskWorkerLostError())
            elif not attempt.outer.done():
                self._lose_scheduler()
            return
        error = inner.exception()
        if error is None:
            answer: _attempts.Answer = inner.result()
            match answer.kind:
                case "returned":
                    self._settle(attempt, answer.value)
                case "interrupted":
                    self._fail(attempt, KeyboardInterrupt())
                case _:
                    self._fail(attempt, DaskWorkerLostError())
        elif isinstance(error, KilledWorker):
            self._fail(attempt, DaskWorkerLostError(str(error.last_worker.address)))
        elif isinstance(error, ImportError) and _is_ours(error):
            self._fail(attempt, UnpreparedWorkerError(f"{type(error).__name__}: {error}"))
        else:
            self._fail(attempt, error)

    def _settle(self, attempt: _Attempt, value: object) -> None:
        self._forget(attempt)
        with contextlib.suppress(InvalidStateError):
            attempt.outer.set_result(value)

    def _fail(self, attempt: _Attempt, error: BaseException) -> None:
        """End an attempt with an error; the first end counts."""
        inner = attempt.inner
        self._forget(attempt)
        with contextlib.suppress(InvalidStateError):
            attempt.outer.set_exception(error)
        if inner is not None:
            inner.cancel()

    def _forget(self, attempt: _Attempt) -> None:
        with self._lock:
            if self._attempts.pop(attempt.token, None) is None:
                return
            self._tokens.pop(attempt.outer, None)
            with contextlib.suppress(ValueError):
                self._waiting.remove(attempt)
        # The two know each other; a worker keeps the result until nobody knows it any more.
        attempt.inner = None
        if attempt.queue is not None:
            attempt.queue.close()
        self._errand(self._send)

    # -- what is asked of workers --------------------------------------------------------------

    def _ask(self, future: Future[Any], what: Callable[[_Attempt, str], None]) -> None:
        """Ask something of the worker that carries an attempt out; others go on meanwhile."""
        attempt = self._find(future)
        if attempt is None or self._withdraw(attempt):
            return
        threading.Thread(target=what, args=(attempt, self._worker_of(attempt)), daemon=True).start()

    def _end(self, attempt: _Attempt, worker: str) -> None:
        if not self._run_on(worker, _attempts.end, attempt.token):
            self._run_on(worker, _attempts.end_worker, nanny=True)
        self._fail(attempt, DaskWorkerLostError(worker))

    def _interrupt(self, attempt: _Attempt, worker: str) -> None:
        self._run_on(worker, _attempts.interrupt, attempt.token)

    def _run_on(
        self,
        worker: str | None,
        function: Callable[..., object],
        *arguments: object,
        nanny: bool = False,
    ) -> bool:
        """Call a function in a worker, or in all (None), and say whether there was an answer."""
        workers = None if worker is None else [worker]

        def run() -> None:
            # A worker that ends itself does not answer in words.
            with contextlib.suppress(Exception):
                self._client.run(
                    function, *arguments, workers=workers, nanny=nanny, on_error="ignore"
                )

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(_ANSWER_S)
        return not thread.is_alive()

    def _worker_of(self, attempt: _Attempt) -> str:
        """Return the address of the worker that an attempt was given to; empty if it is over."""
        for address, keys in self._client.processing().items():
            if attempt.token in keys:
                return str(address)
        return ""

    def _withdraw(self, attempt: _Attempt) -> bool:
        """Take an attempt back that nobody has begun, and say whether it is over."""
        if attempt.token not in self._attempts:
            return True
        if attempt.queue is not None and not _attempts.take_token(attempt.token, self._client):
            return False
        self._fail(attempt, NotBegunError())
        return True

    def _find(self, future: Future[Any]) -> _Attempt | None:
        with self._lock:
            return self._attempts.get(self._tokens.get(future, ""))

    def _errand(self, function: Callable[..., object], *arguments: Any) -> None:
        def run() -> None:
            try:
                function(*arguments)
            except OSError:
                self._lose_scheduler()

        with contextlib.suppress(RuntimeError):  # all is over
            self._errands.submit(run)

    # -- what is lost --------------------------------------------------------------------------

    def _hear(self, event: tuple[float, Any]) -> None:
        """Hear of workers that come and go; called by the client's loop."""
        message = event[1]
        if not isinstance(message, dict):
            return
        if message.get("action") == "remove-worker":
            keys = [key for key in message.get("processing-tasks", ()) if key in self._attempts]
            self._errand(self._lose_worker, str(message.get("worker", "")), keys)
        if message.get("action") in ("add-worker", "remove-worker"):
            self._errand(self._count)

    def _count(self) -> None:
        self._threads = sum(self._client.nthreads().values())
        self._send()

    def _lose_worker(self, worker: str, keys: Iterable[str]) -> None:
        """End the attempts that a worker had begun; the others go to another one."""
        for key in keys:
            attempt = self._attempts.get(key)
            if attempt is not None and attempt.queue is not None and not attempt.queue.qsize():
                self._fail(attempt, DaskWorkerLostError(worker))
        if self._last_look is None or not self._last_look.is_alive():
            self._last_look = threading.Timer(self._patience_s, self._errand, [self._give_up])
            self._last_look.daemon = True
            self._last_look.start()

    def _give_up(self) -> None:
        """Wait no longer for workers, where none has come."""
        if not self._client.nthreads():
            for attempt in list(self._attempts.values()):
                self._fail(attempt, NoWorkerError(self._address, self._patience_s))

    def _lose_scheduler(self) -> None:
        self._lost = self._lost or SchedulerLostError(self._address)
        for attempt in list(self._attempts.values()):
            self._fail(attempt, SchedulerLostError(self._address))


class _DeafToInterrupts(WorkerPlugin):  # type: ignore[misc]  # Dask has no types
    """Lets Ctrl-C in a terminal reach the coordinator alone, which tells the workers."""

    name = "gluepy-deaf-to-interrupts"

    def setup(self, worker: Any) -> None:
        import signal

        with contextlib.suppress(ValueError):  # only in a main thread, as that of a nanny's worker
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _make_token(arguments: tuple[Any, ...]) -> str:
    """Return a name that no attempt had before, and that people recognise in a dashboard.

    Dask expects tasks to take as long as those before them whose names begin alike.
    """
    task = next((one.task for one in arguments if hasattr(one, "task")), None)
    label = str(getattr(task, "label", "")).partition("[")[0]
    return f"{label or 'call'}-{uuid.uuid4().hex}"


@contextlib.contextmanager
def _silence(*, is_needed: bool) -> Iterator[None]:
    """Keep a client that was about to connect again from logging that it was told not to."""
    logger = logging.getLogger("distributed.client")
    before, logger.disabled = logger.disabled, is_needed
    try:
        yield
    finally:
        logger.disabled = before


def _is_ours(error: ImportError) -> bool:
    return (error.name or "").partition(".")[0] in ("gluepy", "gluepy_dask")
