"""The command as users type it, in processes of its own.

For tests of plugins that bring commands, executors or pages::

    commands = Commands(tmp_path)
    done = commands.run("dag", "training", "--executor", "slurm")
    assert done.code == 0, done.err

What still runs at the end of a test is killed by `Commands.close`, with all that it has started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

__all__ = ["PATIENCE_S", "Command", "Commands", "Done", "wait_until"]

#: Everything is over long before this, in seconds; only what hangs reaches it.
PATIENCE_S = 60.0


class Done(NamedTuple):
    """How a command ended.

    Attributes:
        code: What it exited with; negative for the signal that killed it.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    code: int
    out: str
    err: str


class Command:
    """A command that runs, in a session of its own.

    Args:
        process: The process, with pipes for what it prints.

    Attributes:
        process: The same.
        pid: Its number.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pid = process.pid

    def wait(self) -> Done:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: After `PATIENCE_S`.
        """
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Done(self.process.returncode, out, err)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, as a shell would."""
        self.process.send_signal(number)

    def processes(self) -> list[int]:
        """Return what runs of it and of all that it has started, the oldest first; on Linux."""
        return [pid for pid in _pids() if _session_of(pid) == self.pid]

    def close(self, *, grace_s: float = 0.0) -> None:
        """Kill what is left of it.

        Args:
            grace_s: How long it has to end by itself, asked by SIGTERM; 0 for not to ask.
        """
        if grace_s:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        wait_until(self._is_killed, "the end of all processes")
        self.process.kill()
        self.process.communicate()

    def _is_killed(self) -> bool:
        """Kill what is left, and return whether that was nothing."""
        left = self.processes()
        for pid in reversed(left):  # before its parent, whose end would tell it to stop in order
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left


class Commands:
    """A folder in which ``gluepy`` is typed.

    Python writes no bytecode there: a module that a test has written anew is read anew.

    Args:
        folder: Where; it is there.
        env: The environment variables of the commands; those of this process if it is None.
    """

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._env = dict(os.environ if env is None else env)
        self._started: list[Command] = []

    def start(self, *words: str, **env: str) -> Command:
        """Type a command and return while it runs.

        Args:
            *words: Those behind ``gluepy``.
            **env: More environment variables.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "gluepy", *words],
            cwd=self.folder,
            env={"PYTHONDONTWRITEBYTECODE": "1", **self._env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(Command(process))
        return self._started[-1]

    def run(self, *words: str, **env: str) -> Done:
        """Type a command, wait for its end, and return how it ended; as `start`."""
        return self.start(*words, **env).wait()

    def close(self, *, grace_s: float = 0.0) -> None:
        """End all commands; as `Command.close`."""
        for command in self._started:
            command.close(grace_s=grace_s)


def wait_until(condition: Callable[[], object], what: str, *, within_s: float = PATIENCE_S) -> None:
    """Wait until something is so; if it never is, the test fails.

    Args:
        condition: Says whether it is.
        what: Stands in the message.
        within_s: How long to wait, in seconds.
    """
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {within_s:g} s for {what}")
        time.sleep(0.01)


def _pids() -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    return []


def _session_of(pid: int) -> int:
    """Return the session of a process; 0 if it has ended, also where nobody has asked how."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    state, _, _, session = text.rpartition(") ")[2].split()[:4]
    return 0 if state in "ZX" else int(session)
