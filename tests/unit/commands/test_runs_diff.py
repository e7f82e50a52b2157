"""``gluepy runs diff``: two runs side by side, or below each other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.files.storages.local import LocalStorage

Run = Callable[..., Result]
RecordRun = Callable[..., str]


@pytest.fixture
def storage(folder: Path, monkeypatch: pytest.MonkeyPatch, record_run: RecordRun) -> LocalStorage:
    """Return a storage with two runs that differ."""
    monkeypatch.setenv("COLUMNS", "80")
    storage = LocalStorage(folder / "data")
    record_run(
        storage,
        "2026-11-21-one",
        {"load": {"status": "succeeded", "seconds": 10.0}, "train": "succeeded"},
        metrics={"auc": 0.8712},
        parameters={"train": {"horizon": 7, "kinds": ["a"]}},
    )
    record_run(
        storage,
        "2026-11-22-two",
        {
            "load": {"status": "succeeded", "seconds": 15.0},
            "train": {"status": "failed", "error": "KeyError: 'horizn' is not among the keys"},
        },
        metrics={"auc": 0.8713},
        parameters={"train": {"horizon": 14, "kinds": ["a", "b"]}},
    )
    return storage


def test_what_is_different_stands_side_by_side(run: Run, storage: LocalStorage) -> None:
    result = run("runs", "diff", "@-2", "@last")

    assert result.stdout.splitlines() == [
        "                        2026-11-21-one           2026-11-22-two",
        "run      status         done                     FAILED (train:",
        "                                                 KeyError: 'horizn' is",
        "                                                 not among the keys)",
        "context  train.horizon  7                        14",
        '         train.kinds    ["a"]                    ["a", "b"]',
        "steps    load           10.0 s                   15.0 s                   +50%",
        "         train          1.5 s                    FAILED",
        "metrics  auc            0.8712                   0.8713                   +0.01%",
    ]
    assert re.fullmatch(r"\d+ equal; --all shows them.\n", result.stderr)
    assert run("-q", "runs", "diff", "@-2", "@last").stderr == ""


def test_runs_stand_below_each_other_where_it_is_narrow(
    run: Run, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    output = run("runs", "diff", "@-2", "@last").stdout

    assert output.startswith("- 2026-11-21-one\n+ 2026-11-22-two\n")
    assert "steps load +50%\n  - 10.0 s\n  + 15.0 s\n" in output
    assert "  + FAILED (train: KeyError: 'horizn' is\n    not among the keys)\n" in output
    assert max(map(len, output.splitlines())) <= 40


def test_all_shows_what_is_equal_too(run: Run, storage: LocalStorage) -> None:
    result = run("runs", "diff", "@-2", "@last", "--all")

    assert re.search(r"^code +acme +1\.0 +1\.0$", result.stdout, re.MULTILINE)
    assert re.search(r"^git +commit ", result.stdout, re.MULTILINE)
    assert re.search(r"^ +took +1 min 15 s +1 min 15 s$", result.stdout, re.MULTILINE)
    assert result.stderr == ""


def test_no_difference_is_said(run: Run, storage: LocalStorage) -> None:
    assert run("runs", "diff", "@last", "@last").stderr == "There is no difference.\n"


def test_commits_are_shortened(run: Run, storage: LocalStorage) -> None:
    for name, commit in (("2026-11-21-one", "0" * 40), ("2026-11-22-two", "1" * 40)):
        path = f"runs/2026/11/22/{name}/journal.jsonl"
        git = json.dumps({"commit": commit, "dirty": commit[0] == "1"})
        text = re.sub(r'"git":(null|{[^}]*})', f'"git":{git}', storage.open(path, "r"))
        storage.touch(path, text)

    output = run("runs", "diff", "@-2", "@last").stdout

    assert re.search(r"^git +commit +0{12} +1{12} \(with$", output, re.MULTILINE)


def test_comparison_is_a_document_for_programs(run: Run, storage: LocalStorage) -> None:
    document = json.loads(run("runs", "diff", "@-2", "@last", "-f", "json").stdout)

    assert document["schema"] == "gluepy.runs.diff/1"
    assert [one["run_id"] for one in document["runs"]] == ["2026-11-21-one", "2026-11-22-two"]
    assert any(row["is_equal"] for row in document["rows"])


def test_labels_in_wide_characters_are_aligned(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "before", {"日本": "failed", "x": "failed"})
    record_run(storage, "after", {"日本": None, "x": "skipped"})

    lines = run("runs", "diff", "before", "after").stdout.splitlines()

    place = next(number for number, line in enumerate(lines) if line.startswith("steps "))
    wide, narrow = lines[place : place + 2]
    assert wide.index("FAILED") + 2 == narrow.index("FAILED")
    assert wide.endswith("not run")


def test_run_of_single_tasks_has_no_dag(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "single", dag="")

    lines = run("runs", "diff", "@-2", "single").stdout.splitlines()

    assert re.fullmatch(r"run +dag +training +-", lines[1])
