"""Helpers around storages."""

from __future__ import annotations

import contextlib
import io
import posixpath
import threading
from typing import TYPE_CHECKING

from gluepy.exceptions import MissingLibraryError, UnknownFormatError
from gluepy.files.storages import default_storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["plot"]

# pyplot has one current figure for the whole process, and matplotlib draws in one thread at a time.
# A thread may take the lock again: a block may have another within it.
_drawing = threading.RLock()


@contextlib.contextmanager
def plot(file_path: str, root: bool = False) -> Iterator[ModuleType]:  # noqa: FBT001, FBT002 - 1.6
    """Hand out ``matplotlib.pyplot`` with a fresh figure, and save it when the block ends.

    What is saved is the current figure, also where the block has made its own (``plt.subplots()``).
    When the block raises, nothing is saved. All figures of the block are closed.

    All threads share pyplot, so where tasks run in threads, blocks run one after the other. Read
    and compute before yours.

    Args:
        file_path: Of the picture, relative to the run folder; its ending names the format, PNG
            when it has none.
        root: Whether ``file_path`` is relative to the root of the storage instead.

    Raises:
        MissingLibraryError: If matplotlib is not installed.
        UnknownFormatError: If matplotlib cannot write that format; known before the block runs.
    """
    plt = _load_pyplot()
    path = file_path if root else default_storage.runpath(file_path)
    with _drawing:
        others = set(plt.get_fignums())
        try:
            figure = plt.figure()
            picture_format = _format_of(path, figure.canvas.get_supported_filetypes())
            yield plt
            buffer = io.BytesIO()
            plt.gcf().savefig(buffer, format=picture_format)
        finally:
            for number in set(plt.get_fignums()) - others:
                plt.close(number)
    default_storage.touch(path, buffer)


def _load_pyplot() -> ModuleType:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingLibraryError("matplotlib", "plot()", "plot") from error
    return plt


def _format_of(path: str, known: dict[str, str]) -> str:
    ending = posixpath.splitext(path)[1].lstrip(".").lower() or "png"
    if ending not in known:
        raise UnknownFormatError(path, sorted(known))
    return ending
