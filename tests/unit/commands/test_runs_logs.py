"""``gluepy runs logs``: what steps have printed, and what they print meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest
from click.testing import Result

from gluepy.exec.records import RunInfo, RunReport
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.logs import log_path
from gluepy.runs.record import Opening, RunRecord

Run = Callable[..., Result]
RecordRun = Callable[..., str]


@pytest.fixture
def storage(folder: Path) -> LocalStorage:
    return LocalStorage(folder / "data")


def test_logs_are_headed_by_their_steps(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(storage, "one", {"a": "succeeded", "b": "succeeded", "c": "succeeded"})
    storage.touch(f"{folder}/{log_path('a')}", "1\n2\n\n3\n")
    storage.touch(f"{folder}/{log_path('c')}", "4\n5")

    assert run("runs", "logs", "@last").stdout == "==> a <==\n1\n2\n\n3\n\n==> c <==\n4\n5\n"
    assert run("runs", "logs", "@last", "c").stdout == "==> c <==\n4\n5\n"
    assert run("runs", "logs", "one", "-n", "1").stdout == "==> a <==\n3\n\n==> c <==\n5\n"
    assert run("runs", "logs", "one", "--tail", "0").stdout == ""


def test_nothing_printed_is_said(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one")

    assert run("runs", "logs", "one").stderr == "Nothing was printed.\n"
    assert run("-q", "runs", "logs", "one").stderr == ""


def test_logs_cannot_command_the_terminal(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(storage, "one", {"a\x1b[2J": "succeeded"})
    log = "\x1b[32mgreen\x1b[0m\tof \x1b[2J\n10%\r50%\r100%\r\n"
    storage.touch(f"{folder}/{log_path(chr(97) + chr(27) + '[2J')}", log)

    output = run("runs", "logs", "one").stdout

    assert output == "==> a\\x1b[2J <==\ngreen\tof \\x1b[2J\n100%\n"


def test_logs_are_a_document_for_programs(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(storage, "one")
    storage.touch(f"{folder}/{log_path('a')}", "\x1b[32mgreen\n")

    document = json.loads(run("runs", "logs", "one", "-f", "json").stdout)

    assert document["schema"] == "gluepy.runs.logs/1"
    assert document["logs"][0]["text"] == "\x1b[32mgreen\n"


def test_unknown_task_is_an_error(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", {"train[x]": "succeeded"})

    result = run("runs", "logs", "one", "tain")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: TASK 'tain': DAG 'training' has no such task\nHint: Did you mean 'train'?\n"
    )


def test_following_is_no_document(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one")

    result = run("runs", "logs", "one", "--follow", "-f", "json")

    assert result.exit_code == 2
    assert "--follow and --format json contradict each other" in result.stderr


def test_following_a_run_that_has_ended_prints_and_ends(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(storage, "one")
    storage.touch(f"{folder}/{log_path('a')}", "1\n2")

    assert run("runs", "logs", "@last", "--follow").stdout == "==> a <==\n1\n2\n"
    assert run("runs", "logs", "one", "--follow", "-n", "1").stdout == "==> a <==\n2\n"


def test_following_prints_what_comes_until_the_run_ends(
    folder: Path, storage: LocalStorage
) -> None:
    where = "runs/2026/11/22/one"
    storage.touch(f"{where}/context.yaml", "gluepy: {}\n")
    info = RunInfo(
        run_id="one",
        dag="training",
        folder=where,
        location="",
        steps=(),
        started_at=datetime.now(UTC),
        host="here",
        pid=os.getpid(),
    )
    path = Path(storage.abspath(f"{where}/{log_path('a')}"))
    path.parent.mkdir()
    path.write_text("old\nfirst\nbegun")
    with RunRecord.open(storage, Opening(run=info, mode="new")) as record:
        record.planned(["a"])
        follower = subprocess.Popen(
            [sys.executable, "-m", "gluepy", "runs", "logs", "@last", "--follow", "-n", "1"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert follower.stdout is not None
        seen = _read(follower.stdout, 2)
        with path.open("a") as log:
            log.write(" and ended\n")
        more = _read(follower.stdout, 1)
        record.finish(RunReport(status="succeeded", seconds=1.0, steps=()))
    rest, _ = follower.communicate(timeout=60)

    assert seen == ["==> a <==\n", "first\n"]
    assert more == ["begun and ended\n"]
    assert (rest, follower.returncode) == ("", 0)


def _read(stream: IO[str], number: int) -> list[str]:
    """Return so many lines, which have to come in time."""
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(stream.readline() for _ in range(number)))
    reader.daemon = True
    reader.start()
    reader.join(timeout=60)
    assert not reader.is_alive()
    return lines
