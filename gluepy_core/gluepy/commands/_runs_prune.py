"""``gluepy runs prune``: removes old runs, with all their files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from gluepy.commands._output import ask, can_ask, note, print_result, warn
from gluepy.commands._runs_options import (
    dag_option,
    get_storage,
    moment_before,
    status_option,
    to_age,
)
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.exceptions import NoCriterionError, RunLockedError, UnconfirmedError
from gluepy.utils.text import count, format_age, format_size
from gluepy.views.words import status_word

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.index import RunRow

__all__ = ["prune"]


@click.command("prune")
@dag_option
@status_option
@click.option("--older-than", metavar="AGE", callback=to_age, help="Only those begun before: 30d.")
@click.option(
    "--keep", metavar="N", type=click.IntRange(min=0), help="Spare the last N of each DAG."
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def prune(
    *,
    dag: str,
    status: str | None,
    older_than: timedelta | None,
    keep: int | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove runs, with all files in their run folders.

    At least one option has to say which; all that are given have to hold. A run that is in progress
    is never removed.
    """
    from gluepy.runs.removal import find_size, finish_removal

    if not (dag or status or older_than is not None or keep is not None):
        raise NoCriterionError("gluepy runs prune", ["--older-than", "--keep", "--status", "--dag"])
    storage = get_storage()
    if not dry_run:
        finish_removal(storage)
    rows = list(_choose(storage, dag, status or "", older_than, keep))
    if not rows:
        _remark("There are no such runs.")
        return
    sizes = [find_size(storage, row.folder) for row in rows]
    print_result(_table(rows, sizes))
    known = [size for size in sizes if size is not None]
    total = count(len(rows), "run") + (f", {format_size(sum(known))}" if known else "")
    if dry_run:
        _remark(f"{total}. Nothing was removed.")
        return
    if not yes and not can_ask():
        raise UnconfirmedError("gluepy runs prune")
    removed = _remove(storage, rows) if yes or ask(f"Remove {total}?") else 0
    _remark(f"{count(removed, 'run')} removed." if removed else "Nothing was removed.")


def _remark(text: str) -> None:
    if not is_quiet():
        note(text)


def _choose(
    storage: BaseStorage, dag: str, status: str, older_than: timedelta | None, keep: int | None
) -> Iterator[RunRow]:
    """Iterate over the runs that are to go, the latest first."""
    from gluepy.runs.index import RunIndex
    from gluepy.runs.lock import find_owner

    latest = moment_before(older_than or timedelta(0))
    seen: Counter[str] = Counter()
    for row in RunIndex(storage).list_runs(dag=dag):
        seen[row.dag] += 1
        if (
            seen[row.dag] > (keep or 0)
            and status in {"", row.status}
            and datetime.fromisoformat(row.started_at) <= latest
            and find_owner(storage, row.folder) is None
        ):
            yield row


def _remove(storage: BaseStorage, rows: Sequence[RunRow]) -> int:
    from gluepy.runs.removal import remove_run

    removed = 0
    for row in rows:
        try:
            remove_run(storage, row.folder)
        except RunLockedError as error:  # it was resumed meanwhile
            warn(str(error))
        else:
            removed += 1
    return removed


def _table(rows: Sequence[RunRow], sizes: Sequence[int | None]) -> str:
    now = datetime.now(UTC)
    cells = [
        (
            row.run_id,
            row.dag or "-",
            status_word(row.status),
            format_age((now - datetime.fromisoformat(row.started_at)).total_seconds()),
            "-" if size is None else format_size(size),
        )
        for row, size in zip(rows, sizes, strict=True)
    ]
    return render_table(["RUN", "DAG", "STATUS", "STARTED", "SIZE"], cells, right=[4])
