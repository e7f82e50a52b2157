"""The folder of a report: each file is the old one or the new one, and no other is touched."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gluepy_report._errors import ForeignFolderError, UnwritableFolderError

__all__ = ["MANIFEST", "write_folder"]

#: Names all files of the report, so that the next one replaces them and only them.
MANIFEST = "report.json"
_SCHEMA = "gluepy.report/1"
_NEW = ".gluepy-report-"
#: A reader who comes while a report is written finds pages behind every link.
_LAST = ("index.json", "index.html")


def write_folder(
    folder: str | Path, files: Iterable[tuple[str, bytes]], manifest: Mapping[str, Any]
) -> None:
    """Write a report where there is none, or in the place of an older one.

    All is written beside the older one first. Then file after file takes its place at once; at last
    go those that the new report does not have.

    Args:
        folder: Where to; it may hold nothing but an older report, and files beside it.
        files: Path, from the folder and with ``/``, and content of each file.
        manifest: What `MANIFEST` says beside the files.

    Raises:
        ForeignFolderError: If the folder holds no report but something else, or if a file of the
            new report would replace one that is not of the older one.
        UnwritableFolderError: If the folder cannot be written.
    """
    root = Path(folder)
    try:
        before = _files_before(root)
        root.mkdir(parents=True, exist_ok=True)
        with _beside(root) as new:
            names = list(_write(new, files))
            _refuse_foreign(root, names, before)
            # The names of both, so that no file is forgotten if this ends half-way.
            _write_manifest(new, manifest, sorted({*names, *before}))
            _move(new, root, [MANIFEST])
            _move(new, root, sorted(names, key=lambda name: (name in _LAST, name)))
            _remove(root, before - set(names))
            _write_manifest(new, manifest, sorted(names))
            _move(new, root, [MANIFEST])
    except OSError as error:
        raise UnwritableFolderError(str(folder), error.strerror or str(error)) from error


def _files_before(root: Path) -> set[str]:
    """Return the files of the report that is there."""
    if not root.exists() or not any(root.iterdir()):
        return set()
    try:
        manifest = json.loads((root / MANIFEST).read_text("utf-8"))
        if manifest["schema"] == _SCHEMA:
            return {name for name in manifest["files"] if _is_inside(name)}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        pass  # it is no report of ours, whatever it is
    # What a report left that could not be finished is no reason to refuse the next one.
    foreign = sorted(one.name for one in root.iterdir() if not one.name.startswith(_NEW))
    if foreign:
        raise ForeignFolderError(str(root), foreign)
    return set()


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and ".." not in parts and not name.startswith("/")


@contextlib.contextmanager
def _beside(root: Path) -> Iterator[Path]:
    """Make a folder for the new files, on the same disk, and remove what is left of it."""
    for old in root.glob(f"{_NEW}*"):
        shutil.rmtree(old, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=root))
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write(new: Path, files: Iterable[tuple[str, bytes]]) -> Iterable[str]:
    for name, content in files:
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        yield name


def _write_manifest(new: Path, manifest: Mapping[str, Any], files: list[str]) -> None:
    document = {"schema": _SCHEMA, **manifest, "files": files}
    (new / MANIFEST).write_text(json.dumps(document, indent=1, ensure_ascii=False), "utf-8")


def _refuse_foreign(root: Path, names: Iterable[str], before: set[str]) -> None:
    foreign = [name for name in names if name not in before and os.path.lexists(root / name)]
    if foreign:
        raise ForeignFolderError(str(root), foreign)


def _move(new: Path, root: Path, names: Iterable[str]) -> None:
    for name in names:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(new / name, target)


def _remove(root: Path, names: Iterable[str]) -> None:
    for name in names:
        (root / name).unlink(missing_ok=True)
    for folder in {(root / name).parent for name in names} - {root}:
        with contextlib.suppress(OSError):  # other files are in it
            folder.rmdir()
