"""What the parts of the conformance suite of executors share, and an heir may define."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gluepy.testing._executor_project import HOOKS, TASKS
from gluepy.testing.commands import Command, Commands, Done

__all__ = ["Bench", "ExecutorTests"]


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
        self._commands = Commands(folder, env)
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
        by = executor or self._executor
        return self._commands.start("dag", dag, "--executor", by, "-j", "2", *words)

    def run(self, dag: str, *words: str, executor: str = "") -> Done:
        """Run ``gluepy dag`` and return how it ended."""
        return self.start(dag, *words, executor=executor).wait()

    def close(self) -> None:
        """End all commands."""
        self._commands.close()

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
        env = {**kept, "GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "1", **surroundings}
        bench = Bench(tmp_path / "project", self.executor, self.settings, env)
        yield bench
        bench.close()
