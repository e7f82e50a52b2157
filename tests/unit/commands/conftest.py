"""What tests of commands share."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
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
    # What one test has imported is not known to another.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.with_name(f"{tmp_path.name}-cache")))
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


@pytest.fixture
def on_terminal(folder: Path) -> Callable[..., str]:
    """Run the whole command line in a process of its own, on a terminal; return what it prints."""

    def invoke(columns: int, *arguments: str, answer: str = "") -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environ = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
        process = subprocess.Popen(
            [sys.executable, "-m", "gluepy", "--color", "never", *arguments],
            cwd=folder,
            env={**environ, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        os.write(ours, answer.encode())
        printed = b""
        try:
            while piece := os.read(ours, 4096):
                printed += piece
        except OSError:  # the other side is closed
            pass
        os.close(ours)
        process.wait(timeout=60)
        return printed.decode().replace("\r\n", "\n")

    return invoke
