"""What drawings say beside the label of a task, and of a whole graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gluepy.utils.text import count, escape, format_duration

__all__ = ["state_of", "summary_of", "title_of"]

Document = Mapping[str, Any]


def state_of(node: Mapping[str, Any]) -> str:
    """Return how a task of a run stands: ``failed 3.1 s 2/4``; nothing where there is no run."""
    if not node["status"]:
        return ""
    words = [escape(node["status"])]
    if node["seconds"] is not None:
        words.append(format_duration(node["seconds"]))
    if node["partitions"]:
        words.append(f"{node['done']}/{node['total']}")
    return " ".join(words)


def kind_of(node: Mapping[str, Any]) -> str:
    """Return what is special about a task: that it evaluates, or has partitions."""
    words = ["evaluation"] if node["kind"] == "evaluation" else []
    if node["partitions"] is None:
        words.append("partitions known later")
    elif node["partitions"]:
        words.append(count(len(node["partitions"]), "partition"))
    return ", ".join(words)


def title_of(document: Document) -> str:
    """Return what a graph is of."""
    dag = escape(document["dag"]) or "single tasks"
    run = escape(document["run_id"])
    return f"Run {run} of {dag}" if run else f"Graph of {dag}"


def summary_of(document: Document) -> str:
    """Return how many tasks there are, and how they stand."""
    statuses = Counter(node["status"] for node in document["nodes"] if node["status"])
    parts = [count(len(document["nodes"]), "task")]
    parts += [f"{number} {escape(status)}" for status, number in statuses.items()]
    return ", ".join(parts)
