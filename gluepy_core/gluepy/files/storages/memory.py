"""A storage in the memory of the process: for tests and for trying things out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from gluepy.files.storages._paths import is_within, iter_parents
from gluepy.files.storages.base import BaseStorage, Kind, Path

__all__ = ["MemoryStorage"]

_NOTHING = object()


class MemoryStorage(BaseStorage):
    """Files in memory; they are gone with the object.

    Args:
        root: What absolute paths begin with. There is no such folder on any disk.
    """

    is_shared = False

    def __init__(self, root: str | None = None) -> None:
        super().__init__(posixpath.normpath(posixpath.join("/", root or "memory")))
        # A folder is an entry of its own, so that an empty one can be. Each change is one operation
        # on the dictionary, which is what makes it atomic for other threads; whoever looks at all
        # entries looks at a copy.
        self._entries: dict[str, bytes | None] = {"": None}

    def location(self, path: Path) -> str:
        """Return a URL that names the file; nothing opens it."""
        return f"memory://{self._key(path)}"

    def _kind(self, key: str) -> Kind | None:
        content = self._entries.get(key, _NOTHING)
        if content is _NOTHING:
            return None
        return "folder" if content is None else "file"

    def _read(self, key: str) -> bytes:
        return self._entries[key] or b""

    def _list(self, key: str) -> tuple[Iterable[str], Iterable[str]]:
        files, folders = list[str](), list[str]()
        for entry, content in list(self._entries.items()):
            if entry and posixpath.dirname(entry) == key:
                names = folders if content is None else files
                names.append(posixpath.basename(entry))
        return files, folders

    def _write(self, key: str, chunks: Iterable[bytes], *, private: bool = False) -> None:
        content = b"".join(chunks)
        self._make_folder(posixpath.dirname(key))
        self._entries[key] = content

    def _make_folder(self, key: str) -> None:
        for folder in (key, *iter_parents(key)):
            self._entries.setdefault(folder, None)

    def _remove_file(self, key: str) -> None:
        del self._entries[key]

    def _remove_folder(self, key: str) -> None:
        for entry in list(self._entries):
            if is_within(entry, key):
                self._entries.pop(entry, None)
