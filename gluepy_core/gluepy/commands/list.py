"""``gluepy list``: the DAGs and tasks that can be run, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from gluepy.commands._output import format_option, note, print_document, print_result
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.plugin.contributions import FINE, USABLE
from gluepy.views.words import status_word

__all__ = ["command"]

_NOUNS = {"dag": "DAG", "task": "task"}

_TROUBLE = ("broken", "conflict")

_Row = Mapping[str, Any]


@click.command("list")
@click.argument("pattern", default="")
@click.option("--dags", is_flag=True, help="List DAGs only.")
@click.option("--tasks", is_flag=True, help="List tasks only.")
@click.option(
    "--source",
    metavar="NAME",
    default="",
    help="Only those of one distribution, or of the 'project'.",
)
@click.option("--tag", metavar="TAG", default="", help="Only those with a tag, as far as is known.")
@click.option("-l", "--long", is_flag=True, help="Show what each label stands for.")
@format_option("table", "json", "names")
def command(
    pattern: str, *, dags: bool, tasks: bool, source: str, tag: str, long: bool, form: str
) -> None:
    """List DAGs and tasks, with the package that each comes from.

    PATTERN selects labels, with * and ? as in a shell. Nothing of a package is imported. How many
    tasks a DAG has, and which DAGs a task is in, is known once a command has imported them, as
    'gluepy check' does; else it is shown as '-'.
    """
    from gluepy.views.catalogue import list_view

    kinds = [kind for kind, wanted in (("dag", dags), ("task", tasks)) if wanted]
    kinds = kinds or ["dag", "task"]
    document = list_view(kinds, pattern, source, tag)
    if form == "json":
        print_document(document)
    elif form == "names":
        names = [row["name"] for kind in kinds for row in document[f"{kind}s"]]
        if names:
            print_result("\n".join(dict.fromkeys(names)))
    else:
        _print_tables(document, kinds, is_long=long)
        if not is_quiet():
            note(_summary(document, kinds, is_choice=bool(pattern or source or tag)))


def _print_tables(document: Mapping[str, Any], kinds: Sequence[str], *, is_long: bool) -> None:
    tables = []
    for kind in kinds:
        rows = [row for row in document[f"{kind}s"] if is_long or row["state"] != "shadowed"]
        if rows:
            tables.append(
                _dag_table(rows, is_long) if kind == "dag" else _task_table(rows, is_long)
            )
    unreadable = document["unreadable"]
    if unreadable:
        states = [row["state_text"] for row in unreadable]
        cells = zip(_packages(unreadable), _versions(unreadable), states, strict=True)
        tables.append(render_table(["PACKAGE", "VERSION", "STATE"], cells))
    if tables:
        print_result("\n\n".join(tables))


def _dag_table(rows: Sequence[_Row], is_long: bool) -> str:  # noqa: FBT001 - as its twin
    headers = ["DAG", "TASKS", "PACKAGE", "VERSION"]
    columns: list[Sequence[object]] = [
        [row["label"] for row in rows],
        ["-" if row["tasks"] is None else len(row["tasks"]) for row in rows],
        _packages(rows),
        _versions(rows),
    ]
    if is_long:
        headers += ["TARGET", "TAGS"]
        columns += [[row["target"] for row in rows], list(map(_tags, rows))]
    return render_table(
        [*headers, "LAST RUN"], zip(*columns, _last_runs(rows), strict=True), right=[1]
    )


def _task_table(rows: Sequence[_Row], is_long: bool) -> str:  # noqa: FBT001 - as its twin
    headers = ["TASK", "PACKAGE"]
    columns: list[Sequence[object]] = [[row["label"] for row in rows], _packages(rows)]
    if is_long:
        headers += ["VERSION", "TARGET", "TAGS"]
        columns += [_versions(rows), [row["target"] for row in rows]]
        columns += [list(map(_tags, rows))]
    return render_table([*headers, "IN DAGS"], zip(*columns, _in_dags(rows), strict=True))


def _last_runs(rows: Sequence[_Row]) -> list[str]:
    """Return how the last run of each DAG ended, when and how long it took, in columns."""
    runs = [row["last_run"] for row in rows]
    if not any(runs):
        text = "never" if rows[0]["is_history_known"] else "-"
        return [
            text if row["state"] in FINE and not row["problem"] else _with_state(row, text)
            for row in rows
        ]
    cells = list(_run_cells(runs))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    texts = [
        "  ".join([f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]).rstrip()
        for row in cells
    ]
    return [_with_state(row, text or "never") for row, text in zip(rows, texts, strict=True)]


def _run_cells(runs: Sequence[Mapping[str, Any] | None]) -> Iterator[tuple[str, str, str]]:
    from datetime import UTC, datetime

    from gluepy.utils.text import format_age, format_duration

    now = datetime.now(UTC)
    for run in runs:
        if run is None:
            yield "", "", ""
            continue
        seconds = run["seconds"]
        yield (
            status_word(run["status"]),
            format_age((now - datetime.fromisoformat(run["started_at"])).total_seconds()),
            "" if seconds is None else format_duration(seconds),
        )


def _in_dags(rows: Sequence[_Row]) -> list[str]:
    return [
        # As nearly always: nothing is known, and nothing is wrong.
        "-"
        if row["dags"] is None and row["state"] in FINE and not row["problem"]
        else _with_state(row, "-" if row["dags"] is None else ", ".join(row["dags"]))
        for row in rows
    ]


def _with_state(row: _Row, text: str) -> str:
    """Add what is unusual about an entry to what its last column says."""
    if row["problem"]:
        return "cannot be imported"
    state = row["state"]
    if state in FINE:
        return text
    return f"{text}  {row['state_text']}" if text not in ("", "-", "never") else row["state_text"]


def _packages(rows: Sequence[_Row]) -> list[str]:
    return _joined(rows, "distribution", "(this project)")


def _versions(rows: Sequence[_Row]) -> list[str]:
    return _joined(rows, "version", "-")


def _joined(rows: Sequence[_Row], key: str, stand_in: str) -> list[str]:
    """Return what the sources of each row have under a key; there are many rows of one source."""
    return [
        row["sources"][0].get(key) or stand_in
        if len(row["sources"]) == 1
        else ", ".join([each.get(key) or stand_in for each in row["sources"]])
        for row in rows
    ]


def _tags(row: _Row) -> str:
    return "-" if row["tags"] is None else ", ".join(row["tags"])


def _summary(document: Mapping[str, Any], kinds: Sequence[str], *, is_choice: bool) -> str:
    from gluepy.utils.text import count

    parts, owners = [], set[str]()
    for kind in kinds:
        usable = [row["sources"] for row in document[f"{kind}s"] if row["state"] in USABLE]
        parts.append(count(len(usable), _NOUNS[kind]))
        owners |= {each.get("distribution", "") for sources in usable for each in sources}
    rows = [
        row for name in (*(f"{kind}s" for kind in kinds), "unreadable") for row in document[name]
    ]
    problems = sum([row["state"] in _TROUBLE or row["problem"] != "" for row in rows])
    trouble = f" {count(problems, 'problem')}: run 'gluepy check'." if problems else ""
    if not rows and is_choice:
        trouble = " Run 'gluepy list' to see all."
    elif not rows:
        trouble = " Install a pipeline package, or run 'gluepy startproject NAME'."
    return f"{', '.join(parts)} from {count(len(owners), 'source')}.{trouble}"
