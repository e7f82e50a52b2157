"""What is installed and set, as documents: plugins, hooks and settings."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gluepy.exceptions import UnknownHookError
from gluepy.plugin.contributions import FINE

if TYPE_CHECKING:
    from gluepy.app import App
    from gluepy.plugin.contributions import Contribution
    from gluepy.plugin.manager import Hooks

__all__ = ["hooks_view", "plugins_view", "settings_schema", "settings_view", "trace_view"]


# -- plugins ---------------------------------------------------------------------------------------


def plugins_view() -> dict[str, Any]:
    """Return what installed distributions contribute, and whether it is used.

    No plugin is imported. What one implements, and that it cannot be imported, is known once a
    command has imported it.
    """
    from gluepy.app import get_app

    app = get_app()
    found = app.contributions
    rows = [_contribution(app, one) for one in found]
    copies: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one, row in zip(found, rows, strict=True):
        copy = one.file if one.state == "shadowed" else ""
        copies.setdefault((one.distribution, one.version, copy), []).append(row)
    return {
        "schema": "gluepy.plugins/1",
        "distributions": [
            {"name": name, "version": version, "plugins": _plugins(ones), "state": _state(ones)}
            | _gives(ones)
            for (name, version, _), ones in sorted(copies.items())
        ],
        "contributions": rows,
    }


def _contribution(app: App, one: Contribution) -> dict[str, Any]:
    known = app.known_of(one) if one.kind and one.state in FINE else None
    return {
        **one.as_dict(),
        "state_text": one.state_text,
        "problem": known.problem if known else "",
        "hooks": list(known.hooks) if known and one.kind == "hook" and known.hooks else None,
    }


def _plugins(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["name"] for row in rows if row["kind"] == "hook"]


def _gives(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kinds = [row["kind"] for row in rows]
    hooks = [row["hooks"] for row in rows if row["kind"] == "hook"]
    implemented = [hook for one in hooks for hook in one or ()]
    return {
        "gives": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds) if kind},
        "hooks": len(implemented) if hooks and all(hooks) else None,
    }


def _state(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the one state that all share, or those that are unusual, with their names."""
    states = {row["name"]: _state_of(row) for row in rows}
    if len({*states.values()}) == 1:
        return next(iter(states.values()))
    unusual = {name: state for name, state in states.items() if state != "on"}
    return "; ".join(f"{name}: {state}" for name, state in unusual.items())


def _state_of(row: Mapping[str, Any]) -> str:
    if row["state"] == "blocked":
        return f"off ({row['reason']})"
    if row["problem"]:
        return f"broken: {row['problem']}"
    return "on" if row["state"] in FINE else str(row["state_text"])


# -- hooks -----------------------------------------------------------------------------------------


def hooks_view(name: str = "") -> dict[str, Any]:
    """Return who implements each hook, in calling order; all hook plugins are imported.

    Args:
        name: Of the one hook that is wanted; empty for all.

    Raises:
        UnknownHookError: If there is no such hook.
    """
    from gluepy.app import get_app

    hooks = get_app().hooks
    chosen = _chosen(name, hooks.names())
    return {"schema": "gluepy.hooks/1", "hooks": [_hook(hooks, hook) for hook in chosen]}


def _chosen(name: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if name and name not in names:
        raise UnknownHookError(name, names)
    return (name,) if name else names


def _hook(hooks: Hooks, hook: str) -> dict[str, Any]:
    from gluepy.plugin import hookspecs

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


def trace_view(label: str, name: str = "") -> dict[str, Any]:
    """Return which hooks a new run of a DAG would call, in order; nothing is run.

    All tasks are taken to succeed at their first attempt, one after the other in this process, and
    to log no metrics.

    Args:
        label: Of the DAG.
        name: Of the one hook that is wanted; empty for all.

    Raises:
        GluepyError: If there is no such DAG or hook, or nothing would run.
    """
    from gluepy.app import get_app
    from gluepy.exec.plan import ALL
    from gluepy.launch import plan_dag

    app = get_app()
    hooks = app.hooks
    chosen = _chosen(name, hooks.names())
    planned = plan_dag(app, label, ALL)
    return {
        "schema": "gluepy.hooks.trace/1",
        "dag": planned.plan.dag,
        "calls": [
            {
                "hook": hook,
                "step": step,
                "implementations": [
                    {"plugin": one.plugin, "package": one.source}
                    for one in hooks.implementations(hook)
                ],
            }
            for hook, step in _calls([step.label for step in planned.plan.steps])
            if hook in chosen
        ],
    }


def _calls(steps: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Iterate over the hooks that a run calls, each with its step, or an empty text."""
    for hook in ("configure", "before_command", "before_dag", "worker_started"):
        yield hook, ""
    for step in steps:
        for hook in ("before_task", "around_task", "after_task"):
            yield hook, step
    for hook in ("worker_stopped", "after_dag", "after_command"):
        yield hook, ""


# -- settings --------------------------------------------------------------------------------------


def settings_view(name: str = "") -> dict[str, Any]:
    """Return the settings and where each value came from, and which project they are of.

    Secrets are masked.

    Args:
        name: Of the one setting that is wanted, in any case; empty for all.

    Raises:
        UnknownSettingError: If there is no such setting.
        SettingsError: If they cannot be read.
    """
    from gluepy.app import get_app
    from gluepy.conf._defaults import BY_NAME
    from gluepy.runs.document import to_json

    app = get_app()
    settings = app.settings
    values = settings.masked()
    name = name.upper()
    if name:
        settings.source_of(name)
        values = {name: values[name]}
    return {
        "schema": "gluepy.settings/1",
        "project": _project(app),
        "settings": [
            {
                "name": key,
                "value": to_json(value),
                "source": settings.source_of(key),
                "doc": BY_NAME[key].doc if key in BY_NAME else "",
            }
            for key, value in values.items()
        ],
    }


def _project(app: App) -> dict[str, str]:
    root = os.path.abspath(app.project.root if app.project else ".")
    return {"name": os.path.basename(root), "root": root}


_TYPES = {"text": "string", "flag": "boolean", "number": "number", "list": "array"}


def settings_schema() -> dict[str, Any]:
    """Return a JSON Schema of the table of settings in ``gluepy.toml`` and ``[tool.gluepy]``.

    Editors complete and check the file with it. Settings that Gluepy does not know are allowed:
    they are the project's, or a plugin's.
    """
    from gluepy.conf._defaults import SETTINGS

    properties: dict[str, Any] = {
        "settings_module": {
            "type": "string",
            "description": "Dotted path of the settings module.",
        }
    }
    for setting in SETTINGS:
        found: dict[str, Any] = {"description": setting.doc}
        found["type"] = _TYPES.get(setting.kind, "object")
        if setting.kind == "list" and setting.item is str:
            found["items"] = {"type": "string"}
        if setting.kind == "table" and setting.item is str:
            found["additionalProperties"] = {"type": "string"}
        if setting.default is not None:
            found["default"] = setting.default
        else:
            del found["type"]  # whoever reads it says what it may be
        properties[setting.name.lower()] = found
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Gluepy",
        "type": "object",
        "properties": properties,
        "additionalProperties": True,
    }
