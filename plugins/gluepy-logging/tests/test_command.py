"""Runs of the ``gluepy`` command, and the lines that they leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

_TASKS = """
import logging, threading
from gluepy import SkipTask, Task
from gluepy.ops import default_mlops

logger = logging.getLogger("acme")
logger.warning("at import")

class Load(Task):
    label = "load"
    def run(self):
        logger.warning("two\\nlines", extra={"rows": float("inf")})
        thread = threading.Thread(target=logger.warning, args=("from a thread",))
        thread.start()
        thread.join()
        default_mlops.log_metric("odd\\u2028name", float("nan"))

class Check(Task):
    label = "check"
    def run(self):
        raise SkipTask("nothing\\nto check")

class Train(Task):
    label = "train"
    def run(self):
        raise ValueError("a \\x1b[31mred\\x1b[0m\\nherring")
"""

_DAGS = """
from gluepy import DAG
from mypkg.tasks import Check, Load, Train

class Good(DAG):
    label = "good"
    tasks = [Load, Check]

class Bad(DAG):
    label = "bad"
    tasks = [Load, Check, Train]
"""

Line = dict[str, object]
Gluepy = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    package = tmp_path / "mypkg"
    package.mkdir()
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["mypkg"]\n')
    (package / "__init__.py").touch()
    (package / "tasks.py").write_text(_TASKS)
    (package / "dags.py").write_text(_DAGS)
    return tmp_path


@pytest.fixture
def gluepy(project: Path) -> Gluepy:
    """Runs the command in the project; ``_stderr`` goes where it is told to."""

    def run(
        *arguments: str, _stderr: int = subprocess.PIPE, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GLUEPY_")}
        return subprocess.run(
            [sys.executable, "-m", "gluepy", *arguments],
            cwd=project,
            env=kept | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=_stderr,
            timeout=120,
            check=False,
        )

    return run


def lines_of(content: bytes) -> list[Line]:
    """Return what is JSON, read as strictly as the standard has it."""
    lines = [line for line in content.split(b"\n") if line.startswith(b"{")]
    return [json.loads(line.decode("ascii"), parse_constant=pytest.fail) for line in lines]


def test_standard_error_gets_every_event_of_a_run(gluepy: Gluepy) -> None:
    done = gluepy("dag", "bad")

    lines = lines_of(done.stderr)
    assert done.returncode == 1
    assert b'{"' not in done.stdout
    assert [(line["event"], line.get("task"), line.get("outcome")) for line in lines] == [
        ("before_command", None, None),
        ("before_dag", None, None),
        ("before_task", "load", None),
        ("log", "load", None),
        ("log", "load", None),
        ("on_metric", "load", None),
        ("after_task", "load", "succeeded"),
        ("before_task", "check", None),
        ("after_task", "check", "skipped"),
        ("before_task", "train", None),
        ("after_task", "train", "failed"),
        ("after_dag", None, "failed"),
        ("after_command", None, None),
    ]
    assert len({line["run_id"] for line in lines if "run_id" in line}) == 1
    assert {line["attempt"] for line in lines if "task" in line} == {1}
    assert all(str(line["timestamp"]).endswith("+00:00") for line in lines)
    timestamps = [str(line["timestamp"]) for line in lines]
    assert timestamps == sorted(timestamps)


def test_texts_and_numbers_of_all_kinds_are_in_a_file(gluepy: Gluepy, project: Path) -> None:
    done = gluepy("dag", "bad", GLUEPY_JSONLOG="logs/run.jsonl")

    content = (project / "logs" / "run.jsonl").read_bytes()
    lines = lines_of(content)
    assert lines_of(done.stderr) == []
    assert len(lines) == content.count(b"\n") == 13
    logged, threaded, metric = lines[3:6]
    assert (logged["message"], logged["extra"]) == ("two\nlines", {"rows": "Infinity"})
    assert (threaded["message"], threaded["task"]) == ("from a thread", "load")
    assert (metric["metric"], metric["value"]) == ("odd\u2028name", "NaN")
    assert lines[8]["reason"] == "nothing\nto check"
    assert lines[10]["error"] == "ValueError: a \x1b[31mred\x1b[0m\nherring"
    assert lines[-1]["exit_code"] == 1


def test_settings_may_be_in_the_project(gluepy: Gluepy, project: Path) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write('jsonlog = "run.jsonl"\njsonlog_records = false\n')

    done = gluepy("dag", "good")

    events = [line["event"] for line in lines_of((project / "run.jsonl").read_bytes())]
    assert done.returncode == 0
    assert events[0] == "before_command"
    assert events[-1] == "after_command"
    assert "log" not in events


def test_two_runs_append_to_one_file(gluepy: Gluepy, project: Path) -> None:
    for _ in range(2):
        gluepy("dag", "good", GLUEPY_JSONLOG="run.jsonl")

    lines = lines_of((project / "run.jsonl").read_bytes())
    assert len({line["run_id"] for line in lines if "run_id" in line}) == 2


def test_a_file_that_cannot_be_written_costs_the_lines_and_not_the_run(
    gluepy: Gluepy, project: Path
) -> None:
    done = gluepy("dag", "good", GLUEPY_JSONLOG="gluepy.toml/run.jsonl")

    text = done.stderr.decode()
    assert done.returncode == 0
    assert "gluepy-logging" in text
    assert (
        f"the file '{project}/gluepy.toml/run.jsonl', which the setting JSONLOG names, "
        "cannot be written: Not a directory" in text
    )
    assert lines_of(done.stderr) == []


def test_a_full_disk_costs_the_lines_and_not_the_run(gluepy: Gluepy) -> None:
    done = gluepy("dag", "good", GLUEPY_JSONLOG="/dev/full")

    assert done.returncode == 0
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_terminal_keeps_its_display(gluepy: Gluepy) -> None:
    import pty

    reader, terminal = pty.openpty()
    done = gluepy("dag", "good", _stderr=terminal)
    os.close(terminal)
    shown = _read_all(reader)

    assert done.returncode == 0
    assert b"load" in shown
    assert b'"event"' not in shown


def _read_all(handle: int) -> bytes:
    content = b""
    with open(handle, "rb", buffering=0) as file:
        while True:
            try:
                chunk = file.read(65536)
            except OSError:  # how Linux says that the other side of a terminal is closed
                return content
            if not chunk:
                return content
            content += chunk


def test_commands_that_only_list_leave_no_line(gluepy: Gluepy, project: Path) -> None:
    gluepy("list", GLUEPY_JSONLOG="run.jsonl")
    gluepy("--help", GLUEPY_JSONLOG="run.jsonl")

    assert not (project / "run.jsonl").exists()


def test_a_project_may_format_its_own_logs_so(gluepy: Gluepy, project: Path) -> None:
    (project / "configs.py").write_text(
        """
