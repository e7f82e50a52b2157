"""What can be run, as a document: all DAGs and tasks, with where they come from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from gluepy.plugin.contributions import USABLE
from gluepy.utils.names import normalise

if TYPE_CHECKING:
    from gluepy.app import App
    from gluepy.plugin.contributions import Contribution
    from gluepy.plugin.known import Known
    from gluepy.runs.index import RunRow

__all__ = ["list_view"]

_KIND_AND_NAME = itemgetter(0, 1)

#: One class with all that contribute it; never empty.
_Entry = list["Contribution"]


def list_view(
    kinds: Sequence[str] = ("dag", "task"), pattern: str = "", source: str = "", tag: str = ""
) -> dict[str, Any]:
    """Return all DAGs and tasks, with where they come from; no package is imported.

    Args:
        kinds: ``dag``, ``task`` or both.
        pattern: Of labels, with ``*`` and ``?``; empty for all.
        source: Only those of this distribution, or of the ``project``.
        tag: Only those with this tag, and DAGs with a task that has it, as far as that is known.
    """
    from gluepy.app import get_app

    app = get_app()
    entries = _merged(app.catalog(*kinds))
    tables = _Tables(app, entries)
    chosen = _chosen(entries, pattern, source)
    document: dict[str, Any] = {"schema": "gluepy.list/1"}
    for kind in kinds:
        rows = tables.rows(kind, chosen)
        if tag:
            rows = [row for row in rows if tag in (row["tags"] or ())]
        document[f"{kind}s"] = rows
    unreadable = [] if tag else [entry for entry in chosen if not entry[0].kind]
    document["unreadable"] = [_plain(entry) for entry in unreadable]
    return document


def _chosen(entries: list[_Entry], pattern: str, source: str) -> list[_Entry]:
    if source:
        owner = normalise(source)
        entries = [entry for entry in entries if any(one.owner == owner for one in entry)]
    if not pattern:
        return entries
    import fnmatch

    return [entry for entry in entries if fnmatch.fnmatchcase(entry[0].name, pattern)]


def _merged(found: Sequence[Contribution]) -> list[_Entry]:
    """Put together what is one class from several sources, so that it is listed once."""
    if len(set(map(_KIND_AND_NAME, found))) == len(found):
        return [[one] for one in found]  # as nearly always, and quickly seen
    entries: dict[object, list[Contribution]] = {}
    for one in found:
        key = (one.kind, one.name, one.value) if one.state in USABLE else one
        entries.setdefault(key, []).append(one)
    return list(entries.values())


def _recall(app: App, entry: _Entry) -> Known | None:
    """Return what is known of an entry without importing it."""
    if entry[0].state not in USABLE:
        return None
    for one in entry:
        known = app.known_of(one)
        if known is not None:
            return known
    return None


class _Tables:
    """What makes a row of an entry: the other entries, the last runs, and the settings."""

    def __init__(self, app: App, entries: Sequence[_Entry]) -> None:
        # Of thousands of packages, mostly nothing is known: one look for all of them.
        is_any_known = bool(app.settings.INSTALLED_MODULES) or not app.imports.are_blank
        found = {entry[0]: _recall(app, entry) for entry in entries} if is_any_known else {}
        self._known = {one: known for one, known in found.items() if known is not None}
        self._options = app.settings.TASK_OPTIONS
        self._last_runs = _last_runs(app)
        self._dags: dict[str, list[str]] = {}
        self._are_all_known = is_any_known
        for one, *_ in entries if is_any_known else ():
            if one.kind == "dag" and one.state in USABLE:
                self._add(one)

    def _add(self, dag: Contribution) -> None:
        known = self._known.get(dag)
        if known is None or known.problem:
            self._are_all_known = False
            return
        for task in known.tasks:
            self._dags.setdefault(task.target, []).append(_name_of(dag))

    def rows(self, kind: str, entries: Sequence[_Entry]) -> list[dict[str, Any]]:
        unknown, known, last_runs = self._unknown(kind), self._known, self._last_runs or {}
        # Nearly all are of one distribution and nothing is known of them, and there are many.
        rows = [
            _plain_row(entry[0], unknown)
            if len(entry) == 1 and entry[0].state == "available" and not known
            else self._row(entry, unknown)
            for entry in entries
            if entry[0].kind == kind
        ]
        for row in rows if last_runs and kind == "dag" else ():
            last_run = last_runs.get(row["name"])
            row["last_run"] = last_run and _run(last_run)
        for row in rows if self._dags and kind == "task" else ():
            row["dags"] = self._dags.get(row["target"], row["dags"])
        return rows

    def _unknown(self, kind: str) -> dict[str, Any]:
        """Return what a row says of which nothing is known."""
        if kind == "dag":
            has_history = self._last_runs is not None
            return {"tasks": None, "tags": None, "is_history_known": has_history, "last_run": None}
        return {"dags": [] if self._are_all_known else None, "tags": None}

    def _row(self, entry: _Entry, unknown: dict[str, Any]) -> dict[str, Any]:
        one = entry[0]
        row = {**_plain(entry), **unknown}
        known = self._known.get(one)
        if known and known.problem:
            row["problem"] = known.problem
        elif known:
            row |= (
                self._known_of_dag(known) if one.kind == "dag" else self._known_of_task(one, known)
            )
        return row

    def _known_of_dag(self, known: Known) -> dict[str, Any]:
        tags = {tag for task in known.tasks for tag in self._tags(task.label, task.tags)}
        return {"tasks": [task.label for task in known.tasks], "tags": sorted(tags)}

    def _known_of_task(self, one: Contribution, known: Known) -> dict[str, Any]:
        return {"tags": list(self._tags(one.name, known.tags))}

    def _tags(self, label: str, own: tuple[str, ...]) -> tuple[str, ...]:
        if not self._options:
            return own
        from gluepy.exec.policy import tags_of

        return tags_of(label, own, self._options)


def _run(row: RunRow) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "status": row.status,
        "started_at": row.started_at,
        "seconds": row.seconds,
    }


def _last_runs(app: App) -> dict[str, RunRow] | None:
    """Return the last run of each DAG; None where no index can say so quickly."""
    # By hand, as importing what reads an index takes longer than all the rest.
    runs = os.path.join(app.settings.STORAGE_ROOT, "runs")
    if not os.path.isfile(os.path.join(runs, "index.sqlite3")):
        is_local = app.settings.source_of("STORAGE_BACKEND") == "default"
        return {} if is_local and not os.path.isdir(runs) else None
    from gluepy.files.storages import default_storage
    from gluepy.runs.index import RunIndex

    return RunIndex(default_storage).last_runs()


def _name_of(one: Contribution) -> str:
    """Return the label that means it whatever others offer."""
    return one.qualified_name if one.state == "conflict" else one.name


def _plain_row(one: Contribution, unknown: dict[str, Any]) -> dict[str, Any]:
    """Return the row of what one source offers, and nobody else."""
    _, label, target, distribution, version, file, state, reason = one
    return {
        "label": label,
        "name": label,
        "target": target,
        "sources": [_source(distribution, version, file)],
        "state": state,
        "state_text": state,
        "reason": reason,
        "problem": "",
        **unknown,
    }


def _plain(entry: _Entry) -> dict[str, Any]:
    one = entry[0]
    return {
        "label": one.name,
        "name": _name_of(one),
        "target": one.value,
        "sources": [_source(each.distribution, each.version, each.file) for each in entry],
        "state": "loaded" if any(each.state == "loaded" for each in entry) else one.state,
        "state_text": one.state_text,
        "reason": one.reason,
        "problem": "",
    }


def _source(distribution: str, version: str, file: str) -> dict[str, str]:
    if not distribution:
        return {"kind": "project", "file": file}
    return {"kind": "entry-point", "distribution": distribution, "version": version, "file": file}
