"""The executor of processes: one per worker, each of which can be killed and replaced alone.

Each worker process has a pipe of its own, and shares nothing with the other workers: no queue, and
no lock that a worker could die with. So the end of one, however it comes, is the end of one
attempt. Pools that hand out work through a shared queue break as a whole when a worker is killed
at a bad moment.

A call goes into the pipe of an idle worker from the thread that submits it. For each worker there
is a thread in the coordinating process that starts it and takes its answers.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import pickle
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from gluepy.engine.serving import read_message, serve, write_message
from gluepy.exceptions import WorkerLostError

__all__ = ["START_METHODS", "ProcessesExecutor"]

#: How worker processes can be started, the usual one first.
START_METHODS = ("forkserver", "spawn", "fork")

# To a worker that has nothing to do: long enough for its plugins to tear down what they set up.
_LEAVE_S = 5.0

# So that "/pymp-01234567/listener-01234567" has room below it.
_MAX_TMPDIR_BYTES = 70
_SHORT_TMPDIR = "/tmp"  # noqa: S108 - what is made there is a folder of this user's

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
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._threads: set[threading.Thread] = set()  # one for each worker
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._busy: dict[Future[Any], _Worker] = {}
        self._waiting: deque[tuple[Future[Any], bytes]] = deque()
        self._doomed: set[Future[Any]] = set()
        self._pid = os.getpid()
        if start_method == "forkserver":
            _users_of_forkserver.add(self)
        # Python waits for its processes before it ends, and these would wait for it.
        atexit.register(self._shut_down_at_exit)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn`` in a worker process.

        Returns:
            A future that ends with a `WorkerLostError` when the process ends before the call.
        """
        future: Future[T] = Future()
        try:
            call = pickle.dumps((fn, args, kwargs), protocol=5)
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
            return future
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot submit anything after shutdown()")
            worker = self._idle.pop() if self._idle else None
            if worker is not None and worker.send(call):
                future.set_running_or_notify_cancel()
                worker.future = future
                self._busy[future] = worker
            else:
                self._waiting.append((future, call))
                self._see_to_waiting()
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
        atexit.unregister(self._shut_down_at_exit)
        with self._lock:
            self._is_shut_down = True
            waiting = [future for future, _ in self._waiting]
            idle, self._idle = self._idle, []
            for worker in idle:
                worker.dismiss()
        if cancel_futures:
            for future in waiting:
                future.cancel()
        if wait:
            self._wait_for_end(idle)
        else:
            threading.Thread(target=self._wait_for_end, args=(idle,)).start()

    def _shut_down_at_exit(self) -> None:
        if os.getpid() == self._pid:  # a process that was forked off has none of its own
            self.shutdown()

    def _wait_for_end(self, idle: Sequence[_Worker]) -> None:
        with self._lock:
            threads = tuple(self._threads)
        end = time.monotonic() + _LEAVE_S
        for worker in idle:
            worker.has_ended.wait(max(0.0, end - time.monotonic()))
            worker.process.kill()
        for thread in threads:
            thread.join()
        _leave_forkserver(self)

    def _see_to_waiting(self) -> None:
        """Start the thread of another worker, unless there are as many as there may be."""
        if len(self._threads) < self.workers:
            thread = threading.Thread(target=self._attend, name="gluepy-worker", daemon=True)
            self._threads.add(thread)
            thread.start()

    # -- in the thread of a worker -------------------------------------------------------------

    def _attend(self) -> None:
        """Start a worker and take its answers until it ends; then another, while calls wait."""
        while self._is_needed():
            try:
                worker = self._start()
            except BaseException as error:  # noqa: BLE001 - as an executor does
                self._fail(error)
                continue
            goes_on = self._give_next(worker)
            while goes_on and (answer := worker.receive()) is not None:
                future, is_idle = self._free(worker)
                if future is None:
                    worker.process.kill()  # nobody has asked: something else writes into its pipe
                    break
                _finish(future, answer, worker.pid)
                goes_on = is_idle or self._give_next(worker)
            self._bury(worker)

    def _is_needed(self) -> bool:
        """Return whether calls wait; if none does, this thread does not count any more."""
        with self._lock:
            if not self._waiting:
                self._threads.remove(threading.current_thread())
            return bool(self._waiting)

    def _start(self) -> _Worker:
        with _starting:
            with self._lock:
                others = [one.here for one in self._workers]
            worker = _Worker(self._context, self._modules, others)
            with self._lock:
                self._workers.add(worker)
        return worker

    def _fail(self, error: BaseException) -> None:
        """Let the next call fail: no worker could be started for it."""
        with self._lock:
            future = self._waiting.popleft()[0] if self._waiting else None
        if future is not None and future.set_running_or_notify_cancel():
            future.set_exception(error)

    def _give_next(self, worker: _Worker) -> bool:
        """Give a worker the next call that waits; without any it is idle.

        Returns:
            Whether there is anything to wait for: not if it is to end.
        """
        while True:
            with self._lock:
                if not self._waiting:
                    if self._is_shut_down:
                        worker.dismiss()
                    else:
                        self._idle.append(worker)
                    return not self._is_shut_down
                future, call = self._waiting.popleft()
                is_doomed = future in self._doomed
                self._doomed.discard(future)
                if not future.set_running_or_notify_cancel():
                    continue
                if not is_doomed:
                    worker.future = future
                    self._busy[future] = worker
                    break
            future.set_exception(WorkerLostError("was not given the step any more", worker.pid))
        return worker.send(call)  # outside of the lock: it may take a while

    def _free(self, worker: _Worker) -> tuple[Future[Any] | None, bool]:
        """Return the future that a worker has answered, and whether the worker is idle now."""
        with self._lock:
            future, worker.future = worker.future, None
            if future is None:
                return None, False
            del self._busy[future]
            is_idle = not self._waiting and not self._is_shut_down
            if is_idle:
                self._idle.append(worker)
        return future, is_idle

    def _bury(self, worker: _Worker) -> None:
        """See to it that a worker has ended; what it was doing is lost."""
        with self._lock:
            if worker in self._idle:
                self._idle.remove(worker)
        end = worker.end()
        with self._lock:
            self._workers.remove(worker)
            worker.close()
            future = worker.future
            if future is not None:
                del self._busy[future]
        if future is not None:
            future.set_exception(WorkerLostError(end, worker.pid))


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
            target=serve, args=(there, inherited), name="gluepy-worker"
        )
        with _preloading(context, modules), _interrupts_held_back():
            self.process.start()
        there.close()
        self.pid = int(self.process.pid or 0)
        self.future: Future[Any] | None = None  # of the call that it carries out
        self.has_ended = threading.Event()
        self._end = _open_end(self.process)
        # Nothing here waits for the pipe alone: what the process has forked may hold its end open,
        # and neither read nor write any more, when the process itself has ended.
        os.set_blocking(self.here.fileno(), False)
        self._answers, self._room = (self._events(kind) for kind in (select.POLLIN, select.POLLOUT))

    def _events(self, kind: int) -> select.poll:
        events = select.poll()
        events.register(self.here, kind)
        events.register(self._end, select.POLLIN)
        return events

    def _wait(self, events: select.poll) -> None:
        """Wait until something can be done with the pipe.

        Raises:
            EOFError: If that will never be, as the process has ended.
        """
        here = self.here.fileno()
        if not any(ready == here for ready, _ in events.poll()):
            raise EOFError

    def send(self, call: bytes) -> bool:
        """Send a call, or none for no more; return whether that was possible."""
        try:
            write_message(self.here.fileno(), call, lambda: self._wait(self._room))
        except (EOFError, OSError):
            self.process.kill()  # it has closed its end of the pipe, and may live
            return False
        return True

    def dismiss(self) -> None:
        """Tell the process that there is nothing more to do."""
        self.send(b"")

    def receive(self) -> bytes | None:
        """Wait for an answer and return it; None if there will be none."""
        try:
            return read_message(self.here.fileno(), lambda: self._wait(self._answers))
        except (EOFError, OSError):
            return None

    def end(self) -> str:
        """See to it that the process has ended, and return how."""
        self.process.join(_LEAVE_S)
        self.process.kill()
        self.process.join()
        self.has_ended.set()
        return _end_of(self.process.exitcode)

    def close(self) -> None:
        """Close what leads to the process, which has ended."""
        self.here.close()
        os.close(self._end)


