"""What a shell offers after <TAB>: labels with where they come from; no plugin is imported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from gluepy.exceptions import GluepyError
from gluepy.plugin.contributions import FINE, Contribution
from gluepy.utils.names import normalise

__all__ = [
    "complete_dags",
    "complete_executors",
    "complete_labels",
    "complete_plugins",
    "complete_steps",
    "complete_tasks",
]


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
    """Offer the tasks of the distribution, or the project, that the chosen DAG comes from.

    Which of them are steps of the DAG only its import could tell.
    """
    from gluepy.app import get_app

    # Before an option that still lacks its value, click leaves the label unparsed.
    label = str(ctx.params.get("label") or next(iter(ctx.args), ""))
    owner, _, short = label.rpartition(":")
    try:
        catalog = get_app().catalog("dag", "task")
    except GluepyError:
        return []
    sources = {
        one.distribution
        for one in catalog
        if one.kind == "dag" and one.name == short and (not owner or one.owner == normalise(owner))
    }
    tasks = [one for one in catalog if one.kind == "task" and one.distribution in sources]
    return _items(((one.name, one.source) for one in tasks), incomplete)


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


def _labels(incomplete: str, *kinds: str) -> list[CompletionItem]:
    from gluepy.app import get_app

    try:
        catalog = get_app().catalog(*kinds)
    except GluepyError:
        return []  # a shell has no place for a message
    return _items(_usable(catalog), incomplete)


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
