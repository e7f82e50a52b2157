"""What all tests of the core share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

# Loaded here and not by its entry point: see addopts in pyproject.toml.
pytest_plugins = ["gluepy.testing.plugin"]


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what commands note for later ones out of the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
