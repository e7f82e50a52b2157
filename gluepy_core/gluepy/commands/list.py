"""``gluepy list``: the DAGs and tasks that can be run, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import click

from gluepy.commands._output import format_option, note, print_json, print_result
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.plugin.contributions import FINE, USABLE
from gluepy.utils.names import normalise

if TYPE_CHECKING:
    from gluepy.plugin.contributions import Contribution

__all__ = ["command"]

_HEADERS = {"dag": "DAG", "task": "TASK"}

_KIND_AND_NAME = itemgetter(0, 1)

#: One class with all that contribute it; never empty.
_Entry = list["Contribution"]


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
@format_option("table", "json", "names")
def command(pattern: str, *, dags: bool, tasks: bool, source: str, long: bool, form: str) -> None:
    """List DAGs and tasks, with the package that each comes from.

    PATTERN selects labels, with * and ? as in a shell. Nothing of a package is imported.
    """
    from gluepy.app import get_app

    kinds = [kind for kind, wanted in (("dag", dags), ("task", tasks)) if wanted]
    kinds = kinds or ["dag", "task"]
    entries = _merged(_chosen(get_app().catalog(*kinds), pattern, source))
    if form == "json":
        print_json("gluepy.list/1", _as_json(entries, kinds))
    elif form == "names":
        print_result("\n".join(dict.fromkeys(_name_of(one) for one, *_ in entries if one.kind)))
    else:
        _print_tables(entries, kinds, is_long=long)


def _chosen(
    contributions: Sequence[Contribution], pattern: str, source: str
) -> Sequence[Contribution]:
    if source:
        owner = normalise(source)
        contributions = [one for one in contributions if one.owner == owner]
    if not pattern:
        return contributions
    import fnmatch

    return [one for one in contributions if fnmatch.fnmatchcase(one.name, pattern)]


def _merged(found: Sequence[Contribution]) -> list[_Entry]:
    """Put together what is one class from several sources, so that it is listed once."""
    if len(set(map(_KIND_AND_NAME, found))) == len(found):
        return [[one] for one in found]  # as nearly always, and quickly seen
    entries: dict[object, list[Contribution]] = {}
    for one in found:
        key = (one.kind, one.name, one.value) if one.state in USABLE else one
        entries.setdefault(key, []).append(one)
    return list(entries.values())


def _print_tables(entries: Sequence[_Entry], kinds: Sequence[str], *, is_long: bool) -> None:
    tables = []
    for kind in kinds:
        rows = [
            _row(entry, is_long=is_long)
            for entry in entries
            if entry[0].kind == kind and (is_long or entry[0].state != "shadowed")
        ]
        if rows:
            headers = [_HEADERS[kind], "PACKAGE", "VERSION", "STATE"]
            tables.append(render_table([*headers, "TARGET"] if is_long else headers, rows))
    unreadable = [entry[0] for entry in entries if not entry[0].kind]
    if unreadable:
        rows = [(one.distribution, one.version, one.state_text) for one in unreadable]
        tables.append(render_table(["PACKAGE", "VERSION", "STATE"], rows))
    if tables:
        print_result("\n\n".join(tables))
    if not is_quiet():
        note(_summary(entries, kinds))


def _row(entry: _Entry, *, is_long: bool) -> Sequence[str]:
    one = entry[0]
    if len(entry) == 1 and one.state in FINE and not is_long:  # nearly all, and there are many
        return (one.name, one.distribution or "(this project)", one.version or "-", "")
    packages = ", ".join([each.distribution or "(this project)" for each in entry])
    versions = ", ".join([each.version or "-" for each in entry])
    row = (one.name, packages, versions, "" if one.state in FINE else one.state_text)
    return (*row, one.value) if is_long else row


def _summary(entries: Sequence[_Entry], kinds: Sequence[str]) -> str:
    from gluepy.utils.text import count

    usable = [entry for entry in entries if entry[0].state in USABLE]
    found = [entry[0].kind for entry in usable]
    nouns = {"dag": "DAG", "task": "task"}
    parts = [count(found.count(kind), nouns[kind]) for kind in kinds]
    sources = count(len({one.distribution for entry in usable for one in entry}), "source")
    states = [entry[0].state for entry in entries]
    problems = states.count("broken") + states.count("conflict")
    trouble = f" {count(problems, 'problem')}: run 'gluepy check'." if problems else ""
    if not entries:
        trouble = " Install a pipeline package, or run 'gluepy startproject NAME'."
    return f"{', '.join(parts)} from {sources}.{trouble}"


def _name_of(one: Contribution) -> str:
    return one.qualified_name if one.state == "conflict" else one.name


def _as_json(entries: Sequence[_Entry], kinds: Sequence[str]) -> dict[str, object]:
    document: dict[str, object] = {
        f"{kind}s": [_as_dict(entry) for entry in entries if entry[0].kind == kind]
        for kind in kinds
    }
    document["unreadable"] = [_as_dict(entry) for entry in entries if not entry[0].kind]
    return document


def _as_dict(entry: _Entry) -> dict[str, object]:
    one = entry[0]
    return {
        "label": one.name,
        "target": one.value,
        "sources": [_source(each) for each in entry],
        "state": "loaded" if any(each.state == "loaded" for each in entry) else one.state,
        "reason": one.reason,
    }


def _source(one: Contribution) -> dict[str, str]:
    if not one.distribution:
        return {"kind": "project", "file": one.file}
    return {
        "kind": "entry-point",
        "distribution": one.distribution,
        "version": one.version,
        "file": one.file,
    }
