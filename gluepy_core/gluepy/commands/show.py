"""``gluepy show``: describes one DAG or task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from gluepy.commands._completion import complete_labels
from gluepy.commands._output import format_option, print_document, print_result
from gluepy.commands._table import render_facts
from gluepy.utils.text import count, escape, format_duration
from gluepy.views.words import status_word

__all__ = ["command"]

_SHOWN_PARTITIONS = 5


@click.command("show")
@click.argument("label", shell_complete=complete_labels)
@click.option("--source-code", is_flag=True, help="Print the source code of the class.")
@format_option("text", "json")
def command(label: str, *, source_code: bool, form: str) -> None:
    """Describe one DAG or task; its package is imported."""
    from gluepy.views.classes import find_source_code, show_view

    if source_code:
        name, source = find_source_code(label)
        print_result(source or f"# the source code of {name} is not there")
        return
    document = show_view(label)
    if form == "json":
        print_document(document)
    else:
        print_result(_as_text(document))


def _as_text(facts: Mapping[str, Any]) -> str:
    title = [facts["label"], facts["kind"], " and ".join(facts["sources"]), facts["place"]]
    lines = ["   ".join(title).rstrip()]
    lines += [f"  {line}".rstrip() for line in facts["doc"].splitlines()]
    rows = [
        ("class", [facts["target"]]),
        ("tags", [_tags(facts["tags"])]),
        ("tasks", _drawn(facts, "tasks")),
        ("evaluates", _drawn(facts, "eval_tasks")),
        ("in DAGs", _dags(facts)),
        ("retries", [_retries(facts)]),
        ("time-out", [_seconds(facts.get("timeout_s"))]),
        ("executor", [facts.get("executor", "")]),
        ("runs for", [_own_partitions(facts)]),
        ("reads", [", ".join(facts["reads"])]),
        ("history", [_history(facts)]),
        ("conflict", [facts["conflict"]]),
    ]
    return "\n".join([*map(escape, lines), render_facts(rows)])


def _dags(facts: Mapping[str, Any]) -> list[str]:
    """Return the DAGs that a task is in, each with what it waits for there."""
    dags = facts.get("dags", [])
    if not any(facts["upstream"][dag] for dag in dags):
        return [", ".join(dags)]
    return [
        f"{dag} <- {', '.join(upstream)}" if (upstream := facts["upstream"][dag]) else dag
        for dag in dags
    ]


def _history(facts: Mapping[str, Any]) -> str:
    """Return how often a DAG has run, and how that ended."""
    history = facts.get("history")
    if not history or not history["runs"]:
        return "no runs yet" if history else ""
    parts = [count(history["runs"], "run")]
    parts += [f"{number} {status_word(one).lower()}" for one, number in history["statuses"].items()]
    if history["median_s"] is not None:
        parts.append(f"median {format_duration(history['median_s'])}")
    return ", ".join(parts)


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
