from __future__ import annotations

from collections.abc import Iterator

import pytest

from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY


@pytest.fixture(autouse=True)
def isolated_registries() -> Iterator[None]:
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        yield
