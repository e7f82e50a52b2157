"""Backends that settings name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gluepy.exceptions import ModuleLoadError, SettingsError
from gluepy.files.storages.memory import MemoryStorage
from gluepy.utils.backends import make_backend


def test_class_that_is_named_is_made() -> None:
    path = "gluepy.files.storages.memory.MemoryStorage"

    first, second = make_backend("STORAGE_BACKEND", path), make_backend("STORAGE_BACKEND", path)

    assert isinstance(first, MemoryStorage)
    assert first is not second


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gluepy.nothing.Storage", "ModuleNotFoundError: No module named 'gluepy.nothing'"),
        ("gluepy.files.Nothing", "ImportError: module 'gluepy.files' has no attribute 'Nothing'"),
        (
            "Storage",
            "ImportError: 'Storage' is no dotted path such as 'package.module.Class'",
        ),
    ],
)
def test_class_that_cannot_be_imported_is_an_error_that_names_the_setting(
    path: str, reason: str
) -> None:
    with pytest.raises(ModuleLoadError) as caught:
        make_backend("STORAGE_BACKEND", path)

    assert str(caught.value).startswith(
        f"STORAGE_BACKEND names {path!r}, which cannot be imported: {reason}"
    )


def test_what_is_no_class_is_refused() -> None:
    with pytest.raises(ModuleLoadError, match=r"STORAGE_BACKEND names 'os\.sep'.*: it is no class"):
        make_backend("STORAGE_BACKEND", "os.sep")


def test_module_that_raises_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_storage.py").write_text("\n1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleLoadError, match=r"ZeroDivisionError.*acme_storage\.py:2"):
        make_backend("STORAGE_BACKEND", "acme_storage.Storage")


def test_error_of_ours_is_passed_on_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_settings_storage.py").write_text(
        "from gluepy.exceptions import SettingsError\nraise SettingsError('acme', 'no bucket')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SettingsError, match="no bucket"):
        make_backend("STORAGE_BACKEND", "acme_settings_storage.Storage")


def test_module_that_exits_does_not_end_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_exit_storage.py").write_text("raise SystemExit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleLoadError, match=r"SystemExit: 0 \(.*acme_exit_storage\.py:1\)$"):
        make_backend("STORAGE_BACKEND", "acme_exit_storage.Storage")
