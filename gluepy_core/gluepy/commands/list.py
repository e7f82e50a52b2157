"""``gluepy list``: the DAGs and tasks that can be run, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gluepy.commands._output import note, print_json, print_result
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table

if TYPE_CHECKING:
    from gluepy.plugin.contributions import Contribution

__all__ = ["command"]

_HEADERS = {"dag": "DAG", "task": "TASK"}

#: States that need no word in the table.
_FINE = ("available", "loaded")


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
@click.option("-l", "--long", is_flag=True, help="Show what each label stands for.")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", "names"]),
    default="table",
    show_default=True,
    help="How to print them.",
)
def command(pattern: str, *, dags: bool, tasks: bool, source: str, long: bool, form: str) -> None:
    """List DAGs and tasks, with the package that each comes from.

    PATTERN selects labels, with * and ? as in a shell. Nothing of a package is imported.
    """
    from gluepy.app import get_app

    kinds = [kind for kind, wanted in (("dag", dags), ("task", tasks)) if wanted]
    kinds = kinds or ["dag", "task"]
    found = _chosen(get_app().catalog(*kinds), pattern, source)
    if form == "json":
        print_json("gluepy.list/1", _as_json(found, kinds))
    elif form == "names":
        print_result("\n".join(dict.fromkeys(_name_of(one) for one in found if one.kind)))
    else:
        _print_tables(found, kinds, is_long=long)


def _chosen(
    contributions: Sequence[Contribution], pattern: str, source: str
) -> Sequence[Contribution]:
    if source:
        wanted = "" if source == "project" else source.lower().replace("_", "-")
        contributions = [one for one in contributions if one.distribution == wanted]
    if not pattern:
        return contributions
    import fnmatch

    return [one for one in contributions if fnmatch.fnmatchcase(one.name, pattern)]


def _print_tables(found: Sequence[Contribution], kinds: Sequence[str], *, is_long: bool) -> None:
    tables = []
    for kind in kinds:
        rows = [
            _row(one, is_long=is_long)
            for one in found
            if one.kind == kind and (is_long or one.state != "shadowed")
        ]
        if rows:
            headers = [_HEADERS[kind], "PACKAGE", "VERSION", "STATE"]
            tables.append(render_table([*headers, "TARGET"] if is_long else headers, rows))
    unreadable = [one for one in found if not one.kind]
    if unreadable:
        rows = [(one.distribution, one.version, one.state_text) for one in unreadable]
        tables.append(render_table(["PACKAGE", "VERSION", "STATE"], rows))
    if tables:
        print_result("\n\n".join(tables))
    if not is_quiet():
        note(_summary(found, kinds))


def _row(one: Contribution, *, is_long: bool) -> Sequence[str]:
    state = "" if one.state in _FINE else one.state_text
    row = (one.name, one.distribution or "(this project)", one.version or "-", state)
    return (*row, one.value) if is_long else row


def _summary(found: Sequence[Contribution], kinds: Sequence[str]) -> str:
    from gluepy.utils.text import count

    usable = [one for one in found if one.state in (*_FINE, "conflict")]
    nouns = {"dag": "DAG", "task": "task"}
    parts = [count(sum(one.kind == kind for one in usable), nouns[kind]) for kind in kinds]
    sources = count(len({one.distribution for one in usable}), "source")
    problems = sum(one.state in ("broken", "conflict") for one in found)
    trouble = f" {count(problems, 'problem')}: run 'gluepy check'." if problems else ""
    if not found:
        trouble = " Install a pipeline package, or run 'gluepy startproject NAME'."
    return f"{', '.join(parts)} from {sources}.{trouble}"


def _name_of(one: Contribution) -> str:
    if one.state != "conflict":
        return one.name
    return f"{one.distribution or 'project'}:{one.name}"


def _as_json(found: Sequence[Contribution], kinds: Sequence[str]) -> dict[str, object]:
    document: dict[str, object] = {
        f"{kind}s": [_entry(one) for one in found if one.kind == kind] for kind in kinds
    }
    document["unreadable"] = [_entry(one) for one in found if not one.kind]
    return document


def _entry(one: Contribution) -> dict[str, object]:
    source = (
        {"kind": "entry-point", "distribution": one.distribution, "version": one.version}
        if one.distribution
        else {"kind": "project"}
    )
    return {
        "label": one.name,
        "target": one.value,
        "source": {**source, "file": one.file},
        "state": one.state,
        "reason": one.reason,
    }
