"""``gluepy check``: whether project, registries and plugins are in order."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from gluepy.commands._output import format_option, print_json, print_result
from gluepy.commands._table import render_table
from gluepy.exceptions import (
    GluepyError,
    InvalidDAGError,
    PluginError,
    StorageError,
    TaskOptionError,
    UnknownPluginError,
)
from gluepy.plugin.contributions import FINE
from gluepy.utils.names import PROJECT, normalise
from gluepy.utils.text import count

if TYPE_CHECKING:
    from gluepy.app import App
    from gluepy.plugin.contributions import Contribution

__all__ = ["command"]


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        area: What it belongs to: ``registry``.
        level: ``ok``, ``warn`` or ``FAIL``.
        text: What was found, in a sentence.
        hint: What to do about it; empty when there is nothing to do.
    """

    area: str
    level: Literal["ok", "warn", "FAIL"]
    text: str
    hint: str = ""


@click.command("check")
@click.option("--strict", is_flag=True, help="Take warnings for failures.")
@format_option("table", "json")
def command(*, strict: bool, form: str) -> int:
    """Check project, registries and plugins; everything that is installed for Gluepy is imported.

    The exit code is 3 if something failed.
    """
    from gluepy.app import get_app

    findings = list(_findings(get_app()))
    failed = sum(one.level == "FAIL" for one in findings)
    warned = sum(one.level == "warn" for one in findings)
    is_bad = bool(failed or (strict and warned))
    if form == "json":
        content = [one._asdict() for one in findings]
        print_json("gluepy.check/1", {"findings": content, "is_good": not is_bad})
    else:
        print_result(render_table([""] * 3, list(_rows(findings))))
        summary = f"{count(failed, 'failure')}, {count(warned, 'warning')}."
        print_result("Everything is in order." if not failed + warned else summary)
    return 3 if is_bad else 0


def _rows(findings: list[Finding]) -> Iterator[tuple[str, str, str]]:
    area = ""
    for one in findings:
        yield one.area if one.area != area else "", one.level, one.text
        area = one.area
        if one.hint:
            yield "", "", f"hint: {one.hint}"


def _findings(app: App) -> Iterator[Finding]:
    """Look at one area after the other; without settings there is no going on."""
    yield from _environment()
    try:
        yield from _settings(app)
    except GluepyError as error:
        yield Finding("settings", "FAIL", error.message, error.hint)
        return
    areas: dict[str, Callable[[App], Iterator[Finding]]] = {
        "backends": _backends,
        "storage": _storage,
        "context": _context,
        "project": _project,
        "registry": _registry,
        "plugins": _plugins,
        "installs": _installs,
    }
    for area, look in areas.items():
        findings: list[Finding] = []
        try:
            findings += look(app)
        except GluepyError as error:
            findings.append(Finding(area, "FAIL", error.message, error.hint))
        yield from findings


def _environment() -> Iterator[Finding]:
    import platform

    from gluepy import VERSION

    python = platform.python_version()
    yield Finding("environment", "ok", f"gluepy {VERSION}, Python {python}, {platform.system()}")


def _settings(app: App) -> Iterator[Finding]:
    project, settings = app.project, app.settings
    where = f"{project.marker} in {project.root}" if project else "no project: defaults"
    yield Finding("settings", "ok", where)
    known = {one.distribution for one in app.contributions} | {PROJECT}
    for label, owner in settings.PREFER.items():
        if normalise(owner) not in known:
            error = UnknownPluginError(f"PREFER[{label!r}]", owner, known)
            yield Finding("settings", "warn", error.message, error.hint)


def _backends(app: App) -> Iterator[Finding]:
    """Make what the settings name; the storage and the context are looked at by themselves."""
    from gluepy.utils.backends import make_backend

    names = ("DATA_BACKEND", "MLOPS_BACKEND", "START_TASK")
    for name in names:
        make_backend(name, getattr(app.settings, name))
    yield Finding("backends", "ok", f"{', '.join(names)} can be used")


def _storage(app: App) -> Iterator[Finding]:
    from gluepy.files.storages import default_storage

    app.settings  # noqa: B018 - default_storage reads them
    probe, root = ".gluepy-check", default_storage.location("")
    was_there = os.path.isdir(root)
    try:
        default_storage.touch(probe, b"")
        default_storage.rm(probe)
    except StorageError as error:
        yield Finding("storage", "FAIL", error.message, error.hint)
    else:
        yield Finding("storage", "ok", f"{root} can be written")
    if not was_there:
        with contextlib.suppress(OSError):  # no folder was made, or it is in use by now
            os.rmdir(root)


def _context(app: App) -> Iterator[Finding]:
    from gluepy.conf import default_context_manager

    default_context_manager.create_context()
    yield Finding("context", "ok", f"{app.settings.CONFIG_PATH} can be read")


def _project(app: App) -> Iterator[Finding]:
    app.load_registries()
    modules = app.settings.INSTALLED_MODULES
    yield Finding("project", "ok", f"{count(len(modules), 'installed module')} imported")


def _registry(app: App) -> Iterator[Finding]:
    """Load every DAG and task, each guarded, and look for DAGs and labels that cannot be used."""
    from gluepy.exec import DAG_REGISTRY
    from gluepy.exec.plan import steps_of
    from gluepy.exec.policy import policy_of

    for one in app.contributions:
        if one.kind in ("dag", "task", "executor", "storage", "command"):
            yield from _loaded(app, "registry", one)
    for one in app.catalog("dag", "task"):
        if one.state == "conflict":
            hint = f"Say {one.qualified_name}, or choose with PREFER."
            yield Finding("registry", "warn", f"{one.who}: {one.state_text}", hint)
    for entry in DAG_REGISTRY.registrations():
        try:
            for step in steps_of(entry.cls) if entry.cls is not None else ():
                policy_of(step.task, app.settings.TASK_OPTIONS)
        except (InvalidDAGError, TaskOptionError) as error:
            yield Finding("registry", "FAIL", error.message, error.hint)
    usable = [one for one in app.catalog("dag", "task") if one.state in FINE]
    yield Finding("registry", "ok", f"{count(len(usable), 'label')} can be used")


def _plugins(app: App) -> Iterator[Finding]:
    hooks = app.hooks
    for one in app.catalog("hook"):
        if one.state == "broken":
            yield Finding("plugins", "FAIL", f"{one.who}: {one.reason}")
        elif one.state == "blocked":
            yield Finding("plugins", "ok", f"{one.who}: {one.state_text}")
    for failure in hooks.failures:
        yield Finding("plugins", "FAIL", f"{failure.who}: hook {failure.hook!r}: {failure.error}")
    working = sum(one.state == "loaded" for one in app.catalog("hook"))
    yield Finding("plugins", "ok", f"{count(working, 'hook plugin')} can be used")


def _loaded(app: App, area: str, one: Contribution) -> Iterator[Finding]:
    if one.state == "broken":
        yield Finding(area, "FAIL", f"{one.who}: {one.reason}")
    elif one.state == "shadowed":
        yield Finding(area, "warn", f"{one.who}: {one.state_text}")
    elif one.state != "blocked":
        try:
            app.load(one)
        except PluginError as error:
            yield Finding(area, "FAIL", error.message, error.hint)


def _installs(app: App) -> Iterator[Finding]:
    from gluepy.plugin.editables import find_stale_editables

    stale = list(find_stale_editables())
    for one in stale:
        yield Finding("installs", "warn", one.message, one.hint)
    if not stale:
        yield Finding("installs", "ok", "metadata of editable installs are up to date")
