"""What each page is made of: documents of ``gluepy.views``; one that cannot be had is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from gluepy import views
from gluepy.exceptions import GluepyError, UnknownLabelError

__all__ = [
    "Document",
    "Page",
    "compare_page",
    "dag_page",
    "overview_page",
    "plugins_page",
    "run_page",
    "runs_page",
]

Document = Mapping[str, Any]
Kind = Literal["overview", "runs", "run", "dag", "compare", "plugins"]

#: The last runs, of all DAGs, that the first page draws.
_RECENT = 300
#: Runs in the list on the page of a DAG.
_RUNS_OF_DAG = 50
#: Of so many runs that go on lists say how far they are.
_GOING_ON = 10
#: Among so many is the last run that has ended.
_LATEST = 20
#: The end of a log that a page shows, in lines.
LOG_LINES = 100
#: A page has all logs if they are not more; else some, those of steps that failed before others.
_LOGS = 50
_SOME_LOGS = 20


@dataclass
class Page:
    """A page before it has a form.

    Attributes:
        kind: Which page it is.
        name: What it is about: a label, an id, or two with a space between them; empty where there
            is one page of the kind.
        title: For people.
        documents: What it shows, by what it is.
        problems: What could not be found out, in sentences.
    """

    kind: Kind
    name: str
    title: str
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def twin(self) -> dict[str, Any]:
        """Return the same page for programs."""
        return {
            "schema": "gluepy.page/1",
            "kind": self.kind,
            "name": self.name,
            "title": self.title,
            "problems": self.problems,
            "documents": self.documents,
        }

    def add(self, name: str, view: Callable[[], Document]) -> None:
        """Add a document, or say why it is not there: a page shows what it can."""
        try:
            self.documents[name] = view()
        except GluepyError as error:
            self.problems.append(_sentence(error))
        except Exception as error:  # noqa: BLE001 - code of packages that are imported for it
            self.problems.append(f"{type(error).__name__}: {error}")


def _sentence(error: GluepyError) -> str:
    hint = f" {error.hint}" if error.hint else ""
    return f"{error.message[:1].upper()}{error.message[1:]}.{hint}"


def overview_page() -> Page:
    """Return the first page: what there is to run, and the last runs."""
    page = Page("overview", "", "Overview")
    page.add("list", views.list_view)
    page.add("runs", lambda: views.runs_view(limit=_RECENT))
    _add_progress(page)
    return page


def runs_page(
    *, dag: str = "", status: str = "", query: str = "", limit: int = 50, offset: int = 0
) -> Page:
    """Return the list of runs, the latest first.

    Args:
        dag: Only those of this DAG.
        status: Only those that stand so.
        query: Only those in which this text is found.
        limit: At most so many.
        offset: Leave out so many before.
    """
    page = Page("runs", "", "Runs")
    page.add(
        "runs",
        lambda: views.runs_view(dag=dag, status=status, query=query, limit=limit, offset=offset),
    )
    _add_progress(page)
    return page


def _add_progress(page: Page) -> None:
    """Add the graphs of runs that go on: the index of runs knows their ends only."""
    runs = page.documents.get("runs", {}).get("runs", [])
    going_on = [run for run in runs if run["status"] == "running"]
    for run in going_on[:_GOING_ON]:
        page.add(f"graph of {run['run_id']}", partial(views.run_graph_view, run["folder"]))


def run_page(run: str) -> Page:
    """Return all about a run, whatever way it is referred to.

    Raises:
        GluepyError: If there is no such run, or its record cannot be read.
    """
    shown = views.run_view(run)
    run_id, folder = shown["run_id"], shown["folder"]
    name = shown["dag"] or "single tasks"
    page = Page("run", run_id, f"{name}, run {run_id}", {"run": shown})
    page.add("graph", lambda: views.run_graph_view(folder))
    page.add("logs", lambda: _logs(folder, shown))
    if shown["previous"]:
        page.add("diff", lambda: views.diff_view(shown["previous"], folder))
    return page


def _logs(run: str, shown: Document) -> Document:
    """Return the ends of the logs of a run: of all steps, or of those that people look for."""
    with_log = [label for label, step in shown["steps"].items() if step["log"]]
    if len(with_log) <= _LOGS:
        return views.logs_view(run, tail=LOG_LINES)
    with_log.sort(key=lambda label: shown["steps"][label]["status"] in ("succeeded", "skipped"))
    # Each is asked for by itself, which reads the record each time.
    some = [views.logs_view(run, step=label, tail=LOG_LINES) for label in with_log[:_SOME_LOGS]]
    return {**some[0], "logs": [log for one in some for log in one["logs"]]}


def dag_page(label: str) -> Page:
    """Return all about a DAG; its package is imported, and what goes wrong with that is told.

    A DAG that is no longer there has its runs, and the graph of the last one.

    Raises:
        UnknownLabelError: If there is no such DAG, and no run of one.
    """
    page = Page("dag", label, label)
    page.add("runs", lambda: views.runs_view(dag=label, limit=_RUNS_OF_DAG))
    runs = page.documents.get("runs", {}).get("runs", [])
    unknown: list[UnknownLabelError] = []
    page.add("show", lambda: _show(label, unknown))
    if unknown and not (label and runs):
        raise unknown[0]
    _add_progress(page)
    page.add("history", lambda: views.history_view(label))
    if "show" in page.documents:
        page.add("graph", lambda: views.graph_view(label))
    elif runs:
        page.add("graph", lambda: views.run_graph_view(runs[0]["folder"]))
    return page


def _show(label: str, unknown: list[UnknownLabelError]) -> Document:
    """Describe a DAG; note it if there is none, be there a task of that label or not."""
    try:
        return _show_dag(label)
    except UnknownLabelError as error:
        unknown.append(error)
        raise


def _show_dag(label: str) -> Document:
    shown = views.show_view(label)
    if shown["kind"] != "DAG":
        raise UnknownLabelError("DAG", label, [])
    return shown


def compare_page(first: str, second: str) -> Page:
    """Return two runs side by side.

    Raises:
        GluepyError: If there is no such run, or a record cannot be read.
    """
    found = views.diff_view(first, second)
    ids = [run["run_id"] for run in found["runs"]]
    return Page("compare", " ".join(ids), "Two runs compared", {"diff": found})


def plugins_page() -> Page:
    """Return which distribution contributes what, and what hooks cost in the last ended run."""
    page = Page("plugins", "", "Plugins and hooks")
    # Hooks first: they import the hook plugins, and then it is known which cannot be.
    page.add("hooks", views.hooks_view)
    page.add("plugins", views.plugins_view)
    page.add("runs", lambda: views.runs_view(limit=_LATEST))
    runs = page.documents.get("runs", {}).get("runs", [])
    # While a run goes on, nothing is recorded of what its hooks take.
    ended = next((run for run in runs if run["status"] != "running"), None)
    if ended:
        page.add("timings", lambda: views.timings_view(ended["folder"]))
    return page
