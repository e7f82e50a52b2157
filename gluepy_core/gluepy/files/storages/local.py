"""A storage on a disk of this machine."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator

from gluepy.conf import default_settings
from gluepy.conf.secrets import mask
from gluepy.exceptions import InvalidPathError, PathOutsideRootError, StorageReadError
from gluepy.files.storages._disk import make_folder, reporting, write_file
from gluepy.files.storages._paths import SEPARATOR, TEMPORARY_PREFIX, is_within, join_key, to_key
from gluepy.files.storages.base import BaseStorage, Kind, Path

__all__ = ["LocalStorage"]

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}


class LocalStorage(BaseStorage):
    """Files in a folder of a disk.

    Links are followed as long as they stay inside the root; a path that leaves it through one is
    refused, except by `rm`, which removes the link. `ls` shows such a link as a file.

    A process that is killed while it writes may leave a file whose name begins with
    ``.gluepy-tmp-``. It is never listed, and goes with its folder.

    Args:
        root: The folder; made by the first write. None stands for the setting ``STORAGE_ROOT``.

    Raises:
        InvalidPathError: If it is a URL.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        folder = os.fspath(default_settings.STORAGE_ROOT if root is None else root)
        if "://" in folder:
            reason = "it is a URL, and this storage is a folder of this machine"
            raise InvalidPathError(str(mask(folder)), reason)
        super().__init__(os.path.abspath(folder))

    def local_path(self, path: Path) -> str:
        """Return the path on the disk, links followed.

        Raises:
            PathOutsideRootError: If it leads out of the root.
        """
        return self._resolve(self._key(path))

    def _key(self, path: Path) -> str:
        return to_key(path, self.root, os.path.realpath(self.root))

    def _kind(self, key: str) -> Kind | None:
        return self._kind_at(key, self._resolve(key))

    def _entry_kind(self, key: str) -> Kind | None:
        path = self._resolve_entry(key)
        return "file" if os.path.islink(path) else self._kind_at(key, path)

    def _read(self, key: str) -> bytes:
        return b"".join(self._iter_file(key))

    def _list(self, key: str) -> tuple[Iterable[str], Iterable[str]]:
        names: dict[Kind, list[str]] = {"file": [], "folder": []}
        for entry in self._iter_entries(key):
            kind = self._listed_kind(entry, join_key(key, entry.name))
            if kind is not None:
                names[kind].append(entry.name)
        return names["file"], names["folder"]

    def _write(self, key: str, chunks: Iterable[bytes], *, private: bool = False) -> None:
        path = self._resolve(key)
        make_folder(os.path.dirname(path))
        write_file(path, chunks, private=private)

    def _make_folder(self, key: str) -> None:
        make_folder(self._resolve(key))

    def _remove_file(self, key: str) -> None:
        path = self._resolve_entry(key)
        with reporting(path):
            os.unlink(path)

    def _remove_folder(self, key: str) -> None:
        path = self._resolve_entry(key)
        with reporting(path):
            shutil.rmtree(path)

    def _copy_file(self, src: str, dest: str) -> None:
        path = self._resolve(src)
        with reporting(path, StorageReadError):
            mode = os.stat(path).st_mode
        is_private = not mode & (stat.S_IRWXG | stat.S_IRWXO)
        self._write(dest, self._iter_file(src), private=is_private)

    def _iter_file(self, key: str) -> Iterator[bytes]:
        path = self._resolve(key)
        with reporting(path, StorageReadError), open(path, "rb") as file:
            while chunk := file.read(self.MAX_CHUNK_SIZE):
                yield chunk

    def _iter_entries(self, key: str) -> Iterator[os.DirEntry[str]]:
        path = self._resolve(key)
        if not key and not os.path.exists(path):
            return  # the root is made by the first write
        with reporting(path, StorageReadError), os.scandir(path) as entries:
            for entry in entries:
                if not entry.name.startswith(TEMPORARY_PREFIX):
                    yield entry

    def _listed_kind(self, entry: os.DirEntry[str], key: str) -> Kind | None:
        if not entry.is_symlink():
            return "folder" if entry.is_dir() else "file" if entry.is_file() else None
        try:
            return self._kind(key)
        except PathOutsideRootError:
            return "file"  # shown, so that nobody overlooks it; whoever opens it is told why not

    def _kind_at(self, key: str, path: str) -> Kind | None:
        if not key:
            return "folder"
        with reporting(path, StorageReadError):
            try:
                mode = os.stat(path).st_mode
            except OSError as error:
                if error.errno in _NOT_THERE:
                    return None
                raise
        if stat.S_ISDIR(mode):
            return "folder"
        # Pipes and devices are no files: to read one may never end.
        return "file" if stat.S_ISREG(mode) else None

    def _resolve(self, key: str) -> str:
        """Return the path on the disk, links followed."""
        root = os.path.realpath(self.root)
        path = os.path.realpath(os.path.join(root, key))
        if not is_within(path, root.rstrip(SEPARATOR)):
            raise PathOutsideRootError(key, self.root)
        return path

    def _resolve_entry(self, key: str) -> str:
        """Return the path on the disk, links followed on the way to it but not at its end."""
        folder, name = os.path.split(key)
        return os.path.join(self._resolve(folder), name)
