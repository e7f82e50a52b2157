"""Following a page as its reader would: its files are written, its commands typed.

What a page may hold:

- a block of code whose first line names a file, ``# acme/dags.py``: the file is written, whole;
- a block ``console``: each line after ``$`` is typed into a shell, in the folder where the page has
  gone so far, and has to print what the page shows below it. ``...`` stands for anything. A
  command has to succeed, unless the page shows that it fails. ``$ echo $?`` tells how.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^(`{3,}|:{3,})(\S+)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+\.\w+|\S*/\S+)\n")
_TIMEOUT_S = 240


class Block(NamedTuple):
    """A block of code of a page."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str:
        """The file that it is the content of; empty if it is none."""
        named = _FILE.match(self.text)
        return named[1] if named else ""


class Command(NamedTuple):
    """A command with what the page shows below it."""

    text: str
    output: str


class Reader:
    """Does what a page says, in a folder and an environment of its own."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = self._top = folder
        self._environ = {
            name: value for name, value in os.environ.items() if not name.startswith("GLUEPY_")
        } | {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "NO_COLOR": "1",
            "COLUMNS": "80",
            "TERM": "xterm",
        }
        self._environ.pop("CI", None)
        self._code = 0

    def follow(self, page: Path) -> None:
        """Do everything that a page says, from top to bottom."""
        for block in blocks(page):
            if block.file:
                self._write(block)
            elif block.language == "console":
                for command in commands(block):
                    self._type(command, f"{page.name}:{block.line}")

    def _write(self, block: Block) -> None:
        file = self.folder / block.file
        assert file.resolve().is_relative_to(self._top)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, "utf-8")

    def _type(self, command: Command, where: str) -> None:
        self._code, output = self._run(command.text)
        shown = f"{where}: $ {command.text}\n{output}"
        if command.output:
            assert matches(command.output, output), f"{shown}\nexpected:\n{command.output}"
        is_told = "Error: " in command.output or "FAILED" in command.output
        assert self._code == 0 or is_told, f"{shown}\nexit code {self._code}"

    def _run(self, text: str) -> tuple[int, str]:
        """Type a line into a terminal; return the exit code, and what stands there afterwards."""
        here = self.folder.with_name(f"{self.folder.name}.cwd")
        # A shell per command: "$?" and the folder are handed on to the next.
        script = f"(exit {self._code})\n{text}\ncode=$?\npwd > '{here}'\nexit $code"
        ours, terminal = os.openpty()
        with subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
        ) as process:
            os.close(terminal)
            try:
                output = b"".join(_read(ours, time.monotonic() + _TIMEOUT_S))
            finally:
                os.close(ours)
                process.kill()
        self.folder = Path(here.read_text("utf-8").rstrip("\n"))
        return process.returncode, seen(output.decode())


def _read(descriptor: int, deadline: float) -> Iterator[bytes]:
    """Iterate over what is written to a terminal, until nobody has it open any more."""
    while select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # how Linux tells the end
            return
        if not chunk:
            return
        yield chunk
    raise TimeoutError


def seen(output: str) -> str:
    """Return what stands on a terminal in the end: without lines that were wiped or drawn over."""
    lines = output.replace("\r\n", "\n").split("\n")
    return "\n".join(
        re.sub(r"^.*\r(?:\x1b\[K)?|\x1b\[\??[0-9;]*[A-Za-z]", "", line) for line in lines
    )


def blocks(page: Path) -> Iterator[Block]:
    """Iterate over the blocks of code of a page."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        yield Block(found[2].strip("{}"), found[3], text.count("\n", 0, found.start()) + 1)


def commands(block: Block) -> Iterator[Command]:
    """Iterate over the commands of a block ``console``."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.split("\n")
        end = next(place for place, line in enumerate(lines) if not line.endswith("\\"))
        yield Command("\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :]).strip("\n"))


def matches(pattern: str, output: str) -> bool:
    """Return whether an output is what a page shows, but for ``...`` and spaces at line ends."""
    expression = ".*?".join(map(re.escape, _without_trailing_spaces(pattern).split("...")))
    return bool(re.fullmatch(expression, _without_trailing_spaces(output), re.DOTALL))


def _without_trailing_spaces(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the virtual environment that all pages share; return its folder of commands."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = folder / "bin" / "pip"
    subprocess.run(
        [pip, "install", "--quiet", "--editable", f"{ROOT}[pandas]", "pytest"], check=True
    )
    return folder / "bin"


@pytest.fixture
def read_page(environment: Path, tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Follow a page in an empty folder; what it has installed is uninstalled at the end."""
    before = _installed(environment)
    folder = tmp_path / "reader"
    folder.mkdir()
    yield Reader(folder, environment).follow
    added = _installed(environment) - before
    if added:
        subprocess.run(
            [environment / "pip", "uninstall", "--quiet", "--yes", *sorted(added)], check=True
        )


def _installed(environment: Path) -> set[str]:
    """Return the names of what is installed; quicker than ``pip list``."""
    folders = environment.parent.glob("lib/python*/site-packages/*.dist-info")
    return {folder.name.partition("-")[0] for folder in folders}


@pytest.fixture(scope="session")
def python_of() -> Callable[[Path], list[str]]:
    """Return what finds the Python code of a page."""
    return lambda page: [block.text for block in blocks(page) if block.language == "python"]
