"""Where lines go: to standard error, or to a file."""

from __future__ import annotations

import os
import sys
from typing import Protocol, TextIO

__all__ = ["FileSink", "Sink", "StreamSink", "find_sink"]


class Sink(Protocol):
    """Takes lines."""

    def write(self, line: str) -> None:
        """Write one line, given without its line end."""


class StreamSink:
    """Writes lines to a text stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write one line in one piece, so that it is not torn by what others write."""
        self._stream.write(f"{line}\n")
        self._stream.flush()


class FileSink:
    """Appends lines to a file, which is opened for each line.

    So nothing is left open in a worker process, and a file that is rotated, moved or deleted is
    simply begun again. Each line is one append, which the system does not mix with others: threads
    and processes may write to one file. The price is a few microseconds a line.

    Args:
        path: Of the file; folders that are missing are made.

    Raises:
        OSError: If the file cannot be written.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        if not os.path.exists(folder := os.path.dirname(path)):
            os.makedirs(folder, exist_ok=True)
        self._append(b"")

    def write(self, line: str) -> None:
        """Append one line."""
        self._append(f"{line}\n".encode())

    def _append(self, content: bytes) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            while content:
                content = content[os.write(handle, content) :]
        finally:
            os.close(handle)


def find_sink(choice: object, *, project: str) -> Sink | None:
    """Return where lines go, or None if they go nowhere.

    Args:
        choice: The setting ``JSONLOG``: ``auto``, ``stderr``, ``off``, or the path of a file.
        project: The folder that a relative path starts at; empty for the current one.

    Raises:
        ValueError: If ``choice`` is none of these.
        OSError: If the file cannot be written.
    """
    match choice:
        case "off":
            return None
        case "auto" | "stderr":
            return _find_stderr(even_a_terminal=choice == "stderr")
        case str() if choice.strip():
            path = os.path.abspath(os.path.join(project, os.path.expanduser(choice)))
            return _open_file(path)
        case _:
            raise ValueError(
                f"the setting JSONLOG must be 'auto', 'stderr', 'off' or a path, not {choice!r}"
            )


def _find_stderr(*, even_a_terminal: bool) -> Sink | None:
    # None in a process without a console.
    if sys.stderr is None or (sys.stderr.isatty() and not even_a_terminal):
        return None
    return StreamSink(sys.stderr)


def _open_file(path: str) -> FileSink:
    try:
        return FileSink(path)
    except OSError as error:
        raise OSError(
            f"the file {path!r}, which the setting JSONLOG names, cannot be written: "
            f"{error.strerror}"
        ) from error
