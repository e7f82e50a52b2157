"""The one loop of a run, in the coordinating process: it starts steps, records, tells observers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec

from gluepy.engine.frames import describe_error
from gluepy.engine.messages import Assignment, Logged, Reply
from gluepy.engine.pools import Pool
from gluepy.engine.schedule import Schedule
from gluepy.engine.signals import StopRequest
from gluepy.engine.step import outcome_of, outcome_without_task
from gluepy.engine.terms import Attempt, Item, OpenTask, Terms
from gluepy.engine.worker import carry_out
from gluepy.exceptions import GluepyError
from gluepy.exec.plan import Plan, PlannedTask, Step, partitions_of, restrict
from gluepy.exec.policy import backoff_s
from gluepy.exec.records import RunInfo, RunReport, RunStatus, StepReport, TaskInfo, TaskOutcome
from gluepy.plugin.manager import Hooks
from gluepy.runs.record import RunRecord
from gluepy.utils.errors import reason_of

__all__ = ["Loop"]

#: Outcomes after which what depends on the step may run.
GOOD = ("succeeded", "skipped")

_MAY_RETRY = ("failed", "timed-out", "lost")

# A signal that comes just before the main thread begins to wait is noted by Python, and handled
# only when the thread has waited.
_LOOK_UP_S = 0.2

#: So long steps have to end after they were asked to stop, before they are killed, in seconds.
GRACE_S = 10.0


#: A future that is done, what a task in a thread has logged, or None to look at signals.
Message = Future[Reply] | tuple[TaskInfo | None, Logged] | None

P = ParamSpec("P")


class Loop:
    """Carries a plan out.

    Args:
        plan: What to run.
        run: The run, as observers see it.
        hooks: Are told of everything.
        record: Gets everything, before observers do.
        terms: How to do it.
        stop: Says whether a signal has asked to stop.
        rng: For the waits before another try.
        clock: Tells the time in seconds, and never goes back.

    Attributes:
        record_error: What was raised when the record could not be written; None if it could.
    """

    def __init__(
        self,
        plan: Plan,
        run: RunInfo,
        hooks: Hooks,
        record: RunRecord,
        terms: Terms,
        *,
        stop: StopRequest,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._plan = plan
        self._run = run
        self._hooks = hooks
        self._record = record
        self._terms = terms
        self._stop = stop
        self._rng = rng or random.Random()  # noqa: S311 - waits are no secrets
        self._clock = clock
        self.record_error: Exception | None = None

        self._schedule = Schedule(plan)
        self._open_tasks: dict[int, OpenTask] = {}
        self._outcomes: dict[str, TaskOutcome] = {}
        self._running: dict[Future[Reply], Attempt] = {}
        # Of attempts that may be timed out: when that will be.
        self._deadlines: dict[Future[Reply], float] = {}
        self._delayed: list[tuple[float, Item]] = []  # a heap
        self._inbox: SimpleQueue[Message] = SimpleQueue()
        # The executor that lets its futures end while this thread waits with it, if all steps go
        # to that one.
        self._attended = _attended_of(terms.pools)
        self._thread = threading.get_ident()
        self._has_failed = False
        self._kill_at: float | None = None
        self._is_stopping = False
        self._places = _places_of(plan)
        self._metrics: dict[str, float] = {}

    # -- from beginning to end -----------------------------------------------------------------

    def run(self) -> RunReport:
        """Carry the plan out until all is done, or nothing more may start.

        Returns:
            How it ended; the record does not have it yet.
        """
        start = self._clock()
        while True:
            if self._stop.signal and not self._is_stopping:
                self._begin_to_stop()
            if self._schedule.has_ready:
                self._open_ready_tasks()
            self._start_steps()
            if self._schedule.has_ready and not self._is_closed:
                continue  # steps that were carried out meanwhile have made others ready
            if not self._running and (self._is_closed or not self._delayed):
                break
            self._wait()
        return RunReport(
            status=self._status(),
            seconds=self._clock() - start,
            steps=tuple(self._step_reports()),
            metrics=tuple(self._metrics.items()),
            signal=self._stop.signal,
        )

    def wake(self) -> None:
        """Let the loop look at the signals; may be called from a signal handler."""
        self._put(None)

    def note(self, task: TaskInfo | None, entry: Logged) -> None:
        """Take what a task of this process has logged, in whatever thread."""
        if threading.get_ident() == self._thread:
            self._note(task, entry)
        else:
            self._put((task, entry))

    def _put(self, message: Message) -> None:
        self._inbox.put(message)
        if self._attended is not None:
            self._attended.wake()

    @property
    def _is_closed(self) -> bool:
        """Whether no new step may start."""
        return (
            bool(self._stop.signal)
            or self.record_error is not None
            or (self._has_failed and not self._terms.keep_going)
        )

    # -- starting ------------------------------------------------------------------------------

    def _open_ready_tasks(self) -> None:
        """Put the steps of tasks that have become ready into the queues of their executors."""
        while not self._is_closed and (place := self._schedule.take()) is not None:
            one = self._open(place)
            planned = self._plan.tasks[place]
            partitions = self._partitions(one, planned)
            if partitions is None:
                continue
            steps = planned.steps(partitions)
            one.labels = tuple([step.label for step in steps])
            waiting = 0
            for number, step in enumerate(steps):
                if step.label not in self._terms.done:
                    one.pool.add((place, number, 1, step, one))
                    waiting += 1
            self._schedule.open(place, waiting)

    def _open(self, place: int) -> OpenTask:
        planned, policy = self._plan.tasks[place], self._terms.policies[place]
        one = OpenTask(
            place=place,
            name=f"{planned.task.__module__}:{planned.task.__qualname__}",
            index=self._places[place],
            policy=policy,
            pool=self._terms.pools[policy.executor],
            sources=self._terms.sources_of(planned.task),
            are_partitions_planned=planned.partitions is not None,
            labels=(planned.label,),
        )
        self._open_tasks[place] = one
        return one

    def _partitions(self, one: OpenTask, planned: PlannedTask) -> tuple[str, ...] | None:
        """Return the partitions of a task, those that were recorded if there are; None if it fails.

        What the task's own method raises is the outcome of an attempt at the task as a whole.
        """
        if planned.partitions is not None:
            return planned.partitions
        known = self._terms.expansions.get(planned.label)
        start, started_at = self._clock(), datetime.now(UTC)
        try:
            partitions = partitions_of(planned) if known is None else restrict(planned, known)
        except BaseException as error:  # noqa: BLE001 - the method is the user's
            step = Step(planned.label, planned.task, "", planned.is_evaluation)
            item = (one.place, 0, 1, step, one)
            task = self._begin(item)
            plain = outcome_without_task(
                "failed", started_at=started_at, seconds=self._clock() - start
            )
            self._end(item, task, outcome_of(error, plain, home=one.name), may_retry=False)
            return None
        if known is None:
            self._write(self._record.expanded, planned.label, partitions)
        return partitions

    def _start_steps(self) -> None:
        for pool in self._terms.pools.values():
            while not self._is_closed and (item := pool.take()) is not None:
                self._start(item)

    def _start(self, item: Item) -> None:
        task = self._begin(item)
        if self.record_error is not None:
            self._end(item, task, self._unrecorded(datetime.now(UTC)), may_retry=False)
        elif item[4].pool.is_serial:
            self._end(item, task, self._terms.carry_out(task))
        else:
            self._submit(item, task)

    def _submit(self, item: Item, task: TaskInfo) -> None:
        pool, timeout_s = item[4].pool, item[4].policy.timeout_s
        setup = b"" if pool.is_in_process else self._terms.setup
        start, started_at = self._clock(), datetime.now(UTC)
        try:
            future = pool.executor.submit(carry_out, Assignment(self._terms.key, setup, task))
        except Exception as error:  # noqa: BLE001 - whatever an executor of others raises
            self._end(item, task, _lost(error, pool, started_at, 0.0), may_retry=False)
            return
        self._running[future] = Attempt(item, task, started_at, start)
        if timeout_s is not None:
            self._deadlines[future] = start + timeout_s
        pool.running += 1
        future.add_done_callback(self._inbox.put)

    def _begin(self, item: Item) -> TaskInfo:
        """Tell observers and the record that an attempt begins."""
        _, number, attempt, step, one = item
        task = TaskInfo(
            label=step.label,
            task=one.name,
            index=one.index + (number if one.are_partitions_planned else 0),
            attempt=attempt,
            is_evaluation=step.is_evaluation,
            sources=one.sources,
            partition=step.partition,
            tags=one.policy.tags,
        )
        self.tell("before_task", task=task, run=self._run)
        self._write(self._record.started, step.label, attempt)
        return task

    # -- waiting -------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Wait for the next thing to happen, and deal with it."""
        has_moments = bool(self._deadlines or self._delayed or self._kill_at is not None)
        message = self._next_message(self._patience() if has_moments else _LOOK_UP_S)
        if isinstance(message, Future):
            self._take(message)
        elif message is not None:
            self._note(*message)
        if has_moments:
            self._look_at_the_clock()

    def _next_message(self, patience_s: float) -> Message:
        if self._attended is not None and self._inbox.empty():
            self._attended.attend(patience_s)
            patience_s = 0
        try:
            return self._inbox.get(timeout=patience_s)
        except Empty:
            return None

    def _patience(self) -> float:
        """Return how long to wait for a message, in seconds."""
        now = self._clock()
        moments = [now + _LOOK_UP_S, *self._deadlines.values()]
        if self._delayed and not self._is_closed:
            moments.append(self._delayed[0][0])
        if self._kill_at is not None:
            moments.append(self._kill_at)
        return max(0.0, min(moments) - now)

    def _look_at_the_clock(self) -> None:
        now = self._clock()
        for future in [one for one, deadline in self._deadlines.items() if deadline <= now]:
            del self._deadlines[future]
            attempt = self._running[future]
            attempt.is_timed_out = True
            attempt.pool.kill(future)
        while self._delayed and self._delayed[0][0] <= now:
            item = heappop(self._delayed)[1]
            item[4].pool.add(item)
        if self._kill_at is not None and self._kill_at <= now:
            self._kill_at = None
            for future, attempt in self._running.items():
                attempt.pool.kill(future)

    def _begin_to_stop(self) -> None:
        self._is_stopping = True
        self._kill_at = self._clock() + GRACE_S
        for future, attempt in self._running.items():
            attempt.pool.interrupt(future)

    # -- ending --------------------------------------------------------------------------------

    def _take(self, future: Future[Reply]) -> None:
        attempt = self._running.pop(future)
        self._deadlines.pop(future, None)
        attempt.item[4].pool.running -= 1
        outcome = self._outcome(future, attempt)
        self._end(attempt.item, attempt.task, outcome)

    def _outcome(self, future: Future[Reply], attempt: Attempt) -> TaskOutcome:
        try:
            reply = future.result()
        except BaseException as error:  # noqa: BLE001 - whatever an executor raises
            return self._outcome_without_reply(error, attempt)
        for entry in reply.logged:
            self._note(attempt.task, entry)
        if reply.costs:
            self._hooks.add_costs(reply.costs)
        return reply.outcome

    def _outcome_without_reply(self, error: BaseException, attempt: Attempt) -> TaskOutcome:
        seconds = self._clock() - attempt.start
        end = partial(outcome_without_task, started_at=attempt.started_at, seconds=seconds)
        if isinstance(error, KeyboardInterrupt):  # between the task's end and that of the call
            return outcome_of(error, end("interrupted"), home=attempt.task.task)
        if attempt.is_timed_out:
            limit = attempt.item[4].policy.timeout_s
            text = f"it took longer than its timeout_s, {limit:g} s"
            return end("timed-out", text, cause=error)
        if self._is_stopping:
            text = "it was ended, because the run was asked to stop"
            return end("interrupted", text, cause=error)
        return _lost(error, attempt.pool, attempt.started_at, seconds)

    def _end(
        self, item: Item, task: TaskInfo, outcome: TaskOutcome, *, may_retry: bool = True
    ) -> None:
        """Record how an attempt ended, tell observers, and see what follows from it."""
        place, number, attempt, step, one = item
        if outcome.status == "interrupted":
            self._stop.note_interrupt()
        self._write(self._record.ended, step.label, attempt, outcome)
        if self.record_error is not None and outcome.status in GOOD:
            outcome = self._unrecorded(outcome.started_at, outcome)
        self._outcomes[step.label] = outcome
        self.tell("after_task", task=task, run=self._run, outcome=outcome)
        if outcome.status in GOOD:
            self._schedule.note_success(place)
        elif may_retry and outcome.status in _MAY_RETRY and attempt <= one.policy.retries:
            wait_s = backoff_s(attempt, self._rng, base_s=one.policy.retry_delay_s)
            again = (place, number, attempt + 1, step, one)
            heappush(self._delayed, (self._clock() + wait_s, again))
        else:
            one.failed = step.label
            self._has_failed = self._has_failed or outcome.status != "interrupted"

    def _unrecorded(self, started_at: datetime, outcome: TaskOutcome | None = None) -> TaskOutcome:
        """Return the outcome of an attempt of which there can be no record."""
        plain = outcome or outcome_without_task("failed", started_at=started_at)
        error = self.record_error
        hint = error.hint if isinstance(error, GluepyError) else ""
        text = describe_error(error) if error is not None else ""
        return replace(plain, status="failed", error=text, hint=hint)

    def _note(self, task: TaskInfo | None, entry: Logged) -> None:
        """Record what a task has logged; tell the backend and, of metrics, the observers."""
        label = task.label if task is not None else ""
        self._write(self._record.logged, label, entry.kind, entry.name, entry.value)
        self._terms.track(entry)
        if entry.kind == "metric" and isinstance(entry.value, float):
            self._metrics[entry.name] = entry.value
            self.tell("on_metric", run=self._run, task=task, name=entry.name, value=entry.value)

    def _write(self, write: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Write to the record; if that cannot be, the run ends as soon as it can."""
        if self.record_error is None:
            try:
                write(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - a storage of others may raise anything
                self.record_error = error

    def tell(self, hook: str, **arguments: object) -> None:
        """Call observers; an interrupt that one of them lets out asks the run to stop."""
        try:
            self._hooks.call(hook, **arguments)
        except KeyboardInterrupt:
            self._stop.note_interrupt()

    # -- the report ----------------------------------------------------------------------------

    def _status(self) -> RunStatus:
        if self._schedule.is_complete and self.record_error is None:
            return "succeeded"
        return "interrupted" if self._stop.signal and not self._has_failed else "failed"

    def _step_reports(self) -> list[StepReport]:
        reports = []
        blocked: dict[int, str] = {}  # by place: the step that it waits for in vain
        for place, planned in enumerate(self._plan.tasks):
            one = self._open_tasks.get(place)
            culprit = ""
            if blocked:
                culprit = next((blocked[up] for up in planned.upstream if up in blocked), "")
            labels = one.labels if one else [step.label for step in planned.steps()]
            for label in labels:
                if label in self._outcomes:
                    reports.append(StepReport(label, self._outcomes[label]))
                elif label in self._terms.done:
                    reports.append(StepReport(label, is_done=True))
                else:
                    reports.append(StepReport(label, reason=self._why_not(culprit)))
            failed = culprit or (one.failed if one else "")
            if failed:
                blocked[place] = failed
        return reports

    def _why_not(self, culprit: str) -> str:
        if culprit:
            return f"it needs {culprit!r}"
        return "the run was asked to stop" if self._stop.signal else "the run had failed"


def _attended_of(pools: Mapping[str, Pool[Item]]) -> Any:
    """Return the executor of a run whose steps all go to it, if one can wait with it."""
    executors = [pool.executor for pool in pools.values()]
    only = executors[0] if len(executors) == 1 else None
    return only if hasattr(only, "attend") and hasattr(only, "wake") else None


def _places_of(plan: Plan) -> list[int]:
    """Return where the steps of each task begin among all steps of the plan, from 1."""
    places, next_place = [], 1
    for planned in plan.tasks:
        places.append(next_place)
        next_place += 1 if planned.partitions is None else len(planned.partitions)
    return places


def _lost(
    error: BaseException, pool: Pool[Any], started_at: datetime, seconds: float
) -> TaskOutcome:
    """Return the outcome of an attempt that an executor could not carry to its end."""
    if isinstance(error, GluepyError):
        text, hint = error.message, error.hint
    else:
        text, hint = f"the executor {pool.name!r} lost it: {reason_of(error)}", ""
    return outcome_without_task(
        "lost", text, hint=hint, started_at=started_at, seconds=seconds, cause=error
    )
