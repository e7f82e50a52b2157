"""The standard streams of a process, made so that they never get in the way."""

from __future__ import annotations

import os
import sys

__all__ = ["flush_streams", "never_fail_to_encode", "open_closed_streams"]


def open_closed_streams() -> None:
    """Let descriptors 0 to 2 lead nowhere where they are closed, as in some daemons.

    The next file that is opened would else become standard output, and what a program started by a
    task prints would stand in it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free


def never_fail_to_encode() -> None:
    """Write characters that the terminal's encoding lacks as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def flush_streams() -> None:
    """Hand on what was printed, where anybody still reads it."""
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - suppress() costs more, and this is called after every step
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
