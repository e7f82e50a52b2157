"""What tests of records share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gluepy.exec.records import RunInfo, TaskOutcome
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.record import Opening

FOLDER = "runs/2026/11/22/abc"
AT = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)

MakeOpening = Callable[..., Opening]
MakeOutcome = Callable[..., TaskOutcome]
Check = Callable[[BaseStorage, str], None]


class SharedMemoryStorage(MemoryStorage):
    """Stands for a storage that other machines see, and that cannot append."""

    is_shared = True


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "data")


@pytest.fixture(params=["local", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> BaseStorage:
    return LocalStorage(tmp_path / "data") if request.param == "local" else MemoryStorage()


@pytest.fixture
def shared() -> MemoryStorage:
    return SharedMemoryStorage()


@pytest.fixture
def opening() -> MakeOpening:
    def make(
        mode: Any = "new", *, folder: str = FOLDER, dag: str = "training", **rest: Any
    ) -> Opening:
        run = RunInfo(
            run_id=folder.rpartition("/")[2],
            dag=dag,
            folder=folder,
            location=f"/data/{folder}",
            steps=(),
            sources=("acme 1.0",),
            started_at=AT,
            host="here",
            pid=os.getpid(),
        )
        return Opening(run=run, mode=mode, **rest)

    return make


@pytest.fixture
def outcome() -> MakeOutcome:
    def make(status: Any = "succeeded", seconds: float = 1.5, **rest: Any) -> TaskOutcome:
        return TaskOutcome(
            status=status, seconds=seconds, started_at=AT, host="here", pid=os.getpid(), **rest
        )

    return make


def validator(name: str) -> Draft202012Validator:
    text = resources.files("gluepy.runs").joinpath("schemas", f"{name}.json").read_text("utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.fixture(scope="session")
def check_schemas() -> Check:
    """Return what fails unless journal and document of a run are as their schemas have them."""
    line, document = validator("journal-1"), validator("run-1")

    def check(storage: BaseStorage, folder: str) -> None:
        if storage.isfile(f"{folder}/journal.jsonl"):
            text = storage.open(f"{folder}/journal.jsonl", "r")
        else:
            names = storage.ls(f"{folder}/journal")[0]
            text = "".join(storage.open(f"{folder}/journal/{name}", "r") for name in names)
        for one in text.splitlines():
            line.validate(loads(one))
        document.validate(loads(storage.open(f"{folder}/run.json", "r")))

    return check


def loads(text: str) -> Any:
    """Read JSON as other languages do: without NaN and its like."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def descriptor_of(local: LocalStorage) -> Callable[[str], int]:
    """Return what finds the number of the open file that lies at a path of the storage."""

    def find(path: str) -> int:
        wanted = os.stat(local.abspath(path)).st_ino
        (found,) = (
            int(name)
            for name in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{name}")
            and os.stat(f"/proc/self/fd/{name}").st_ino == wanted
        )
        return found

    return find
