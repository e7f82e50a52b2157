"""``gluepy runs show``: one run in full."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.files.storages.local import LocalStorage
from gluepy.runs.folder import write_context
from gluepy.runs.logs import log_path
from gluepy.runs.record import RunRecord

Run = Callable[..., Result]
RecordRun = Callable[..., str]
ResumeRun = Callable[..., AbstractContextManager[RunRecord]]


@pytest.fixture
def storage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return LocalStorage(folder / "data")


def facts(result: Result) -> dict[str, str]:
    """Return what stands after each name in the output."""
    assert result.exit_code == 0, result.output
    pairs = re.findall(r"^  (\S[^ ]*(?: [^ ]+)*)  +(.*)$", result.stdout, re.MULTILINE)
    return dict(pairs)


def test_run_is_told_from_its_source_to_its_results(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(
        storage,
        "one",
        {"a": "succeeded", "b": {"status": "failed", "error": "KeyError: 'x'\nmore", "hint": "H"}},
        metrics={"auc": 0.5, "rows": 120344.0, "odd": float("nan")},
        params={"seed": 7, "kind": "x"},
        command=("dag", "training", "--patch", "spring.yaml"),
        plugins=("jsonlog (x 1)", "display (gluepy-core)"),
    )

    result = run("runs", "show", "@last")

    found = facts(result)
    assert result.stdout.splitlines()[0] == "training   one   FAILED"
    assert found["source"] == "acme 1.0"
    assert found["folder"] == storage.location(folder)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by \S+ on here", found["started"])
    assert found["took"] == "1 min 15 s"
    assert found["versions"] == "acme 1.0"
    assert found["plugins"] == "jsonlog (x 1)"
    assert found["failed"] == "b: KeyError: 'x'"
    assert "            Hint: H\n" in result.stdout
    assert found["metrics"] == "auc 0.5   odd NaN   rows 120,344"
    assert found["params"] == "seed 7   kind x"
    assert found["again"] == "gluepy dag training --patch spring.yaml"
    assert found["resume"] == "gluepy dag training --resume --retry one"
    assert "logs" not in found


def test_steps_are_drawn_over_time(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    steps = {
        "load": {"status": "succeeded", "seconds": 20.0},
        "train": {"status": "failed", "seconds": 20.0},
        "publish": None,
    }
    record_run(storage, "one", steps, seconds=40.0)

    lines = run("runs", "show", "one").stdout.splitlines()

    assert [line for line in lines if line.startswith(("  load ", "  train", "  publish"))] == [
        "  load     20.0 s  ████████████████",
        "  train    20.0 s                  ████████████████  FAILED",
        "  publish                                            not run",
    ]


def test_steps_are_drawn_in_ascii_where_it_must_be(
    run: Run, storage: LocalStorage, record_run: RecordRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_run(storage, "one")
    monkeypatch.setenv("LC_ALL", "C")

    output = run("runs", "show", "one").stdout

    assert output.isascii()
    assert "  a  1.5 s  #" in output


def test_every_session_is_told(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", status="interrupted", signal=15, age=timedelta(hours=1))
    record_run(storage, "one", mode="resume")

    output = run("runs", "show", "one").stdout

    assert re.search(r"^new +stopped .* serial +7 on here +signal 15$", output, re.MULTILINE)
    assert re.search(r"^resume +done .* 1 min 15 s +serial", output, re.MULTILINE)
    assert re.search(r"^  a +1\.5 s .* attempt 2$", output, re.MULTILINE)
    assert "  resume    " not in output


def test_run_whose_owner_died_is_lost(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one", {"a": "succeeded", "b": "running", "c": None}, finish=False)

    result = run("runs", "show", "one")

    assert result.stdout.splitlines()[0] == "training   one   lost"
    assert facts(result)["lost"] == "b: its process ended without a record"
    assert re.search(
        r"^new +lost .* - +serial .* its process ended without a record$",
        result.stdout,
        re.MULTILINE,
    )
    assert "--retry one" in facts(result)["resume"]


def test_run_in_progress_is_not_to_be_resumed(
    run: Run, storage: LocalStorage, record_run: RecordRun, resume_run: ResumeRun
) -> None:
    record_run(storage, "one", {"a": "failed", "b": None})

    with resume_run(storage, "one") as record:
        record.started("a", 1)
        output = run("runs", "show", "one").stdout

    assert output.startswith("training   one   running\n")
    assert re.search(r"^  a .* running, attempt 2$", output, re.MULTILINE)
    assert "  resume    " not in output


def test_single_task_is_told_too(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", {"a": "failed"}, dag="")

    result = run("runs", "show", "one")

    assert result.stdout.startswith("(single tasks)   one   FAILED\n")
    assert "resume" not in facts(result)


@pytest.mark.parametrize(("dirty", "text"), [(True, "a1b2c3d (with changes)"), (False, "a1b2c3d")])
def test_state_of_the_code_is_told(
    run: Run, storage: LocalStorage, record_run: RecordRun, dirty: bool, text: str
) -> None:
    folder = record_run(storage, "one")
    journal = storage.open(f"{folder}/journal.jsonl", "r")
    known = json.dumps({"commit": "a1b2c3d4e5f6a7b8", "dirty": dirty})
    storage.touch(
        f"{folder}/journal.jsonl", re.sub(r'"git":(null|{[^}]*})', f'"git":{known}', journal)
    )

    assert facts(run("runs", "show", "one"))["git"] == text


def test_record_that_names_no_user_is_read(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(storage, "one")
    journal = storage.open(f"{folder}/journal.jsonl", "r")
    storage.touch(f"{folder}/journal.jsonl", re.sub(r',"user":"[^"]*"', "", journal))

    assert facts(run("runs", "show", "one"))["started"].endswith(" UTC by here")


def test_fault_of_a_plugin_names_it(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    step = {"status": "failed", "error": "E", "plugin": "mlflow"}
    record_run(storage, "one", {"a": step})

    assert "            in plugin mlflow\n" in run("runs", "show", "one").stdout


def test_many_faults_are_counted(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    record_run(storage, "one", {f"s{number}": "failed" for number in range(13)})

    output = run("runs", "show", "one").stdout

    assert "  failed    s9\n" in output
    assert "            and 3 more\n" in output


def test_many_partitions_are_one_line(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    steps = {f"train[{number}]": "succeeded" for number in range(20)}
    record_run(storage, "one", {**steps, "train[7]": "failed", "train[8]": None, "end": None})

    output = run("runs", "show", "one").stdout
    whole = run("runs", "show", "one", "--all").stdout

    assert re.search(r"^  train\[\*\] .* 18 done, 1 FAILED, 1 not run$", output, re.MULTILINE)
    assert re.findall(r"^  (train\[\d+\]) ", output, re.MULTILINE) == ["train[7]"]
    assert len(re.findall(r"^  train\[\d+\] ", whole, re.MULTILINE)) == 20


def test_partitions_that_all_wait_are_one_line(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one", {f"train[{number}]": None for number in range(20)}, status="failed")

    assert re.search(r"^  train\[\*\] +20 not run$", run("runs", "show", "one").stdout, re.M)


def test_logs_are_pointed_to(run: Run, storage: LocalStorage, record_run: RecordRun) -> None:
    folder = record_run(storage, "one")
    storage.touch(f"{folder}/{log_path('a')}", "hello\n")

    assert facts(run("runs", "show", "one"))["logs"] == "gluepy runs logs one"


def test_results_that_are_many_have_several_lines(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one", metrics={f"metric-{number}": number + 0.5 for number in range(8)})

    lines = run("runs", "show", "one").stdout.splitlines()

    first = next(place for place, line in enumerate(lines) if line.startswith("  metrics "))
    assert lines[first] == "  metrics   metric-0 0.5   metric-1 1.5   metric-2 2.5"
    assert lines[first + 1] == "            metric-3 3.5   metric-4 4.5   metric-5 5.5"


def test_run_of_a_program_that_is_complete_needs_no_command(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    record_run(storage, "one")

    output = run("runs", "show", "one").stdout

    assert "gluepy runs" not in output
    assert "  again " not in output
    assert "\n\n\n" not in output
    assert output.splitlines()[-1].startswith("  b  1.5 s")


def test_run_is_a_document_for_programs(
    run: Run, storage: LocalStorage, record_run: RecordRun
) -> None:
    folder = record_run(storage, "one", {"b": {"status": "failed", "error": "E"}})

    document = json.loads(run("runs", "show", folder, "-f", "json").stdout)

    assert document["schema"] == "gluepy.runs.show/1"
    assert document["steps"]["b"]["error"] == "E"


def test_run_without_a_record_is_an_error(run: Run, storage: LocalStorage) -> None:
    write_context(storage, "runs/2025/1/1/old", "gluepy: {}\n")

    result = run("runs", "show", "old")

    assert result.exit_code == 3
    assert "nothing is recorded of this run" in result.stderr
