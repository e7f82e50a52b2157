"""Globs over labels: ``*`` and ``?`` as in a shell, and brackets that stand for themselves."""

from __future__ import annotations

import fnmatch

__all__ = ["glob_matches", "glob_may_match", "is_glob"]


def is_glob(text: str) -> bool:
    """Return whether a text may match more than itself."""
    return "*" in text or "?" in text


def glob_matches(glob: str, text: str) -> bool:
    """Return whether a glob matches the whole text; case counts."""
    return fnmatch.fnmatchcase(text, glob.replace("[", "[[]"))


def glob_may_match(glob: str, task: str) -> bool:
    """Return whether a glob matches the label of any partition that a task might have.

    Args:
        glob: As the user wrote it.
        task: Label of a task whose partitions are not known yet.
    """
    return any(
        glob_matches(glob[:place], f"{task}[") and _may_end(glob[place:], after=glob[:place])
        for place in range(1, len(glob) + 1)
    )


def _may_end(rest: str, *, after: str) -> bool:
    """Return whether the rest of a glob matches some ``AA]``."""
    if after.endswith("*"):
        rest = f"*{rest}"  # the star that has matched so far may match more
    for end in (rest, rest.rstrip("*")):  # and one at the end, nothing
        name = end if end.endswith("*") else end[:-1]
        if end.endswith(("]", "*", "?")) and name and "[" not in name and "]" not in name:
            return True
    return False
