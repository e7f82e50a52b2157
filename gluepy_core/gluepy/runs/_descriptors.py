"""Files that stay open for as long as a run goes on."""

from __future__ import annotations

import fcntl
import os

__all__ = ["open_high"]

_FIRST = 3


def open_high(path: str, flags: int, mode: int = 0o600, *, lowest: int = _FIRST) -> int:
    """Open a file as ``os.open`` does, under a descriptor that is no standard stream.

    Where standard error is closed, the next file would get its number, and whatever is printed
    would stand in it.

    Args:
        path: Of the file.
        flags: As ``os.open`` has them.
        mode: Of a new file.
        lowest: The descriptor is not below it, if the limits of this process allow that.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    if descriptor >= lowest:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)
    except OSError:
        if lowest > _FIRST:
            return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST)
        raise
    finally:
        os.close(descriptor)
