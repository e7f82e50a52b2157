"""``gluepy hooks``: which plugin implements which hook, in calling order."""

from __future__ import annotations

import inspect

import click

from gluepy.commands._output import format_option, note, print_json, print_result
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.exceptions import UnknownHookError
from gluepy.plugin import hookspecs
from gluepy.plugin.manager import Hooks

__all__ = ["command"]

_WHY = {
    "first": "asked to be first",
    "in order": "the project's first, then by name",
    "last": "asked to be last",
}


@click.command("hooks")
@click.argument("name", default="")
@format_option("table", "json")
def command(name: str, *, form: str) -> None:
    """Show who implements each hook, in calling order; all hook plugins are imported.

    NAME selects one hook.
    """
    from gluepy.app import get_app

    hooks = get_app().hooks
    names = hooks.names()
    if name and name not in names:
        raise UnknownHookError(name, names)
    chosen = [name] if name else names
    if form == "json":
        print_json("gluepy.hooks/1", {"hooks": [_as_dict(hooks, hook) for hook in chosen]})
        return
    print_result(render_table(["HOOK", "ORDER", "PLUGIN", "PACKAGE", "WHY"], _rows(hooks, chosen)))
    if not is_quiet():
        note("Observers run in the coordinating process; around_task runs where the task does.")


def _rows(hooks: Hooks, names: list[str] | tuple[str, ...]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for hook in names:
        implementations = hooks.implementations(hook)
        for place, one in enumerate(implementations, start=1):
            rows.append(
                (hook if place == 1 else "", place, one.plugin, one.source, _WHY[one.position])
            )
        if not implementations:
            rows.append((hook, "-", "-", "-", ""))
    return rows


def _as_dict(hooks: Hooks, hook: str) -> dict[str, object]:
    signature = inspect.signature(getattr(hookspecs, hook))
    return {
        "name": hook,
        "kind": "wrapper" if hook in hookspecs.WRAPPERS else "observer",
        "arguments": list(signature.parameters),
        "implementations": [
            {
                "plugin": one.plugin,
                "package": one.source,
                "position": one.position,
                "arguments": list(one.arguments),
            }
            for one in hooks.implementations(hook)
        ],
    }
