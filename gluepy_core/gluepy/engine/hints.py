"""What the author of a task may have meant, where a name that they have written is not there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from types import TracebackType

from gluepy.exceptions import GluepyError

__all__ = ["hint_for"]

# Python leaves it, too, where there are more: the comparison would take long.
_MAX_NAMES = 750

_IMPORTED = re.compile(r"cannot import name '(\w+)'")


def hint_for(error: BaseException) -> str:
    """Return what to do about an error; nothing if nobody knows.

    Python suggests names only when it prints a traceback itself; its module ``traceback`` does so
    from 3.12 on.
    """
    if isinstance(error, GluepyError):
        return error.hint
    try:
        wrong, known = _names(error)
        close = _nearest(wrong, known) if wrong else ""
    except Exception:  # noqa: BLE001 - the objects are the user's
        return ""
    return f"Did you mean {close!r}?" if close else ""


def _names(error: BaseException) -> tuple[str, Iterable[str]]:
    """Return the name that was not found, and those that there are."""
    if isinstance(error, NameError) and error.name:
        return error.name, _visible(error.__traceback__)
    if isinstance(error, AttributeError) and error.name:
        return error.name, dir(error.obj)
    if isinstance(error, ImportError) and error.name in sys.modules:
        found = _IMPORTED.match(error.msg)
        return found[1] if found else "", dir(sys.modules[error.name])
    return "", ()


def _visible(trace: TracebackType | None) -> list[str]:
    """Return the names that can be used in the innermost frame."""
    if trace is None:
        return []
    while trace.tb_next is not None:
        trace = trace.tb_next
    frame = trace.tb_frame
    own = (
        [f"self.{name}" for name in dir(frame.f_locals["self"])] if "self" in frame.f_locals else []
    )
    return [*frame.f_locals, *frame.f_globals, *frame.f_builtins, *own]


def _nearest(wrong: str, known: Iterable[str]) -> str:
    import difflib

    names = [name for name in known if name != wrong]
    if not wrong.startswith("_"):
        names = [name for name in names if not name.startswith(("_", "self._"))]
    if f"self.{wrong}" in names:
        return f"self.{wrong}"
    if len(names) > _MAX_NAMES:
        return ""
    return next(iter(difflib.get_close_matches(wrong, names, n=1, cutoff=0.7)), "")
