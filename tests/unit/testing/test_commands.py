"""The command in processes of its own, as tests type it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gluepy.testing.commands import Commands, wait_until

PIPELINES = """
import os, subprocess, sys, time
from gluepy import DAG, Task


class Wait(Task):
    label = "wait"

    def run(self):
        program = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        open("child", "w").write(str(child.pid))
        try:
            time.sleep(60)
        finally:
            open("left", "w").close()


class Waiting(DAG):
    label = "waiting"
    tasks = [Wait]
"""


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["pipelines"]\n')
    (tmp_path / "pipelines.py").write_text(PIPELINES)
    one = Commands(tmp_path)
    yield one
    one.close()


def wait_for_child(commands: Commands) -> int:
    file = commands.folder / "child"
    wait_until(lambda: file.exists() and file.read_text(), "the child")
    return int(file.read_text())


def test_command_that_has_ended_is_its_code_and_what_it_printed(commands: Commands) -> None:
    assert commands.run("list", "--dags", "--format", "names") == (0, "waiting\n", "")


def test_command_that_fails_says_so(commands: Commands) -> None:
    done = commands.run("dag", "nothing")

    assert done.code == 2
    assert "nothing" in done.err


def test_command_has_the_given_environment_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "pipelines.py").write_text(PIPELINES)
    env = {"GLUEPY_INSTALLED_MODULES": '["pipelines"]'}

    assert Commands(tmp_path).run("list", "--dags", "-f", "names", **env).out == "waiting\n"
    assert Commands(tmp_path, env).run("list", "--dags", "-f", "names").out == "waiting\n"
    assert Commands(tmp_path, {}).run("list", "--dags", "-f", "names").out == ""


def test_module_that_was_written_anew_is_read_anew(commands: Commands) -> None:
    assert commands.run("list", "--dags", "-f", "names").out == "waiting\n"

    (commands.folder / "pipelines.py").write_text(PIPELINES.replace("waiting", "another"))

    assert commands.run("list", "--dags", "-f", "names").out == "another\n"


def test_command_knows_all_its_processes(commands: Commands) -> None:
    command = commands.start("dag", "waiting")

    child = wait_for_child(commands)

    assert {command.pid, child} < set(command.processes())  # the process that runs tasks, too


def test_signal_reaches_the_command(commands: Commands) -> None:
    command = commands.start("dag", "waiting")
    wait_for_child(commands)

    command.send(signal.SIGTERM)

    assert command.wait().code == 128 + signal.SIGTERM


def test_closing_kills_what_a_command_has_started(commands: Commands) -> None:
    command = commands.start("dag", "waiting")
    wait_for_child(commands)

    commands.close()

    assert command.processes() == []
    assert not (commands.folder / "left").exists()


def test_closing_with_grace_lets_a_command_end_by_itself(commands: Commands) -> None:
    command = commands.start("dag", "waiting")
    wait_for_child(commands)

    commands.close(grace_s=30)

    assert command.process.returncode == 128 + signal.SIGTERM
    assert (commands.folder / "left").exists()


def test_waiting_in_vain_fails_and_says_for_what() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"waited 0\.02 s for better times"):
        wait_until(lambda: False, "better times", within_s=0.02)
