"""What tests of commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gluepy.app import App, get_app, set_app
from gluepy.commands import cli
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY

Invoke = Callable[..., Result]
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, with an app and an import path of the test's own."""
    before = get_app()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLUEPY_SETTINGS_MODULE", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    set_app(App())
    yield tmp_path
    set_app(before)


@pytest.fixture
def invoke(folder: Path) -> Invoke:
    """Run a command in ``folder``; what it raises is raised here."""

    def run(command: click.Command, *arguments: str) -> Result:
        set_app(App())
        return CliRunner().invoke(command, arguments, catch_exceptions=False)

    return run


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the whole command line in an empty folder, and forget it all afterwards."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    monkeypatch.syspath_prepend(site)
    commands, modules = dict(cli.commands), set(sys.modules)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, prog_name="gluepy")

    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        DAG_REGISTRY.clear()
        TASK_REGISTRY.clear()
        yield invoke
    cli.commands = commands
    for name in set(sys.modules) - modules:
        if not name.startswith("gluepy"):
            del sys.modules[name]
