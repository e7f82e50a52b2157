"""``gluepy startplugin``: a distribution with hooks or pipelines, and with tests that pass."""

from __future__ import annotations

import os
from typing import Literal

import click

from gluepy import VERSION
from gluepy.commands._names import check_plugin_name, class_name
from gluepy.commands._scaffold import create_folder, render, report
from gluepy.exceptions import TargetExistsError

__all__ = ["command"]

# Where each file goes, and its template; PACKAGE stands for the import package.
_COMMON = {
    "pyproject.toml": "plugin/pyproject_{kind}.toml",
    "src/PACKAGE/__init__.py": "plugin/init.py",
}
_FILES = {
    "hooks": {
        **_COMMON,
        "src/PACKAGE/hooks.py": "plugin/hooks.py",
        "src/PACKAGE/py.typed": "plugin/py.typed",
        "tests/test_hooks.py": "plugin/test_hooks.py",
    },
    "pipelines": {
        **_COMMON,
        "src/PACKAGE/tasks.py": "plugin/tasks.py",
        "src/PACKAGE/dags.py": "plugin/dags.py",
        "src/PACKAGE/py.typed": "plugin/py.typed",
        "tests/test_pipelines.py": "plugin/test_pipelines.py",
    },
}
_LAST = {"README.md": "plugin/README_{kind}.md", "LICENSE": "plugin/LICENSE"}

_THEN = {"hooks": "gluepy hooks", "pipelines": "gluepy list"}


@click.command("startplugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(_FILES)),
    default="hooks",
    show_default=True,
    help="Hooks that watch runs, or pipelines to install.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be created, and create nothing.")
def command(*, name: str, kind: Literal["hooks", "pipelines"], dry_run: bool) -> None:
    """Create a distribution NAME in a new folder.

    What it holds works at once: install it, and its tests pass.
    """
    package = check_plugin_name(name)
    target = os.path.join(os.getcwd(), name)
    if os.path.lexists(target):
        raise TargetExistsError(target)
    sources = _sources(name, package, kind)
    if not dry_run:
        create_folder(target, sources)
    then = f"cd {name} && pip install -e . && {_THEN[kind]} && pytest"
    report(name, sources, then=then, dry_run=dry_run)


def _sources(name: str, package: str, kind: str) -> dict[str, str]:
    label = package.removeprefix("gluepy_").replace("_", "-")
    return {
        path.replace("PACKAGE", package): render(
            template.format(kind=kind),
            name=name,
            package=package,
            label=label,
            class_name=class_name(label.replace("-", "_")),
            version=VERSION,
        )
        for path, template in {**_FILES[kind], **_LAST}.items()
    }