def _open_end(process: BaseProcess) -> int:
    """Return a descriptor that can be read when a process has ended.

    Its sentinel is only the second choice: it may be open in children of the process, too.
    """
    try:
        return os.pidfd_open(process.pid or 0)
    except (AttributeError, OSError):  # not on Linux, or it has ended already
        return os.dup(process.sentinel)


def _finish(future: Future[Any], answer: bytes, pid: int) -> None:
    """Let a future end as the answer of a worker says."""
    try:
        has_result, result = pickle.loads(answer)  # noqa: S301 - from our own worker
    except BaseException as error:  # noqa: BLE001 - what is there need not be importable here
        future.set_exception(error)
        return
    if has_result:
        future.set_result(result)
    else:
        future.set_exception(WorkerLostError(result, pid))


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
    _find_room_for_sockets()
    os.environ[VARIABLE] = describe(modules)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)


def _find_room_for_sockets() -> None:
    """Let the folder in which the server has its socket have a short path, even if TMPDIR is long.

    The path of a socket may have about a hundred bytes. The folder is made once per process, below
    that of `tempfile`; newer versions of Python look after it themselves.
    """
    import tempfile
    from multiprocessing import util

    usual = tempfile.gettempdir()
    if len(os.fsencode(usual)) > _MAX_TMPDIR_BYTES and os.access(_SHORT_TMPDIR, os.W_OK):
        tempfile.tempdir = _SHORT_TMPDIR
        try:
            util.get_temp_dir()
        finally:
            tempfile.tempdir = usual


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let an interrupt of what is started here wait until it is ready for one; see `serve`."""
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
        if any(_is_of_forkserver(child) for child in multiprocessing.active_children()):
            return  # of somebody else in this process, who would take it for dead
        server = forkserver._forkserver  # noqa: SLF001 - see above
        pid = getattr(server, "_forkserver_pid", None)
        if _users_of_forkserver or pid is None or not hasattr(server, "_stop"):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        server._stop()  # noqa: SLF001 - see above


def _is_of_forkserver(process: BaseProcess) -> bool:
    popen = getattr(process, "_popen", None)
    return getattr(popen, "method", "") == "forkserver"
