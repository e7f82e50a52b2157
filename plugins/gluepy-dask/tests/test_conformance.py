"""The executor keeps what the conformance suite promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from gluepy.testing.commands import Done
from gluepy.testing.executors import ExecutorSuite

if TYPE_CHECKING:
    from tests.conftest import Cluster


class TestDask(ExecutorSuite):
    """On a scheduler and two workers that were there before the runs, and outlive them."""

    executor = "dask"

    @pytest.fixture
    def surroundings(self, standing_cluster: Cluster) -> Mapping[str, str]:
        self._cluster = standing_cluster
        self._logs = self._read_logs()
        return {"GLUEPY_DASK_ADDRESS": standing_cluster.address}

    def output_of(self, done: Done) -> str:
        """Return what tasks have printed: it is in the logs of the workers."""
        return "".join(
            now[len(before) :] for before, now in zip(self._logs, self._read_logs(), strict=True)
        )

    def _read_logs(self) -> list[str]:
        return [self._cluster.log(name) for name in ("one", "two")]
