"""The graph of a DAG: all its tasks in the order of a run, and what each of them waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from gluepy.exceptions import CyclicDAGError, InvalidDAGError, UnknownUpstreamError
from gluepy.exec._label import where_is
from gluepy.exec.tasks import Task
from gluepy.utils.errors import reason_of

if TYPE_CHECKING:
    from gluepy.exec.dags import DAG

__all__ = ["Graph", "read_graph"]

#: Task classes with what each of them runs after; None where a list says it by its order.
_Declared = tuple[Sequence[type[Task]], Sequence[Iterable[type[Task]]] | None]


class Graph(NamedTuple):
    """All tasks of a DAG. What stands for a task is its place in these lists, from 0.

    Attributes:
        labels: In the order of a run.
        tasks: The classes, in the same order.
        upstream: For each task the places of those that it waits for, ascending; each of them is
            smaller than its own.
        first_evaluation: Place of the first task of ``eval_tasks``; all that follow are such, too.
    """

    labels: Sequence[str]
    tasks: Sequence[type[Task]]
    upstream: Sequence[tuple[int, ...]]
    first_evaluation: int

    def before(self, places: Collection[int]) -> set[int]:
        """Return all that some places wait for, directly or not."""
        found: set[int] = set()
        for place in range(len(self.upstream) - 1, -1, -1):
            if place in found or place in places:
                found.update(self.upstream[place])
        return found

    def after(self, places: Iterable[int]) -> set[int]:
        """Return all that wait for some places, directly or not."""
        found: set[int] = set()
        reached = set(places)
        for place, upstream in enumerate(self.upstream):
            if not reached.isdisjoint(upstream):
                found.add(place)
                reached.add(place)
        return found


def read_graph(dag: DAG) -> Graph:
    """Return all tasks of a DAG in the order of a run.

    Each task comes after all that it waits for. Among those that may come next it is always the one
    that was declared first, in ``tasks`` before ``eval_tasks``: so the order depends on nothing but
    the declaration. In a list each task waits for the one before it. The tasks of ``eval_tasks``
    come last: they wait for all of ``tasks``.

    Raises:
        InvalidDAGError: If the tasks cannot be read, hold something that is no task or two of one
            label, wait for something that is not there, or for each other.
    """
    tasks, upstream = _declared(dag, "tasks")
    evaluations, evaluated_after = _declared(dag, "eval_tasks")
    declared = [*tasks, *evaluations]
    labels = [task.label for task in declared]
    if len(set(labels)) < len(labels):
        raise _twice(dag.label, declared)
    place_of = {task: place for place, task in enumerate(declared)}
    first = len(tasks)
    if upstream is None:
        places = _chain(0, first)
    else:
        places = _places(dag.label, "tasks", declared[:first], upstream, place_of, first)
    sinks = _sinks(places)
    if evaluated_after is None:
        places += [sinks, *_chain(first, len(declared))[1:]] if evaluations else []
    else:
        named = _places(
            dag.label, "eval_tasks", declared[first:], evaluated_after, place_of, len(declared)
        )
        places += [_with_sinks(one, sinks, first) for one in named]
    return _ordered(dag.label, Graph(labels, declared, places, first))


# -- reading the declaration -----------------------------------------------------------------------


def _declared(dag: DAG, attribute: str) -> _Declared:
    """Return ``dag.tasks`` or ``dag.eval_tasks`` if it holds task classes and nothing else."""
    try:
        value: object = getattr(dag, attribute)
    except Exception as error:  # it may be a property of the user's
        raise InvalidDAGError(
            dag.label, f"{attribute} cannot be read: {reason_of(error)}"
        ) from error
    if isinstance(value, Mapping):
        keys, upstream = list(value), list(value.values())
        for key in keys:
            if not _is_task(key):
                raise _no_task(dag.label, f"{attribute} has the key {key!r}")
        return keys, upstream
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise InvalidDAGError(
            dag.label,
            f"{attribute} is {type(value).__name__}, not a list or a mapping",
            hint=f"Write {attribute} = [FirstTask, SecondTask], "
            f"or {attribute} = {{FirstTask: [], SecondTask: [FirstTask]}}.",
        )
    for place, task in enumerate(value):
        if not _is_task(task):
            raise _no_task(dag.label, f"{attribute}[{place}] is {task!r}")
    return value, None


def _is_task(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Task)


def _no_task(dag: str, what: str) -> InvalidDAGError:
    hint = "Name the class itself: not its label, and not an instance."
    return InvalidDAGError(dag, f"{what}, not a Task class", hint=hint)


def _twice(dag: str, tasks: Sequence[type[Task]]) -> InvalidDAGError:
    first: dict[str, type[Task]] = {}
    for second in tasks:
        other = first.setdefault(second.label, second)
        if other is not second:
            return _two_of_one_label(dag, other, second)
    twice = next(one for one in first.values() if tasks.count(one) > 1)
    return InvalidDAGError(
        dag,
        f"the task {twice.label!r} stands in it twice",
        hint="Name it once, or derive a second class with a label of its own.",
    )


def _two_of_one_label(dag: str, first: type[Task], second: type[Task]) -> InvalidDAGError:
    return InvalidDAGError(
        dag,
        f"two of its tasks are labelled {second.label!r}: {where_is(first)} and {where_is(second)}",
        hint="Give one of them another 'label'.",
    )


# -- from classes to places ------------------------------------------------------------------------


def _chain(first: int, end: int) -> list[tuple[int, ...]]:
    """Return what the tasks of a list wait for: each for the one before it."""
    return [() if place == first else (place - 1,) for place in range(first, end)]


def _places(
    dag: str,
    attribute: str,
    tasks: Sequence[type[Task]],
    upstream: Sequence[Iterable[type[Task]]],
    place_of: Mapping[type[Task], int],
    end: int,
) -> list[tuple[int, ...]]:
    """Return, as places below ``end``, what the tasks of a mapping wait for."""
    found: list[tuple[int, ...]] = []
    for task, named in zip(tasks, upstream, strict=True):
        try:
            if type(named) not in _COLLECTIONS:
                _check_collection(dag, f"{attribute}[{task.__name__}]", named)
            places = tuple(sorted({place_of[one] for one in named}))
        except (KeyError, TypeError):  # no hash: certainly no class
            raise _wrong_upstream(dag, attribute, task, named, place_of) from None
        if places and places[-1] >= end:
            raise InvalidDAGError(
                dag,
                f"{task.label!r} runs after {list(place_of)[places[-1]].label!r}, "
                "which is an evaluation task, and those come last",
                hint="Move one of them from 'tasks' to 'eval_tasks', or the other way round.",
            )
        found.append(places)
    return found


_COLLECTIONS = frozenset({list, tuple, set, frozenset})


def _check_collection(dag: str, what: str, named: object) -> None:
    """Refuse what is no collection, and what can be read only once: the next plan would differ."""
    if isinstance(named, Iterable) and not isinstance(named, (str, bytes, Iterator, Mapping)):
        return
    raise InvalidDAGError(
        dag,
        f"{what} is {type(named).__name__}, not a list of tasks",
        hint="Write the tasks to run after in brackets: {SecondTask: [FirstTask]}.",
    )


def _wrong_upstream(
    dag: str,
    attribute: str,
    task: type[Task],
    named: Iterable[type[Task]],
    place_of: Mapping[type[Task], int],
) -> InvalidDAGError:
    by_label = {one.label: one for one in place_of}
    for place, one in enumerate(named):
        if not _is_task(one):
            return _no_task(dag, f"{attribute}[{task.__name__}][{place}] is {one!r}")
        if one in place_of:
            continue
        if one.label in by_label:
            return _two_of_one_label(dag, by_label[one.label], one)
        return UnknownUpstreamError(dag, task.label, one.label, list(by_label))
    raise AssertionError("one of them is wrong")


def _sinks(upstream: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the places that nothing waits for."""
    upstream = list(upstream)
    waited_for = {place for places in upstream for place in places}
    return tuple(place for place in range(len(upstream)) if place not in waited_for)


