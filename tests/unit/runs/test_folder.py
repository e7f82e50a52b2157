from __future__ import annotations

import math

import pytest

from gluepy.exceptions import PathOutsideRootError, RunRecordError, UnknownRunError
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.folder import get_run_folder, read_metrics, write_context, write_metrics

OLD = "runs/2025/12/31/aaa"
NEW = "runs/2026/11/3/bbb"


@pytest.fixture
def storage() -> MemoryStorage:
    storage = MemoryStorage()
    for folder in (OLD, NEW):
        write_context(storage, folder, "gluepy: {}\n")
    return storage


@pytest.mark.parametrize("run", [NEW, f"{NEW}/", "bbb", f"./{NEW}"])
def test_run_is_found_by_its_folder_or_id(storage: MemoryStorage, run: str) -> None:
    assert get_run_folder(storage, run, option="--retry") == NEW


def test_latest_run_of_an_id_is_the_one_that_is_meant(storage: MemoryStorage) -> None:
    write_context(storage, "runs/2026/11/22/aaa", "gluepy: {}\n")
    storage.mkdir("runs/other/x/y", make_parents=True)

    assert get_run_folder(storage, "aaa", option="--retry") == "runs/2026/11/22/aaa"


@pytest.mark.parametrize("run", ["", "ccc", "runs/2026/11/3/ccc", "runs/2026", "/"])
def test_unknown_run_names_the_option_and_the_storage(storage: MemoryStorage, run: str) -> None:
    with pytest.raises(UnknownRunError) as caught:
        get_run_folder(storage, run, option="--compare")

    assert str(caught.value).startswith(f"--compare {run!r}: there is no such run below ")


def test_storage_without_runs_knows_none() -> None:
    with pytest.raises(UnknownRunError):
        get_run_folder(MemoryStorage(), "aaa", option="--retry")


def test_run_outside_the_storage_is_refused(storage: MemoryStorage) -> None:
    with pytest.raises(PathOutsideRootError):
        get_run_folder(storage, "../../etc", option="--retry")


def test_metrics_survive_whatever_the_numbers(storage: MemoryStorage) -> None:
    metrics = {"mape": 1.5, "nan": math.nan, "up": math.inf, "down": -math.inf}

    write_metrics(storage, NEW, metrics)

    back = read_metrics(storage, NEW)
    assert math.isnan(back.pop("nan"))
    assert back == {"mape": 1.5, "up": math.inf, "down": -math.inf}
    assert read_metrics(storage, OLD) == {}


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": "b"}'])
def test_damaged_metrics_are_named(storage: MemoryStorage, content: str) -> None:
    storage.touch(f"{NEW}/metrics.json", content)

    with pytest.raises(RunRecordError, match=r"metrics\.json"):
        read_metrics(storage, NEW)
