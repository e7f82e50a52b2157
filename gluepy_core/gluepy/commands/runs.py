"""``gluepy runs``: past runs, and the commands that look into them and clear them away."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from gluepy.commands._output import (
    format_option,
    note,
    print_document,
    print_result,
    terminal_width,
    warn,
)
from gluepy.commands._runs_diff import diff
from gluepy.commands._runs_logs import logs
from gluepy.commands._runs_options import (
    RunsGroup,
    dag_option,
    get_storage,
    status_option,
    to_moment,
)
from gluepy.commands._runs_prune import prune
from gluepy.commands._runs_show import show
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.utils.text import cells, count, format_age, format_duration
from gluepy.views.words import status_word

__all__ = ["command"]

#: So much of an id is shown at least.
_MIN_ID = 8
#: Of a table that is too wide, the columns behind these are left out.
_MIN_COLUMNS = 4


@click.group("runs", cls=RunsGroup, invoke_without_command=True)
@dag_option
@status_option
@click.option(
    "--since",
    metavar="WHEN",
    callback=to_moment,
    help="Only those begun since: 2h, 3d, 2026-11-22.",
)
@click.option(
    "-n",
    "--number",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="At most so many; 0 for all.",
)
@format_option("table", "json")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    dag: str,
    status: str | None,
    since: datetime | None,
    number: int,
    form: str,
) -> None:
    """List past runs, the latest first; or look into one of them."""
    if ctx.invoked_subcommand is not None:
        return
    from gluepy.views import runs_view

    document = runs_view(dag=dag, status=status or "", since=since, limit=number or -1)
    if form == "json":
        print_document(document)
        return
    rows, total = document["runs"], document["total"]
    print_result(_table(rows))
    if document["damaged"]:
        warn(_told([one["problem"] for one in document["damaged"]]))
    if is_quiet():
        return
    if not rows:
        note("There are no such runs." if dag or status or since else "There are no runs yet.")
    elif len(rows) < total:
        note(f"{len(rows)} of {count(total, 'run')}; -n 0 shows all.")


def _told(problems: Sequence[str]) -> str:
    """Return in one line what is wrong with the runs that are left out."""
    if len(problems) == 1:
        return f"a run is left out: {problems[0]}"
    number = len(problems)
    return f"{number} runs are left out: {problems[0]} ('gluepy runs reindex' tells of all)"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    now = datetime.now(UTC)
    headers = ["RUN", "DAG", "STATUS", "STARTED", "TOOK", "STEPS", "BY"]
    table = [_cells(row, now) for row in rows]
    text, width = render_table(headers, table), terminal_width()
    if width is None or _is_in(width, text):
        return text
    # The beginning of an id names a run as well.
    size = _size_of_ids([row["run_id"] for row in rows])
    table = [(row[0][:size], *row[1:]) for row in table]
    for number in range(len(headers), _MIN_COLUMNS - 1, -1):
        text = render_table(headers[:number], [row[:number] for row in table])
        if _is_in(width, text):
            break
    return text


def _is_in(width: int, text: str) -> bool:
    return all(cells(line) <= width for line in text.splitlines())


def _size_of_ids(ids: Sequence[str]) -> int:
    """Return how much of ids has to be shown to tell them apart."""
    ordered = sorted(set(ids))
    size = _MIN_ID
    for one, following in itertools.pairwise(ordered):
        while one[:size] == following[:size]:
            size += 1
    return size


def _cells(row: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    age = now - datetime.fromisoformat(row["started_at"])
    seconds = row["seconds"]
    return (
        row["run_id"],
        row["dag"] or "-",
        status_word(row["status"]),
        format_age(age.total_seconds()),
        "-" if seconds is None else format_duration(seconds),
        # A run that has just begun is not planned yet.
        f"{row['done']}/{row['total']}" if row["total"] else "-",
        row["user"] or "-",
    )


@command.command("reindex")
def reindex() -> None:
    """Make the index of runs anew, from the journals in the run folders."""
    from gluepy.runs.index import RunIndex

    found, problems = RunIndex(get_storage()).rebuild()
    for problem in problems:
        warn(str(problem))
    print_result(f"{count(found, 'run')} in the index.")


for _command in (show, diff, logs, prune):
    command.add_command(_command)
