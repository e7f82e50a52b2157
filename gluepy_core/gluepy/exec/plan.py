"""The plan of a run: which steps of a DAG run, and which of them wait for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gluepy.exceptions import EmptyPlanError, InvalidDAGError, UnknownPartitionError
from gluepy.exec.dags import DAG
from gluepy.exec.graph import Graph, read_graph
from gluepy.exec.partitions import (
    WHOLE,
    check_partitions,
    declared_partitions,
    split_label,
    step_label,
)
from gluepy.exec.selection import (
    ALL,
    EVERY,
    NONE,
    Choice,
    Facts,
    Selection,
    choose,
    gather_facts,
)
from gluepy.exec.tasks import Task
from gluepy.utils.errors import reason_of

__all__ = [
    "ALL",
    "EVERY",
    "NONE",
    "Facts",
    "Plan",
    "PlannedTask",
    "Selection",
    "Step",
    "gather_facts",
    "make_plan",
    "partitions_of",
    "plan_task",
    "restrict",
    "split_label",
    "steps_of",
    "tasks_of",
]


class Step(NamedTuple):
    """One unit of work.

    Attributes:
        label: ``clean``, or ``train[AA]`` for a partition.
        task: The class.
        partition: Its name; empty for a task without.
        is_evaluation: Whether the DAG names the task in ``eval_tasks``.
    """

    label: str
    task: type[Task]
    partition: str = ""
    is_evaluation: bool = False


class PlannedTask(NamedTuple):
    """A task of a plan, with its steps.

    Attributes:
        label: Of the task.
        task: The class.
        upstream: Places in ``Plan.tasks`` of the tasks that it waits for, ascending; each is
            smaller than its own.
        partitions: Names, one step each; one empty name for a task that is not partitioned; None
            where they are known only when the task becomes ready (`partitions_of`).
        is_evaluation: Whether the DAG names it in ``eval_tasks``.
        only: What the selection leaves of it; said of unknown partitions alone.
        without: What the selection takes away again; the same.
    """

    label: str
    task: type[Task]
    upstream: tuple[int, ...] = ()
    partitions: tuple[str, ...] | None = WHOLE
    is_evaluation: bool = False
    only: Choice = EVERY
    without: Choice = NONE

    def steps(self, partitions: Sequence[str] | None = None) -> tuple[Step, ...]:
        """Return its steps, in the order of its partitions.

        Args:
            partitions: What `partitions_of` has returned; where that is not known yet, the task
                stands as one step under its own label.
        """
        names = self.partitions if partitions is None else partitions
        label, task, is_evaluation = self.label, self.task, self.is_evaluation
        if names is None or names == WHOLE:
            return (Step(label, task, "", is_evaluation),)
        return tuple([Step(f"{label}[{name}]", task, name, is_evaluation) for name in names])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run executes.

    Attributes:
        dag: Label of the DAG; empty for a task that runs alone.
        tasks: In an order in which they can run; never empty.
    """

    dag: str
    tasks: tuple[PlannedTask, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in order, made anew; a task of unknown partitions stands as one step."""
        return tuple([step for planned in self.tasks for step in planned.steps()])

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the steps."""
        return tuple([step.label for step in self.steps])

    @property
    def upstream(self) -> dict[str, tuple[str, ...]]:
        """The labels of the tasks that each task waits for, by its own."""
        labels = [planned.label for planned in self.tasks]
        return {
            planned.label: tuple([labels[place] for place in planned.upstream])
            for planned in self.tasks
        }


def make_plan(
    dag: type[DAG],
    selection: Selection = ALL,
    *,
    start: type[Task] | None = None,
    facts: Facts = Facts(),  # noqa: B008 - it is frozen
) -> Plan:
    """Decide which steps of a DAG run, and in which order.

    Each task comes after all that it waits for; among those that may come next, it is the one that
    was declared first. The tasks of ``eval_tasks`` come last. A selection leaves steps out and
    never changes the order: a task also waits for what it waited for through tasks that are left
    out. All partitions of a task come together, and who waits for the task waits for all of them.

    Args:
        dag: The pipeline.
        selection: What the user wants of it.
        start: A task that runs before whatever was selected.
        facts: What the selection may ask for: tags, sources, states.

    Returns:
        At least one step, or a task whose partitions are not known yet.

    Raises:
        InvalidDAGError: If the DAG cannot be made, its tasks make no graph, or the partitions of
            one cannot be used.
        CommandError: If the selection names what is not there, or cannot be read.
        EmptyPlanError: If nothing would run.
    """
    graph = _graph_of(dag)
    if not graph.labels:
        raise EmptyPlanError(dag.label, "it has no tasks")
    partitions = [declared_partitions(task) for task in graph.tasks]
    if selection == ALL:
        chosen = _all_of(graph, partitions)
    else:
        chosen = _chosen_of(dag.label, graph, partitions, selection, facts)
    if all(planned.partitions == () for planned in chosen):
        raise EmptyPlanError(dag.label, "its tasks have no partitions")
    if start is not None:
        chosen = _after_start(dag.label, start, graph, chosen)
    return Plan(dag.label, tuple(chosen))


def plan_task(label: str, task: type[Task], partition: str = "") -> Plan:
    """Return the plan of a task that runs alone.

    Args:
        label: Of its step; a qualified one where the short one does not say which is meant.
        task: The class.
        partition: Of all its partitions the only one that is to run; empty for all.

    Raises:
        InvalidPartitionsError: If its partitions cannot be used.
        UnknownPartitionError: If none is called so.
    """
    partitions = declared_partitions(task)
    only = Choice(frozenset([step_label(label, partition)])) if partition else EVERY
    if partition and partitions is not None:
        if partitions is WHOLE or partition not in partitions:
            known = None if partitions is WHOLE else partitions
            raise UnknownPartitionError(label, partition, known)
        partitions, only = (partition,), EVERY
    return Plan("", (PlannedTask(label, task, partitions=partitions, only=only),))


def steps_of(cls: type[DAG]) -> list[Step]:
    """Return all steps of a DAG, in order; a task of unknown partitions stands as one step.

    Raises:
        InvalidDAGError: If the DAG cannot be made, its tasks make no graph, or the partitions of
            one cannot be used.
    """
    return [step for planned in tasks_of(cls) for step in planned.steps()]


def tasks_of(cls: type[DAG]) -> tuple[PlannedTask, ...]:
    """Return all tasks of a DAG as a run of the whole DAG has them; none if it has none.

    Raises:
        InvalidDAGError: As `steps_of`.
    """
    graph = _graph_of(cls)
    return tuple(_all_of(graph, [declared_partitions(task) for task in graph.tasks]))


def partitions_of(planned: PlannedTask) -> tuple[str, ...]:
    """Return the partitions of a task that is ready to run, as far as they are selected.

    Where a method makes them it is called: it may read what earlier tasks have stored, and what it
    raises is raised here.

    Raises:
        InvalidPartitionsError: If they cannot be used.
        UnknownPartitionError: If one that was asked for is not there.
    """
    if planned.partitions is not None:
        return planned.partitions
    made = planned.task().partitions
    return restrict(planned, check_partitions(planned.label, made() if callable(made) else made))


def restrict(planned: PlannedTask, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the partitions that are selected, of all that a task turns out to have.

    Raises:
        UnknownPartitionError: If one that was asked for is not there.
    """
    for label in sorted(planned.only.labels):
        partition = split_label(label)[1]
        if partition not in names and not planned.without.allows(label):
            raise UnknownPartitionError(planned.label, partition, names)
    return _left(planned.label, names, planned.only, planned.without)


def _graph_of(cls: type[DAG]) -> Graph:
    try:
        dag = cls()
    except Exception as error:
        raise InvalidDAGError(cls.label, f"it cannot be made: {reason_of(error)}") from error
    return read_graph(dag)


def _all_of(graph: Graph, partitions: Sequence[tuple[str, ...] | None]) -> list[PlannedTask]:
    first = graph.first_evaluation
    is_evaluation = [False] * first + [True] * (len(graph.labels) - first)
    rows = zip(graph.labels, graph.tasks, graph.upstream, partitions, is_evaluation, strict=True)
    return [PlannedTask(*row) for row in rows]


def _chosen_of(
    dag: str,
    graph: Graph,
    partitions: Sequence[tuple[str, ...] | None],
    selection: Selection,
    facts: Facts,
) -> list[PlannedTask]:
    """Return the tasks that a selection leaves, waiting for each other as in the whole graph."""
    left: dict[int, PlannedTask] = {}
    for place, (only, without) in choose(dag, graph, partitions, selection, facts).items():
        label, names = graph.labels[place], partitions[place]
        planned = PlannedTask(
            label,
            graph.tasks[place],
            partitions=names,
            is_evaluation=place >= graph.first_evaluation,
        )
        if names is None:
            left[place] = planned._replace(only=only, without=without)
            continue
        kept = names if not names else _left(label, names, only, without)
        if kept or not names:
            left[place] = planned._replace(partitions=kept)
    if not left:
        raise EmptyPlanError(dag, _why_empty(graph, selection))
    upstream = _bridged(graph.upstream, left)
    return [
        planned._replace(upstream=places)
        for planned, places in zip(left.values(), upstream, strict=True)
    ]


def _left(label: str, names: tuple[str, ...], only: Choice, without: Choice) -> tuple[str, ...]:
    """Return the partitions that are meant."""
    if without == NONE and only == EVERY:
        return names
    labels = [(name, step_label(label, name)) for name in names]
    return tuple(name for name, step in labels if only.allows(step) and not without.allows(step))


def _bridged(
    upstream: Sequence[tuple[int, ...]], left: Mapping[int, object]
) -> list[tuple[int, ...]]:
    """Return, as new places, what the tasks that are left wait for, through those that are not."""
    new = {place: index for index, place in enumerate(left)}
    nearest: list[tuple[int, ...]] = []
    for places in upstream:
        if len(places) == 1:
            place = places[0]
            nearest.append((place,) if place in new else nearest[place])
            continue
        found: set[int] = set()
        for place in places:
            if place in new:
                found.add(place)
            else:
                found.update(nearest[place])
        nearest.append(tuple(sorted(found)))
    return [tuple([new[one] for one in nearest[place]]) for place in left]


def _after_start(
    dag: str, start: type[Task], graph: Graph, chosen: Sequence[PlannedTask]
) -> list[PlannedTask]:
    """Return a start task and what was chosen, all of which waits for it."""
    if start.label in graph.labels:
        raise InvalidDAGError(
            dag,
            f"its task {start.label!r} is the start task, too",
            hint="Take it out of the DAG, or choose another START_TASK.",
        )
    first = PlannedTask(start.label, start, partitions=declared_partitions(start))
    rest = [
        planned._replace(upstream=tuple([place + 1 for place in planned.upstream]) or (0,))
        for planned in chosen
    ]
    return [first, *rest]


def _why_empty(graph: Graph, selection: Selection) -> str:
    if selection.eval_only and not (selection.tasks or selection.select or selection.exclude):
        return "it has no evaluation tasks in what was selected"
    first, last = (split_label(one)[0] for one in (selection.from_task, selection.until_task))
    if not (first and last) or selection.select or selection.exclude:
        return "the options leave no task"
    places = {label: place for place, label in enumerate(graph.labels)}
    order = "comes before" if places[last] < places[first] else "does not come after"
    return f"{selection.until_task!r} {order} {selection.from_task!r}"
