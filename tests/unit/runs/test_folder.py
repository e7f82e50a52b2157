from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gluepy.exceptions import (
    AmbiguousRunError,
    PathOutsideRootError,
    RunRecordError,
    UnknownRunError,
)
from gluepy.exec.records import RunReport
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.folder import get_run_folder, read_metrics, write_context, write_metrics
from gluepy.runs.record import Opening, RunRecord

OLD = "runs/2025/12/31/aaa"
NEW = "runs/2026/11/3/bbb"


@pytest.fixture
def old() -> MemoryStorage:
    storage = MemoryStorage()
    for folder in (OLD, NEW):
        write_context(storage, folder, "gluepy: {}\n")
    return storage


@pytest.mark.parametrize("run", [NEW, f"{NEW}/", "bbb", f"./{NEW}"])
def test_run_is_found_by_its_folder_or_id(old: MemoryStorage, run: str) -> None:
    assert get_run_folder(old, run, option="--retry") == NEW


def test_latest_run_of_an_id_is_the_one_that_is_meant(old: MemoryStorage) -> None:
    write_context(old, "runs/2026/11/22/aaa", "gluepy: {}\n")
    old.mkdir("runs/other/x/y", make_parents=True)

    assert get_run_folder(old, "aaa", option="--retry") == "runs/2026/11/22/aaa"


@pytest.mark.parametrize("run", ["", "ccc", "runs/2026/11/3/ccc", "runs/2026", "/"])
def test_unknown_run_names_the_option_and_the_storage(old: MemoryStorage, run: str) -> None:
    with pytest.raises(UnknownRunError) as caught:
        get_run_folder(old, run, option="--compare")

    assert str(caught.value).startswith(f"--compare {run!r}: there is no such run below ")


def test_storage_without_runs_knows_none() -> None:
    with pytest.raises(UnknownRunError):
        get_run_folder(MemoryStorage(), "aaa", option="--retry")


def test_run_outside_the_storage_is_refused(old: MemoryStorage) -> None:
    with pytest.raises(PathOutsideRootError):
        get_run_folder(old, "../../etc", option="--retry")


# -- references ------------------------------------------------------------------------------------

RUNS = {
    "runs/2026/11/21/abc1": "failed",
    "runs/2026/11/22/abd2": "succeeded",
    "my/own": "failed",
    "runs/2026/11/22/xyz": "succeeded",
}


@pytest.fixture
def recorded(storage: BaseStorage, opening: Callable[..., Opening]) -> BaseStorage:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    for hour, (folder, status) in enumerate(RUNS.items()):
        write_context(storage, folder, "gluepy: {}\n")
        known: Any = status
        clock = itertools.repeat(at + timedelta(hours=hour)).__next__
        with RunRecord.open(storage, opening(folder=folder), clock=clock) as record:
            record.finish(RunReport(status=known, seconds=1, steps=()))
    return storage


@pytest.mark.parametrize(
    ("reference", "folder"),
    [
        ("@last", "runs/2026/11/22/xyz"),
        ("@-1", "runs/2026/11/22/xyz"),
        ("abc", "runs/2026/11/21/abc1"),
        ("abd2", "runs/2026/11/22/abd2"),
        ("x", "runs/2026/11/22/xyz"),
    ],
)
@pytest.mark.parametrize("storage", ["local", "memory"], indirect=True)
def test_run_is_found_by_reference(recorded: BaseStorage, reference: str, folder: str) -> None:
    assert get_run_folder(recorded, reference, option="RUN") == folder


@pytest.mark.parametrize("storage", ["local"], indirect=True)
@pytest.mark.parametrize(
    ("reference", "folder"),
    [
        ("@last-failed", "my/own"),
        ("@-2", "my/own"),
        ("@-4", "runs/2026/11/21/abc1"),
        ("own", "my/own"),
        ("ow", "my/own"),
    ],
)
def test_run_in_a_folder_of_its_own_is_found_by_reference(
    recorded: BaseStorage, reference: str, folder: str
) -> None:
    assert get_run_folder(recorded, reference, option="RUN") == folder


@pytest.mark.parametrize("storage", ["local", "memory"], indirect=True)
@pytest.mark.parametrize("reference", ["@-5", "@-0", "@-", "@first", "abx", "bc1"])
def test_reference_to_no_run_is_unknown(recorded: BaseStorage, reference: str) -> None:
    with pytest.raises(UnknownRunError):
        get_run_folder(recorded, reference, option="RUN")


@pytest.mark.parametrize("storage", ["local", "memory"], indirect=True)
@pytest.mark.parametrize(
    ("reference", "meant"),
    [("abc2", "'abc1'"), ("@lst", "'@last'"), ("zzzzzzz", ""), ("runs/abc2", "")],
)
def test_run_that_is_meant_is_suggested(recorded: BaseStorage, reference: str, meant: str) -> None:
    with pytest.raises(UnknownRunError) as caught:
        get_run_folder(recorded, reference, option="RUN")

    assert (meant or "'gluepy runs' lists them") in caught.value.hint


@pytest.mark.parametrize("storage", ["local", "memory"], indirect=True)
def test_beginning_of_several_ids_is_ambiguous(recorded: BaseStorage) -> None:
    with pytest.raises(AmbiguousRunError, match="2 runs have ids that begin so: 'abc1', 'abd2'"):
        get_run_folder(recorded, "ab", option="RUN")


# -- metrics ---------------------------------------------------------------------------------------


def test_metrics_survive_whatever_the_numbers(old: MemoryStorage) -> None:
    metrics = {"mape": 1.5, "nan": math.nan, "up": math.inf, "down": -math.inf}

    write_metrics(old, NEW, metrics)

    back = read_metrics(old, NEW)
    assert math.isnan(back.pop("nan"))
    assert back == {"mape": 1.5, "up": math.inf, "down": -math.inf}
    assert read_metrics(old, OLD) == {}


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": "b"}'])
def test_damaged_metrics_are_named(old: MemoryStorage, content: str) -> None:
    old.touch(f"{NEW}/metrics.json", content)

    with pytest.raises(RunRecordError, match=r"metrics\.json"):
        read_metrics(old, NEW)
