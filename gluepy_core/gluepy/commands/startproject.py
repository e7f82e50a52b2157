"""``gluepy startproject``: a folder with settings, parameters and a ``manage.py``."""

from __future__ import annotations

import os

import click

from gluepy.commands._names import check_project_name
from gluepy.commands._scaffold import create_folder, render, report
from gluepy.exceptions import TargetExistsError

__all__ = ["command"]

# Where each file goes, and its template.
_FILES = {
    "gluepy.toml": "project/gluepy.toml",
    "manage.py": "project/manage.py",
    "configs/__init__.py": "project/configs_init.py",
    "configs/settings.py": "project/settings.py",
    "configs/context/default.yaml": "project/default.yaml",
    "README.md": "project/README.md",
    ".gitignore": "project/gitignore",
}


@click.command("startproject")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show what would be created, and create nothing.")
def command(*, name: str, dry_run: bool) -> None:
    """Create a project in a new folder NAME."""
    check_project_name(name)
    sources = {path: render(template, name=name) for path, template in _FILES.items()}
    target = os.path.join(os.getcwd(), name)
    if os.path.lexists(target):
        raise TargetExistsError(target)
    if not dry_run:
        create_folder(target, sources)
    then = f"cd {name} && gluepy startmodule MODULE && gluepy list"
    report(name, sources, then=then, dry_run=dry_run)
