"""The storage interface: what every backend promises, and the rules that all of them share."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from typing import ClassVar, Literal, TypeAlias, overload

from gluepy.conf import default_context
from gluepy.exceptions import (
    FileExpectedError,
    FolderExpectedError,
    InvalidPathError,
    StorageExistsError,
    StorageNotFoundError,
    StorageReadError,
)
from gluepy.files.storages._content import Content, iter_chunks
from gluepy.files.storages._paths import SEPARATOR, is_within, iter_parents, join_key, to_key

__all__ = ["BaseStorage", "Kind", "Path"]

Kind: TypeAlias = Literal["file", "folder"]
Path: TypeAlias = str | os.PathLike[str]


class BaseStorage:
    """Files below one root, on a disk, in memory or elsewhere.

    A path is relative to the root; an absolute one is accepted when it lies inside. Nothing leads
    out of the root. A file is written whole or not at all: no reader ever sees half of one.

    This class checks the paths and decides what each call means. A backend defines how it is done:
    the methods at the end, whose names begin with an underscore. They are given *keys*: clean
    paths, relative to the root, which is itself the empty key. `gluepy.testing.storages` holds the
    suite that shows whether a backend keeps the promises.

    Args:
        root: Absolute path of the root.

    Attributes:
        MAX_CHUNK_SIZE: Most bytes to hold in memory while a stream or a file is copied.
        separator: Stands between the parts of a path.
        is_shared: Whether other processes see the same files.
        root: As given.
    """

    MAX_CHUNK_SIZE: ClassVar[int] = 4 * 1024 * 1024
    separator: ClassVar[str] = SEPARATOR
    is_shared: ClassVar[bool] = True

    def __init__(self, root: str) -> None:
        self.root = root

    # -- paths ---------------------------------------------------------------------------------

    def abspath(self, path: Path) -> str:
        """Return the absolute path, which starts with the root."""
        return posixpath.join(self.root, self._key(path)).rstrip(SEPARATOR) or SEPARATOR

    def relpath(self, path: Path) -> str:
        """Return the path relative to the root, in its one clean form; ``.`` is the root."""
        return self._key(path) or "."

    def runpath(self, path: Path) -> str:
        """Return the path, relative to the root, of a file of the current run."""
        return self.relpath(posixpath.join(default_context.gluepy.run_folder, os.fspath(path)))

    def location(self, path: Path) -> str:
        """Return what a person opens to see the file: an absolute path or a URL."""
        return self.abspath(path)

    def local_path(self, path: Path) -> str | None:
        """Return where the file lies on a disk of this machine, links followed; None if on none.

        It is for what cannot be written whole, such as a journal or a database. Whether there is a
        file is not looked at.
        """
        self._key(path)
        return None

    # -- looking -------------------------------------------------------------------------------

    def exists(self, path: Path) -> bool:
        """Return whether there is a file or a folder; the root is always there."""
        return self._kind(self._key(path)) is not None

    def isfile(self, path: Path) -> bool:
        """Return whether there is a file."""
        return self._kind(self._key(path)) == "file"

    def isdir(self, path: Path) -> bool:
        """Return whether there is a folder."""
        return self._kind(self._key(path)) == "folder"

    def ls(self, path: Path = "") -> tuple[list[str], list[str]]:
        """Return the names of the files and of the folders in a folder, both sorted.

        Raises:
            StorageNotFoundError: If there is nothing at the path.
            FolderExpectedError: If there is a file.
        """
        key = self._key(path)
        if self._existing(key) == "file":
            raise FolderExpectedError(key)
        files, folders = self._list(key)
        return sorted(files), sorted(folders)

    @overload
    def open(self, file_path: Path, mode: Literal["rb"] = "rb") -> bytes: ...

    @overload
    def open(self, file_path: Path, mode: Literal["r", "rt"]) -> str: ...

    def open(self, file_path: Path, mode: str = "rb") -> str | bytes:
        """Return the content of a file.

        Args:
            file_path: The file.
            mode: ``rb`` for bytes, ``r`` for text, which is UTF-8.

        Raises:
            StorageNotFoundError: If there is no such file.
            FileExpectedError: If there is a folder.
            StorageReadError: If it cannot be read, or is no text.
        """
        if mode not in {"rb", "r", "rt"}:
            raise ValueError(f"mode {mode!r} is none of 'rb', 'r', 'rt'; use touch() to write")
        key = self._key(file_path)
        if self._existing(key) == "folder":
            raise FileExpectedError(key, hint="Use ls() to see what is in it.")
        content = self._read(key)
        if mode == "rb":
            return content
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise StorageReadError(
                key, f"it is no UTF-8 text ({error})", hint="Open it with mode='rb'."
            ) from error

    # -- changing ------------------------------------------------------------------------------

    def touch(self, file_path: Path, content: Content = b"", *, private: bool = False) -> None:
        """Write a file, whole or not at all, and the folders on the way to it.

        Until the new file is complete, readers see the old one; after an error they still do.

        Args:
            file_path: The file; it is replaced if it is there.
            content: Text (stored as UTF-8), bytes, a stream or an iterable of either. A stream is
                read from its beginning.
            private: Whether only the owner may read the file, where the backend can see to it.

        Raises:
            FileExpectedError: If there is a folder at the path.
            FolderExpectedError: If a file stands where a folder is needed.
            StorageWriteError: If it cannot be written.
        """
        key = self._key(file_path)
        if os.fspath(file_path).endswith(SEPARATOR):
            raise InvalidPathError(os.fspath(file_path), "it names a folder, not a file")
        self._check_target(key)
        self._write(key, iter_chunks(content, self.MAX_CHUNK_SIZE), private=private)

    def mkdir(self, path: Path, make_parents: bool = False) -> None:  # noqa: FBT001, FBT002 - 1.6
        """Make a folder; one that is there already is left as it is.

        Args:
            path: The folder.
            make_parents: Whether to make the folders on the way to it, too.

        Raises:
            StorageExistsError: If there is a file at the path.
            FolderExpectedError: If a file stands where a folder is needed.
            StorageNotFoundError: If the folder that it would lie in is not there.
        """
        key = self._key(path)
        kind = self._kind(key)
        if kind == "file":
            raise StorageExistsError(key)
        if kind == "folder":
            return
        self._check_parents(key)
        parent = posixpath.dirname(key)
        if not make_parents and self._kind(parent) is None:
            raise StorageNotFoundError(parent, self.location(parent))
        self._make_folder(key)

    def rm(self, path: Path, recursive: bool = False) -> None:  # noqa: FBT001, FBT002 - 1.6
        """Remove a file, or a folder with all that is in it.

        Args:
            path: File or folder.
            recursive: Needed for folders, empty ones too.

        Raises:
            StorageNotFoundError: If there is nothing at the path.
            FileExpectedError: If there is a folder and ``recursive`` is not set.
            InvalidPathError: If the path is the root.
        """
        key = self._key(path)
        if not key:
            raise InvalidPathError(os.fspath(path), "the root of a storage cannot be removed")
        kind = self._entry_kind(key)
        if kind is None:
            raise StorageNotFoundError(key, self.location(key))
        if kind == "file":
            self._remove_file(key)
        elif recursive:
            self._remove_folder(key)
        else:
            raise FileExpectedError(key, hint="Pass recursive=True to remove it.")

    def cp(
        self,
        src_path: Path,
        dest_path: Path,
        recursive: bool = False,  # noqa: FBT001, FBT002 - positional in Gluepy 1.6
        overwrite: bool = False,  # noqa: FBT001, FBT002 - positional in Gluepy 1.6
    ) -> None:
        """Copy a file, or a folder with all that is in it.

        Every file is copied whole or not at all. What stands in the way is found before the first
        file is copied.

        Args:
            src_path: File or folder.
            dest_path: Name of the copy. What is in a folder is merged with what is there already.
            recursive: Needed for folders.
            overwrite: Whether files that are there may be replaced.

        Raises:
            StorageNotFoundError: If there is nothing at ``src_path``.
            StorageExistsError: If a file is there already and ``overwrite`` is not set.
            FileExpectedError: If ``src_path`` is a folder and ``recursive`` is not set, or a file
                would replace a folder.
            FolderExpectedError: If a folder would replace a file.
            InvalidPathError: If a folder would be copied into itself.
        """
        src, dest = self._key(src_path), self._key(dest_path)
        files, folders = [""], list[str]()
        if self._existing(src) == "folder":
            if not recursive:
                raise FileExpectedError(src, hint="Pass recursive=True to copy it.")
            if is_within(dest, src):
                raise InvalidPathError(os.fspath(dest_path), f"{src!r} would lie in its own copy")
            files, folders = self._walk(src)
        for name in folders:
            self._check_folder(join_key(dest, name))
        for name in files:
            self._existing(join_key(src, name))
            self._check_target(join_key(dest, name), overwrite=overwrite)
        for name in folders:
            self._make_folder(join_key(dest, name))
        for name in files:
            self._copy_file(join_key(src, name), join_key(dest, name))

    # -- rules ---------------------------------------------------------------------------------

    def _key(self, path: Path) -> str:
        return to_key(path, self.root)

    def _existing(self, key: str) -> Kind:
        kind = self._kind(key)
        if kind is None:
            raise StorageNotFoundError(key, self.location(key))
        return kind

    def _check_target(self, key: str, *, overwrite: bool = True) -> None:
        """Refuse a key at which no file can be written."""
        kind = self._kind(key)
        if kind == "folder":
            raise FileExpectedError(key, hint="Name the file in it.")
        if kind == "file" and not overwrite:
            raise StorageExistsError(key)
        if kind is None:
            self._check_parents(key)

    def _check_folder(self, key: str) -> None:
        """Refuse a key at which no folder can be made."""
        if self._kind(key) == "file":
            raise FolderExpectedError(key)
        self._check_parents(key)

    def _check_parents(self, key: str) -> None:
        for parent in iter_parents(key):
            kind = self._kind(parent)
            if kind == "file":
                raise FolderExpectedError(parent)
            if kind == "folder":
                return

    def _walk(self, key: str) -> tuple[list[str], list[str]]:
        """Return all files and folders below a folder, and itself, relative to it."""
        files, folders, pending = list[str](), list[str](), [""]
        while pending:
            folder = pending.pop()
            folders.append(folder)
            names, subfolders = self.ls(join_key(key, folder) or ".")
            files.extend(join_key(folder, name) for name in names)
            pending.extend(join_key(folder, name) for name in reversed(subfolders))
        return files, folders

    # -- what a backend defines ----------------------------------------------------------------

    def _kind(self, key: str) -> Kind | None:
        """Return what is at the key; the empty key is always a folder."""
        raise NotImplementedError

    def _entry_kind(self, key: str) -> Kind | None:
        """Return what would be removed; other than `_kind` where there are links."""
        return self._kind(key)

    def _read(self, key: str) -> bytes:
        """Return the content of the file."""
        raise NotImplementedError

    def _list(self, key: str) -> tuple[Iterable[str], Iterable[str]]:
        """Return the names of the files and of the folders in the folder."""
        raise NotImplementedError

    def _write(self, key: str, chunks: Iterable[bytes], *, private: bool = False) -> None:
        """Write the file whole or not at all, and make the folders on the way to it.

        An error that ``chunks`` raises passes through, and leaves everything as it was.
        """
        raise NotImplementedError

    def _make_folder(self, key: str) -> None:
        """Make the folder and those on the way to it, where they are not there."""
        raise NotImplementedError

    def _remove_file(self, key: str) -> None:
        """Remove the file."""
        raise NotImplementedError

    def _remove_folder(self, key: str) -> None:
        """Remove the folder and all that is in it."""
        raise NotImplementedError

    def _copy_file(self, src: str, dest: str) -> None:
        """Copy one file to a key at which a file can be written."""
        self._write(dest, [self._read(src)])
