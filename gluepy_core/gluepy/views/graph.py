"""The graph of a DAG, and that of a run with how each of its tasks stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gluepy.exec.plan import PlannedTask
    from gluepy.runs.state import RunState, StepState

__all__ = ["GRAPH_SCHEMA", "graph_view", "run_graph_view"]

#: Name and version of the form of a graph.
GRAPH_SCHEMA = "gluepy.graph/1"

_DONE = frozenset({"succeeded", "skipped"})
#: Of all that the steps of a task are, the first of these is said of the task.
_WORST_FIRST = (
    "failed",
    "timed-out",
    "lost",
    "interrupted",
    "running",
    "planned",
    "succeeded",
    "skipped",
)


def graph_view(label: str) -> dict[str, Any]:
    """Return the graph of a DAG; its package is imported.

    Raises:
        UnknownLabelError: If there is no DAG of that label.
        InvalidDAGError: If it cannot be made, or its tasks make no graph.
    """
    from gluepy.app import get_app
    from gluepy.exec import DAG_REGISTRY
    from gluepy.exec.plan import tasks_of
    from gluepy.exec.policy import policy_of

    app = get_app()
    app.load_registries()
    app.import_owner(label, DAG_REGISTRY)
    dag = DAG_REGISTRY[label]
    table = app.settings.TASK_OPTIONS
    tasks = tasks_of(dag)
    nodes = [_planned_node(task, policy_of(task.task, table).tags) for task in tasks]
    upstream = [[tasks[place].label for place in task.upstream] for task in tasks]
    return _document(DAG_REGISTRY.name_of(DAG_REGISTRY.get_entry(label)), "", nodes, upstream)


def run_graph_view(run: str) -> dict[str, Any]:
    """Return the graph of a run, as its record has it: nothing is imported.

    Args:
        run: Any reference to a run: its id or the beginning of it, ``@last``, its folder.

    Raises:
        CommandError: If there is no such run, or several are meant.
        RunRecordError: If nothing is recorded of it, or its record cannot be read.
    """
    from gluepy.views._runs import find_run

    return graph_of_state(find_run(run).state)


def graph_of_state(state: RunState) -> dict[str, Any]:
    """Return the graph of a run whose record was read."""
    from gluepy.exec.plan import split_label

    parts: dict[str, list[tuple[str, StepState]]] = {}
    for step in state.steps.values():
        label, partition = split_label(step.label)
        parts.setdefault(label, []).append((partition, step))
    nodes = [_recorded_node(label, steps, state) for label, steps in parts.items()]
    upstream = [state.upstream.get(label, ()) for label in parts]
    return _document(state.dag, state.run_id, nodes, upstream)


# -- nodes -----------------------------------------------------------------------------------------


def _planned_node(task: PlannedTask, tags: Iterable[str]) -> dict[str, Any]:
    from gluepy.exec.partitions import WHOLE

    is_whole = task.partitions == WHOLE
    names = None if task.partitions is None else list(task.partitions)
    return _node(
        task.label,
        kind="evaluation" if task.is_evaluation else "task",
        partitions=[] if is_whole else names,
        tags=list(tags),
        total=len(names or ()),
    )


def _recorded_node(
    label: str, steps: Sequence[tuple[str, StepState]], state: RunState
) -> dict[str, Any]:
    names = [name for name, _ in steps if name]
    seconds = [step.seconds for _, step in steps if step.seconds is not None]
    statuses = {step.status for _, step in steps}
    return _node(
        label,
        kind="evaluation" if label in state.evaluations else "task",
        partitions=names,
        tags=list(state.tags.get(label, ())),
        status=next(one for one in _WORST_FIRST if one in statuses),
        done=sum(step.status in _DONE for _, step in steps),
        total=len(steps),
        seconds=round(sum(seconds), 6) if seconds else None,
    )


def _node(label: str, **facts: Any) -> dict[str, Any]:
    """Return a node: every one has the same keys, in the same order."""
    blank: dict[str, Any] = {
        "label": label,
        "kind": "task",
        "partitions": [],
        "tags": [],
        "layer": 0,
        "status": "",
        "done": 0,
        "total": 1,
        "seconds": None,
    }
    return {**blank, **facts}


# -- the whole -------------------------------------------------------------------------------------


def _document(
    dag: str,
    run_id: str,
    nodes: Sequence[dict[str, Any]],
    upstream: Sequence[Iterable[str]],
) -> dict[str, Any]:
    """Return the document, its nodes in an order in which they can run, each with its layer."""
    place_of = {node["label"]: place for place, node in enumerate(nodes)}
    above = [
        list(dict.fromkeys(place_of[label] for label in labels if label in place_of))
        for labels in upstream
    ]
    layers = _layers(above)
    edges = [
        [nodes[one]["label"], nodes[place]["label"]]
        for place in layers
        for one in above[place]
        if layers[one] < layers[place]
    ]
    return {
        "schema": GRAPH_SCHEMA,
        "dag": dag,
        "run_id": run_id,
        "nodes": [{**nodes[place], "layer": layer} for place, layer in layers.items()],
        "edges": edges,
    }


def _layers(above: Sequence[Sequence[int]]) -> Mapping[int, int]:
    """Return the layer of each node, in the order in which nodes can run.

    A record that somebody has changed may say that nodes wait for each other; they come last, and
    do not.
    """
    below: list[list[int]] = [[] for _ in above]
    for place, nodes in enumerate(above):
        for one in nodes:
            below[one].append(place)
    waiting = [len(nodes) for nodes in above]
    ready = [place for place, number in enumerate(waiting) if not number]
    heapify(ready)
    layers: dict[int, int] = {}
    while ready:
        place = heappop(ready)
        layers[place] = max((layers[one] + 1 for one in above[place]), default=0)
        for one in below[place]:
            waiting[one] -= 1
            if not waiting[one]:
                heappush(ready, one)
    last = max(layers.values(), default=-1) + 1
    return layers | {place: last for place in range(len(above)) if place not in layers}
