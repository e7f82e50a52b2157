"""``gluepy show``: describes one DAG or task."""

from __future__ import annotations

import inspect
import os
from typing import Any

import click

from gluepy.commands._completion import complete_labels
from gluepy.commands._output import format_option, print_json, print_result
from gluepy.exceptions import AmbiguousLabelError, InvalidDAGError, UnknownLabelError
from gluepy.exec import DAG, DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.plan import steps_of
from gluepy.exec.registry import Registration, Registry
from gluepy.utils.text import escape

__all__ = ["command"]

_INDENT = 10


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
    facts = _facts(registry, entry, cls)
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
    facts: dict[str, Any] = {
        "label": entry.label,
        "kind": registry.kind,
        "target": f"{cls.__module__}:{cls.__qualname__}",
        "place": _place(cls),
        "doc": inspect.cleandoc(cls.__doc__ or ""),
        "sources": [str(source) for source in entry.sources],
        "conflict": _conflict(registry, entry),
    }
    if issubclass(cls, DAG):
        steps = steps_of(cls)
        facts["tasks"] = [step.label for step in steps if not step.is_evaluation]
        facts["eval_tasks"] = [step.label for step in steps if step.is_evaluation]
    else:
        facts["dags"] = _dags_with(cls)
    return facts


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
        return any(step.task is task for step in steps_of(dag))
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
    for name, key in (
        ("class", "target"),
        ("tasks", "tasks"),
        ("evaluates", "eval_tasks"),
        ("in DAGs", "dags"),
        ("conflict", "conflict"),
    ):
        value = facts.get(key)
        if value:
            text = ", ".join(value) if isinstance(value, list) else value
            lines.append(f"  {name:<{_INDENT}}{text}")
    return "\n".join(map(escape, lines))
