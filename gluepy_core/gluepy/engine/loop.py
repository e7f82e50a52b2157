"""The loop in the coordinating process: one step after the other, with hooks and records."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from gluepy.engine.frames import describe_error
from gluepy.engine.signals import StopRequest
from gluepy.engine.step import attempt
from gluepy.engine.tracking import RunTracking
from gluepy.exceptions import StorageError, StorageWriteError
from gluepy.exec.plan import Plan, Step
from gluepy.exec.records import (
    RunInfo,
    RunReport,
    RunStatus,
    StepReport,
    TaskInfo,
    TaskOutcome,
)
from gluepy.plugin.manager import Hooks
from gluepy.utils.errors import reason_of

__all__ = ["run_plan"]

_GOES_ON = ("succeeded", "skipped")


def run_plan(
    plan: Plan,
    run: RunInfo,
    hooks: Hooks,
    tracking: RunTracking,
    *,
    save: Callable[[], None],
    sources_of: Callable[[Step], tuple[str, ...]] = lambda _: (),
) -> RunReport:
    """Carry out a plan, step by step, until one does not succeed or a signal asks to stop.

    Args:
        plan: What to run.
        run: The run, as hooks see it.
        hooks: Are told of everything.
        tracking: Holds what the tasks log.
        save: Stores what the run has made known so far; called after every step, before observers
            hear of its end.
        sources_of: Says where the task of a step came from.

    Returns:
        How it ended. ``before_dag`` and ``after_dag`` have been called once each.

    Raises:
        StorageError: If ``save`` failed; so has the step then, and observers have been told.
    """
    stop = StopRequest()
    outcomes: dict[str, TaskOutcome] = {}
    not_saved: Exception | None = None
    start = time.perf_counter()
    with stop.listening():
        _tell(hooks, stop, "before_dag", run=run)
        for index, step in enumerate(plan.steps, start=1):
            if stop.signal:
                break
            task = _task_info(step, index, sources_of(step))
            tracking.task = task
            _tell(hooks, stop, "before_task", task=task, run=run)
            outcome = attempt(step.task, task, run, hooks, interruptible=stop.in_task())
            tracking.task = None
            if outcome.status == "interrupted":
                stop.note_interrupt()
            try:
                save()
            except Exception as error:  # noqa: BLE001 - a storage of others may raise anything
                not_saved = error
                outcome = replace(outcome, status="failed", error=describe_error(error))
            outcomes[step.label] = outcome
            _tell(hooks, stop, "after_task", task=task, run=run, outcome=outcome)
            if outcome.status not in _GOES_ON:
                break
        report = RunReport(
            status=_status(plan, outcomes, stop),
            seconds=time.perf_counter() - start,
            steps=tuple(StepReport(label, outcomes.get(label)) for label in plan.labels),
            metrics=tuple(tracking.metrics.items()),
            signal=stop.signal,
        )
        _tell(hooks, stop, "after_dag", run=run, report=report)
    if isinstance(not_saved, StorageError):
        raise not_saved
    if not_saved is not None:
        raise StorageWriteError(run.folder, reason_of(not_saved)) from not_saved
    return report


def _tell(hooks: Hooks, stop: StopRequest, hook: str, **arguments: object) -> None:
    """Call observers; an interrupt that one of them lets out asks the run to stop."""
    try:
        hooks.call(hook, **arguments)
    except KeyboardInterrupt:
        stop.note_interrupt()


def _task_info(step: Step, index: int, sources: tuple[str, ...]) -> TaskInfo:
    return TaskInfo(
        label=step.label,
        task=f"{step.task.__module__}:{step.task.__qualname__}",
        index=index,
        is_evaluation=step.is_evaluation,
        sources=sources,
    )


def _status(plan: Plan, outcomes: dict[str, TaskOutcome], stop: StopRequest) -> RunStatus:
    ends = [outcomes[label].status if label in outcomes else None for label in plan.labels]
    if all(end in _GOES_ON for end in ends):
        return "succeeded"
    return "interrupted" if stop.signal and "failed" not in ends else "failed"
