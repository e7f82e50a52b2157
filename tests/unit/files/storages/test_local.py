"""The storage on a disk: the suite, and what only a disk has."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gluepy.conf import default_settings
from gluepy.conf.settings import Settings
from gluepy.exceptions import (
    InvalidPathError,
    PathOutsideRootError,
    StorageReadError,
    StorageWriteError,
)
from gluepy.files.storages import BaseStorage, _disk
from gluepy.files.storages.local import LocalStorage
from gluepy.testing.storages import LinkedStorageSuite
from gluepy.utils.loading import scoped

NOBODY = 65534


class DiskSuite(LinkedStorageSuite):
    def link(self, storage: BaseStorage, target: str, path: str) -> None:
        Path(storage.root).mkdir(exist_ok=True)
        Path(storage.root, path).symlink_to(target)

    def all_files(self, storage: BaseStorage) -> list[str]:
        return sorted(
            str(path.relative_to(storage.root))
            for path in Path(storage.root).rglob("*")
            if not path.is_dir()
        )


class TestLocalStorage(DiskSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> BaseStorage:
        return LocalStorage(str(tmp_path))


class TestLocalStorageWithoutFolder(DiskSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> BaseStorage:
        return LocalStorage(tmp_path / "not" / "there")

    def link(self, storage: BaseStorage, target: str, path: str) -> None:
        Path(storage.root).mkdir(parents=True, exist_ok=True)
        super().link(storage, target, path)


class TestLocalStorageWithRelativeRoot(DiskSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaseStorage:
        monkeypatch.chdir(tmp_path)
        return LocalStorage("data")


class TestLocalStorageBehindLink(DiskSuite):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> BaseStorage:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        return LocalStorage(tmp_path / "link")


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


@contextlib.contextmanager
def without_privileges(tmp_path: Path) -> Iterator[None]:
    """Give up the rights of root, to whom nothing is forbidden, while the block runs."""
    user = os.geteuid()
    if user == 0:
        for folder in (tmp_path, *tmp_path.parents):
            # Pytest's own: the folder of all its runs, of this one, and of a process of it.
            if folder == tmp_path or folder.name.startswith(("pytest-", "popen-")):
                folder.chmod(0o755)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


# -- the root ----------------------------------------------------------------------------------


def test_root_is_the_setting_unless_given(tmp_path: Path) -> None:
    settings = Settings()
    settings.STORAGE_ROOT = str(tmp_path / "data")

    with scoped(default_settings, settings):
        storage = LocalStorage()

    assert storage.root == str(tmp_path / "data")


def test_relative_root_does_not_move_with_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = LocalStorage("data")
    storage.touch("a", "x")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert storage.ls() == (["a"], [])
    assert storage.location("a") == str(tmp_path / "data" / "a")


def test_root_folder_of_the_disk_can_be_the_root(tmp_path: Path) -> None:
    storage = LocalStorage("/")

    storage.touch(str(tmp_path / "a"), "x")

    assert (tmp_path / "a").read_text() == "x"
    assert storage.abspath(tmp_path) == str(tmp_path)
    assert storage.abspath("") == "/"


def test_path_through_the_target_of_a_linked_root_is_inside(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    storage = LocalStorage(tmp_path / "link")

    storage.touch(tmp_path / "real" / "a", "x")

    assert storage.open("a") == b"x"


def test_link_to_a_sibling_that_begins_like_the_root_is_outside(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root-evil").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "root-evil")

    with pytest.raises(PathOutsideRootError):
        LocalStorage(tmp_path / "root").touch("link/x", "x")

    assert list((tmp_path / "root-evil").iterdir()) == []


# -- what lies on the disk ---------------------------------------------------------------------


def test_private_file_is_for_its_owner_only_from_the_first_byte(
    storage: LocalStorage, tmp_path: Path
) -> None:
    modes: list[int] = []

    def content() -> Iterator[bytes]:
        yield b"x"
        modes.extend(_mode(path) for path in tmp_path.iterdir())

    storage.touch("context.yaml", content(), private=True)

    assert [*modes, _mode(tmp_path / "context.yaml")] == [0o600, 0o600]


def test_copy_of_a_private_file_is_private(storage: LocalStorage, tmp_path: Path) -> None:
    storage.touch("a/secret", "x", private=True)
    storage.touch("a/public", "x")

    storage.cp("a", "b", recursive=True)

    assert _mode(tmp_path / "b" / "secret") == 0o600
    assert _mode(tmp_path / "b" / "public") == _mode(tmp_path / "a" / "public") != 0o600


def test_new_file_obeys_the_umask(storage: LocalStorage, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        storage.touch("a", "x")
    finally:
        os.umask(before)

    assert _mode(tmp_path / "a") == 0o640


def test_replaced_file_keeps_its_permissions(storage: LocalStorage, tmp_path: Path) -> None:
    storage.touch("a", "old", private=True)
    storage.touch("b", "old")
    (tmp_path / "b").chmod(0o664)

    storage.touch("a", "new")
    storage.touch("b", "new")
    assert (_mode(tmp_path / "a"), _mode(tmp_path / "b")) == (0o600, 0o664)
    storage.touch("b", "new", private=True)

    assert _mode(tmp_path / "b") == 0o600


def test_unfinished_file_of_a_killed_process_is_hidden_and_goes_with_its_folder(
    storage: LocalStorage, tmp_path: Path
) -> None:
    storage.touch("a/x", "x")
    (tmp_path / "a" / ".gluepy-tmp-0123").write_text("half")

    assert storage.ls("a") == (["x"], [])
    storage.cp("a", "b", recursive=True)
    storage.rm("a", recursive=True)

    assert not (tmp_path / "a").exists()
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["x"]


def test_process_that_is_killed_while_it_writes_leaves_the_old_file(
    storage: LocalStorage, tmp_path: Path
) -> None:
    storage.touch("a", "old")
    code = f"""
