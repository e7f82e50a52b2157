"""One attempt at one step: runs the task and says how it ended."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from gluepy.conf.context import note_reads
from gluepy.engine.frames import describe_error, extract_frames, format_traceback
from gluepy.engine.hints import hint_for
from gluepy.exceptions import SkipTask, WorkerLostError, WrapperError
from gluepy.exec.records import Outcome, RunInfo, TaskInfo, TaskOutcome
from gluepy.exec.tasks import Task
from gluepy.plugin.manager import Hooks
from gluepy.utils.errors import text_of

__all__ = ["attempt", "outcome_of", "outcome_without_task"]


_NOTHING = nullcontext()

_MAX_READS = 1_000

_find_host: Callable[[], str] = cache(platform.node)


def attempt(
    cls: type[Task],
    task: TaskInfo,
    run: RunInfo,
    hooks: Hooks,
    *,
    interruptible: AbstractContextManager[None] | None = None,
) -> TaskOutcome:
    """Run a task once, inside all wrappers; whatever it does is an outcome, not an exception.

    A process that the task forked, and that comes back here, ends here: the steps after this one
    are not its business.

    Args:
        cls: The task.
        task: This attempt, as hooks see it.
        run: The run that it belongs to.
        hooks: Their wrappers surround the task.
        interruptible: Entered while task and wrappers run, for signals; None for nothing.

    Returns:
        How it ended. ``sys.exit()`` in a task is a failure, also ``sys.exit(0)``: a task that
        means to succeed returns.
    """
    pid = os.getpid()
    started_at = datetime.now(UTC)
    start = time.perf_counter()
    reads = note_reads()
    error: BaseException | None = None
    try:
        with interruptible or _NOTHING, hooks.around(task, run):
            one = cls()
            if task.partition:
                one.partition = task.partition
            one.run()
    except BaseException as caught:  # noqa: BLE001 - a task may raise anything; all are told apart below
        error = caught
    if os.getpid() != pid:
        os._exit(0 if error is None else 1)
    seconds = time.perf_counter() - start
    plain = TaskOutcome(
        status="succeeded",
        seconds=seconds,
        started_at=started_at,
        host=_find_host(),
        pid=pid,
        reads=tuple(sorted(reads)[:_MAX_READS]) if reads else (),
    )
    return plain if error is None else outcome_of(error, plain, home=task.task)


def outcome_of(error: BaseException, plain: TaskOutcome, *, home: str) -> TaskOutcome:
    """Return how an attempt ended that raised.

    Args:
        error: What was raised.
        plain: All that is known besides.
        home: ``module:Class`` of the task, whose author's own lines are of interest.
    """
    if isinstance(error, SkipTask):
        return replace(plain, status="skipped", reason=text_of(error))
    culprit: BaseException = error
    if isinstance(error, WrapperError) and error.__cause__ is not None:
        culprit, home = error.__cause__, error.module  # where the plugin's author has to look
    return replace(
        plain,
        status="interrupted" if isinstance(error, KeyboardInterrupt) else "failed",
        error=describe_error(error),
        hint=hint_for(error),
        frames=extract_frames(culprit, home=home),
        traceback=format_traceback(error),
        plugin=error.plugin if isinstance(error, WrapperError) else "",
    )


def outcome_without_task(
    status: Outcome,
    error: str = "",
    *,
    hint: str = "",
    started_at: datetime,
    seconds: float = 0.0,
    cause: BaseException | None = None,
) -> TaskOutcome:
    """Return how an attempt ended of which no task can tell: it was lost, or never began.

    Args:
        status: How.
        error: Why.
        hint: What to do about it.
        started_at: When it was given to an executor.
        seconds: How long that was ago.
        cause: What the executor raised, which may name the process that was lost.
    """
    pid = os.getpid() if cause is None else cause.pid if isinstance(cause, WorkerLostError) else 0
    return TaskOutcome(
        status=status,
        seconds=seconds,
        started_at=started_at,
        host=_find_host() if pid else "",
        pid=pid,
        error=error,
        hint=hint,
    )
