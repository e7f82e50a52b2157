"""The plan of a run: which steps of a DAG run, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gluepy.exceptions import EmptyPlanError, InvalidDAGError, UnknownStepError
from gluepy.exec._label import where_is
from gluepy.exec.dags import DAG
from gluepy.exec.tasks import Task
from gluepy.utils.errors import reason_of

__all__ = ["Plan", "Selection", "Step", "make_plan", "steps_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which steps of a DAG the user wants.

    Attributes:
        tasks: Labels of single steps; empty for all.
        from_task: Label of the first step; empty for the first of the DAG.
        until_task: Label of the last step; empty for the last of the DAG.
        skip_eval: Leave out the evaluation tasks.
        eval_only: Leave out all others.
    """

    tasks: tuple[str, ...] = ()
    from_task: str = ""
    until_task: str = ""
    skip_eval: bool = False
    eval_only: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A task within the plan of one run."""

    label: str
    task: type[Task]
    is_evaluation: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that a run executes, in order: each runs after the one before it.

    Attributes:
        dag: Label of the DAG.
        steps: What runs. Never empty.
    """

    dag: str
    steps: tuple[Step, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the steps."""
        return tuple(step.label for step in self.steps)


ALL = Selection()


def make_plan(
    dag: type[DAG], selection: Selection = ALL, *, start: type[Task] | None = None
) -> Plan:
    """Decide which steps of a DAG run.

    The order is that of ``dag.tasks``, then that of ``dag.eval_tasks``; a selection leaves steps
    out and never changes the order.

    Args:
        dag: The pipeline.
        selection: What the user wants of it.
        start: A task that runs before whatever was selected.

    Returns:
        At least one step.

    Raises:
        InvalidDAGError: If the DAG cannot be made, or its tasks hold something that is no task, or
            two of one label.
        UnknownStepError: If the selection names a task that is no step of the DAG.
        EmptyPlanError: If nothing would run.
    """
    steps = steps_of(dag)
    if not steps:
        raise EmptyPlanError(dag.label, "it has no tasks")
    chosen = _select(dag.label, steps, selection)
    if not chosen:
        raise EmptyPlanError(dag.label, _why_empty(selection))
    if start is not None:
        chosen = [Step(start.label, start), *chosen]
    return Plan(dag.label, tuple(chosen))


def steps_of(cls: type[DAG]) -> list[Step]:
    """Return all steps of a DAG, in order; those of ``eval_tasks`` come last.

    Raises:
        InvalidDAGError: If the DAG cannot be made, or its tasks hold something that is no task, or
            two of one label.
    """
    try:
        dag = cls()
    except Exception as error:
        raise InvalidDAGError(cls.label, f"it cannot be made: {reason_of(error)}") from error
    steps = [
        *(Step(task.label, task) for task in _tasks_in(dag, "tasks")),
        *(Step(task.label, task, is_evaluation=True) for task in _tasks_in(dag, "eval_tasks")),
    ]
    seen: dict[str, Step] = {}
    for step in steps:
        other = seen.setdefault(step.label, step)
        if other is not step:
            raise _twice(dag, other, step)
    return steps


def _twice(dag: DAG, first: Step, second: Step) -> InvalidDAGError:
    if first.task is second.task:
        return InvalidDAGError(
            dag.label,
            f"the task {second.label!r} stands in it twice",
            hint="Name it once, or derive a second class with a label of its own.",
        )
    return InvalidDAGError(
        dag.label,
        f"two of its tasks are labelled {second.label!r}: "
        f"{where_is(first.task)} and {where_is(second.task)}",
        hint="Give one of them another 'label'.",
    )


def _tasks_in(dag: DAG, attribute: str) -> Sequence[type[Task]]:
    """Return ``dag.tasks`` or ``dag.eval_tasks`` if it holds task classes and nothing else."""
    try:
        tasks = getattr(dag, attribute)
    except Exception as error:  # it may be a property of the user's
        reason = f"{attribute} cannot be read: {type(error).__name__}: {error}"
        raise InvalidDAGError(dag.label, reason) from error
    if not isinstance(tasks, Sequence) or isinstance(tasks, str):
        raise InvalidDAGError(
            dag.label,
            f"{attribute} is {type(tasks).__name__}, not a list",
            hint=f"Write {attribute} = [FirstTask, SecondTask].",
        )
    for place, task in enumerate(tasks):
        if not (isinstance(task, type) and issubclass(task, Task)):
            raise InvalidDAGError(
                dag.label,
                f"{attribute}[{place}] is {task!r}, not a Task class",
                hint="Name the class itself: not its label, and not an instance.",
            )
    return tasks


def _select(dag: str, steps: list[Step], selection: Selection) -> list[Step]:
    labels = [step.label for step in steps]
    wanted = [("--task", label) for label in selection.tasks]
    for option, label in (
        *wanted,
        ("--from-task", selection.from_task),
        ("--until-task", selection.until_task),
    ):
        if label and label not in labels:
            raise UnknownStepError(option, label, dag, labels)
    first = labels.index(selection.from_task) if selection.from_task else 0
    last = labels.index(selection.until_task) if selection.until_task else len(steps) - 1
    return [
        step
        for place, step in enumerate(steps)
        if first <= place <= last
        and (not selection.tasks or step.label in selection.tasks)
        and not (step.is_evaluation and selection.skip_eval)
        and not (not step.is_evaluation and selection.eval_only)
    ]


def _why_empty(selection: Selection) -> str:
    if selection.eval_only and not selection.tasks:
        return "it has no evaluation tasks in what was selected"
    if selection.from_task and selection.until_task:
        return f"{selection.until_task!r} comes before {selection.from_task!r}"
    return "the options leave no task"
