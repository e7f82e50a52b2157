"""Files that stay open for as long as a run goes on."""

from __future__ import annotations

import fcntl
import os

__all__ = ["open_high"]

_FIRST = 3


def open_high(path: str, flags: int, mode: int = 0o600) -> int:
    """Open a file as ``os.open`` does, under a descriptor that is no standard stream.

    Where standard error is closed, the next file would get its number, and whatever is printed
    would stand in it.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    if descriptor >= _FIRST:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST)
    finally:
        os.close(descriptor)
