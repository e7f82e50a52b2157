"""The executor of processes: one per worker, each of which can be killed and replaced alone.

Each worker process has a pipe of its own, and shares nothing with the other workers: no queue, and
no lock that a worker could die with. So the end of one, however it comes, is the end of one
attempt. Pools that hand out work through a shared queue break as a whole when a worker is killed
at a bad moment.

A call goes into the pipe of an idle worker from the thread that submits it. One thread takes the
answers of all workers: the one that calls `ProcessesExecutor.attend`, or else one of the executor's
own. What takes long, to start a worker and to see one end, has a thread for as long.
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
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from gluepy.engine.starting import START_METHODS, leave_forkserver, starting, use_forkserver
from gluepy.engine.worker_process import LEAVE_S, WorkerProcess
from gluepy.exceptions import WorkerLostError

__all__ = ["ProcessesExecutor"]

P = ParamSpec("P")
T = TypeVar("T")


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
        self._places = 0  # how many workers there are, with those that start or end just now
        self._workers: set[WorkerProcess] = set()
        self._idle: list[WorkerProcess] = []
        self._busy: dict[Future[Any], WorkerProcess] = {}
        self._waiting: deque[tuple[Future[Any], bytes]] = deque()
        self._doomed: set[Future[Any]] = set()
        # Unlike epoll, this tells of a descriptor that a task of this process has closed.
        self._poll = select.poll()
        self._watched: dict[int, WorkerProcess] = {}  # by descriptor
        self._doorbell = _Doorbell()
        self._poll.register(self._doorbell.ear, select.POLLIN)
        self._turn = threading.RLock()  # of the one thread that takes answers
        self._thread: threading.Thread | None = None  # that does, if nobody else
        self._is_attended = False
        self._pid = os.getpid()
        if start_method == "forkserver":
            use_forkserver(self)
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
                self._make_room()
                self._waiting.append((future, call))
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

    def _find_busy(self, future: Future[Any]) -> WorkerProcess | None:
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

    def _wait_for_end(self, idle: Sequence[WorkerProcess]) -> None:
        end = time.monotonic() + LEAVE_S
        self._take_over()
        while self._places:
            patience_s = end - time.monotonic()
            if patience_s <= 0:
                for worker in idle:
                    worker.process.kill()
            self.attend(patience_s if patience_s > 0 else None)
        self._doorbell.close()
        leave_forkserver(self)

    # -- taking answers ------------------------------------------------------------------------

    def attend(self, timeout_s: float | None = None) -> None:
        """Take the answers of workers in this thread, and let their futures end here.

        From the first call on, which comes back at once, this happens in such calls alone: who
        waits for a future in another way waits in vain.

        Args:
            timeout_s: How long to wait for something to happen, in seconds; None for ever.
        """
        if self._is_attended:
            with self._turn:
                self._take_turn(timeout_s)
        else:
            self._take_over()

    def wake(self) -> None:
        """Let the call of `attend` that waits, or else the next one, come back at once."""
        self._doorbell.ring()

    def _take_over(self) -> None:
        """See to it that this executor's own thread takes no answers any more."""
        self._is_attended = True
        self.wake()
        with self._turn:
            pass  # so it has come to the end of what it was about

    def _attend_myself(self) -> None:
        while True:
            with self._turn:
                if self._is_attended:
                    return
                self._take_turn(None)

    def _take_turn(self, timeout_s: float | None) -> None:
        ready = self._poll.poll(None if timeout_s is None else timeout_s * 1_000)
        # Looked up at once: what is done for one may give its descriptors to a new worker.
        for descriptor, worker in [(one, self._watched.get(one)) for one, _ in ready]:
            if worker is None:
                self._doorbell.hear()
            elif not worker.is_given_up:
                self._take_answer(worker, has_ended=descriptor == worker.end)

    def _take_answer(self, worker: WorkerProcess, *, has_ended: bool) -> None:
        """Take what a worker has to say; if that is nothing, and it has ended, give it up."""
        try:
            answer = worker.receive()
        except BlockingIOError:
            if has_ended:
                self._give_up(worker)
            return
        except (EOFError, OSError):
            self._give_up(worker)
            return
        except ValueError:  # it has said what is no answer
            self._give_up(worker, kills=True)
            return
        if answer is None:
            return
        future, is_idle = self._free(worker)
        if future is None:  # nobody has asked
            self._give_up(worker, kills=True)
            return
        _finish(future, answer, worker.pid)
        if not is_idle:
            self._give_next(worker)

    def _give_up(self, worker: WorkerProcess, *, kills: bool = False) -> None:
        """Listen to a worker no more, and bury it; kill it first, where it may live on."""
        if kills:
            worker.process.kill()
        worker.is_given_up = True
        for descriptor in (worker.here, worker.end):
            if self._watched.get(descriptor) is worker:
                del self._watched[descriptor]
                self._poll.unregister(descriptor)
        with self._lock:
            if worker in self._idle:
                self._idle.remove(worker)
        thread = threading.Thread(target=self._bury, args=(worker,), name="gluepy-end", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # there can be no more threads
            self._bury(worker)

    # -- starting and burying workers: in threads of their own ---------------------------------

    def _make_room(self) -> None:
        """Start another worker, unless there are as many as there may be."""
        if self._thread is None and not self._is_attended:
            target = self._attend_myself
            thread = threading.Thread(target=target, name="gluepy-answers", daemon=True)
            thread.start()  # which may fail
            self._thread = thread
        if self._places < self.workers:
            target = self._fill_place
            threading.Thread(target=target, name="gluepy-start", daemon=True).start()
            self._places += 1

    def _fill_place(self) -> None:
        """Start a worker, as long as calls wait for one."""
        while self._is_needed():
            try:
                worker = self._start()
            except BaseException as error:  # noqa: BLE001 - as an executor does
                self._fail(error)
                continue
            self._give_next(worker)  # before anybody else can give the worker up
            for descriptor in (worker.here, worker.end):
                self._watched[descriptor] = worker
                self._poll.register(descriptor, select.POLLIN)
            break
        self.wake()  # so that it waits for this one, too

    def _is_needed(self) -> bool:
        """Return whether calls wait; if none does, the place of this thread's worker is free."""
        with self._lock:
            if not self._waiting:
                self._places -= 1
            return bool(self._waiting)

    def _start(self) -> WorkerProcess:
        with starting:
            with self._lock:
                others = [one.connection for one in self._workers]
            worker = WorkerProcess(self._context, self._modules, others)
            with self._lock:
                self._workers.add(worker)
        return worker

    def _fail(self, error: BaseException) -> None:
        """Let the next call fail: no worker could be started for it."""
        with self._lock:
            future = self._waiting.popleft()[0] if self._waiting else None
        if future is not None and future.set_running_or_notify_cancel():
            future.set_exception(error)

    def _give_next(self, worker: WorkerProcess) -> None:
        """Give a worker the next call that waits; without any it is idle, or may end."""
        while True:
            with self._lock:
                if not self._waiting:
                    if self._is_shut_down:
                        worker.dismiss()
                    else:
                        self._idle.append(worker)
                    return
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
        worker.send(call)  # outside of the lock: it may take a while

    def _free(self, worker: WorkerProcess) -> tuple[Future[Any] | None, bool]:
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

    def _bury(self, worker: WorkerProcess) -> None:
        """See a worker end: what it was doing is lost, and another may be needed."""
        end = worker.wait_for_end()
        with self._lock:
            self._workers.remove(worker)
            worker.close()
            future = worker.future
            if future is not None:
                del self._busy[future]
        if future is not None:
            future.set_exception(WorkerLostError(end, worker.pid))
        self._fill_place()


class _Doorbell:
    """Something to wait for besides pipes, which every thread can bring about, and signal handlers.

    Attributes:
        ear: A descriptor that can be read when the bell has been rung.
    """

    def __init__(self) -> None:
        self.ear, self._bell = os.pipe()
        os.set_blocking(self.ear, False)
        os.set_blocking(self._bell, False)

    def ring(self) -> None:
        """Let whoever waits wake up; nothing happens once it is closed."""
        with contextlib.suppress(OSError):
            os.write(self._bell, b"!")

    def hear(self) -> None:
        """Forget that it was rung."""
        with contextlib.suppress(OSError):
            os.read(self.ear, 1_024)

    def close(self) -> None:
        """Close both ends."""
        ends, self.ear, self._bell = (self.ear, self._bell), -1, -1
        for end in ends:
            if end >= 0:
                os.close(end)


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
