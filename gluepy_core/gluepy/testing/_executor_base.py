"""What the parts of the conformance suite of executors share, and an heir may define."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from gluepy.testing._executor_project import HOOKS, TASKS

__all__ = ["Bench", "Done", "ExecutorTests", "wait_until"]

#: Everything is over long before this, in seconds; only what hangs reaches it.
PATIENCE_S = 60.0


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Command:
    """A command that runs, in a session of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def wait(self) -> Done:
        """Wait for its end."""
        out, err = self._process.communicate(timeout=PATIENCE_S)
        return Done(self._process.returncode, out, err)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, as a shell would."""
        self._process.send_signal(number)

    def processes(self) -> list[int]:
        """Return what runs of it, and of all that it has started, on Linux."""
        return [pid for pid in _pids() if _session_of(pid) == self.pid]

    def clean_up(self) -> None:
        """Kill what is left of it."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()


class Bench:
    """A project in a folder of its own, and what its tasks and hooks have noted.

    Args:
        folder: Of the project.
        executor: Carries the steps out.
        settings: More settings of the project.
        env: All environment variables of the commands.
    """

    def __init__(
        self, folder: Path, executor: str, settings: Mapping[str, object], env: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self._executor = executor
        self._env = env
        self._commands: list[Command] = []
        # A worker that lives on from test to test would take one module for the other.
        self.module = f"steps_{uuid.uuid4().hex}"
        folder.mkdir()
        (folder / f"{self.module}.py").write_text(TASKS.replace("@HERE@", repr(str(folder))))
        (folder / f"hooks_{self.module}.py").write_text(HOOKS.replace("steps", self.module))
        lines = {
            "installed_modules": [self.module],
            "hooks": [f"hooks_{self.module}"],
            "favourite": "blue",
            **{name.lower(): value for name, value in settings.items()},
        }
        text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        (folder / "gluepy.toml").write_text(text)

    def start(self, dag: str, *words: str, executor: str = "") -> Command:
        """Start ``gluepy dag`` and return while it runs."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gluepy", "dag", dag),
                *("--executor", executor or self._executor, "-j", "2", *words),
            ],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._commands.append(Command(process))
        return self._commands[-1]

    def run(self, dag: str, *words: str, executor: str = "") -> Done:
        """Run ``gluepy dag`` and return how it ended."""
        return self.start(dag, *words, executor=executor).wait()

    def clean_up(self) -> None:
        """End all commands."""
        for command in self._commands:
            command.clean_up()

    # -- what can be seen ----------------------------------------------------------------------

    def notes(self, *kinds: str) -> list[list[str]]:
        """Return what was noted, in order, as words: of these kinds, or all."""
        file = self.folder / "notes"
        lines = [line.split(" ") for line in file.read_text().splitlines()] if file.exists() else []
        return [words for words in lines if not kinds or words[0] in kinds]

    def pids(self, label: str) -> list[int]:
        """Return the processes in which a step ran, by attempt."""
        return [int(words[2]) for words in self.notes("run") if words[1] == label]

    @property
    def coordinator(self) -> int:
        """The process that coordinated the last run."""
        return int(self.notes("before_dag")[-1][-1])

    @property
    def run_folder(self) -> Path:
        """The only run folder."""
        (folder,) = {path.parent for path in self.folder.glob("data/runs/*/*/*/*/run.json")}
        return folder

    def journal(self, event: str) -> list[dict[str, Any]]:
        """Return the events of a kind in the journal of the only run."""
        lines = (self.run_folder / "journal.jsonl").read_text().splitlines()
        return [one for one in map(json.loads, lines) if one["event"] == event]

    def ends(self) -> dict[str, list[str]]:
        """Return the outcomes of all attempts, by step, as the journal has them."""
        found: dict[str, list[str]] = {}
        for event in self.journal("ended"):
            found.setdefault(event["step"], []).append(event["outcome"])
        return found

    def errors(self) -> dict[str, str]:
        """Return the last error of each step, as the journal has it."""
        return {event["step"]: event.get("error", "") for event in self.journal("ended")}

    def allow(self, name: str) -> None:
        """Let tasks go on that wait for this, or that fail without it."""
        (self.folder / name).touch()


class ExecutorTests:
    """Tests of an executor."""

    executor: ClassVar[str] = ""
    settings: ClassVar[Mapping[str, object]] = {}
    is_in_process: ClassVar[bool] = False
    is_parallel: ClassVar[bool] = True
    can_kill: ClassVar[bool] = True
    can_interrupt: ClassVar[bool] = True

    @pytest.fixture
    def surroundings(self) -> Any:
        """Give more environment variables; it may ``yield`` them and clean up."""
        return {}

    def output_of(self, done: Done) -> str:
        """Return what the tasks of a command have printed."""
        return done.out

    @pytest.fixture
    def bench(self, tmp_path: Path, surroundings: Mapping[str, str]) -> Iterator[Bench]:
        """Give a project whose steps the executor carries out."""
        assert self.executor, f"{type(self).__name__} needs an attribute 'executor'"
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GLUEPY_")}
        env = {**kept, "GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        folder = tmp_path / "project"
        bench = Bench(folder, self.executor, self.settings, {**env, **surroundings})
        yield bench
        bench.clean_up()


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE_S:g} s for {what}")
        time.sleep(0.01)


def _pids() -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def _session_of(pid: int) -> int:
    """Return the session of a process; 0 if it has ended, also where nobody has asked how."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    state, _, _, session = text.rpartition(") ")[2].split()[:4]
    return 0 if state in "ZX" else int(session)
