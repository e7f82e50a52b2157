"""The words that say to people how runs and steps stand. Documents keep the exact ones."""

from __future__ import annotations

__all__ = ["status_word"]

#: In capitals is what the task itself has to answer for.
_WORDS = {
    "succeeded": "done",
    "failed": "FAILED",
    "timed-out": "TIMED OUT",
    "interrupted": "stopped",
    "planned": "not run",
}


def status_word(status: str) -> str:
    """Return the word for how a run or a step stands: ``done`` for ``succeeded``."""
    return _WORDS.get(status, status)