INSTALLED_MODULES = ["mypkg"]
JSONLOG = "off"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "gluepy_logging.JsonFormatter"}},
    "handlers": {
        "file": {"class": "logging.FileHandler", "filename": "own.jsonl", "formatter": "json"}
    },
    "root": {"handlers": ["file"], "level": "WARNING"},
}
"""
    )

    done = gluepy("dag", "good", GLUEPY_SETTINGS_MODULE="configs")

    lines = lines_of((project / "own.jsonl").read_bytes())
    assert done.returncode == 0
    assert [(line["message"], line.get("task")) for line in lines if line["logger"] == "acme"] == [
        ("at import", None),
        ("two\nlines", "load"),
        ("from a thread", "load"),
    ]


def test_the_entry_point_names_the_plugin() -> None:
    (found,) = {
        point.value for point in entry_points(group="gluepy.hooks") if point.name == "logging"
    }

    assert found == "gluepy_logging:LoggingPlugin"


def test_log_records_of_worker_processes_are_lines_too(gluepy: Gluepy, project: Path) -> None:
    done = gluepy("dag", "good", "--executor", "processes", GLUEPY_JSONLOG="events.jsonl")

    assert done.returncode == 0, done.stderr
    lines = lines_of((project / "events.jsonl").read_bytes())
    logged = [(line["task"], line["message"]) for line in lines if line["event"] == "log"]
    assert logged == [("load", "two\nlines"), ("load", "from a thread")]
    assert [line["event"] for line in lines].count("before_dag") == 1
