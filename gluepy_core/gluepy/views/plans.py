"""What a run of a DAG would do, as a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gluepy.exec.plan import PlannedTask, Selection, Step
    from gluepy.launch import Earlier
    from gluepy.runs.state import RunState

__all__ = ["plan_view"]

_UNKNOWN = "its partitions are known when it becomes ready"

_LAST_TIME = {
    "planned": "not reached last time",
    "running": "running now",
    "succeeded": "succeeded last time",
    "failed": "failed last time",
    "timed-out": "timed out last time",
    "interrupted": "interrupted last time",
    "lost": "lost last time",
    "skipped": "skipped last time",
}


def plan_view(
    label: str, selection: Selection, *, retry: str = "", is_resume: bool = False
) -> dict[str, Any]:
    """Return what would run, and why; the DAG is imported, and nothing is run.

    Args:
        label: Of the DAG.
        selection: Of its steps.
        retry: The run to work in again; empty for none.
        is_resume: Whether to leave out what has succeeded.

    Raises:
        GluepyError: If there is no such DAG, run or step, or nothing would run.
    """
    from gluepy.app import get_app
    from gluepy.exec.plan import tasks_of
    from gluepy.exec.policy import policy_of
    from gluepy.launch import plan_dag

    app = get_app()
    dag, plan, _, earlier = plan_dag(app, label, selection, retry=retry, is_resume=is_resume)
    whole = tasks_of(dag)
    has_start = plan.tasks[0].label not in {planned.label for planned in whole}
    every = (*plan.tasks[:1], *whole) if has_start else whole
    upstream = _upstream(whole) | _upstream(plan.tasks)
    medians = _medians(plan.dag)
    chosen = {planned.label: planned for planned in plan.tasks}
    rows = [
        {
            **_row(step, is_known=is_known),
            "upstream": upstream[planned.label],
            **_decision(step, chosen.get(planned.label), earlier, is_known=is_known),
            "expected_s": medians.get(step.label),
            **asdict(policy_of(planned.task, app.settings.TASK_OPTIONS)),
        }
        for planned in every
        for step, is_known in _steps(planned, earlier)
    ]
    expected = [row["expected_s"] for row in rows if row["do"] == "run"]
    known = [seconds for seconds in expected if seconds is not None]
    return {
        "schema": "gluepy.plan/1",
        "dag": plan.dag,
        "mode": "new" if earlier is None else "resume" if earlier.is_resume else "retry",
        "run": earlier and {"folder": earlier.folder, "status": earlier.state.status},
        "expected_s": sum(known) if known else None,
        "steps": rows,
    }


def _upstream(tasks: tuple[PlannedTask, ...]) -> dict[str, list[str]]:
    return {one.label: [tasks[place].label for place in one.upstream] for one in tasks}


def _row(step: Step, *, is_known: bool) -> dict[str, Any]:
    return {
        "label": step.label,
        "task": f"{step.task.__module__}:{step.task.__qualname__}",
        "partition": step.partition,
        "is_evaluation": step.is_evaluation,
        "are_partitions_known": is_known,
    }


def _steps(planned: PlannedTask, earlier: Earlier | None) -> Iterator[tuple[Step, bool]]:
    """Iterate over the steps of a task, with whether they are known or it stands for them."""
    recorded = None
    if planned.partitions is None and earlier and earlier.is_resume:
        recorded = earlier.state.expansions.get(planned.label)
    is_known = planned.partitions is not None or recorded is not None
    for step in planned.steps(recorded):
        yield step, is_known


def _decision(
    step: Step, planned: PlannedTask | None, earlier: Earlier | None, *, is_known: bool
) -> dict[str, str]:
    """Return what would become of a step, and why."""
    if planned is None or not (_is_chosen(step, planned) or not is_known):
        return {"do": "skip", "why": "not selected"}
    if not is_known:
        return {"do": "run", "why": _UNKNOWN}
    if earlier is None:
        return {"do": "run", "why": "new run"}
    if earlier.is_resume and step.label in earlier.state.succeeded:
        return {"do": "skip", "why": "done in this run"}
    return {"do": "run", "why": _last_time(earlier.state, step.label)}


def _is_chosen(step: Step, planned: PlannedTask) -> bool:
    if planned.partitions is not None:
        return step.partition in planned.partitions
    return planned.only.allows(step.label) and not planned.without.allows(step.label)


def _last_time(state: RunState, label: str) -> str:
    step = state.steps.get(label)
    if step is None:
        return _LAST_TIME["planned"]
    reason = step.error.partition("\n")[0] or step.reason
    return f"{_LAST_TIME[step.status]} ({reason})" if reason else _LAST_TIME[step.status]


def _medians(dag: str) -> Mapping[str, float]:
    from gluepy.files.storages import default_storage
    from gluepy.runs.index import RunIndex

    return RunIndex(default_storage).medians(dag)
