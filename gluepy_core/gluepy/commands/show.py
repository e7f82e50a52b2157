"""``gluepy show``: describes one DAG or task."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from gluepy.commands._completion import complete_labels
from gluepy.commands._output import format_option, print_json, print_result
from gluepy.exceptions import AmbiguousLabelError, InvalidDAGError, UnknownLabelError
from gluepy.exec import DAG, DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.partitions import WHOLE, declared_partitions
from gluepy.exec.plan import tasks_of
from gluepy.exec.policy import policy_of
from gluepy.exec.registry import Registration, Registry
from gluepy.exec.tasks import Task
from gluepy.utils.text import escape, format_duration

__all__ = ["command"]

_INDENT = 10
_SHOWN_PARTITIONS = 5


@click.command("show")
@click.argument("label", shell_complete=complete_labels)
@click.option("--source-code", is_flag=True, help="Print the source code of the class.")
@format_option("text", "json")
def command(label: str, *, source_code: bool, form: str) -> None:
    """Describe one DAG or task; its package is imported."""
    from gluepy.app import get_app

    app = get_app()
    app.load_registries()
    app.import_owner(label, DAG_REGISTRY, TASK_REGISTRY)
    registry = _registry_of(label)
    entry = registry.get_entry(label)
    cls = registry[label]
    entry = registry.find_entry(cls) or entry
    facts = _facts(registry, entry, cls) | _facts_of_kind(cls, app.settings.TASK_OPTIONS)
    if source_code:
        print_result(_source_code(cls))
    elif form == "json":
        print_json("gluepy.show/1", facts)
    else:
        print_result(_as_text(facts))


def _registry_of(label: str) -> Registry[Any]:
    """Return the registry that knows a label; DAGs come first."""
    if label in DAG_REGISTRY:
        return DAG_REGISTRY
    if label in TASK_REGISTRY:
        return TASK_REGISTRY
    raise UnknownLabelError("DAG or task", label, [*DAG_REGISTRY, *TASK_REGISTRY])


def _facts(registry: Registry[Any], entry: Registration, cls: type) -> dict[str, Any]:
    return {
        "label": entry.label,
        "kind": registry.kind,
        "target": f"{cls.__module__}:{cls.__qualname__}",
        "place": _place(cls),
        "doc": inspect.cleandoc(cls.__doc__ or ""),
        "sources": [str(source) for source in entry.sources],
        "conflict": _conflict(registry, entry),
    }


def _facts_of_kind(
    cls: type[DAG | Task], table: Mapping[str, Mapping[str, object]]
) -> dict[str, Any]:
    """Return the graph of a DAG; of a task where it stands and how it is carried out."""
    if issubclass(cls, Task):
        return {"dags": _dags_with(cls), **asdict(policy_of(cls, table)), **_partitions(cls)}
    tasks = tasks_of(cls)
    return {
        "tasks": [one.label for one in tasks if not one.is_evaluation],
        "eval_tasks": [one.label for one in tasks if one.is_evaluation],
        "upstream": {one.label: [tasks[place].label for place in one.upstream] for one in tasks},
        "partitions": {one.label: one.partitions for one in tasks if one.partitions != WHOLE},
        "tags": {
            one.label: tags for one in tasks if (tags := list(policy_of(one.task, table).tags))
        },
    }


def _partitions(cls: type[Task]) -> dict[str, Any]:
    names = declared_partitions(cls)
    return {"is_partitioned": names != WHOLE, "partitions": None if names == WHOLE else names}


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


def _dags_with(task: type) -> list[str]:
    """Return the DAGs, among those that are imported, that have a task."""
    return [
        entry.label
        for entry in DAG_REGISTRY.registrations()
        if entry.cls is not None and _has_step(entry.cls, task)
    ]


def _has_step(dag: type[DAG], task: type) -> bool:
    try:
        return any(planned.task is task for planned in tasks_of(dag))
    except InvalidDAGError:
        return False  # that is told when somebody asks for this DAG


def _place(cls: type) -> str:
    try:
        file = inspect.getsourcefile(cls) or ""
        _, line = inspect.getsourcelines(cls)
    except (OSError, TypeError):
        return ""
    relative = os.path.relpath(file)
    return f"{file if relative.startswith(os.pardir) else relative}:{line}"


def _source_code(cls: type) -> str:
    try:
        return inspect.getsource(cls).rstrip()
    except (OSError, TypeError):
        return f"# the source code of {cls.__qualname__} is not there"


def _as_text(facts: dict[str, Any]) -> str:
    title = "   ".join(
        [facts["label"], facts["kind"], " and ".join(facts["sources"]), facts["place"]]
    )
    lines = [title.rstrip(), *(f"  {line}".rstrip() for line in facts["doc"].splitlines())]
    for name, texts in (
        ("class", [facts["target"]]),
        ("tasks", _drawn(facts, "tasks")),
        ("evaluates", _drawn(facts, "eval_tasks")),
        ("in DAGs", [", ".join(facts.get("dags", ()))]),
        ("tags", [_tags(facts["tags"])]),
        ("retries", [_retries(facts)]),
        ("time-out", [_seconds(facts.get("timeout_s"))]),
        ("executor", [facts.get("executor", "")]),
        ("runs for", [_own_partitions(facts)]),
        ("conflict", [facts["conflict"]]),
    ):
        names = [name, *[""] * (len(texts) - 1)]
        lines += [
            f"  {name:<{_INDENT}}{text}" for name, text in zip(names, texts, strict=True) if text
        ]
    return "\n".join(map(escape, lines))


def _drawn(facts: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of tasks as one line, and a graph as a line for each with what it waits for."""
    labels = facts.get(key, [])
    upstream = facts.get("upstream", {})
    shown = {label: _with_partitions(label, facts["partitions"]) for label in labels}
    before = {label: [one for one in upstream[label] if one in shown] for label in labels}
    chain = [[], *([label] for label in labels[:-1])]
    if list(before.values()) == chain[: len(labels)]:
        return [" -> ".join(shown.values())]
    return [
        f"{shown[label]} <- {', '.join(before[label])}" if before[label] else shown[label]
        for label in labels
    ]


def _with_partitions(label: str, partitions: Mapping[str, Sequence[str] | None]) -> str:
    if label not in partitions:
        return label
    return f"{label}[{_some(partitions[label])}]"


def _some(names: Sequence[str] | None) -> str:
    """Return a few names of partitions, and how many more there are."""
    if names is None:
        return "..."
    more = len(names) - _SHOWN_PARTITIONS
    few = ", ".join(names[:_SHOWN_PARTITIONS])
    return f"{few} and {more} more" if more > 0 else few


def _own_partitions(facts: Mapping[str, Any]) -> str:
    if not facts.get("is_partitioned"):
        return ""
    names = facts["partitions"]
    return "partitions known when it becomes ready" if names is None else _some(names)


def _tags(tags: Iterable[str] | Mapping[str, Sequence[str]]) -> str:
    if isinstance(tags, Mapping):
        return ", ".join(f"{' '.join(words)} ({label})" for label, words in tags.items())
    return ", ".join(tags)


def _retries(facts: Mapping[str, Any]) -> str:
    if not facts.get("retries"):
        return ""
    return f"{facts['retries']}, the first after up to {format_duration(facts['retry_delay_s'])}"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else format_duration(seconds)
