"""Faults of Gluepy 1.6 that must not come back; the numbers are those of the list in the docs."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from gluepy.exceptions import PathOutsideRootError
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.ops.backend import LoggingOpsBackend
from gluepy.ops.metrics import dump_metrics

ROOT = Path(__file__).parents[3]
HEAVY = {"matplotlib", "numpy", "pandas", "polars", "pyarrow", "duckdb", "sqlalchemy"}


def test_fault_5_local_storage_removes_copies_rewinds_stays_inside_and_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = LocalStorage("data")
    stream = io.StringIO()
    stream.write("not rewound")

    storage.touch("a/b/x.txt", stream)
    storage.cp("a", "c", recursive=True)
    storage.rm("a", recursive=True)
    with pytest.raises(PathOutsideRootError):
        storage.touch("../../x", "x")

    assert storage.ls("") == ([], ["c"])
    assert storage.ls("c/b") == (["x.txt"], [])
    assert storage.open("c/b/x.txt", "r") == "not rewound"


def test_fault_9_metrics_of_any_number_make_valid_json() -> None:
    backend = LoggingOpsBackend()
    backend.log_metric("mape", np.float32(0.5))
    backend.log_metric("auc", math.nan)

    text = dump_metrics(backend.get_metrics())

    assert json.loads(text, parse_constant=pytest.fail) == {"auc": "NaN", "mape": 0.5}


def test_fault_12_memory_storage_reads_again_and_behaves_like_the_local_one(
    tmp_path: Path,
) -> None:
    def deed(storage: BaseStorage) -> list[object]:
        storage.touch("a/b/x", io.BytesIO(b"x"))
        storage.touch("a/y", "y")
        storage.cp("a", "c", recursive=True)
        return [
            storage.open("a/b/x"),
            storage.open("a/b/x"),
            storage.ls("."),
            storage.ls("a"),
            storage.ls("c/b"),
        ]

    assert deed(MemoryStorage()) == deed(LocalStorage(tmp_path))


def test_fault_22_heavy_libraries_are_extras_and_imported_when_used() -> None:
    code = (
        "import sys, gluepy.files.data, gluepy.files.storages.utils, gluepy.ops.backend;"
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert HEAVY.isdisjoint(modules)

    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    assert not any(library in " ".join(project["dependencies"]).lower() for library in HEAVY)
    assert any(item.startswith("pyarrow") for item in project["optional-dependencies"]["pandas"])
