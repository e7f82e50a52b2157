"""From documents to what templates show: choices, sums, and places of drawings; no markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from markupsafe import Markup

from gluepy.views import draw_svg
from gluepy_report._charts import bars, lines, spark
from gluepy_report._pages import LOG_LINES, Document, Page
from gluepy_report._text import count, flatten
from gluepy_report._timeline import lay_out

__all__ = ["PRESENTERS"]

_LATEST = 10
#: The states of a contribution that are worth a look.
_TROUBLED = frozenset({"broken", "conflict"})
#: How steps end that need one.
_BAD = frozenset({"failed", "timed-out", "lost", "interrupted"})
_MAX_NOTES = 20
#: So many do not push away what else there is; the others are folded.
_FEW_NOTES = 5
#: What is said of one.
_SAID = ("status", "attempts", "error", "hint", "reason", "plugin")
#: What the hook plugins belong to that are no plugins to a person, such as the display of a run.
_OURS = "(gluepy-core)"
#: What is another in every run of the context.
_OWN = "gluepy."
_SECTIONS = {
    "run": "Run",
    "code": "Code",
    "git": "Git",
    "plugins": "Plugins",
    "context": "Context",
    "steps": "Steps",
    "metrics": "Metrics",
    "params": "Parameters",
}

Variables = dict[str, Any]


def _overview(page: Page, now: datetime) -> Variables:
    found = page.documents.get("list", {})
    runs = page.documents.get("runs", {}).get("runs", [])
    by_dag: dict[str, list[Document]] = {}
    for run in reversed(runs):
        by_dag.setdefault(run["dag"], []).append(run)
    dags = [
        {**dag, "spark": spark(by_dag.get(dag["label"], [])), "last": _last(dag, now)}
        for dag in found.get("dags", ())
    ]
    tasks = found.get("tasks", [])
    unreadable = found.get("unreadable", [])
    known = {dag["label"] for dag in dags}
    total = page.documents.get("runs", {}).get("total", len(runs))
    return {
        "dags": dags,
        "gone": [label for label in by_dag if label and label not in known],
        "tasks": tasks,
        "troubles": [one for one in [*dags, *tasks] if _is_troubled(one)] + list(unreadable),
        "latest": _so_far(runs[:_LATEST], now, page),
        "summary": _summary(dags, tasks, total, runs),
    }


def _last(dag: Document, now: datetime) -> Document | None:
    last: Document | None = dag["last_run"]
    return {**last, "took": _took(last, now)} if last else None


def _is_troubled(one: Document) -> bool:
    return one["state"] in _TROUBLED or bool(one.get("problem"))


def _summary(
    dags: Sequence[Document], tasks: Sequence[Document], total: int, runs: Iterable[Document]
) -> str:
    owners = {
        source.get("distribution", "") for one in [*dags, *tasks] for source in one["sources"]
    }
    running = sum(run["status"] == "running" for run in runs)
    parts = [count(len(dags), "DAG"), count(len(tasks), "task")]
    told = f"{', '.join(parts)} from {count(len(owners), 'source')}; {count(total, 'run')}"
    return f"{told}, {running} in progress." if running else f"{told}."


def _runs(page: Page, now: datetime) -> Variables:
    found = page.documents.get("runs", {"runs": [], "total": 0})
    return {
        "runs": _so_far(found["runs"], now, page),
        "total": found.get("total", len(found["runs"])),
    }


def _so_far(runs: Iterable[Document], now: datetime, page: Page) -> list[Document]:
    """Return runs with what they took, or, where they go on, have taken and done so far."""
    return [{**run, "took": _took(run, now), **_progress(run, page)} for run in runs]


def _progress(run: Document, page: Page) -> Document:
    graph = page.documents.get(f"graph of {run['run_id']}")
    if graph is None:
        return {}
    return {name: sum(node[name] for node in graph["nodes"]) for name in ("done", "total")}


def _took(run: Document, now: datetime) -> float | None:
    seconds: float | None = run["seconds"]
    if run["status"] != "running":
        return seconds
    # Clocks of machines differ.
    since = max((now - datetime.fromisoformat(run["started_at"])).total_seconds(), 0.0)
    return (seconds or 0.0) + since


def _run(page: Page, now: datetime) -> Variables:
    run = page.documents["run"]
    steps: Mapping[str, Document] = run["steps"]
    faults = _faults(steps)
    logs = {log["step"]: log for log in page.documents.get("logs", {}).get("logs", [])}
    done = sum(step["status"] in ("succeeded", "skipped") for step in steps.values())
    return {
        "run": run,
        "took": _took(run, now),
        "done": done,
        "total": len(steps),
        "faults": faults[:_MAX_NOTES],
        "few": _FEW_NOTES,
        "more_bad": sum(len(steps) for _, steps in faults[_MAX_NOTES:]),
        "logs": [{**log, "status": _status(steps, log["step"])} for log in logs.values()],
        "log_lines": LOG_LINES,
        "has_more_logs": sum(bool(step["log"]) for step in steps.values()) > len(logs),
        "graph": _graph(page.documents.get("graph")),
        "timeline": lay_out(steps, now),
        "context": [row for row in flatten(run["parameters"]) if not row[0].startswith(_OWN)],
        "changes": _sections(
            page.documents.get("diff"), only=("context", "code", "git", "plugins")
        ),
        "plugins": [name for name in run["plugins"] if not name.endswith(_OURS)],
        "hooks": sorted(run["hooks"], key=itemgetter("seconds"), reverse=True),
    }


def _faults(steps: Mapping[str, Document]) -> list[tuple[Document, list[str]]]:
    """Return what went wrong, each with the steps of which the same is to be said."""
    found: dict[object, tuple[Document, list[str]]] = {}
    for label, step in steps.items():
        if step["status"] in _BAD:
            same = tuple(step[name] for name in _SAID)
            found.setdefault(same, (step, []))[1].append(label)
    return list(found.values())


def _status(steps: Mapping[str, Document], label: str) -> str:
    return str(steps[label]["status"]) if label in steps else "unknown"


def _graph(document: Document | None) -> Markup | None:
    """Return the drawing of a graph; None where there is nothing to draw."""
    if not document or not document["nodes"]:
        return None
    # The drawing is escaped by who makes it; its labels are text as well.
    return Markup(draw_svg(document, with_style=False))  # noqa: S704


def _dag(page: Page, now: datetime) -> Variables:
    history = page.documents.get("history", {}).get("runs", [])
    charts, more = lines(history)
    runs = page.documents.get("runs", {})
    return {
        "show": page.documents.get("show"),
        "graph": _graph(page.documents.get("graph")),
        "graph_of": page.documents.get("graph", {}).get("run_id", ""),
        "times": bars(history),
        "metrics": charts,
        "more_metrics": more,
        "runs": _so_far(runs.get("runs", []), now, page),
        "total": runs.get("total", 0),
    }


def _compare(page: Page, now: datetime) -> Variables:
    diff = page.documents["diff"]
    return {
        "first": diff["runs"][0],
        "second": diff["runs"][1],
        "differing": _sections(diff),
        "equal": _sections(diff, is_equal=True),
    }


def _sections(
    diff: Document | None, *, only: Sequence[str] = (), is_equal: bool = False
) -> list[tuple[str, list[Document]]]:
    """Return the rows of a comparison that differ, or that do not, by section."""
    rows = [
        row
        for row in (diff["rows"] if diff else ())
        if row["is_equal"] is is_equal and (not only or row["section"] in only)
    ]
    return [
        (_SECTIONS.get(name, name), list(some))
        for name, some in groupby(rows, itemgetter("section"))
    ]


def _plugins(page: Page, now: datetime) -> Variables:
    found = sorted(page.documents.get("plugins", {}).get("contributions", []), key=_package)
    hooks = page.documents.get("hooks", {}).get("hooks", [])
    timings = page.documents.get("timings", {"rows": [], "run_id": ""})
    return {
        "contributions": [(name, list(ones)) for name, ones in groupby(found, _package)],
        "implemented": [hook for hook in hooks if hook["implementations"]],
        "idle": [hook["name"] for hook in hooks if not hook["implementations"]],
        "timings": sorted(timings["rows"], key=itemgetter("seconds"), reverse=True),
        "timed_run": timings["run_id"],
    }


def _package(contribution: Document) -> str:
    return f"{contribution['distribution']} {contribution['version']}".rstrip()


PRESENTERS: Mapping[str, Callable[[Page, datetime], Variables]] = {
    "overview": _overview,
    "runs": _runs,
    "run": _run,
    "dag": _dag,
    "compare": _compare,
    "plugins": _plugins,
}
