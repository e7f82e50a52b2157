"""``gluepy plan``: shows what would run, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gluepy.commands._completion import complete_dags
from gluepy.commands._output import format_option, note, print_json, print_result
from gluepy.commands._run_options import not_empty
from gluepy.commands._selection_options import selection_of, selection_options
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.utils.text import escape, format_duration

if TYPE_CHECKING:
    from gluepy.app import App
    from gluepy.exec.plan import PlannedTask, Selection, Step
    from gluepy.exec.policy import StepPolicy
    from gluepy.launch import Earlier
    from gluepy.runs.state import RunState

__all__ = ["command", "show_plan"]

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


@click.command("plan")
@click.argument("label", shell_complete=complete_dags)
@selection_options
@click.option(
    "--retry",
    metavar="RUN",
    default="",
    callback=not_empty,
    help="Plan to run again in the folder of an earlier run.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Plan to go on with that run, or else with the last unfinished one.",
)
@format_option("table", "json")
def command(label: str, *, retry: str, resume: bool, form: str, **options: Any) -> None:
    """Show what would run, and why.

    LABEL is the label of the DAG. Its package is imported; nothing is run.
    """
    show_plan(label, selection_of(**options), retry=retry, is_resume=resume, form=form)


def show_plan(
    label: str, selection: Selection, *, retry: str, is_resume: bool, form: str = "table"
) -> None:
    """Print what would run, as ``gluepy plan`` and ``gluepy dag --dry-run`` do.

    Args:
        label: Of the DAG.
        selection: Of its steps.
        retry: The run to work in again; empty for none.
        is_resume: Whether to leave out what has succeeded.
        form: ``table`` or ``json``.
    """
    from gluepy.app import get_app

    outlook = _look(get_app(), label, selection, retry=retry, is_resume=is_resume)
    if form == "json":
        print_json("gluepy.plan/1", _as_dict(outlook))
        return
    rows = [(number, *_cells(row)) for number, row in enumerate(outlook.rows, start=1)]
    table = render_table(["#", "TASK", "DO", "WHY", "EXPECTED"], rows, right=[0, 4])
    print_result(f"{escape(_title(outlook))}\n\n{table}")
    if not is_quiet():
        note(_summary(outlook))


class _Row(NamedTuple):
    """What would become of one step."""

    step: Step
    policy: StepPolicy
    upstream: tuple[str, ...]
    do: str
    why: str
    expected_s: float | None
    is_known: bool = True


class _Outlook(NamedTuple):
    """All that the command prints."""

    dag: str
    rows: list[_Row]
    earlier: Earlier | None

    @property
    def to_run(self) -> list[_Row]:
        return [row for row in self.rows if row.do == "run"]

    @property
    def expected_s(self) -> float | None:
        known = [row.expected_s for row in self.to_run if row.expected_s is not None]
        return sum(known) if known else None


def _look(app: App, label: str, selection: Selection, *, retry: str, is_resume: bool) -> _Outlook:
    """Make the plan, and find out what is known of earlier runs."""
    from gluepy.exec.plan import tasks_of
    from gluepy.exec.policy import policy_of
    from gluepy.launch import plan_dag

    dag, plan, _, earlier = plan_dag(app, label, selection, retry=retry, is_resume=is_resume)
    whole = tasks_of(dag)
    has_start = plan.tasks[0].label not in {planned.label for planned in whole}
    every = (*plan.tasks[:1], *whole) if has_start else whole
    upstream = _upstream(whole) | _upstream(plan.tasks)
    medians = _medians(plan.dag)
    chosen = {planned.label: planned for planned in plan.tasks}
    rows = [
        _Row(
            step,
            policy_of(planned.task, app.settings.TASK_OPTIONS),
            upstream[planned.label],
            *_decision(step, chosen.get(planned.label), earlier, is_known=is_known),
            medians.get(step.label),
            is_known,
        )
        for planned in every
        for step, is_known in _steps(planned, earlier)
    ]
    return _Outlook(plan.dag, rows, earlier)


def _upstream(tasks: tuple[PlannedTask, ...]) -> dict[str, tuple[str, ...]]:
    return {one.label: tuple(tasks[place].label for place in one.upstream) for one in tasks}


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
) -> tuple[str, str]:
    """Return what would become of a step, and why."""
    if planned is None or not (_is_chosen(step, planned) or not is_known):
        return "skip", "not selected"
    if not is_known:
        return "run", _UNKNOWN
    if earlier is None:
        return "run", "new run"
    if earlier.is_resume and step.label in earlier.state.succeeded:
        return "skip", "done in this run"
    return "run", _last_time(earlier.state, step.label)


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


# -- output ----------------------------------------------------------------------------------------


def _title(outlook: _Outlook) -> str:
    if outlook.earlier is None:
        return f"{outlook.dag}, a new run"
    folder, state, is_resume = outlook.earlier
    return f"{outlook.dag}, {'resuming' if is_resume else 'repeating'} {folder} ({state.status})"


def _cells(row: _Row) -> tuple[str, str, str, str]:
    is_told = row.do == "run" and row.expected_s is not None
    expected = format_duration(row.expected_s) if is_told and row.expected_s is not None else ""
    return row.step.label, row.do, row.why, expected


def _summary(outlook: _Outlook) -> str:
    skipped = len(outlook.rows) - len(outlook.to_run)
    parts = [f"{len(outlook.to_run)} to run", f"{skipped} to skip"]
    if outlook.expected_s is not None:
        parts.append(f"about {format_duration(outlook.expected_s)} (medians of earlier runs)")
    return f"{', '.join(parts)}. Nothing was executed."


def _as_dict(outlook: _Outlook) -> dict[str, object]:
    earlier = outlook.earlier
    mode = "new" if earlier is None else "resume" if earlier.is_resume else "retry"
    return {
        "dag": outlook.dag,
        "mode": mode,
        "run": earlier and {"folder": earlier.folder, "status": earlier.state.status},
        "expected_s": outlook.expected_s,
        "steps": [_row_as_dict(row) for row in outlook.rows],
    }


def _row_as_dict(row: _Row) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "label": row.step.label,
        "task": f"{row.step.task.__module__}:{row.step.task.__qualname__}",
        "partition": row.step.partition,
        "is_evaluation": row.step.is_evaluation,
        "are_partitions_known": row.is_known,
        "upstream": row.upstream,
        "do": row.do,
        "why": row.why,
        "expected_s": row.expected_s,
        **asdict(row.policy),
    }
