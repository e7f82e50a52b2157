"""``gluepy graph``: draws a DAG, or a run with how each of its tasks stands."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from typing import Any

import click

from gluepy.commands._completion import complete_dags, complete_runs
from gluepy.commands._output import note, print_result
from gluepy.commands._run_options import not_empty
from gluepy.commands._setup import is_quiet
from gluepy.exceptions import ForeignRunError, StorageWriteError, TargetWriteError
from gluepy.views import (
    draw_dot,
    draw_mermaid,
    draw_svg,
    draw_text,
    graph_view,
    run_graph_view,
)

__all__ = ["command"]

_FORMS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "text": draw_text,
    "mermaid": draw_mermaid,
    "dot": draw_dot,
    "svg": draw_svg,
    "json": lambda document: json.dumps(document, indent=2),
}
_BY_ENDING = {".mmd": "mermaid", ".dot": "dot", ".gv": "dot", ".svg": "svg", ".json": "json"}


@click.command("graph")
@click.argument("label", required=False, shell_complete=complete_dags)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(list(_FORMS)),
    help="Form of the drawing.  [default: as FILE ends, else text]",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="",
    callback=not_empty,
    help="Write it to a file; what is there is replaced.",
)
@click.option(
    "--run",
    metavar="RUN",
    default="",
    callback=not_empty,
    shell_complete=complete_runs,
    help="Draw a run, with status and time of each task.",
)
def command(label: str | None, *, form: str | None, output: str, run: str) -> None:
    """Draw a DAG: what waits for what.

    As text, each line is a wave of tasks that may run together, and a list of tasks is one line.

    With --run, the record of that run is drawn, and the package of the DAG need not be there;
    LABEL may be left out then.
    """
    if not (label or run):
        raise click.UsageError("Missing argument 'LABEL'.")
    document = _graph_of_run(run, label) if run else graph_view(label or "")
    form = form or _BY_ENDING.get(os.path.splitext(output)[1].lower(), "text")
    if not output and form == "text":
        width = shutil.get_terminal_size((100, 24)).columns
        print_result(draw_text(document, width=width))
        return
    text = _FORMS[form](document).rstrip("\n")
    if output:
        _write(output, f"{text}\n")
    else:
        print_result(text)


def _graph_of_run(run: str, label: str | None) -> dict[str, Any]:
    """Return the graph of a run.

    Raises:
        ForeignRunError: If it is one of another DAG than that of the label.
    """
    document = run_graph_view(run)
    if label and not _may_be_same(label, document["dag"]):
        raise ForeignRunError(run, label, document["dag"])
    if len(document["nodes"]) > 1 and not document["edges"] and not is_quiet():
        note("No task of this run waits for another, or an older Gluepy did not record it.")
    return document


def _may_be_same(label: str, recorded: str) -> bool:
    """Return whether two labels, each short or with its distribution, can mean one DAG."""
    owner, _, short = label.rpartition(":")
    other_owner, _, other_short = recorded.rpartition(":")
    return short == other_short and (owner == other_owner or not (owner and other_owner))


def _write(path: str, text: str) -> None:
    """Write a file whole or not at all; a device or a pipe as it is.

    Raises:
        TargetWriteError: If it cannot be written.
    """
    from gluepy.files.storages._disk import write_file

    content = text.encode("utf-8", "backslashreplace")
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "wb") as file:
                file.write(content)
        else:
            write_file(os.path.realpath(path), [content])
    except (OSError, StorageWriteError) as error:
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            hint = f"Make it first: mkdir -p {folder}"
            raise TargetWriteError(path, f"there is no folder {folder!r}", hint=hint) from error
        reason = error.reason if isinstance(error, StorageWriteError) else error.strerror
        raise TargetWriteError(path, str(reason or error)) from error
