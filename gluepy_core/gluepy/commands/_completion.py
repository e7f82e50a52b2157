"""What a shell offers after <TAB>: labels with where they come from; no plugin is imported."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from gluepy.exceptions import GluepyError
from gluepy.plugin.contributions import FINE, USABLE, Contribution
from gluepy.utils.names import normalise
from gluepy.views.words import status_word

__all__ = [
    "complete_dags",
    "complete_executors",
    "complete_hooks",
    "complete_labels",
    "complete_plugins",
    "complete_runs",
    "complete_settings",
    "complete_steps",
    "complete_tasks",
]

#: So many of the last runs are offered.
_RECENT = 20


def complete_dags(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the labels of DAGs."""
    return _labels(incomplete, "dag")


def complete_tasks(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the labels of tasks."""
    return _labels(incomplete, "task")


def complete_labels(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the labels of DAGs and tasks."""
    return _labels(incomplete, "dag", "task")


def complete_steps(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the tasks of the chosen DAG, if a command has imported it before.

    Else those of the distribution, or the project, that it comes from: which of them are steps of
    the DAG only its import could tell.
    """
    from gluepy.app import get_app

    app = get_app()
    label = _chosen_label(ctx)
    owner, _, short = label.rpartition(":")
    try:
        catalog = app.catalog("dag", "task")
        dags = [
            one
            for one in catalog
            if one.kind == "dag" and one.name == short and normalise(owner) in ("", one.owner)
        ]
        known = [app.known_of(one) for one in dags if one.state in USABLE]
    except GluepyError:
        return []
    names = [(task.label, _waits(task.upstream)) for each in known if each for task in each.tasks]
    if not names:
        sources = {one.distribution for one in dags}
        tasks = [one for one in catalog if one.kind == "task" and one.distribution in sources]
        names = [(one.name, one.source) for one in tasks]
    return _items(names, incomplete)


def _chosen_label(ctx: click.Context) -> str:
    # Before an option that still lacks its value, click leaves the label unparsed.
    return str(ctx.params.get("label") or next(iter(ctx.args), ""))


def _waits(upstream: tuple[str, ...]) -> str:
    return f"after {', '.join(upstream)}" if upstream else "first"


def complete_executors(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of executors."""
    from gluepy.app import get_app

    names = [(name, "gluepy-core") for name in ("serial", "threads", "processes")]
    with contextlib.suppress(GluepyError):
        names += _usable(one for one in get_app().contributions if one.kind == "executor")
    return _items(names, incomplete)


def complete_plugins(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of hook plugins and of distributions."""
    from gluepy.app import get_app

    try:
        contributions = get_app().contributions
    except GluepyError:
        return []
    names = [(one.name, one.source) for one in contributions if one.kind == "hook"]
    names += [(one.distribution, one.source) for one in contributions]
    return _items(names, incomplete)


def complete_hooks(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of hooks."""
    from gluepy.plugin import hookspecs
    from gluepy.plugin.manager import Hooks

    names = [
        (hook, (getattr(hookspecs, hook).__doc__ or "").partition("\n")[0])
        for hook in Hooks.names()
    ]
    return _items(names, incomplete)


def complete_settings(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of settings, in the case in which one was begun."""
    from gluepy.app import get_app
    from gluepy.conf._defaults import BY_NAME

    known = {name: setting.doc for name, setting in BY_NAME.items()}
    with contextlib.suppress(GluepyError):
        settings = get_app().settings
        known |= {name: settings.source_of(name) for name in settings.names() if name not in known}
    is_upper = incomplete.isupper()
    names = [(name if is_upper else name.lower(), doc) for name, doc in sorted(known.items())]
    return _items(names, incomplete)


def complete_runs(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the last runs, of the chosen DAG if one is chosen, and the words that stand for one."""
    names = [
        ("@last", "the last run"),
        ("@last-failed", "the last run that failed"),
    ]
    with contextlib.suppress(GluepyError):
        is_of_dag = ctx.command.name in ("dag", "plan")
        names += _recent_runs(_chosen_label(ctx) if is_of_dag else "")
    return _items(names, incomplete)


def _recent_runs(dag: str) -> Iterator[tuple[str, str]]:
    from datetime import UTC, datetime

    from gluepy.app import get_app
    from gluepy.utils.text import format_age

    # To make the index anew takes longer than anybody waits for a <TAB>.
    root = get_app().settings.STORAGE_ROOT
    if not os.path.isfile(os.path.join(root, "runs", "index.sqlite3")):
        return
    from gluepy.files.storages import default_storage
    from gluepy.runs.index import RunIndex

    now = datetime.now(UTC)
    for row in RunIndex(default_storage).list_runs(dag=dag, limit=_RECENT):
        age = format_age((now - datetime.fromisoformat(row.started_at)).total_seconds())
        yield row.run_id, f"{row.dag or 'single tasks'}, {status_word(row.status)}, {age}"


def _labels(incomplete: str, *kinds: str) -> list[CompletionItem]:
    from gluepy.app import get_app

    try:
        catalog = get_app().catalog(*kinds)
    except GluepyError:
        return []  # a shell has no place for a message
    names = list(_usable(catalog))
    if ":" in incomplete:
        names = [(one.qualified_name, one.source) for one in catalog if one.state in USABLE]
    return _items(names, incomplete)


def _usable(contributions: Iterable[Contribution]) -> Iterator[tuple[str, str]]:
    """Name those that can be used, each with its source."""
    for one in contributions:
        if one.state in FINE:
            yield one.name, one.source
        elif one.state == "conflict":
            yield one.qualified_name, one.source


def _items(names: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(name, help=text)
        for name, text in dict(names).items()
        if name.startswith(incomplete)
    ]
