"""``gluepy runs``: past runs, and what happened in one, step by step."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from gluepy.commands._completion import complete_dags
from gluepy.commands._output import format_option, note, print_json, print_result, warn
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.utils.text import count, escape, format_duration

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.index import RunRow
    from gluepy.runs.state import RunState, Session, StepState

__all__ = ["command"]

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_INDENT = 12
_STATUSES = ("running", "succeeded", "failed", "interrupted", "lost")


def _to_moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Return the moment; a date without a zone is of this machine's."""
    if value is None:
        return None
    ago = re.fullmatch(r"(\d{1,6})([smhdw])", value)
    if ago:
        return datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _UNITS_S[ago[2]])
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        reason = f"{value!r} is neither an age, such as 2h or 3d, nor a date."
        raise click.BadParameter(reason) from None


@click.group("runs", invoke_without_command=True)
@click.option(
    "--dag", metavar="LABEL", default="", shell_complete=complete_dags, help="Only those of a DAG."
)
@click.option("--status", type=click.Choice(_STATUSES), help="Only those that stand so.")
@click.option(
    "--since",
    metavar="WHEN",
    callback=_to_moment,
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
def command(ctx: click.Context, /, *, number: int, form: str, **filters: Any) -> None:
    """List past runs, the latest first; `show` one of them, or `reindex` all."""
    if ctx.invoked_subcommand is not None:
        return
    from gluepy.runs.index import RunIndex

    chosen = {name: value for name, value in filters.items() if value}
    rows = RunIndex(_storage()).list_runs(**chosen, limit=number or -1)
    if form == "json":
        print_json("gluepy.runs/1", {"runs": [row._asdict() for row in rows]})
        return
    now = datetime.now(UTC)
    headers = ["RUN", "DAG", "STATUS", "STARTED", "TOOK", "STEPS"]
    print_result(render_table(headers, [_cells(row, now) for row in rows]))
    if not rows and not is_quiet():
        note("There are no such runs." if chosen else "There are no runs yet.")


def _storage() -> BaseStorage:
    from gluepy.app import get_app
    from gluepy.files.storages import default_storage

    get_app().settings  # noqa: B018 - default_storage reads them
    return default_storage


def _cells(row: RunRow, now: datetime) -> tuple[object, ...]:
    return (
        row.run_id,
        row.dag or "-",
        row.status,
        _ago(now - datetime.fromisoformat(row.started_at)),
        _took(row.seconds),
        f"{row.done}/{row.total}",
    )


def _ago(age: timedelta) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = max(age.total_seconds(), 0)  # clocks of machines differ
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name} ago"
    return "just now"


def _took(seconds: float | None) -> str:
    return "-" if seconds is None else format_duration(seconds)


# -- show ------------------------------------------------------------------------------------------


@command.command("show")
@click.argument("run")
@format_option("text", "json")
def show(run: str, *, form: str) -> None:
    """Tell what happened in a run, step by step.

    RUN is the id of a run or the beginning of one, a run folder, @last, @last-failed, or @-2 for
    the one before the last.
    """
    from gluepy.exceptions import RunRecordError
    from gluepy.runs.document import make_document
    from gluepy.runs.folder import get_run_folder, read_metrics
    from gluepy.runs.journal import load_state
    from gluepy.runs.lock import find_owner

    storage = _storage()
    folder = get_run_folder(storage, run, option="RUN")
    state = load_state(storage, folder)
    location = storage.location(folder)
    if not state.sessions:
        raise RunRecordError(
            location,
            "nothing is recorded of this run",
            hint="Only its files are there: a Gluepy before 0.1 has made it.",
        )
    is_live = find_owner(storage, folder) is not None
    if not is_live:
        state.lose(reason="its process ended without a record")
    state.folder = folder  # it may have been moved since
    state.metrics = read_metrics(storage, folder)
    resume = "" if is_live else _resume(state)
    if form == "json":
        content = {**make_document(state), "location": location, "resume": resume}
        del content["schema"]
        print_json("gluepy.runs.show/1", content)
        return
    print_result("\n".join(_lines(state, location, resume)))


def _resume(state: RunState) -> str:
    """Return the command that goes on with a run; empty if it is complete, or was of one task."""
    if state.is_complete or not state.dag:
        return ""
    return shlex.join(["gluepy", "dag", state.dag, "--resume", "--retry", state.run_id])


def _lines(state: RunState, location: str, resume: str) -> Iterator[str]:
    last = state.sessions[-1]
    facts = [state.dag or "(single tasks)", state.run_id, state.status, ", ".join(last.sources)]
    yield escape("   ".join(fact for fact in facts if fact))
    yield from _facts(state, last, location)
    yield ""
    yield render_table(
        ["STEP", "STATUS", "ATTEMPTS", "TOOK", "WHY"],
        [_step_cells(step) for step in state.steps.values()],
        right=[2],
    )
    yield ""
    yield render_table(
        ["SESSION", "STATUS", "STARTED", "TOOK", "EXECUTOR", "PROCESS", "WHY"],
        [_session_cells(session) for session in state.sessions],
    )
    if state.metrics:
        yield ""
        rows = sorted(state.metrics.items())
        yield render_table(["METRIC", "VALUE"], [(name, f"{value:g}") for name, value in rows])
    if resume:
        yield ""
        yield escape(f"resume with:  {resume}")


def _facts(state: RunState, last: Session, location: str) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in last.distributions.items())
    for name, value in (
        ("folder", location),
        ("took", _took(state.seconds)),
        ("versions", versions),
        ("plugins", ", ".join(last.plugins)),
        ("git", _git(last)),
        ("python", last.python),
    ):
        if value:
            yield f"  {name:<{_INDENT}}{escape(value)}"


def _git(session: Session) -> str:
    if session.git is None:
        return ""
    commit = str(session.git.get("commit", ""))
    return f"{commit[:12]} (with changes)" if session.git.get("dirty") else commit[:12]


def _step_cells(step: StepState) -> tuple[object, ...]:
    why = step.error.partition("\n")[0] or step.reason
    return (step.label, step.status, step.attempts or "-", _took(step.seconds), why)


def _session_cells(session: Session) -> tuple[object, ...]:
    why = session.reason or (f"signal {session.signal}" if session.signal else "")
    return (
        session.mode,
        session.status,
        session.started_at.isoformat(sep=" ", timespec="seconds"),
        _took(session.seconds),
        session.executor,
        f"{session.pid} on {session.host}",
        why,
    )


# -- reindex ---------------------------------------------------------------------------------------


@command.command("reindex")
def reindex() -> None:
    """Make the index of runs anew, from the journals in the run folders."""
    from gluepy.runs.index import RunIndex

    found, problems = RunIndex(_storage()).rebuild()
    for problem in problems:
        warn(str(problem))
    print_result(f"{count(found, 'run')} in the index.")
