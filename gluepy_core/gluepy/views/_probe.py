"""Tries one contribution, in a process of its own that `gluepy.views.probing` starts.

It may hang, crash or end the process; that is seen from outside.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from gluepy.exceptions import GluepyError, PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gluepy.app import App
    from gluepy.plugin.contributions import Contribution
    from gluepy.plugin.known import Known

__all__ = ["answer", "try_module", "try_out"]


def answer(question: Mapping[str, Any]) -> None:
    """Try what the question asks for, and write what came out into the file that it names."""
    from gluepy.app import App, Options, set_app
    from gluepy.plugin.contributions import Contribution

    app = set_app(App(Options(**question["options"])))
    if question["module"]:
        found = try_module(app, question["module"])
    else:
        found = try_out(app, Contribution(*question["contribution"]))
    with open(question["answer"], "w", encoding="utf-8") as file:
        json.dump(found, file)


def try_module(app: App, module: str) -> dict[str, Any]:
    """Import a module of the project; return what is wrong with it, or empty texts."""
    from gluepy.plugin.project import import_installed

    start = time.perf_counter()
    error: GluepyError | None = None
    try:
        app.settings  # noqa: B018 - they put the project on the path
        import_installed(module)
    except GluepyError as caught:
        error = caught
    return _result(error, time.perf_counter() - start)


def try_out(app: App, one: Contribution) -> dict[str, Any]:
    """Import a contribution and look at what it gives; return what is wrong, and what is known."""
    from gluepy.plugin.known import Known

    start = time.perf_counter()
    try:
        found = app.load(one)
    except PluginError as error:
        return _result(error, time.perf_counter() - start, Known(error.reason))
    seconds = time.perf_counter() - start
    try:
        known = _look_at(app, one, found)
    except GluepyError as error:
        return _result(error, seconds, app.known_of(one))
    return _result(None, seconds, known)


def _look_at(app: App, one: Contribution, found: Any) -> Known:
    """Return what is known of what was imported.

    Raises:
        GluepyError: If it cannot be used.
    """
    from gluepy.exec.plan import tasks_of
    from gluepy.exec.policy import policy_of
    from gluepy.plugin.known import Known, what_is_known

    if one.kind == "hook":
        return Known(hooks=_hooks_of(app, one, found))
    known = what_is_known(one.kind, found)
    tasks = [planned.task for planned in tasks_of(found)] if one.kind == "dag" else []
    for task in [found] if one.kind == "task" else tasks:
        policy_of(task, app.settings.TASK_OPTIONS)
    return known


def _hooks_of(app: App, one: Contribution, plugin: object) -> tuple[str, ...]:
    """Return what a plugin implements.

    Raises:
        PluginError: If it implements what there is not, or cannot be configured.
    """
    from gluepy.engine.request import describe_settings
    from gluepy.plugin.manager import Hooks

    hooks = Hooks()
    hooks.add(plugin, one.name, one.source)
    root = app.project.root if app.project else ""
    hooks.call_once("configure", settings=describe_settings(app.settings, root))
    for failure in hooks.failures:
        raise PluginError(failure.who, f"hook {failure.hook!r}: {failure.error}")
    return hooks.hooks_of(one.name, one.source)


def _result(
    error: GluepyError | None, seconds: float, known: Known | None = None
) -> dict[str, Any]:
    from gluepy.plugin.known import to_json

    return {
        "problem": error.message if error else "",
        "hint": error.hint or "" if error else "",
        "seconds": seconds,
        "known": None if known is None else to_json(known),
    }
