"""``gluepy runs show``: what happened in one run, as a timeline and in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from gluepy.commands._output import (
    can_draw,
    drawing_width,
    format_option,
    print_document,
    print_result,
)
from gluepy.commands._runs_options import run_argument
from gluepy.commands._table import render_facts, render_table
from gluepy.commands._timeline import fold, render_timeline
from gluepy.utils.text import escape, format_duration
from gluepy.views.words import status_word

__all__ = ["show"]

Document = Mapping[str, Any]

_COLORS = {
    "succeeded": "green",
    "failed": "red",
    "timed-out": "red",
    "lost": "red",
    "interrupted": "yellow",
    "running": "cyan",
}
_BAD = ("failed", "timed-out", "lost", "interrupted")
#: So many steps that went wrong are told with their reason.
_MAX_TOLD = 10
_INDENT = 12
# Such as the display of a run: no plugin to a person.
_OURS = "(gluepy-core)"


@click.command("show")
@run_argument("run")
@click.option("--all", "is_whole", is_flag=True, help="Draw every partition, however many.")
@format_option("text", "json")
def show(run: str, *, is_whole: bool, form: str) -> None:
    """Tell what happened in a run, step by step.

    RUN is the id of a run or the beginning of one, a run folder, @last, @last-failed, or @-2 for
    the one before the last.
    """
    from gluepy.views import run_view

    document = run_view(run)
    if form == "json":
        print_document(document)
        return
    print_result("\n".join(_lines(document, is_whole=is_whole)))


def _lines(document: Document, *, is_whole: bool) -> Iterator[str]:
    yield _title(document)
    yield render_facts(_facts(document))
    yield ""
    yield from _timeline(document, is_whole=is_whole)
    faults = list(_faults(document))
    if faults:
        yield ""
        yield render_facts(faults)
    if len(document["sessions"]) > 1 or document["sessions"][-1]["reason"]:
        yield ""
        yield _sessions(document)
    results = [(name, texts) for name, texts in _results(document) if texts]
    if results:
        yield ""
        yield render_facts(results)
    commands = {name: document[name] for name in ("again", "resume") if document[name]}
    if any(step["log"] for step in document["steps"].values()):
        commands["logs"] = f"gluepy runs logs {document['run_id']}"
    if commands:
        yield ""
        # Never wrapped: they are to be copied.
        yield from (escape(f"  {name:<10}{text}") for name, text in commands.items())


def _title(document: Document) -> str:
    status = document["status"]
    facts = [
        escape(document["dag"] or "(single tasks)"),
        escape(document["run_id"]),
        click.style(status_word(status), fg=_COLORS.get(status), bold=status in _BAD),
    ]
    return "   ".join(fact for fact in facts if fact)


def _git(git: Document | None) -> str:
    if git is None:
        return ""
    return f"{git['commit'][:7]}{' (with changes)' if git['dirty'] else ''}"


def _facts(document: Document) -> Iterator[tuple[str, list[str]]]:
    started_at = datetime.fromisoformat(document["created_at"])
    seconds = document["seconds"]
    who = f"{document['user']} on {document['host']}" if document["user"] else document["host"]
    versions = [f"{name} {version}" for name, version in document["distributions"].items()]
    yield "source", [", ".join(document["sources"])]
    yield "git", [_git(document["git"])]
    yield "folder", [document["location"]]
    yield "started", [f"{started_at:%Y-%m-%d %H:%M:%S} UTC by {who}"]
    yield "took", ["" if seconds is None else format_duration(seconds)]
    yield "executor", [f"{document['executor']}, Python {document['python']}"]
    yield "versions", [", ".join(versions)]
    plugins = [text for text in document["plugins"] if not text.endswith(_OURS)]
    yield "plugins", [", ".join(plugins)]


def _timeline(document: Document, *, is_whole: bool) -> Iterator[str]:
    now = datetime.now(UTC)
    lines = list(fold(document["steps"], now, is_whole=is_whole))
    sessions = [_span(session, document, now) for session in document["sessions"]]
    drawn = render_timeline(lines, sessions, drawing_width(), is_ascii=not can_draw())
    colors = {status_word(status): color for status, color in _COLORS.items()}
    for text, note in drawn:
        color = colors.get(note.partition(",")[0])
        shown = click.style(note, fg=color) if color else note
        yield f"{text}  {shown}" if note else text.rstrip()


def _span(session: Document, document: Document, now: datetime) -> tuple[datetime, datetime]:
    """Return when a session began and ended; of one that died, when the last is known of it."""
    start = datetime.fromisoformat(session["started_at"])
    if session["finished_at"]:
        return start, datetime.fromisoformat(session["finished_at"])
    if session["status"] == "running":
        return start, now
    tries = [one for step in document["steps"].values() for one in step["tries"]]
    known = [one["ended_at"] or one["started_at"] for one in tries if one["pid"] == session["pid"]]
    return start, max([start, *map(datetime.fromisoformat, known)])


def _faults(document: Document) -> Iterator[tuple[str, list[str]]]:
    """Iterate over what went wrong in steps, each with what to do about it."""
    bad = [(label, one) for label, one in document["steps"].items() if one["status"] in _BAD]
    for label, step in bad[:_MAX_TOLD]:
        why = step["error"].partition("\n")[0] or step["reason"]
        by = [f"in plugin {step['plugin']}"] if step["plugin"] else []
        hint = [f"Hint: {step['hint']}"] if step["hint"] else []
        yield status_word(step["status"]).lower(), [f"{label}: {why}" if why else label, *by, *hint]
    if len(bad) > _MAX_TOLD:
        yield "", [f"and {len(bad) - _MAX_TOLD} more"]


def _sessions(document: Document) -> str:
    rows = []
    for session in document["sessions"]:
        signal, seconds = session["signal"], session["seconds"]
        started_at = datetime.fromisoformat(session["started_at"])
        rows.append(
            (
                session["mode"],
                status_word(session["status"]),
                f"{started_at:%Y-%m-%d %H:%M:%S}",
                "-" if seconds is None else format_duration(seconds),
                session["executor"],
                f"{session['pid']} on {session['host']}",
                session["reason"] or (f"signal {signal}" if signal else ""),
            )
        )
    headers = ["SESSION", "STATUS", "STARTED (UTC)", "TOOK", "EXECUTOR", "PROCESS", "WHY"]
    return render_table(headers, rows)


def _results(document: Document) -> Iterator[tuple[str, list[str]]]:
    """Iterate over what tasks have logged."""
    metrics = [f"{name} {_number(value)}" for name, value in sorted(document["metrics"].items())]
    yield "metrics", _packed(metrics)
    params = [f"{name} {_text(value)}" for name, value in document["params"].items()]
    yield "params", _packed(params)
    yield "artifacts", _packed(document["artifacts"])
    yield "inputs", _packed(name or "(unnamed)" for name in document["inputs"])


def _packed(items: Iterable[str]) -> list[str]:
    """Return lines with as many items as have room, none of which is broken."""
    lines: list[str] = []
    for item in items:
        longer = f"{lines[-1]}   {item}" if lines else item
        if lines and len(longer) <= drawing_width() - _INDENT:
            lines[-1] = longer
        else:
            lines.append(item)
    return lines


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"  # noqa: PLR2004 - beyond it floats have no units


def _text(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)
