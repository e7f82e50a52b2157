"""Paths in a storage: every way to write one becomes a key, or is refused.

A key is relative to the root of the storage, separated by ``/``, without ``.``, ``..``, empty parts
or a slash at its ends. The key of the root is the empty string.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from gluepy.exceptions import InvalidPathError, PathOutsideRootError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SEPARATOR", "TEMPORARY_PREFIX", "is_within", "iter_parents", "join_key", "to_key"]

SEPARATOR = "/"

#: What the names of unfinished files begin with; nobody else may use such a name.
TEMPORARY_PREFIX = ".gluepy-tmp-"


def to_key(path: str | os.PathLike[str], *roots: str) -> str:
    """Return the key of a path.

    Args:
        path: Relative to the root, or absolute and inside it.
        roots: The absolute path of the root, in each form that it has; errors show the first.

    Raises:
        PathOutsideRootError: If the path leads out of the root.
        InvalidPathError: If no file can have that name, or the name is ours.
    """
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path is text, not {type(text).__name__}")
    _check_characters(text)
    key = _below(text, roots) if text.startswith(SEPARATOR) else posixpath.normpath(text)
    if key is None or key == ".." or key.startswith("../"):
        raise PathOutsideRootError(text, roots[0])
    if key == ".":
        return ""
    if any(part.startswith(TEMPORARY_PREFIX) for part in key.split(SEPARATOR)):
        raise InvalidPathError(text, f"names with {TEMPORARY_PREFIX!r} are for unfinished files")
    return key


def join_key(folder: str, name: str) -> str:
    """Return the key of ``name`` in ``folder``, both of which may be the root."""
    return posixpath.join(folder, name) if name else folder


def is_within(key: str, folder: str) -> bool:
    """Return whether ``key`` is ``folder`` or lies in it."""
    return not folder or key == folder or key.startswith(folder + SEPARATOR)


def iter_parents(key: str) -> Iterator[str]:
    """Yield the folders that a key lies in, the nearest first, without the root."""
    while key := posixpath.dirname(key):
        yield key


def _check_characters(text: str) -> None:
    if "\0" in text:
        # To C the path would end here, and not be the path that was checked.
        raise InvalidPathError(text, "it holds a NUL character")
    try:
        # What a disk may hold besides UTF-8, Python shows as such escapes.
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidPathError(text, "it cannot be written in UTF-8") from None


def _below(text: str, roots: tuple[str, ...]) -> str | None:
    # POSIX lets two leading slashes mean something else, and normpath keeps them.
    absolute = posixpath.normpath(SEPARATOR + text.lstrip(SEPARATOR))
    for root in roots:
        if absolute == root:
            return "."
        prefix = root.rstrip(SEPARATOR) + SEPARATOR
        if absolute.startswith(prefix):
            return absolute.removeprefix(prefix)
    return None
