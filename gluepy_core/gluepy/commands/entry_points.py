"""``gluepy entry-points``: the tables of a ``pyproject.toml`` that publish a module's pipelines."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from gluepy.commands._output import format_option, note, print_json, print_result
from gluepy.exceptions import (
    CommandError,
    GluepyError,
    InvalidLabelError,
    ModuleImportError,
    UnknownModuleError,
)
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.registry import Registration, Registry
from gluepy.plugin._aside import output_aside
from gluepy.utils.errors import reason_of

__all__ = ["command", "find_entry_points", "render_toml"]

#: Submodules that are imported beside the module itself, as those of INSTALLED_MODULES are.
_SUBMODULES = ("tasks", "dags")

_REGISTRIES: dict[str, Registry[Any]] = {
    "gluepy.dags": DAG_REGISTRY,
    "gluepy.tasks": TASK_REGISTRY,
}


@click.command("entry-points")
@click.argument("module")
@format_option("toml", "json")
def command(*, module: str, form: str) -> None:
    """Print the entry points that publish the DAGs and tasks of MODULE.

    Paste them into the pyproject.toml of its package and install that again.
    """
    _look_here_too()
    groups = find_entry_points(module)
    if not any(groups.values()):
        raise CommandError(
            f"module {module!r} defines no DAG and no task",
            hint=f"They are looked for in {module}, {module}.tasks and {module}.dags.",
        )
    if form == "json":
        print_json("gluepy.entry-points/1", {"module": module, "groups": groups})
    else:
        print_result(render_toml(groups).rstrip("\n"))


def find_entry_points(module: str) -> dict[str, dict[str, str]]:
    """Import a module and return the entry points of its classes, by group and label.

    Raises:
        UnknownModuleError: If there is no such module.
        ModuleImportError: If it cannot be imported.
        InvalidLabelError: If a label cannot be the name of an entry point.
    """
    if not all(word.isidentifier() for word in module.split(".")):
        raise UnknownModuleError(module)
    with _guarded(module):
        package = import_module(module)
        for name in _SUBMODULES if hasattr(package, "__path__") else ():
            if find_spec(f"{module}.{name}") is not None:
                import_module(f"{module}.{name}")
    return {
        group: dict(sorted(_entry_points(module, registry.registrations())))
        for group, registry in _REGISTRIES.items()
    }


def render_toml(groups: dict[str, dict[str, str]]) -> str:
    """Return the tables of a ``pyproject.toml``, without those that would be empty.

    Raises:
        ValueError: If what was written does not read back as the same.
    """
    import tomllib

    import toml

    tables = {group: entries for group, entries in groups.items() if entries}
    text = "\n".join(
        f'[project.entry-points."{group}"]\n{toml.dumps(entries)}'
        for group, entries in tables.items()
    )
    if tomllib.loads(text) != {"project": {"entry-points": tables}}:
        raise ValueError(f"TOML does not read back as it was written: {text!r}")
    return text


def _entry_points(module: str, entries: Iterable[Registration]) -> Iterator[tuple[str, str]]:
    """Return label and target of each class that is defined in ``module`` or below it."""
    for entry in entries:
        cls = entry.cls
        if cls is None or not f"{cls.__module__}.".startswith(f"{module}."):
            continue
        if not _is_found(cls):
            note(f"Left out: {entry.label!r}, whose class {entry.target} cannot be reached by name")
            continue
        yield _checked(entry.label, entry.target), entry.target


def _is_found(cls: type) -> bool:
    """Whether ``module:qualname`` leads to the class: not so for one defined in a function."""
    found: object = sys.modules[cls.__module__]
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls


def _checked(label: str, target: str) -> str:
    """Return a label that can stand in ``entry_points.txt`` before the equals sign."""
    if "=" in label:
        reason = "has an equals sign, which the name of an entry point cannot have"
        raise InvalidLabelError(target, label, reason)
    if label != label.strip() or label[0] in "#;":
        reason = "begins or ends with a sign that the name of an entry point cannot have there"
        raise InvalidLabelError(target, label, reason)
    return label


@contextlib.contextmanager
def _guarded(module: str) -> Iterator[None]:
    """Say in one sentence why a module cannot be imported, and keep its prints off the result."""
    try:
        with output_aside():
            yield
    except (GluepyError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if _is_missing(module, error):
            raise UnknownModuleError(module) from error
        location = _location(module, error)
        raise ModuleImportError(module, reason_of(error), location=location) from error


def _is_missing(module: str, error: BaseException) -> bool:
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return name is not None and f"{module}.".startswith(f"{name}.")


def _location(module: str, error: BaseException) -> str:
    """Return file and line of the author's own code where the error arose."""
    from gluepy.engine.frames import extract_frames

    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    own = [frame for frame in extract_frames(error, home=module) if frame.origin == "user"]
    return f"{own[-1].file}:{own[-1].line}" if own else ""


def _look_here_too() -> None:
    """Find a package in the current folder, or in its ``src``, that is not installed yet."""
    here = os.getcwd()
    sys.path += [folder for folder in (here, os.path.join(here, "src")) if folder not in sys.path]
