"""``gluepy runs prune``: which runs go, and who is asked before."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.commands._runs_prune import _remove
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.folder import REMOVING_FILE
from gluepy.runs.index import RunIndex
from gluepy.runs.lock import RunLock

Run = Callable[..., Result]
RecordRun = Callable[..., str]
ResumeRun = Callable[..., AbstractContextManager[object]]
OnTerminal = Callable[..., str]


@pytest.fixture
def storage(folder: Path, record_run: RecordRun) -> LocalStorage:
    """Return a storage with runs of two DAGs."""
    storage = LocalStorage(folder / "data")
    for days, name in enumerate(["t1", "t2", "t3"]):
        status = "failed" if name == "t2" else "succeeded"
        record_run(storage, name, {"a": status}, age=timedelta(days=days, hours=1))
    record_run(storage, "s1", dag="scoring", age=timedelta(days=9))
    return storage


def left(storage: LocalStorage) -> list[str]:
    """Return the runs that are there, in the index and as folders."""
    ids = [row.run_id for row in RunIndex(storage).list_runs()]
    assert sorted(ids) == storage.ls("runs/2026/11/22")[1]
    return ids


@pytest.mark.parametrize(
    ("options", "rest"),
    [
        (["--dag", "training"], ["s1"]),
        (["--status", "failed"], ["t1", "t3", "s1"]),
        (["--older-than", "2d"], ["t1", "t2"]),
        (["--keep", "1"], ["t1", "s1"]),
        (["--keep", "0"], []),
        (["--keep", "1", "--status", "failed"], ["t1", "t3", "s1"]),
        (["--keep", "2", "--status", "failed"], ["t1", "t2", "t3", "s1"]),
        (["--dag", "training", "--older-than", "1d", "--keep", "1"], ["t1", "s1"]),
    ],
)
def test_all_criteria_have_to_hold(
    run: Run, storage: LocalStorage, options: list[str], rest: list[str]
) -> None:
    result = run("runs", "prune", "--yes", *options)

    assert result.exit_code == 0
    assert left(storage) == rest


def test_what_goes_is_listed_with_its_size(run: Run, storage: LocalStorage) -> None:
    storage.touch("runs/2026/11/22/s1/big.bin", b"x" * 2_000_000)

    result = run("runs", "prune", "--older-than", "2d", "-y")

    rows = [re.split(r"  +", line) for line in result.stdout.splitlines()]
    assert rows[0] == ["RUN", "DAG", "STATUS", "STARTED", "SIZE"]
    assert [row[0] for row in rows[1:]] == ["t3", "s1"]
    assert rows[2] == ["s1", "scoring", "done", "9 d ago", "2.0 MB"]
    assert result.stderr == "2 runs removed.\n"


def test_dry_run_removes_nothing(run: Run, storage: LocalStorage) -> None:
    result = run("runs", "prune", "--keep", "0", "--dry-run")

    assert re.fullmatch(r"4 runs, \d+(\.\d)? kB\. Nothing was removed\.\n", result.stderr)
    assert left(storage) == ["t1", "t2", "t3", "s1"]


def test_quiet_says_nothing_beside_the_list(run: Run, storage: LocalStorage) -> None:
    for options in (["--dry-run", "--keep", "0"], ["--yes", "--keep", "3"], ["-y", "--dag", "s"]):
        assert run("-q", "runs", "prune", *options).stderr == ""
    assert run("-q", "runs", "prune", "--keep", "0", "--yes").stderr == ""
    assert RunIndex(storage).list_runs() == []


def test_without_a_criterion_nothing_goes(run: Run, storage: LocalStorage) -> None:
    result = run("runs", "prune", "--yes")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: gluepy runs prune: nothing says which runs to remove\n"
        "Hint: Give at least one of --older-than, --keep, --status, --dag.\n"
    )
    assert len(left(storage)) == 4


def test_without_a_terminal_somebody_has_to_say_yes(run: Run, storage: LocalStorage) -> None:
    result = run("runs", "prune", "--keep", "0")

    assert result.exit_code == 2
    assert "Hint: Add --yes to remove them without being asked.\n" in result.stderr
    assert len(left(storage)) == 4


@pytest.mark.parametrize(("answer", "number"), [("n\n", 4), ("\n", 4), ("y\n", 1)])
def test_on_a_terminal_the_person_is_asked(
    on_terminal: OnTerminal, storage: LocalStorage, answer: str, number: int
) -> None:
    output = on_terminal(80, "runs", "prune", "--dag", "training", answer=answer)

    assert re.search(r"^Remove 3 runs, \d+(\.\d)? kB\? \[y/N\]: ", output, re.MULTILINE)
    assert ("Nothing was removed." in output) is (number == 4)
    assert len(left(storage)) == number


def test_no_such_runs_is_said(run: Run, storage: LocalStorage) -> None:
    assert run("runs", "prune", "--dag", "x").stderr == "There are no such runs.\n"


def test_age_that_is_none_is_refused(run: Run) -> None:
    result = run("runs", "prune", "--older-than", "2026-11-22")

    assert result.exit_code == 2
    assert "'2026-11-22' is no age, such as 12h, 30d or 8w." in result.stderr


def test_run_in_progress_stays(run: Run, storage: LocalStorage, resume_run: ResumeRun) -> None:
    with resume_run(storage, "t2"):
        result = run("runs", "prune", "--keep", "0", "--yes")

    assert result.stderr == "3 runs removed.\n"
    assert left(storage) == ["t2"]


def test_run_that_is_resumed_meanwhile_stays(
    storage: LocalStorage, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = RunIndex(storage).list_runs(dag="training")
    lock = RunLock.acquire(storage, rows[0].folder)

    removed = _remove(storage, rows)
    lock.release()

    assert removed == 2
    assert left(storage) == ["t1", "s1"]
    assert "Warning: " in capsys.readouterr().err


def test_removal_that_was_cut_short_is_finished(run: Run, storage: LocalStorage) -> None:
    storage.rm("runs/2026/11/22/t1/journal.jsonl")
    storage.touch(REMOVING_FILE, "runs/2026/11/22/t1")

    run("runs", "prune", "--dag", "nothing")

    assert left(storage) == ["t2", "t3", "s1"]
    assert not storage.exists(REMOVING_FILE)


def test_dry_run_finishes_nothing(run: Run, storage: LocalStorage) -> None:
    storage.rm("runs/2026/11/22/t1/journal.jsonl")
    storage.touch(REMOVING_FILE, "runs/2026/11/22/t1")

    run("runs", "prune", "--keep", "0", "--dry-run")

    assert storage.isdir("runs/2026/11/22/t1")
