"""What is recorded and said when the process that ran the tasks has died."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gluepy import RunInfo
from gluepy.commands._supervision import LinkPlugin, mourn
from gluepy.engine.output import WIPE
from gluepy.engine.supervisor import Death, Link
from gluepy.exec.records import RunReport
from gluepy.files.storages import default_storage
from gluepy.plugin.manager import Hooks
from gluepy.runs.journal import load_state
from gluepy.runs.record import Opening, RunRecord

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

FOLDER = "runs/1"


def run_info(pid: int) -> RunInfo:
    return RunInfo(
        run_id="1",
        dag="training",
        folder=FOLDER,
        location="/data/runs/1",
        steps=("load", "fit"),
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        host="host",
        pid=pid,
    )


Die = Callable[..., int]


@pytest.fixture
def die(folder: Path) -> Die:
    """Return what makes a record in a process that then dies, and returns its number."""

    def make(*running: str, is_finished: bool = False) -> int:
        child = os.fork()
        if not child:
            record = RunRecord.open(default_storage, Opening(run=run_info(os.getpid()), mode="new"))
            record.planned(["load", "fit"])
            for label in running:
                record.started(label, 1)
            if is_finished:
                record.finish(RunReport(status="succeeded", seconds=1.0, steps=()))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        return child

    return make


@dataclass
class Told:
    code: int
    out: str
    err: str


Mourn = Callable[..., Told]


@pytest.fixture
def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> Mourn:
    def call(pid: int, exit_code: int, *, runs: tuple[str, ...] = (FOLDER,), by: int = 0) -> Told:
        code = mourn(Death(pid, exit_code, runs, by))
        captured = capsys.readouterr()
        return Told(code, captured.out, captured.err)

    return call


# -- what is said and recorded -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("exit_code", "end"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-signal.SIGSEGV, "was killed by SIGSEGV"),
        (-signal.SIGKILL, "was killed by SIGKILL"),
        (-100, "was killed by signal 100"),
    ],
)
def test_step_of_a_process_that_died_is_lost(
    die: Die, told: Mourn, exit_code: int, end: str
) -> None:
    shown = told(die("load", "fit"), exit_code)

    assert (shown.code, shown.out) == (1, "")
    assert shown.err == (
        f"Error: the process that ran the tasks {end} during 'load', 'fit'\n"
        "Hint: Add --resume to the command to go on where it stopped.\n"
    )
    state = load_state(default_storage, FOLDER)
    assert (state.status, state.steps["fit"].status) == ("lost", "lost")
    assert state.steps["fit"].reason == f"its process {end}"


def test_process_that_was_asked_to_stop_was_interrupted(die: Die, told: Mourn) -> None:
    shown = told(die("fit"), -signal.SIGKILL, by=signal.SIGTERM)

    assert (shown.code, shown.err) == (143, "Interrupted during: fit\n")
    assert load_state(default_storage, FOLDER).status == "interrupted"


def test_process_that_was_asked_to_stop_between_steps_was_interrupted(
    die: Die, told: Mourn
) -> None:
    shown = told(die(), -signal.SIGKILL, by=signal.SIGHUP)

    assert (shown.code, shown.err) == (129, "Interrupted.\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_second_ctrl_c_of_a_terminal_which_the_parent_does_not_see_interrupts(
    die: Die, told: Mourn, number: int, code: int
) -> None:
    shown = told(die("fit"), -number)

    assert (shown.code, shown.err) == (code, "Interrupted during: fit\n")
    assert load_state(default_storage, FOLDER).status == "interrupted"


def test_process_that_died_when_all_was_recorded_has_succeeded(die: Die, told: Mourn) -> None:
    shown = told(die("fit", is_finished=True), -signal.SIGSEGV)

    assert shown.code == 0
    assert shown.err == (
        "Warning: the process that ran the tasks was killed by SIGSEGV, "
        "when all was done and recorded\n"
    )


def test_process_that_died_before_a_run_began_is_a_fault(told: Mourn) -> None:
    shown = told(7, -signal.SIGSEGV, runs=())

    assert (shown.code, shown.out) == (3, "")
    assert shown.err.startswith("Error: the process that ran the tasks was killed by SIGSEGV\n")


def test_process_that_was_asked_to_stop_before_a_run_began_was_interrupted(told: Mourn) -> None:
    shown = told(7, -signal.SIGTERM, runs=(), by=signal.SIGTERM)

    assert (shown.code, shown.err) == (143, "Interrupted.\n")


def test_line_of_progress_that_is_left_behind_is_wiped(
    die: Die, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)

    mourn(Death(die("fit"), -signal.SIGINT, (FOLDER,), 0))

    assert screen.getvalue() == f"{WIPE}Interrupted during: fit\n"


def test_end_that_cannot_be_recorded_is_one_sentence(die: Die, told: Mourn) -> None:
    pid = die("fit")
    journal = Path(default_storage.location(FOLDER)) / "journal.jsonl"
    journal.write_bytes(b"{}\n" + journal.read_bytes())

    shown = told(pid, -signal.SIGKILL)

    assert shown.code == 3
    assert shown.err.startswith("Error: ")
    assert "Traceback" not in shown.err


def test_parent_hears_which_runs_begin() -> None:
    words, tell = os.pipe()
    hooks = Hooks()
    hooks.add(LinkPlugin(Link(tell)), *LinkPlugin.identity)

    hooks.call("before_dag", run=run_info(1))

    assert os.read(words, 100) == b"run runs/1\n"
    assert hooks.plugins == ("supervision (gluepy-core)",)
    for descriptor in (words, tell):
        os.close(descriptor)


# -- the whole command -------------------------------------------------------------------------

TASKS = """\
import os, signal, sys
from gluepy import DAG, Task
from gluepy.conf import default_context

