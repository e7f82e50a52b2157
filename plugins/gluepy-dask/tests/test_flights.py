"""A real pipeline leaves the same bytes on a cluster as in one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Cluster

RECORDS = {"context.yaml", "journal.jsonl", "lock", "run.json"}


def test_flight_delays_has_the_same_outputs_as_in_one_process(
    standing_cluster: Cluster, tmp_path: Path
) -> None:
    one = run(tmp_path / "one", "--executor", "serial")
    many = run(tmp_path / "many", "--executor", "dask", address=standing_cluster.address)

    outputs = [read_outputs(folder) for folder in (one, many)]
    hosts = json.loads((many / "run.json").read_text())["steps"]
    assert outputs[0].keys() == outputs[1].keys()
    assert [name for name in outputs[0] if outputs[0][name] != outputs[1][name]] == []
    assert len(outputs[0]) >= 7
    assert len({step["pid"] for step in hosts.values()}) == 2


def run(folder: Path, *options: str, address: str = "") -> Path:
    """Run ``flight-delays`` in an empty folder, and return its run folder."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "gluepy", "dag", "flight-delays", *options],
        cwd=folder,
        env={**os.environ, "GLUEPY_DASK_ADDRESS": address},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("data/runs/*/*/*/*")
    return found


def read_outputs(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in RECORDS
    }
