"""Disk access: written so that no reader, and no crash, ever sees half a file."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

from gluepy.exceptions import StorageReadError, StorageWriteError
from gluepy.files.storages._paths import TEMPORARY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["make_folder", "reporting", "sync", "write_file"]

_PUBLIC = 0o666  # less what the umask takes away
_PRIVATE = 0o600


def write_file(path: str, chunks: Iterable[bytes], *, private: bool = False) -> None:
    """Write a file under a temporary name in its folder, then give it its own.

    A file that is replaced keeps its permissions, unless the new one is private.

    Args:
        path: Of the file; its folder is there.
        chunks: The content. What this iterable raises passes through.
        private: Whether only the owner may read it, from the first byte on.

    Raises:
        StorageWriteError: If the disk refuses; the old file is then as it was.
    """
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, TEMPORARY_PREFIX + os.urandom(8).hex())
    with reporting(path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, _PRIVATE if private else _PUBLIC)
    try:
        try:
            _fill(descriptor, path, chunks, private=private)
        finally:
            os.close(descriptor)
        with reporting(path):
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with reporting(path):
        _sync_folder(folder)


def make_folder(path: str) -> None:
    """Make a folder and those on the way to it, so that they outlive a crash.

    Raises:
        StorageWriteError: If the disk refuses, or a file stands in the way.
    """
    changed = []
    folder = path
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
        changed.append(folder)
    with reporting(path):
        os.makedirs(path, exist_ok=True)
        for folder in changed:
            _sync_folder(folder)


@contextlib.contextmanager
def reporting(
    path: str, error_class: type[StorageReadError | StorageWriteError] = StorageWriteError
) -> Iterator[None]:
    """Turn what the operating system refuses into an error of the storage that names ``path``."""
    try:
        yield
    except OSError as error:
        raise error_class(path, error.strerror or str(error)) from error


def sync(descriptor: int) -> None:
    """Wait until a file or folder is on the disk."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync folders. That is no reason not to write.
        if error.errno != errno.EINVAL:
            raise


def _fill(descriptor: int, path: str, chunks: Iterable[bytes], *, private: bool) -> None:
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            with reporting(path):
                rest = rest[os.write(descriptor, rest) :]
    with reporting(path):
        if not private:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(descriptor, stat.S_IMODE(os.stat(path).st_mode))
        sync(descriptor)


def _sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
