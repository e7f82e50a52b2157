"""Standard output put aside while the code of a plugin is imported."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

__all__ = ["output_aside"]

_STDOUT = 1
_STDERR = 2


@contextlib.contextmanager
def output_aside() -> Iterator[None]:
    """Send to standard error what is written to standard output while the block runs.

    That holds for ``print`` and for what writes to the file descriptor, as libraries in C and
    child processes do. Blocks may be nested, and run in several threads at once: output is back in
    its place when the last one has ended.
    """
    _aside.enter()
    try:
        yield
    finally:
        _aside.leave()


class _Aside:
    """How many blocks are running, and what to put back after the last."""

    def __init__(self) -> None:
        # A count, not a lock held while importing: that could wait for an import that waits for it.
        self._lock = threading.Lock()
        self._depth = 0
        self._undo = contextlib.ExitStack()

    def enter(self) -> None:
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._undo.enter_context(_descriptor_aside())
                self._undo.enter_context(contextlib.redirect_stdout(sys.stderr))

    def leave(self) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._undo.close()


@contextlib.contextmanager
def _descriptor_aside() -> Iterator[None]:
    _flush()
    try:
        saved = os.dup(_STDOUT)
    except OSError:
        yield  # standard output is closed, as in a daemon
        return
    try:
        with contextlib.suppress(OSError):
            os.dup2(_STDERR, _STDOUT)
        yield
    finally:
        _flush()
        os.dup2(saved, _STDOUT)
        os.close(saved)


def _flush() -> None:
    """Write out what waits in buffers, while the descriptor is still where it belongs."""
    for stream in (sys.stdout, sys.__stdout__):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()  # type: ignore[union-attr]  # None without a console: suppressed


_aside = _Aside()