import os, signal
from gluepy.files.storages.local import LocalStorage

def content():
    yield b"half of it"
    os.kill(os.getpid(), signal.SIGKILL)

LocalStorage({str(tmp_path)!r}).touch("a", content())
"""

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == -signal.SIGKILL
    assert storage.open("a") == b"old"
    assert storage.ls() == (["a"], [])
    assert len(list(tmp_path.iterdir())) == 2


def test_name_of_an_unfinished_file_is_refused(storage: LocalStorage) -> None:
    with pytest.raises(InvalidPathError) as caught:
        storage.touch("a/.gluepy-tmp-0123", "x")

    assert str(caught.value) == (
        "the path 'a/.gluepy-tmp-0123' cannot be used: "
        "names with '.gluepy-tmp-' are for unfinished files"
    )


def test_pipe_is_no_file(storage: LocalStorage, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert storage.ls() == ([], [])
    assert not storage.exists("pipe")


def test_name_that_is_not_utf8_is_listed_and_can_be_read(
    storage: LocalStorage, tmp_path: Path
) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).write_text("x")

    files, _ = storage.ls()

    assert [storage.open(name) for name in files] == [b"x"]


def test_longest_name_works(storage: LocalStorage) -> None:
    storage.touch("n" * 255, "x")

    assert storage.ls() == (["n" * 255], [])


# -- a disk that refuses -----------------------------------------------------------------------


def test_full_disk_leaves_the_old_file(storage: LocalStorage, tmp_path: Path) -> None:
    storage.touch("a", "old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(StorageWriteError) as caught:
            storage.touch("a", [b"x" * 900, b"y" * 900])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert str(caught.value) == f"cannot write {str(tmp_path / 'a')!r}: File too large"
    assert storage.open("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_name_that_is_too_long_cannot_be_written(storage: LocalStorage, tmp_path: Path) -> None:
    with pytest.raises(StorageWriteError, match=r": File name too long$"):
        storage.touch("n" * 256, "x")
    with pytest.raises(StorageWriteError, match=r": File name too long$"):
        storage.mkdir("n" * 256)

    assert list(tmp_path.iterdir()) == []


def test_root_that_is_a_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("x")
    storage = LocalStorage(tmp_path / "root")

    with pytest.raises(StorageReadError, match=r": Not a directory$"):
        storage.ls()
    with pytest.raises(StorageWriteError, match=r": File exists$"):
        storage.touch("a", "x")


def test_folder_without_permission_cannot_be_looked_into(
    storage: LocalStorage, tmp_path: Path
) -> None:
    storage.touch("a/x", "x")
    storage.touch("b", "x")
    (tmp_path / "a").chmod(0)
    (tmp_path / "b").chmod(0)

    with without_privileges(tmp_path):
        with pytest.raises(StorageReadError, match=r"/a/x': Permission denied$"):
            storage.exists("a/x")
        with pytest.raises(StorageReadError, match=r"/a': Permission denied$"):
            storage.ls("a")
        with pytest.raises(StorageReadError, match=r"/b': Permission denied$"):
            storage.open("b")
    (tmp_path / "a").chmod(0o755)


def test_folder_without_permission_cannot_be_changed(storage: LocalStorage, tmp_path: Path) -> None:
    storage.touch("a/b/x", "x")
    (tmp_path / "a").chmod(0o555)
    (tmp_path / "a" / "b").chmod(0o555)

    with without_privileges(tmp_path):
        calls: list[Callable[[], None]] = [
            lambda: storage.touch("a/y", "x"),
            lambda: storage.mkdir("a/c"),
            lambda: storage.rm("a/b/x"),
            lambda: storage.rm("a/b", recursive=True),
            lambda: storage.cp("a/b/x", "a/y"),
        ]
        for call in calls:
            with pytest.raises(StorageWriteError, match=r": Permission denied$"):
                call()
    (tmp_path / "a").chmod(0o755)
    (tmp_path / "a" / "b").chmod(0o755)
    assert storage.open("a/b/x") == b"x"


# -- waiting for the disk ----------------------------------------------------------------------


def test_descriptor_that_cannot_be_synced_is_no_error() -> None:
    reading, writing = os.pipe()
    try:
        _disk.sync(writing)  # EINVAL, as folders of some network file systems
    finally:
        os.close(reading)
        os.close(writing)


def test_error_of_the_disk_is_an_error() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        _disk.sync(1_000_000)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_url_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidPathError) as caught:
        LocalStorage("s3://key:hush@bucket/prefix")

    assert str(caught.value) == (
        "the path 's3://key:***@bucket/prefix' cannot be used: "
        "it is a URL, and this storage is a folder of this machine"
    )
    assert list(tmp_path.iterdir()) == []


# -- where a file lies -----------------------------------------------------------------------------


def test_path_on_the_disk_follows_links_inside_the_root(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    tmp_path.joinpath("there").mkdir()
    tmp_path.joinpath("here").symlink_to("there")

    assert storage.local_path("here/x") == str(tmp_path / "there" / "x")
    assert storage.local_path("") == str(tmp_path)


def test_path_on_the_disk_does_not_lead_out_of_the_root(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "root")
    tmp_path.joinpath("root").mkdir()
    tmp_path.joinpath("root", "out").symlink_to(tmp_path)

    for path in ("out/x", "../x"):
        with pytest.raises(PathOutsideRootError):
            storage.local_path(path)
