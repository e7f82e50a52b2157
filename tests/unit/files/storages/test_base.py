"""The storage interface, and the proxy that stands for the storage of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gluepy.conf import default_context, default_settings
from gluepy.conf.context import Context
from gluepy.conf.settings import Settings
from gluepy.exceptions import PathOutsideRootError
from gluepy.files.storages import BaseStorage, default_storage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.utils.loading import LazyProxy, scoped

RUN = Context({"gluepy": {"run_folder": "runs/2026/1/2/x"}})


class HalfStorage(BaseStorage):
    """A backend that knows where things are, and nothing else."""

    kinds: dict[str, Any] = {"file": "file", "folder": "folder", "": "folder"}

    def _kind(self, key: str) -> Any:
        return self.kinds.get(key)


@pytest.mark.parametrize(
    "call",
    [
        lambda storage: BaseStorage("/x").exists("a"),
        lambda storage: storage.open("file"),
        lambda storage: storage.ls("folder"),
        lambda storage: storage.touch("new", "x"),
        lambda storage: storage.mkdir("new"),
        lambda storage: storage.rm("file"),
        lambda storage: storage.rm("folder", recursive=True),
    ],
)
def test_backend_must_define_what_it_is_asked_for(call: Any) -> None:
    with pytest.raises(NotImplementedError):
        call(HalfStorage("/x"))


def test_location_is_the_absolute_path_unless_the_backend_knows_better() -> None:
    assert HalfStorage("/x").location("a/b") == "/x/a/b"


def test_path_of_the_run_is_below_the_run_folder() -> None:
    storage = MemoryStorage()

    with scoped(default_context, RUN):
        assert storage.runpath("a/b.txt") == "runs/2026/1/2/x/a/b.txt"
        assert storage.runpath(Path("a.txt")) == "runs/2026/1/2/x/a.txt"
        assert storage.runpath("") == "runs/2026/1/2/x"
        assert storage.runpath("/memory/shared.csv") == "shared.csv"


def test_path_of_the_run_cannot_leave_the_root() -> None:
    with scoped(default_context, RUN), pytest.raises(PathOutsideRootError):
        MemoryStorage().runpath("../../../../../../x")


def test_default_storage_is_the_one_of_the_settings(tmp_path: Path) -> None:
    settings = Settings()
    settings.STORAGE_BACKEND = "gluepy.files.storages.local.LocalStorage"
    settings.STORAGE_ROOT = str(tmp_path)

    with scoped(default_settings, settings):
        fresh: Any = LazyProxy(default_storage._factory)  # type: ignore[attr-defined]  # a proxy

        assert isinstance(fresh._target(), LocalStorage)
        assert fresh.root == str(tmp_path)
