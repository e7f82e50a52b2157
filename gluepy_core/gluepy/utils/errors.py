"""What an exception says, in the one line that a message has room for."""

from __future__ import annotations

import os
from types import TracebackType

__all__ = ["location_of", "reason_of", "text_of"]


def text_of(error: BaseException) -> str:
    """Return ``str(error)``; where that itself raises, say so, as Python's tracebacks do."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - code of others may fail at this, too
        return "<exception str() failed>"


def reason_of(error: BaseException) -> str:
    """Return ``KeyError: 'horizon'``, on one line."""
    text = " ".join(text_of(error).split())
    if isinstance(error, SyntaxError):
        text = str(error.msg)  # without file and line, which `location_of` tells
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def location_of(error: BaseException) -> str:
    """Return ``file:line`` of the code that is at fault, or nothing if that is unknown.

    That is where a syntax error stands, else the innermost frame in the user's own code, else the
    innermost one in an installed library.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    own, library = "", ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if _is_library(file):
            library = f"{file}:{trace.tb_lineno}"
        elif not file.startswith(("<frozen", _STANDARD_LIBRARY, _GLUEPY)):
            own = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return own or library


_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
_GLUEPY = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _is_library(file: str) -> bool:
    folders = file.split(os.sep)
    return not file.startswith(_GLUEPY) and (
        "site-packages" in folders or "dist-packages" in folders
    )
