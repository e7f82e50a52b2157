"""Whether project, plugins and runs are in order, as a document."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gluepy.exceptions import GluepyError, UnknownPluginError
from gluepy.plugin.contributions import FINE, USABLE
from gluepy.plugin.known import Known
from gluepy.plugin.loading import how_to_mend
from gluepy.utils.names import PROJECT, normalise
from gluepy.utils.text import count
from gluepy.views.probing import Trial, Verdict, run_trials

if TYPE_CHECKING:
    from gluepy.app import App
    from gluepy.plugin.contributions import Contribution

__all__ = ["LIMIT_S", "SLOW_S", "Finding", "check_view"]

#: How long the import of one contribution may take, in seconds.
LIMIT_S = 30.0
#: An import that takes longer than this, in seconds, is worth a warning.
SLOW_S = 3.0

#: So many findings of one kind are told one by one.
_TOLD = 10


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        area: What it belongs to: ``registry``.
        level: ``ok``, ``warn`` or ``FAIL``.
        text: What was found, in a sentence.
        hint: What to do about it; empty when there is nothing to do.
        distribution: That is at fault; empty if none is.
        version: Of the distribution.
        entry_point: As declared: ``training = acme.dags:TrainingDAG``.
    """

    area: str
    level: Literal["ok", "warn", "FAIL"]
    text: str
    hint: str = ""
    distribution: str = ""
    version: str = ""
    entry_point: str = ""


class _Limits(NamedTuple):
    limit_s: float
    slow_s: float


def check_view(
    *, is_strict: bool = False, limit_s: float = LIMIT_S, slow_s: float = SLOW_S
) -> dict[str, Any]:
    """Look at everything, import all that is installed for Gluepy, and return what was found.

    Each contribution is imported in a process of its own, so none can do harm here. What that shows
    is noted for ``gluepy list``.

    Args:
        is_strict: Whether warnings count as failures.
        limit_s: How long each import may take, in seconds.
        slow_s: An import that takes longer is worth a warning.
    """
    from gluepy.app import get_app

    findings = list(_findings(get_app(), _Limits(limit_s, slow_s)))
    levels = [one.level for one in findings]
    failures, warnings = levels.count("FAIL"), levels.count("warn")
    return {
        "schema": "gluepy.check/1",
        "findings": [one._asdict() for one in findings],
        "failures": failures,
        "warnings": warnings,
        "is_good": not (failures or (is_strict and warnings)),
    }


def _findings(app: App, limits: _Limits) -> Iterator[Finding]:
    """Look at one area after the other; without settings there is no going on."""
    yield from _guarded("environment", _environment(app))
    settings = list(_guarded("settings", _settings(app)))
    yield from settings
    if not vars(app).get("settings"):
        return
    yield from _guarded("storage", _storage(app))
    yield from _guarded("registry", _registry(app, limits))
    yield from _guarded("context", _context(app))
    yield from _guarded("history", _history())


