"""Completion in the real shells: what stands on the command line after the key Tab.

bash is everywhere. Where zsh or fish is missing, its tests are skipped and say so; CI installs
both. What PowerShell is answered is tested in ``tests/unit/commands/test_shells.py``.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

DAGS = """\
from gluepy import DAG, Task

class Load(Task):
    label = "load"
    def run(self): ...

class Fit(Task):
    label = "fit"
    def run(self): ...

class Training(DAG):
    label = "training"
    tasks = [Load, Fit]
"""

#: What is typed before Tab, and what has to stand there then.
LINES = {
    "gluepy dag tr": "gluepy dag training",
    "gluepy dag acme-pipes:tr": "gluepy dag acme-pipes:training",
    "gluepy dag training --from-task l": "gluepy dag training --from-task load",
    "gluepy dag training --from-task=l": "gluepy dag training --from-task=load",
    "gluepy runs show @last-f": "gluepy runs show @last-failed",
    "gluepy settings exec": "gluepy settings executor",
    "gluepy che": "gluepy check",
}

DEADLINE_S = 60


@pytest.fixture
def acme(sandbox: Sandbox) -> Sandbox:
    """A folder where a package is installed whose DAG has run."""
    sandbox.install(
        "acme-pipes",
        entry_points={"gluepy.dags": {"training": "acme_pipes:Training"}},
        modules={"acme_pipes": DAGS},
    )
    assert sandbox.gluepy("dag", "training").code == 0
    return sandbox


class Terminal:
    """A shell at a terminal: what it writes is read until something stands there."""

    def __init__(self, sandbox: Sandbox, *command: str) -> None:
        self._ours, theirs = os.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=sandbox.folder,
            env={**sandbox.env, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, pattern: str) -> str:
        """Read until a pattern is found, and return its first group."""
        output, end = "", time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            found = re.search(pattern, output)
            if found:
                return found[1]
            if select.select([self._ours], [], [], 0.1)[0]:
                output += os.read(self._ours, 65536).decode("utf-8", "replace")
        raise AssertionError(f"{pattern!r} is not in {output!r}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


def missing(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@contextlib.contextmanager
def terminal(sandbox: Sandbox, shell: str) -> Iterator[Terminal]:
    """Start a shell that has the completion of Gluepy, and is ready."""
    script = Path(sandbox.gluepy("completion", shell, "--install").out.strip())
    start = {
        "bash": (["--norc", "--noprofile", "-i"], f"source '{script}'"),
        "zsh": (
            ["-f", "-i"],
            f"fpath+=('{script.parent}'); autoload -Uz compinit; compinit -u",
        ),
    }
    options, preparation = start[shell]
    at = Terminal(sandbox, shell, *options)
    try:
        at.type(f"{preparation}; echo re''ady\n")
        at.wait_for("(ready)\r?\n")
        yield at
    finally:
        at.close()


@pytest.mark.parametrize("shell", ["bash", pytest.param("zsh", marks=missing("zsh"))])
def test_tab_completes_what_was_begun(shell: str, acme: Sandbox) -> None:
    with terminal(acme, shell) as at:
        for begun, whole in LINES.items():
            at.type(f"{begun}\t")
            at.wait_for(f"({re.escape(whole.removeprefix(begun))})")
            at.type("\x01echo 'RES''ULT' \x05\n")

            assert at.wait_for(r"RESULT ([^\r\n]*?) *\r?\n") == whole


def test_bash_shows_what_there_is_to_choose_from(acme: Sandbox) -> None:
    with terminal(acme, "bash") as at:
        at.type("gluepy dag training --task=\t\t")

        at.wait_for(r"(load +fit)")


@missing("zsh")
def test_zsh_shows_descriptions(acme: Sandbox) -> None:
    with terminal(acme, "zsh") as at:
        at.type("gluepy dag training --task \t\t")

        assert at.wait_for(r"(load +-- \w+)").split() == ["load", "--", "first"]


@missing("fish")
@pytest.mark.parametrize("line", LINES)
def test_fish_offers_with_descriptions(line: str, acme: Sandbox) -> None:
    assert acme.gluepy("completion", "fish", "--install").code == 0

    done = acme.execute("fish", "--command", f"complete --do-complete '{line}'")

    (offer,) = done.out.splitlines()
    value, _, description = offer.partition("\t")
    assert f"{line.rpartition(' ')[0]} {value}" == LINES[line]
    assert description


def test_bash_finds_the_script_where_it_was_installed(acme: Sandbox) -> None:
    path = Path(acme.gluepy("completion", "bash", "--install").out.strip())

    done = acme.execute("bash", "--norc", "-c", f"source '{path}'; complete -p gluepy")

    assert done.out == "complete -o nosort -F _gluepy_completion gluepy\n"
