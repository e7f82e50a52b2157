"""The pytest plugin of Gluepy, which pytest finds by its entry point.

It defines fixtures and does nothing in tests that do not ask for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gluepy.engine.request import RunResult

__all__ = ["gluepy_run"]


@pytest.fixture
def gluepy_run(tmp_path: Path) -> Iterator[Callable[..., RunResult]]:
    """Run DAGs in ``tmp_path``, apart from every project and installed plugin.

    It is the function `gluepy.testing.runs.run_dag`. Until the test ends, ``default_storage`` and
    ``data_manager`` work below ``tmp_path``, so the test can look at what the tasks wrote.
    """
    from gluepy.testing.runs import isolated, run_dag

    with isolated(tmp_path):
        yield run_dag