def _guarded(area: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Iterate over findings; the error that ends them is one, too."""
    try:
        yield from findings
    except GluepyError as error:
        yield Finding(area, "FAIL", error.message, error.hint or "")


# -- environment and settings ----------------------------------------------------------------------


def _environment(app: App) -> Iterator[Finding]:
    import platform
    from importlib.metadata import version

    from gluepy import VERSION

    parts = [f"Python {platform.python_version()}", f"gluepy {VERSION}", platform.system()]
    parts += [f"{name} {version(name)}" for name in ("click", "pluggy")]
    with contextlib.suppress(GluepyError):  # that is told of the settings
        distributions = {one.distribution for one in app.contributions}
        parts.append(f"{count(len(distributions), 'distribution')} for Gluepy")
    yield Finding("environment", "ok", ", ".join(parts))


def _settings(app: App) -> Iterator[Finding]:
    from gluepy.utils.backends import make_backend

    project, settings = app.project, app.settings
    where = f"{project.marker} in {project.root}" if project else "no project: defaults"
    known = {one.distribution for one in app.contributions} | {PROJECT}
    for label, owner in settings.PREFER.items():
        if normalise(owner) not in known:
            error = UnknownPluginError(f"PREFER[{label!r}]", owner, known)
            yield Finding("settings", "warn", error.message, error.hint or "")
    for name in ("DATA_BACKEND", "MLOPS_BACKEND", "START_TASK"):
        make_backend(name, getattr(settings, name))
    yield Finding("settings", "ok", where)


# -- storage, context and runs ---------------------------------------------------------------------


def _storage(app: App) -> Iterator[Finding]:
    """Write a file, replace it and read it back, as every run does."""
    from gluepy.files.storages import default_storage

    app.settings  # noqa: B018 - default_storage reads them
    probe, root = ".gluepy-check", default_storage.location("")
    was_there = os.path.isdir(root)
    try:
        default_storage.touch(probe, b"old")
        default_storage.touch(probe, b"new")
        content = default_storage.open(probe, mode="rb")
        default_storage.rm(probe)
    finally:
        if not was_there:
            with contextlib.suppress(OSError):  # no folder was made, or it is in use by now
                os.rmdir(root)
    if content == b"new":
        yield Finding("storage", "ok", f"{root} can be written")
    else:
        yield Finding("storage", "FAIL", f"{root} does not give back what was written last")


def _context(app: App) -> Iterator[Finding]:
    from gluepy.conf import default_context_manager

    default_context_manager.create_context()
    yield Finding("context", "ok", f"{app.settings.CONFIG_PATH} can be read")


def _history() -> Iterator[Finding]:
    from gluepy.files.storages import default_storage
    from gluepy.runs.audit import audit_runs

    audit = audit_runs(default_storage)
    reindex = "Run: gluepy runs reindex"
    for error in audit.damaged[:_TOLD]:
        yield Finding("history", "FAIL", error.message, error.hint or "")
    if len(audit.damaged) > _TOLD:
        yield Finding("history", "FAIL", f"{len(audit.damaged) - _TOLD} more records are damaged")
    for folders, what in (
        (audit.unlisted, "not in the index"),
        (audit.gone, "in the index and no longer there"),
        (audit.different, "other in the index than in their journals"),
    ):
        if folders:
            text = f"{count(len(folders), 'run')} {what}: {_some(folders)}"
            yield Finding("history", "warn", text, reindex)
    if audit.abandoned:
        text = f"{count(len(audit.abandoned), 'run')} whose process died: {_some(audit.abandoned)}"
        yield Finding("history", "warn", text, "Resume with: gluepy dag LABEL --resume")
    agrees = "" if audit.unlisted or audit.gone or audit.different else ", as the index says"
    yield Finding("history", "ok", f"{count(audit.runs, 'run')} can be read{agrees}")


def _some(folders: Sequence[str]) -> str:
    shown = 3
    more = f" and {len(folders) - shown} more" if len(folders) > shown else ""
    return ", ".join(folders[:shown]) + more


# -- registry --------------------------------------------------------------------------------------


def _registry(app: App, limits: _Limits) -> Iterator[Finding]:
    """Import everything, each in a process of its own, and look for labels that cannot be used."""
    broken = list(_project(app, limits))
    yield from broken
    contributions = app.contributions
    yield from _unusable(contributions)
    usable = [one for one in contributions if one.kind and one.state in USABLE]
    verdicts = run_trials(app.options, [Trial(one) for one in usable], limit_s=limits.limit_s)
    tried = list(zip(usable, verdicts, strict=True))
    app.imports.notes.keep((one, _known(verdict)) for one, verdict in tried)
    for one, verdict in tried:
        yield from _judge(one, verdict, limits)
    if not broken:
        yield from _own_classes(app)
    yield from _stale_installs()
    kinds = [one.kind for one, verdict in tried if not (verdict.problem or verdict.end)]
    labels = kinds.count("dag") + kinds.count("task")
    text = f"{count(labels, 'label')} and {count(len(kinds) - labels, 'plugin')} of distributions"
    nothing = "no installed distribution adds labels or plugins"
    yield Finding("registry", "ok", f"{text} can be used" if usable else nothing)


def _known(verdict: Verdict) -> Known:
    """Return what is worth a note: what an import has shown, or that it does not come to an end."""
    return Known(f"its import {verdict.end}") if verdict.known is None else verdict.known


def _unusable(contributions: Iterable[Contribution]) -> Iterator[Finding]:
    """Tell what is not tried: broken, hidden and switched off."""
    for one in contributions:
        if one.state == "broken":
            yield _about(one, "FAIL", f"{one.who}: {one.reason}")
        elif one.state == "shadowed":
            yield _about(one, "warn", f"{one.who}: {one.state_text}")
        elif one.state == "blocked" and one.kind == "hook":
            yield _about(one, "ok", f"{one.who}: {one.state_text}")


def _about(
    one: Contribution, level: Literal["ok", "warn", "FAIL"], text: str, hint: str = ""
) -> Finding:
    entry_point = f"{one.name} = {one.value}" if one.kind else ""
    return Finding("registry", level, text, hint, one.distribution, one.version, entry_point)


def _judge(one: Contribution, verdict: Verdict, limits: _Limits) -> Iterator[Finding]:
    """Tell what a contribution does that it should not."""
    if verdict.problem:
        yield _about(one, "FAIL", verdict.problem, verdict.hint)
        return
    if verdict.end:
        yield _about(one, "FAIL", f"{one.who}: its import {verdict.end}", how_to_mend(one))
        return
    if verdict.printed:
        text = f"{one.who}: its import prints {verdict.printed!r}"
        yield _about(one, "warn", text, "Log it instead, or print it when it runs.")
    if verdict.seconds > limits.slow_s:
        text = f"{one.who}: its import takes {verdict.seconds:.1f} s"
        yield _about(one, "warn", text, "Import what is heavy inside the functions that need it.")


def _project(app: App, limits: _Limits) -> Iterator[Finding]:
    """Tell which modules of the project cannot be imported; in processes of their own, too."""
    modules = app.settings.INSTALLED_MODULES
    trials = [Trial(module=module) for module in modules]
    for verdict in run_trials(app.options, trials, limit_s=limits.limit_s):
        module = verdict.trial.module
        if verdict.problem:
            yield Finding("registry", "FAIL", verdict.problem, verdict.hint)
        elif verdict.end:
            text = f"INSTALLED_MODULES: the import of {module!r} {verdict.end}"
            yield Finding("registry", "FAIL", text)


def _own_classes(app: App) -> Iterator[Finding]:
    """Look at the project's own classes and hooks, and at labels that several sources offer."""
    from gluepy.exec import DAG_REGISTRY
    from gluepy.exec.plan import steps_of
    from gluepy.exec.policy import policy_of

    app.load_registries()
    for entry in DAG_REGISTRY.registrations():
        try:
            for step in steps_of(entry.cls) if entry.cls is not None else ():
                policy_of(step.task, app.settings.TASK_OPTIONS)
        except GluepyError as error:
            yield Finding("registry", "FAIL", error.message, error.hint or "")
    for failure in app.project_hooks.failures:
        yield Finding("registry", "FAIL", f"{failure.who}: hook {failure.hook!r}: {failure.error}")
    for one in app.catalog():
        if one.state == "conflict":
            hint = f"Say {one.qualified_name}, or choose with PREFER."
            yield _about(one, "warn", f"{one.who}: {one.state_text}", hint)
    own = [one for one in app.catalog("dag", "task") if not one.distribution and one.state in FINE]
    if own:
        yield Finding("registry", "ok", f"{count(len(own), 'label')} of the project can be used")


def _stale_installs() -> Iterator[Finding]:
    from gluepy.plugin.editables import find_stale_editables

    for one in find_stale_editables():
        yield Finding("registry", "warn", one.message, one.hint)
