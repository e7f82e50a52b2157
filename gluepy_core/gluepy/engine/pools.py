"""The executors of one run, each with the number of steps that it carries out at once."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from heapq import heappop, heappush
from typing import Any, Generic, TypeVar

from gluepy.engine.executors import SerialExecutor, count_cores
from gluepy.engine.request import RunRequest, Surroundings
from gluepy.exceptions import ExecutorError, GluepyError
from gluepy.exec.plan import Plan
from gluepy.exec.policy import StepPolicy
from gluepy.exec.records import ExecutorRequest
from gluepy.files.storages import default_storage
from gluepy.utils.errors import reason_of

__all__ = ["Pool", "open_pools", "with_executor"]

T = TypeVar("T", bound=tuple[Any, ...])


class Pool(Generic[T]):
    """An executor with the steps that wait for it.

    Args:
        name: Of the executor.
        executor: Carries the steps out.
        workers: How many at once, where the executor does not say.
    """

    def __init__(self, name: str, executor: Executor, workers: int) -> None:
        self.name = name
        self.executor = executor
        self.workers = int(getattr(executor, "workers", 0)) or workers
        self.running = 0
        self._waiting: list[T] = []
        #: Whether steps run in this process.
        self.is_in_process = bool(getattr(executor, "in_process", False))
        #: Whether they run in the thread that submits them, one after the other.
        self.is_serial = isinstance(executor, SerialExecutor)

    @property
    def can_kill(self) -> bool:
        """Whether a step can be ended."""
        return hasattr(self.executor, "kill")

    def add(self, item: T) -> None:
        """Let an item wait for its turn; the smallest comes first."""
        heappush(self._waiting, item)

    def take(self) -> T | None:
        """Return the next item if there is one, and a free place."""
        if self._waiting and self.running < self.workers:
            return heappop(self._waiting)
        return None

    def interrupt(self, future: Future[Any]) -> None:
        """Ask what runs for a future to stop; kill it where the executor cannot ask."""
        interrupt = getattr(self.executor, "interrupt", None)
        if interrupt is not None:
            interrupt(future)
        else:
            self.kill(future)

    def kill(self, future: Future[Any]) -> None:
        """End what runs for a future, where the executor can."""
        kill = getattr(self.executor, "kill", None)
        if kill is not None:
            kill(future)

    def close(self, *, is_stopping: bool) -> None:
        """Wait for what still runs, and end the executor."""
        self.executor.shutdown(wait=True, cancel_futures=is_stopping)


# -- executors -----------------------------------------------------------------------------------

#: Executors of this process, which cannot end a step.
_UNENDING = ("serial", "threads")


def with_executor(policy: StepPolicy, executor: str) -> StepPolicy:
    """Return a policy that names its executor.

    What may have to be ended needs a process of its own.
    """
    name = policy.executor or executor
    if policy.timeout_s is not None and name in _UNENDING:
        name = "processes"
    return replace(policy, executor=name)


@contextlib.contextmanager
def open_pools(
    plan: Plan, policies: Sequence[StepPolicy], request: RunRequest, around: Surroundings
) -> Iterator[dict[str, Pool[Any]]]:
    """Make the executors that a run needs, and end them.

    Raises:
        ExecutorError: If one cannot be made, or cannot carry out what it would have to.
    """
    settings = around.settings
    request_to_executors = ExecutorRequest(
        workers=request.workers or int(settings.WORKERS) or None,
        settings=around.settings_info,
        modules=tuple(dict.fromkeys(task.task.__module__ for task in plan.tasks)),
    )
    names = [policy.executor for policy in policies]
    pools = _make_all(names, around.find_factory, request_to_executors)
    is_stopping = True
    try:
        _check_pools(plan, policies, pools, around)
        yield pools
        is_stopping = False
    finally:
        for pool in pools.values():
            pool.close(is_stopping=is_stopping)


def _check_pools(
    plan: Plan,
    policies: Sequence[StepPolicy],
    pools: Mapping[str, Pool[Any]],
    around: Surroundings,
) -> None:
    for name, pool in pools.items():
        if not pool.is_in_process and not default_storage.is_shared:
            kind = around.settings.STORAGE_BACKEND.rpartition(".")[2]
            raise ExecutorError(
                name,
                f"runs steps in other processes, which do not see a {kind}",
                hint="Choose another STORAGE_BACKEND, or run with --executor threads.",
            )
    for planned, policy in zip(plan.tasks, policies, strict=True):
        if not pools[policy.executor].is_in_process and _is_typed(planned.task):
            raise ExecutorError(
                policy.executor,
                f"runs steps in other processes, which cannot import the task {planned.label!r}: "
                "it was defined in a notebook or at a prompt",
                hint="Put the class into a module and import it, or use the executor 'threads'.",
            )
        if policy.timeout_s is not None and not pools[policy.executor].can_kill:
            raise ExecutorError(
                policy.executor,
                f"cannot end a step, and the task {planned.label!r} has timeout_s",
                hint="Name another executor for this task: executor = 'processes'.",
            )


def _is_typed(task: type) -> bool:
    """Return whether a class was typed into this process, and stands in no file."""
    return task.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")


def _make_all(
    names: Iterable[str],
    find_factory: Callable[[str], Callable[[ExecutorRequest], object]],
    request: ExecutorRequest,
) -> dict[str, Pool[Any]]:
    """Make the executors that a run needs, all or none.

    Args:
        names: Of the executors.
        find_factory: Gives the factory of each.
        request: What the factories are given.

    Raises:
        ExecutorError: If one cannot be made.
    """
    pools: dict[str, Pool[Any]] = {}
    try:
        for name in dict.fromkeys(names):
            executor = _make(name, find_factory(name), request)
            pools[name] = Pool(name, executor, request.workers or count_cores())
    except BaseException:
        for pool in pools.values():
            pool.close(is_stopping=True)
        raise
    return pools


def _make(
    name: str, factory: Callable[[ExecutorRequest], object], request: ExecutorRequest
) -> Executor:
    try:
        executor = factory(request)
    except GluepyError:
        raise
    except Exception as error:
        raise ExecutorError(name, f"cannot be made: {reason_of(error)}") from error
    if not callable(getattr(executor, "submit", None)):
        kind = type(executor).__qualname__
        raise ExecutorError(name, f"is a {kind}, which has no submit()")
    return executor  # type: ignore[return-value]  # by what it can do
