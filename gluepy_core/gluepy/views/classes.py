"""One DAG or task in full, as a document."""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gluepy.exceptions import (
    AmbiguousLabelError,
    InvalidDAGError,
    RunRecordError,
    UnknownLabelError,
)
from gluepy.exec import DAG, DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.partitions import WHOLE, declared_partitions
from gluepy.exec.plan import split_label, tasks_of
from gluepy.exec.policy import policy_of
from gluepy.exec.registry import Registration, Registry
from gluepy.exec.tasks import Task
from gluepy.plugin.contributions import USABLE

if TYPE_CHECKING:
    from gluepy.app import App

__all__ = ["find_source_code", "show_view"]


def show_view(label: str) -> dict[str, Any]:
    """Return what there is to know of one DAG or task; its package is imported.

    Args:
        label: Short or qualified. Where a DAG and a task have it, the DAG is meant.

    Raises:
        GluepyError: If there is no such class, or it cannot be used.
    """
    from gluepy.app import get_app

    app = get_app()
    registry, entry, cls = _find(app, label)
    document: dict[str, Any] = {
        "schema": "gluepy.show/1",
        "label": entry.label,
        "name": registry.name_of(entry),
        "kind": registry.kind,
        "target": f"{cls.__module__}:{cls.__qualname__}",
        "place": _place(cls),
        "doc": inspect.cleandoc(cls.__doc__ or ""),
        "sources": [str(source) for source in entry.sources],
        "conflict": _conflict(registry, entry),
    }
    table = app.settings.TASK_OPTIONS
    if issubclass(cls, Task):
        facts = _facts_of_task(app, cls, table)
        return document | facts | {"reads": _reads(facts["dags"], task=entry.label)}
    name = document["name"]
    return (
        document | _facts_of_dag(cls, table) | {"reads": _reads([name]), "history": _history(name)}
    )


def find_source_code(label: str) -> tuple[str, str]:
    """Return the name of the class with a label, and its source; that is empty if it is not there.

    Raises:
        GluepyError: If there is no such class, or it cannot be used.
    """
    from gluepy.app import get_app

    _, _, cls = _find(get_app(), label)
    try:
        return cls.__qualname__, inspect.getsource(cls).rstrip()
    except (OSError, TypeError):
        return cls.__qualname__, ""


def _find(app: App, label: str) -> tuple[Registry[Any], Registration, type[DAG | Task]]:
    app.load_registries()
    app.import_owner(label, DAG_REGISTRY, TASK_REGISTRY)
    registry = _registry_of(label)
    entry = registry.get_entry(label)
    cls: type[DAG | Task] = registry[label]
    return registry, registry.find_entry(cls) or entry, cls


def _registry_of(label: str) -> Registry[Any]:
    """Return the registry that knows a label; DAGs come first."""
    if label in DAG_REGISTRY:
        return DAG_REGISTRY
    if label in TASK_REGISTRY:
        return TASK_REGISTRY
    raise UnknownLabelError("DAG or task", label, [*DAG_REGISTRY, *TASK_REGISTRY])


def _place(cls: type) -> str:
    try:
        file = inspect.getsourcefile(cls) or ""
        _, line = inspect.getsourcelines(cls)
    except (OSError, TypeError):
        return ""
    relative = os.path.relpath(file)
    return f"{file if relative.startswith(os.pardir) else relative}:{line}"


def _conflict(registry: Registry[Any], entry: Registration) -> str:
    """Return how to name a class whose short label others offer too; empty if none do."""
    try:
        meant = registry.get_entry(entry.label)
    except AmbiguousLabelError as error:
        return f"{error.message}. {error.hint}"
    except UnknownLabelError:
        return f"it is not declared as an entry point: say {entry.owners[0]}:{entry.label}"
    if meant.target == entry.target:
        return ""
    owner = meant.owners[0]
    return f"the short label means that of {owner} (the setting PREFER)"


def _reads(dags: Iterable[str], *, task: str = "") -> list[str]:
    """Return the parameters that tasks have read in the last run of each DAG.

    Args:
        dags: Their labels.
        task: Only what this one has read; empty for all.
    """
    from gluepy.files.storages import default_storage
    from gluepy.runs.index import RunIndex
    from gluepy.runs.journal import load_state

    runs, found = RunIndex(default_storage).last_runs(), set[str]()
    for dag in runs.keys() & set(dags):
        with contextlib.suppress(RunRecordError):  # that is told when somebody asks for the run
            for label, step in load_state(default_storage, runs[dag].folder).steps.items():
                if not task or split_label(label)[0] == task:
                    found.update(step.reads)
    return sorted(found)


# -- DAGs ------------------------------------------------------------------------------------------


def _facts_of_dag(dag: type[DAG], table: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    tasks = tasks_of(dag)
    return {
        "tasks": [one.label for one in tasks if not one.is_evaluation],
        "eval_tasks": [one.label for one in tasks if one.is_evaluation],
        "upstream": {one.label: [tasks[place].label for place in one.upstream] for one in tasks},
        "partitions": {
            one.label: None if one.partitions is None else list(one.partitions)
            for one in tasks
            if one.partitions != WHOLE
        },
        "tags": {
            one.label: tags for one in tasks if (tags := list(policy_of(one.task, table).tags))
        },
    }


def _history(dag: str) -> dict[str, Any]:
    from gluepy.files.storages import default_storage
    from gluepy.runs.index import RunIndex

    statuses, median_s = RunIndex(default_storage).tally(dag)
    return {"runs": sum(statuses.values()), "statuses": statuses, "median_s": median_s}


# -- tasks -----------------------------------------------------------------------------------------


def _facts_of_task(
    app: App, task: type[Task], table: Mapping[str, Mapping[str, object]]
) -> dict[str, Any]:
    names = declared_partitions(task)
    upstream = dict(_dags_with(app, task))
    policy = asdict(policy_of(task, table))
    return {
        "dags": list(upstream),
        "upstream": upstream,
        **policy,
        "tags": list(policy["tags"]),
        "is_partitioned": names != WHOLE,
        "partitions": None if names is None or names == WHOLE else list(names),
    }


def _dags_with(app: App, task: type[Task]) -> Iterator[tuple[str, list[str]]]:
    """Iterate over the DAGs that are known to have a task, with what it waits for in each."""
    for entry in DAG_REGISTRY.registrations():
        if entry.cls is not None:
            for upstream in _upstream_in(entry.cls, task):
                yield DAG_REGISTRY.name_of(entry), upstream
    target = f"{task.__module__}:{task.__qualname__}"
    for one in app.contributions:
        known = app.known_of(one) if one.kind == "dag" and one.state in USABLE else None
        for each in known.tasks if known else ():
            if each.target == target:
                entry = DAG_REGISTRY.get_entry(one.qualified_name)
                yield DAG_REGISTRY.name_of(entry), list(each.upstream)


def _upstream_in(dag: type[DAG], task: type[Task]) -> Iterator[list[str]]:
    try:
        tasks = tasks_of(dag)
    except InvalidDAGError:
        return  # that is told when somebody asks for this DAG
    for one in tasks:
        if one.task is task:
            yield [tasks[place].label for place in one.upstream]
