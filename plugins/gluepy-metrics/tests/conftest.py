"""Records as the core makes them, throw-away projects, and the real servers of Prometheus."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gluepy import RunInfo, RunReport, SettingsInfo, TaskInfo, TaskOutcome
from gluepy.exec.records import Outcome, RunStatus
from gluepy_metrics import MetricsPlugin

MOMENT = datetime(2026, 11, 22, 10, 40, 12, 500000, tzinfo=UTC)
STARTED_AT = MOMENT.timestamp()

#: Without proxies: everything here is on loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def run() -> RunInfo:
    return RunInfo(
        run_id="0b5e",
        dag="training",
        folder="runs/2026/11/22/0b5e",
        location="/data/runs/2026/11/22/0b5e",
        steps=("load", "train"),
        started_at=MOMENT,
        host="forge",
        pid=7,
    )


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is pushed here goes to loopback, whatever the machine is set up for."""
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@dataclass
class Player:
    """Calls the hooks of a plugin as a run would, one second after the other."""

    run: RunInfo
    plugin: MetricsPlugin = field(init=False)
    now: float = STARTED_AT + 60.0

    def __post_init__(self) -> None:
        self.plugin = MetricsPlugin(now=lambda: self.now)

    def configure(self, **settings: object) -> None:
        self.plugin.configure(SettingsInfo(tuple(settings.items())))

    def begin(self, run_id: str = "0b5e", *, dag: str = "training") -> RunInfo:
        run = replace(self.run, run_id=run_id, dag=dag)
        self.plugin.before_dag(run)
        return run

    def step(
        self,
        run: RunInfo,
        label: str,
        status: Outcome = "succeeded",
        *,
        attempt: int = 1,
        seconds: float = 1.5,
    ) -> None:
        task = TaskInfo(label=label, task="acme.tasks:Task", index=1, attempt=attempt)
        self.plugin.before_task(task, run)
        outcome = TaskOutcome(
            status=status, seconds=seconds, started_at=MOMENT, host="worker", pid=8
        )
        self.plugin.after_task(task, run, outcome)

    def log(self, run: RunInfo, label: str, name: str, value: float) -> None:
        task = TaskInfo(label=label, task="acme.tasks:Task", index=1) if label else None
        self.plugin.on_metric(run, task, name, value)

    def end(self, run: RunInfo, status: RunStatus = "succeeded", *, seconds: float = 9.5) -> None:
        self.plugin.after_dag(run, RunReport(status=status, seconds=seconds, steps=()))

    def play(self, run_id: str, status: RunStatus = "succeeded") -> None:
        run = self.begin(run_id)
        self.step(run, "load")
        self.end(run, status)


@pytest.fixture
def player(run: RunInfo) -> Player:
    return Player(run)


Fetch = Callable[[str], str]
Samples = Callable[[str], dict[str, float]]


@pytest.fixture
def samples() -> Samples:
    """Reads the samples of an exposition, by name with labels."""

    def read(text: str) -> dict[str, float]:
        lines = (line for line in text.splitlines() if line and not line.startswith("#"))
        pairs = (line.rsplit(" ", 1) for line in lines)
        return {name: float(value) for name, value in pairs}

    return read


@pytest.fixture
def fetch() -> Fetch:
    return _fetch


@pytest.fixture
def free_port() -> int:
    return _find_port()


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def _fetch(url: str) -> str:
    with _opener.open(url, timeout=5) as response:
        content = response.read()
        assert isinstance(content, bytes)
        return content.decode()


# -- projects --------------------------------------------------------------------------------------

_TASKS = """
import os, time
from gluepy import EvaluationTask, SkipTask, Task
from gluepy.ops import default_mlops

class Load(Task):
    label = "load"
    def run(self):
        default_mlops.log_metric("rows", 7)
        while not os.path.exists(os.environ.get("GO_ON", "/")):
            time.sleep(0.05)

class Check(Task):
    label = "check"
    def run(self):
        raise SkipTask("nothing to check")

class Train(Task):
    label = "train"
    def run(self):
        if os.environ.get("FAIL"):
            raise ValueError("no")

class Evaluate(EvaluationTask):
    label = "evaluate"
    def run(self):
        default_mlops.log_metric("mape \\n 10^3", float("nan"))
        default_mlops.log_metric("mae", 2.25)
"""

_DAGS = """
from gluepy import DAG
from mypkg.tasks import Check, Evaluate, Load, Train

class Training(DAG):
    label = "training"
    tasks = [Load, Check, Train]
    eval_tasks = [Evaluate]
"""


