"""What tests of the engine share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.records import RunInfo


@pytest.fixture(autouse=True)
def isolated_registries() -> Iterator[None]:
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        yield


@pytest.fixture
def info() -> RunInfo:
    return RunInfo(
        run_id="1",
        dag="training",
        folder="runs/1",
        location="/data/runs/1",
        steps=("a", "b"),
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        host="host",
        pid=os.getpid(),
    )