def _with_sinks(places: tuple[int, ...], sinks: tuple[int, ...], first: int) -> tuple[int, ...]:
    """Return what an evaluation task waits for: for other ones, or for all of ``tasks``."""
    evaluations = tuple(place for place in places if place >= first)
    return evaluations or sinks


# -- order -----------------------------------------------------------------------------------------


def _ordered(dag: str, graph: Graph) -> Graph:
    """Return a graph whose places are those of declaration, in the order of a run."""
    upstream = graph.upstream
    if all(not places or places[-1] < place for place, places in enumerate(upstream)):
        return graph  # declared in a possible order, as nearly always; none other comes before it
    order = _order(upstream)
    if len(order) < len(upstream):
        labels = graph.labels
        raise CyclicDAGError(dag, [labels[place] for place in _cycle(upstream, order)])
    new = [0] * len(order)
    for place, old in enumerate(order):
        new[old] = place
    return Graph(
        [graph.labels[old] for old in order],
        [graph.tasks[old] for old in order],
        [tuple(sorted([new[one] for one in upstream[old]])) for old in order],
        graph.first_evaluation,
    )


def _order(upstream: Sequence[tuple[int, ...]]) -> list[int]:
    """Return places after all that they wait for, the smallest first; those of cycles are left out.

    Source:
        A. B. Kahn, "Topological sorting of large networks", Communications of the ACM 5, 1962;
        with a heap for the places that may come next.
    """
    waiting = list(map(len, upstream))
    downstream: list[list[int]] = [[] for _ in upstream]
    for place, places in enumerate(upstream):
        for one in places:
            downstream[one].append(place)
    ready = [place for place, number in enumerate(waiting) if not number]
    heapify(ready)
    order = []
    while ready:
        place = heappop(ready)
        order.append(place)
        for one in downstream[place]:
            waiting[one] -= 1
            if not waiting[one]:
                heappush(ready, one)
    return order


def _cycle(upstream: Sequence[tuple[int, ...]], order: Iterable[int]) -> list[int]:
    """Return one cycle, in the order in which its tasks would run, from the smallest place to it.

    Whatever has no place in the order waits for something that has none either, so that going
    upstream from there must come back to where it has been.
    """
    done = set(order)
    place = next(place for place in range(len(upstream)) if place not in done)
    way: dict[int, int] = {}
    while place not in way:
        way[place] = len(way)
        place = next(one for one in upstream[place] if one not in done)
    cycle = list(way)[: way[place] - 1 if way[place] else None : -1]
    start = cycle.index(min(cycle))
    return [*cycle[start:], *cycle[: start + 1]]