class Load(Task):
    label = "load"
    def run(self):
        pass

class Fit(Task):
    label = "fit"
    def run(self):
        end = default_context.get("end", "")
        if end == "exit":
            os._exit(0)
        if end:
            os.kill(os.getpid(), getattr(signal, end))

class Training(DAG):
    label = "training"
    tasks = [Load, Fit]
"""


@pytest.fixture
def gluepy(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "churn.py").write_text(TASKS)
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["churn"]\n')

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gluepy", "--no-plugins", *arguments],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return command


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        ("exit", "ended with exit code 0 during 'fit'"),
        ("SIGSEGV", "was killed by SIGSEGV during 'fit'"),
        ("SIGKILL", "was killed by SIGKILL during 'fit'"),
    ],
)
def test_run_whose_process_dies_fails_and_can_be_resumed(
    gluepy: Callable[..., subprocess.CompletedProcess[str]], end: str, sentence: str
) -> None:
    died = gluepy("dag", "training", "--set", f"end={end}")
    runs = json.loads(gluepy("runs", "-f", "json").stdout)["runs"]
    resumed = gluepy("dag", "training", "--resume", "--set", "end=")

    assert (died.returncode, died.stdout) == (1, "")
    assert f"Error: the process that ran the tasks {sentence}\n" in died.stderr
    assert "Traceback" not in died.stderr
    assert [one["status"] for one in runs] == ["lost"]
    assert resumed.returncode == 0, resumed.stderr
    assert "1 done, 1 done before" in resumed.stderr


@pytest.mark.parametrize(("end", "code"), [("SIGHUP", 129), ("SIGINT", 130), ("SIGTERM", 143)])
def test_signal_is_the_exit_code(
    gluepy: Callable[..., subprocess.CompletedProcess[str]], end: str, code: int
) -> None:
    stopped = gluepy("dag", "training", "--set", f"end={end}")

    assert (stopped.returncode, stopped.stdout) == (code, "")
    assert "Go on:  gluepy dag training --resume\n" in stopped.stderr
