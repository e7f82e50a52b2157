"""``gluepy plan``: shows what would run, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from gluepy.commands._completion import complete_dags, complete_runs
from gluepy.commands._output import format_option, note, print_document, print_result
from gluepy.commands._run_options import not_empty
from gluepy.commands._selection_options import selection_of, selection_options
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.utils.text import escape, format_duration
from gluepy.views.words import status_word

if TYPE_CHECKING:
    from gluepy.exec.plan import Selection

__all__ = ["command", "show_plan"]

# A reason quotes the error, which may hold a whole document.
_MAX_WHY = 72


@click.command("plan")
@click.argument("label", shell_complete=complete_dags)
@selection_options
@click.option(
    "--retry",
    metavar="RUN",
    default="",
    callback=not_empty,
    shell_complete=complete_runs,
    help="Plan to run again in the folder of an earlier run.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Plan to go on with that run, or else with the last unfinished one.",
)
@format_option("table", "json")
def command(label: str, *, retry: str, resume: bool, form: str, **options: Any) -> None:
    """Show what would run, and why.

    LABEL is the label of the DAG. Its package is imported; nothing is run.
    """
    show_plan(label, selection_of(**options), retry=retry, is_resume=resume, form=form)


def show_plan(
    label: str, selection: Selection, *, retry: str, is_resume: bool, form: str = "table"
) -> None:
    """Print what would run, as ``gluepy plan`` and ``gluepy dag --dry-run`` do.

    Args:
        label: Of the DAG.
        selection: Of its steps.
        retry: The run to work in again; empty for none.
        is_resume: Whether to leave out what has succeeded.
        form: ``table`` or ``json``.
    """
    from gluepy.views.plans import plan_view

    document = plan_view(label, selection, retry=retry, is_resume=is_resume)
    if form == "json":
        print_document(document)
        return
    rows = [(number, *_cells(row)) for number, row in enumerate(document["steps"], start=1)]
    table = render_table(["#", "TASK", "DO", "WHY", "EXPECTED"], rows, right=[0, 4])
    print_result(f"{escape(_title(document))}\n\n{table}")
    if not is_quiet():
        note(_summary(document))


def _title(document: Mapping[str, Any]) -> str:
    run = document["run"]
    if run is None:
        return f"{document['dag']}, a new run"
    doing = "resuming" if document["mode"] == "resume" else "repeating"
    return f"{document['dag']}, {doing} {run['folder']} ({status_word(run['status'])})"


def _cells(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    seconds = row["expected_s"] if row["do"] == "run" else None
    expected = "" if seconds is None else format_duration(seconds)
    why = escape(row["why"])
    if len(why) > _MAX_WHY:
        why = f"{why[: _MAX_WHY - 3]}..."
    return row["label"], row["do"], why, expected


def _summary(document: Mapping[str, Any]) -> str:
    steps = document["steps"]
    to_run = sum(row["do"] == "run" for row in steps)
    parts = [f"{to_run} to run", f"{len(steps) - to_run} to skip"]
    if document["expected_s"] is not None:
        parts.append(f"about {format_duration(document['expected_s'])} (medians of earlier runs)")
    return f"{', '.join(parts)}. Nothing was executed."