@dataclass
class Project:
    """A folder with a DAG ``training``, and the ``gluepy`` command to run it."""

    folder: Path

    @contextmanager
    def start(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Start the command, and end it with the block."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GLUEPY_")}
        with subprocess.Popen(
            [sys.executable, "-m", "gluepy", *arguments],
            cwd=self.folder,
            env=kept | {"GLUEPY_JSONLOG": "off"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Return exit code and standard error."""
        with self.start(*arguments, **environment) as process:
            _, err = process.communicate(timeout=120)
            return process.returncode, err


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    package = folder / "mypkg"
    package.mkdir(parents=True)
    (folder / "gluepy.toml").write_text('installed_modules = ["mypkg"]\n')
    (package / "__init__.py").touch()
    (package / "tasks.py").write_text(_TASKS)
    (package / "dags.py").write_text(_DAGS)
    return Project(folder)


# -- servers ---------------------------------------------------------------------------------------


@dataclass
class Servers:
    """Prometheus, which fetches four times a second what the others offer.

    Attributes:
        prometheus: Its URL.
        pushgateway: The URL of the Pushgateway.
        textfile_dir: The folder that the node exporter reads.
        endpoint: ``host:port`` where Prometheus looks for the endpoint of a run.
    """

    prometheus: str
    pushgateway: str
    textfile_dir: Path
    endpoint: str

    def query(self, expression: str) -> dict[str, float]:
        """Return the values that Prometheus holds now, by their labels but job and instance."""
        url = f"{self.prometheus}/api/v1/query?query={quote(expression)}"
        answer: dict[str, Any] = json.loads(_fetch(url))
        assert answer["status"] == "success"
        found: dict[str, float] = {}
        for series in answer["data"]["result"]:
            labels = series["metric"]
            named = [f"{name}={labels[name]}" for name in sorted(labels) if name in _TOLD]
            found[" ".join(named)] = float(series["value"][1])
        return found

    def wait_for(self, expression: str, expected: dict[str, float]) -> None:
        """Wait until Prometheus holds what is expected."""
        found: dict[str, float] = {}

        def holds() -> bool:
            nonlocal found
            found = self.query(expression)
            return found == expected

        _wait(holds, lambda: f"{expression}: {found} instead of {expected}")


_TOLD = {"dag", "task", "outcome", "metric"}


def _wait(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            pytest.fail(what())
        time.sleep(0.1)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    programs = ("prometheus", "prometheus-pushgateway", "prometheus-node-exporter")
    if missing := [program for program in programs if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (apt-get install {' '.join(programs)})")
    folder = tmp_path_factory.mktemp("servers")
    textfiles = folder / "textfiles"
    textfiles.mkdir()
    addresses = [f"127.0.0.1:{_find_port()}" for _ in range(4)]
    server, gateway, exporter, endpoint = addresses
    config = folder / "prometheus.yml"
    config.write_text(_CONFIG.format(gateway=gateway, exporter=exporter, endpoint=endpoint))
    with ExitStack() as stack:
        for command, url in (
            (
                # Debian's keeps what was pushed in a file of the system, unless it is told not to.
                [programs[1], "--persistence.file=", f"--web.listen-address={gateway}"],
                f"http://{gateway}/-/ready",
            ),
            (
                [
                    programs[2],
                    "--collector.disable-defaults",
                    "--collector.textfile",
                    f"--collector.textfile.directory={textfiles}",
                    f"--web.listen-address={exporter}",
                ],
                f"http://{exporter}/metrics",
            ),
            (
                [
                    programs[0],
                    f"--config.file={config}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address={server}",
                ],
                f"http://{server}/-/ready",
            ),
        ):
            stack.enter_context(_served(command, url, folder))
        yield Servers(f"http://{server}", f"http://{gateway}", textfiles, endpoint)


_CONFIG = """
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{{targets: ["{gateway}"]}}]
  - job_name: node
    static_configs: [{{targets: ["{exporter}"]}}]
  - job_name: gluepy
    static_configs: [{{targets: ["{endpoint}"]}}]
"""


@contextmanager
def _served(command: Sequence[str], url: str, folder: Path) -> Iterator[None]:
    log = folder / f"{command[0]}.log"
    with (
        log.open("w") as file,
        subprocess.Popen(command, cwd=folder, stdout=file, stderr=file) as process,
    ):
        try:
            _wait(lambda: process.poll() is None and _is_ready(url), log.read_text)
            yield
        finally:
            process.terminate()


def _is_ready(url: str) -> bool:
    try:
        _fetch(url)
    except OSError:
        return False
    return True
