"""The executor of processes: one per worker, each of which can be killed and replaced alone.

Each worker process has a pipe and a thread of its own in the coordinating process, and shares
nothing with the other workers: no queue, and no lock that a worker could die with. So the end of
one, however it comes, is the end of one attempt. Pools that hand out work through a shared queue
break as a whole when a worker is killed at a bad moment.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from gluepy.engine.signals import Stopped
from gluepy.exceptions import WorkerLostError
from gluepy.utils.errors import reason_of
from gluepy.utils.streams import never_fail_to_encode

__all__ = ["START_METHODS", "ProcessesExecutor"]

#: How worker processes can be started, the usual one first.
START_METHODS = ("forkserver", "spawn", "fork")

# To a worker that has nothing to do: long enough for its plugins to tear down what they set up.
_LEAVE_S = 5.0

P = ParamSpec("P")
T = TypeVar("T")

# One at a time: what a process inherits when it is forked depends on what is open just then.
_starting = threading.Lock()

_users_of_forkserver: set[ProcessesExecutor] = set()


class ProcessesExecutor(Executor):
    """Carries steps out in processes of this machine, which are started when they are needed.

    Args:
        workers: How many at once.
        start_method: One of `START_METHODS`.
        modules: Modules that are imported once, before the workers are forked (``forkserver``).
    """

    in_process = False

    def __init__(
        self, workers: int, *, start_method: str = START_METHODS[0], modules: Sequence[str] = ()
    ) -> None:
        self.workers = workers
        self._context = multiprocessing.get_context(start_method)
        self._modules = tuple(modules)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="gluepy-worker")
        self._own = threading.local()
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._busy: dict[Future[Any], _Worker] = {}
        self._doomed: set[Future[Any]] = set()
        if start_method == "forkserver":
            _users_of_forkserver.add(self)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn`` in a worker process.

        Returns:
            A future that ends with a `WorkerLostError` when the process ends before the call.
        """
        future: Future[T] = Future()
        inner = self._threads.submit(self._carry_out, future, fn, args, kwargs)
        inner.add_done_callback(lambda inner: inner.cancelled() and future.cancel())
        return future

    def kill(self, future: Future[Any]) -> None:
        """End the process that works for a future; another takes its place."""
        worker = self._find_busy(future)
        if worker is not None:
            worker.process.kill()

    def interrupt(self, future: Future[Any]) -> None:
        """Raise an interrupt in the main thread of the process that works for a future."""
        worker = self._find_busy(future)
        if worker is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGINT)

    def _find_busy(self, future: Future[Any]) -> _Worker | None:
        """Return the worker of a future; where it has none yet, see to it that it gets none."""
        with self._lock:
            worker = self._busy.get(future)
            if worker is None and not future.done():
                self._doomed.add(future)
            return worker

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - its signature
        """Let the workers end what they do, and then themselves."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        with _starting:
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.dismiss()
        for worker in workers:
            worker.wait()
        _leave_forkserver(self)

    def _carry_out(
        self, future: Future[T], fn: Callable[..., T], args: object, kwargs: object
    ) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            with self._busy_worker(future) as worker:
                answer = worker.call(fn, args, kwargs)
        except BaseException as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        else:
            future.set_result(answer)

    @contextlib.contextmanager
    def _busy_worker(self, future: Future[Any]) -> Iterator[_Worker]:
        """Give the worker of this thread, which works for ``future`` while the block runs."""
        worker = self._find_worker()
        with self._lock:
            if future in self._doomed:
                self._doomed.remove(future)
                raise WorkerLostError("was not given the step any more", worker.pid)
            self._busy[future] = worker
        try:
            yield worker
        finally:
            with self._lock:
                del self._busy[future]

    def _find_worker(self) -> _Worker:
        """Return the worker of this thread; a new one where it has none, or that has ended."""
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is not None and worker.is_alive:
            return worker
        with _starting:
            if worker is not None:
                self._workers.discard(worker)
            worker = _Worker(self._context, self._modules, [one.here for one in self._workers])
            self._workers.add(worker)
        self._own.worker = worker
        return worker


class _Worker:
    """A process with a pipe that leads to it.

    Args:
        context: Starts it.
        modules: To import beforehand.
        others: Our ends of the pipes of other workers. A forked process inherits them, and would
            keep those workers from noticing that we are gone.
    """

    def __init__(
        self, context: BaseContext, modules: Sequence[str], others: Sequence[Connection]
    ) -> None:
        self.here, there = context.Pipe()
        inherited = [self.here, *others] if context.get_start_method() == "fork" else []
        # Not daemonic: such a process could have no workers of its own, as joblib's.
        self.process = context.Process(  # type: ignore[attr-defined]  # of every context but the base
            target=_serve, args=(there, inherited), name="gluepy-worker"
        )
        with _preloading(context, modules), _interrupts_held_back():
            self.process.start()
        there.close()

    @property
    def pid(self) -> int:
        """The number of the process, which has been started."""
        return int(self.process.pid or 0)

    @property
    def is_alive(self) -> bool:
        """Whether it can take a call."""
        return bool(self.process.is_alive()) and not self.here.closed

    def call(self, fn: Callable[..., T], args: object, kwargs: object) -> T:
        """Call a function there.

        Raises:
            WorkerLostError: If the process ends before it answers.
        """
        try:
            self.here.send((fn, args, kwargs))
            has_answer, answer = self.here.recv()
        except (EOFError, OSError) as error:
            self.here.close()
            self.process.join(_LEAVE_S)
            self.process.kill()  # it has closed its end of the pipe, and lives
            self.process.join()
            raise WorkerLostError(_end_of(self.process.exitcode), self.pid) from error
        if not has_answer:
            raise WorkerLostError(answer, self.pid)
        result: T = answer
        return result

    def dismiss(self) -> None:
        """Tell the process that there is nothing more to do."""
        with contextlib.suppress(OSError):
            self.here.send(None)

    def wait(self) -> None:
        """Wait until the process has ended, and see to it that it does."""
        self.process.join(_LEAVE_S)
        self.here.close()
        self.process.kill()
        self.process.join()


def _end_of(code: int | None) -> str:
    """Return how a process ended, for people."""
    if code is not None and code < 0:
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"
    return f"ended with exit code {code}"


@contextlib.contextmanager
def _preloading(context: BaseContext, modules: Sequence[str]) -> Iterator[None]:
    """Let the server that workers are forked from import their modules, once, when it starts."""
    if context.get_start_method() != "forkserver":
        yield
        return
    from gluepy.engine.preload import VARIABLE, describe

    context.set_forkserver_preload(["gluepy.engine.preload"])
    os.environ[VARIABLE] = describe(modules)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let an interrupt of what is started here wait until it is ready for one; see `_serve`."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # when it starts, it lets them through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_forkserver(executor: ProcessesExecutor) -> None:
    """End the server of workers when nobody here needs it any more.

    It would wait for the end of this process, and for that of every process that a task has left
    behind; and it knows modules only as they were when it started, which is wrong after a cell of a
    notebook has run again. Python has no public door for it.
    """
    from multiprocessing import forkserver

    with _starting:
        if executor not in _users_of_forkserver:
            return
        _users_of_forkserver.remove(executor)
        server = forkserver._forkserver  # noqa: SLF001 - see above
        pid = getattr(server, "_forkserver_pid", None)
        if _users_of_forkserver or pid is None or not hasattr(server, "_stop"):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        server._stop()  # noqa: SLF001 - see above


# -- in the worker process -----------------------------------------------------------------------


def _serve(pipe: Connection, inherited: Sequence[Connection]) -> None:
    """Answer calls until nobody is there to make them."""
    from gluepy.engine.worker import forget_places, leave_all

    for connection in inherited:
        connection.close()
    forget_places()
    never_fail_to_encode()
    interrupts = _Interrupts()
    signal.signal(signal.SIGINT, interrupts.handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal's: the coordinator sees to it
    threading.Thread(target=_end_with_coordinator, args=(pipe.fileno(),), daemon=True).start()
    try:
        while (call := pipe.recv()) is not None:
            answer: tuple[bool, object] = False, "was interrupted"
            with interrupts.allowed():
                interrupts.let_through()
                answer = _answer(*call)
            pipe.send(answer)
    except (EOFError, OSError):
        return  # the coordinator has died, and this process is about to
    leave_all()


def _answer(fn: Callable[..., object], args: Any, kwargs: Any) -> tuple[bool, object]:
    try:
        return True, fn(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - it may not be one that can be pickled
        return False, f"raised {reason_of(error)}"


class _Interrupts:
    """Lets an interrupt through once per call, and at no other time.

    Ctrl-C reaches a worker twice: from the terminal and from the coordinator. One that comes before
    the first call, for which the process is started, is meant for it.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._is_new = True
        self._is_early = False

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        self._is_open = True
        try:
            yield
        except Stopped:
            pass  # it came after the task had ended
        finally:
            self._is_open = False

    def let_through(self) -> None:
        """Raise an interrupt that came before the first call."""
        self._is_new = False
        if self._is_early:
            self._is_early = False
            raise Stopped(signal.SIGINT.name)

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_open:
            self._is_open = False
            raise Stopped(signal.Signals(number).name)
        self._is_early = self._is_new


def _end_with_coordinator(descriptor: int) -> None:
    """Wait until the other end of the pipe is closed, and end this process at once.

    An orderly end is told through the pipe, before. So the coordinator has died: the step must not
    go on, for the run may be resumed any moment, and two processes would work on the same files.
    """
    poll = select.poll()
    poll.register(descriptor, 0)  # hanging up is always told
    poll.poll()
    os.kill(os.getpid(), signal.SIGKILL)
