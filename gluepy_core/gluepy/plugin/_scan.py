"""The fast reader of installed distributions: plain folders on the path.

Both metadata libraries take longer to import than this takes to scan, and importing
importlib-metadata changes how the whole process finds distributions. So folders are read here, and
`gluepy.plugin._metadata` reads what is left.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gluepy.plugin._entry_points import has_groups
from gluepy.utils.names import normalise

__all__ = ["Copy", "iter_entries", "read_folder", "split_stem"]

_ENDINGS = (".dist-info", ".egg-info")
_CHUNK_BYTES = 1 << 12


# Quicker than the constructors, which have keywords and defaults to look at.
_new = tuple.__new__


class Copy(NamedTuple):
    """One copy of a distribution on the path; there may be others.

    Attributes:
        name: In the one form of PEP 503.
        version: Empty where it cannot be told.
        file: Path of its ``entry_points.txt``.
        data: Content of that file; empty if it has no groups of ours.
        problem: Why the copy cannot be used; empty if it can.
    """

    name: str
    version: str
    file: str
    data: bytes = b""
    problem: str = ""


def iter_entries(path: Iterable[object]) -> Iterator[str]:
    """Iterate over what exists on the path, each folder and file once, whatever it is called.

    A folder that is reached twice, for example through a symbolic link, counts where it comes
    first.
    """
    seen = set()
    # What is no text is left out, as Python's own importing does.
    for entry in (item or os.curdir for item in path if isinstance(item, str)):
        try:
            status = os.stat(entry)
        except (OSError, ValueError):
            continue
        identity = (status.st_dev, status.st_ino)
        if identity not in seen:
            seen.add(identity)
            yield entry


def read_folder(folder: str) -> list[Copy]:
    """Return all distributions whose metadata lie in a folder, sorted by the names of these.

    Raises:
        NotADirectoryError: If it is a file.
        OSError: If it cannot be listed.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return [
            _read(folder, name, descriptor)
            for name in sorted(os.listdir(descriptor))
            # pip renames what it is about to remove to "~ame"; half of it may be gone.
            if name.endswith(_ENDINGS) and name[0] not in ".~-"
        ]
    finally:
        os.close(descriptor)


def split_stem(stem: str) -> tuple[str, str]:
    """Return the normalised name and the version that the name of a metadata folder says.

    Example:
        >>> split_stem("Acme_Forecast-1.0")
        ('acme-forecast', '1.0')
    """
    name, _, version = stem.partition("-")
    while "-" in version and not version[0].isdigit():
        more, _, version = version.partition("-")  # an old tool left hyphens in the name
        name = f"{name}-{more}"
    return normalise(name), version


def _read(folder: str, name: str, descriptor: int) -> Copy:
    """Read one distribution.

    Args:
        folder: That holds its metadata folder.
        name: Of its metadata folder.
        descriptor: Of ``folder``. Opening relative to it saves the system the way down from the
            root, for every file.
    """
    is_wheel = name.endswith(".dist-info")
    distribution, version = split_stem(name[:-10] if is_wheel else name[:-9])
    relative = name + "/entry_points.txt"
    file = f"{folder}/{relative}"
    try:
        data = _read_bytes(relative, descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return Copy(distribution, version, file)
    except OSError as error:
        problem = f"entry_points.txt cannot be read: {error.strerror}"
        return Copy(distribution, version, file, b"", problem)
    if b"gluepy." not in data and not has_groups(data):
        return Copy(distribution, version, file)
    problem = ""
    if not is_wheel:
        version, problem = _egg_version(name, version.partition("-py")[0], descriptor)
    elif not os.access(name + "/METADATA", os.R_OK, dir_fd=descriptor):
        problem = "METADATA is missing"
    return _new(Copy, (distribution, version, file, data, problem))


def _egg_version(name: str, version: str, descriptor: int) -> tuple[str, str]:
    """Return version and problem of an ``egg-info`` folder, whose name often has no version."""
    try:
        header = _read_bytes(name + "/PKG-INFO", descriptor).decode("utf-8", "replace")
    except OSError:
        return version, "PKG-INFO is missing"
    for line in header.partition("\n\n")[0].splitlines():
        if line.startswith("Version:"):
            return line.partition(":")[2].strip(), ""
    return version, "" if version else "PKG-INFO has no version"


def _read_bytes(relative: str, folder: int) -> bytes:
    # Not open(): its buffers cost more than the reading of such a small file.
    descriptor = os.open(relative, os.O_RDONLY, dir_fd=folder)
    try:
        data = os.read(descriptor, _CHUNK_BYTES)
        if len(data) < _CHUNK_BYTES:
            return data
        chunks = [data]
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)
