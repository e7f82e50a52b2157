"""Real schedulers and workers, each a process of its own, on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gluepy.testing.commands import Command, Commands, Done, wait_until
from gluepy.testing.distributions import write_distribution

LOOPBACK = "127.0.0.1"

# Without an address the server that would have the dashboard listens everywhere.
_UNSEEN = ("--no-dashboard", "--dashboard-address", f"{LOOPBACK}:0")


class Cluster:
    """A scheduler, and its workers with nannies, as one would start them by hand.

    Args:
        folder: Where their logs go, with what tasks print.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = find_port()
        self.address = f"tcp://{LOOPBACK}:{self.port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_scheduler(self, env: Mapping[str, str] | None = None) -> None:
        words = ["scheduler", "--host", LOOPBACK, "--port", str(self.port), *_UNSEEN]
        # It ends by itself if the tests were killed, and its workers with it.
        self._start("scheduler", [*words, "--no-show", "--idle-timeout", "300 s"], env)
        wait_until(lambda: "Scheduler at:" in self.log("scheduler"), "the scheduler")

    def start_worker(self, name: str, *options: str, env: Mapping[str, str] | None = None) -> None:
        """Start a worker with one thread, and wait until the scheduler knows it."""
        words = ["worker", self.address, "--nthreads", "1", "--memory-limit", "0", *_UNSEEN]
        words += ["--host", LOOPBACK, "--local-directory", str(self.folder / "scratch")]
        words += ["--death-timeout", "60"]
        self._start(name, [*words, "--name", name, *options], env)
        wait_until(lambda: "Registered to:" in self.log(name), f"the worker {name}")

    def _start(self, name: str, words: list[str], env: Mapping[str, str] | None) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {}), "PYTHONUNBUFFERED": "1"},
                cwd=self.folder,
                start_new_session=True,
            )

    def log(self, name: str) -> str:
        """Return what a process, and the tasks in it, have printed so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        """Kill a process, and all that it has started."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """Kill all."""
        for name in list(self._processes):
            self.kill(name)


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def standing_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with two workers, for all tests that leave it whole."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start_scheduler()
        cluster.start_worker("one")
        cluster.start_worker("two")
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that is not started yet, and that a test may break."""
    one = Cluster(tmp_path / "cluster")
    yield one
    one.close()


# -- pipelines -------------------------------------------------------------------------------------

_TASKS = """
import os, time
from gluepy import DAG, Task
from gluepy.conf import default_context
from gluepy.files.storages import default_storage


def note(*words):
    file = os.open(os.environ.get("NOTES", "@NOTES@"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, (" ".join(map(str, words)) + chr(10)).encode())
    os.close(file)


class Load(Task):
    label = "load"
    def run(self):
        note("load", os.getpid())
        default_storage.touch(f"{default_context.gluepy.run_folder}/loaded", "all of it")


class Train(Task):
    label = "train"
    partitions = ["AA", "BB"]
    def run(self):
        note("train", self.partition, os.getpid())
        for _ in range(3000):
            if os.path.exists("@NOTES@.go-on"):
                return
            note("beat", self.partition)
            time.sleep(0.02)
        raise TimeoutError


class Report(Task):
    label = "report"
    def run(self):
        note("report", os.getpid())


class Training(DAG):
    label = "training"
    tasks = [Load, Train, Report]


class Loading(DAG):
    label = "loading"
    tasks = [Load]
"""


class Pipelines:
    """A distribution with two DAGs, the folder in which they run, and what their tasks note.

    The distribution lies in a folder of its own, which is on the path of those who are told so.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "work"
        self.site = root / "site"
        self.folder.mkdir()
        self.notes_file = root / "notes"
        name = f"acme_{uuid.uuid4().hex}"  # a worker that lives on would take one for the other
        write_distribution(
            self.site,
            "acme-pipelines",
            entry_points={
                "gluepy.dags": {"training": f"{name}:Training", "loading": f"{name}:Loading"}
            },
            modules={name: _TASKS.replace("@NOTES@", str(self.notes_file))},
        )
        self.env = {"GLUEPY_DASK_TIMEOUT_S": "10", "PYTHONPATH": str(self.site)}
        self._commands = Commands(self.folder)

    def start(self, *words: str, **env: str) -> Command:
        """Start ``gluepy`` and return while it runs."""
        return self._commands.start(*words, **{**self.env, **env})

    def dag(self, label: str, *words: str, **env: str) -> Done:
        """Run a DAG on Dask and return how that ended."""
        return self.start("dag", label, "--executor", "dask", *words, **env).wait()

    def close(self) -> None:
        self._commands.close()

    def notes(self, word: str) -> list[list[str]]:
        """Return what tasks noted, in order, of one kind."""
        text = self.notes_file.read_text() if self.notes_file.exists() else ""
        return [words for line in text.splitlines() if (words := line.split())[0] == word]

    def go_on(self) -> None:
        """Let tasks end that wait for it."""
        Path(f"{self.notes_file}.go-on").touch()

    def ends(self) -> dict[str, list[str]]:
        """Return the outcomes of all attempts, by step, as the journal of the only run has them."""
        (journal,) = self.folder.glob("data/runs/*/*/*/*/journal.jsonl")
        found: dict[str, list[str]] = {}
        for line in journal.read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "ended":
                found.setdefault(event["step"], []).append(event["outcome"])
        return found


@pytest.fixture
def pipelines(tmp_path: Path) -> Iterator[Pipelines]:
    one = Pipelines(tmp_path)
    yield one
    one.close()
