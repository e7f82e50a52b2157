"""``gluepy startmodule``: a package with a DAG and a task, made known to the project."""

from __future__ import annotations

import os
import shutil

import click

from gluepy.app import get_app
from gluepy.commands._installed_modules import listed_modules, with_module
from gluepy.commands._names import check_module_name, class_name
from gluepy.commands._output import note
from gluepy.commands._scaffold import create_folder, render, replace_file, report
from gluepy.conf.project import Project
from gluepy.exceptions import NoProjectError, TargetExistsError

__all__ = ["command"]

_FILES = ("__init__.py", "tasks.py", "dags.py")


@click.command("startmodule")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show what would be created, and create nothing.")
def command(*, name: str, dry_run: bool) -> None:
    """Create a module NAME in this project, with a DAG and a task.

    It is added to INSTALLED_MODULES where the settings module lists them plainly; else the line to
    add is printed.
    """
    project = get_app().project
    if project is None:
        raise NoProjectError(os.getcwd())
    target = os.path.join(project.root, name)
    if os.path.lexists(target):
        raise TargetExistsError(target)
    check_module_name(name)
    label = name.replace("_", "-")
    sources = {
        path: render(f"module/{path}", name=name, label=label, class_name=class_name(name))
        for path in _FILES
    }
    settings = _settings_file(project)
    content = _with_module(settings, name)
    if not dry_run:
        _create(target, sources, settings, content)
    _tell_about_settings(project, settings, content, name, dry_run=dry_run)
    folder = os.path.relpath(target)
    report(folder, sources, then=f"gluepy list && gluepy dag {label}", dry_run=dry_run)


def _create(target: str, sources: dict[str, str], settings: str, content: bytes | None) -> None:
    """Write the module, then the settings; both or none."""
    create_folder(target, sources)
    if content is None:
        return
    try:
        replace_file(settings, content)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _settings_file(project: Project) -> str:
    """Return the file of the settings module; empty when the project has none of its own."""
    if not project.settings_module:
        return ""
    stem = os.path.join(project.root, *project.settings_module.split("."))
    for path in (f"{stem}.py", os.path.join(stem, "__init__.py")):
        if os.path.isfile(path):
            return path
    return ""


def _with_module(settings: str, name: str) -> bytes | None:
    """Return the new content of the settings file; None when a person has to change it."""
    if not settings:
        return None
    with open(settings, "rb") as file:
        content = file.read()
    return content if name in (listed_modules(content) or ()) else with_module(content, name)


def _tell_about_settings(
    project: Project, settings: str, content: bytes | None, name: str, *, dry_run: bool
) -> None:
    if content is not None:
        did = "Would add" if dry_run else "Added"
        note(f"{did} {name!r} to INSTALLED_MODULES in {os.path.relpath(settings)}")
    elif settings:
        note(f"To do: add {name!r} to INSTALLED_MODULES in {os.path.relpath(settings)}")
    else:
        marker = os.path.relpath(os.path.join(project.root, project.marker))
        note(f'To do: add "{name}" to the list installed_modules in {marker}')
