"""Which of two versions of a distribution is the newer one."""

from __future__ import annotations

import re

__all__ = ["version_key"]

# Of pre-releases, in their order; what has none of these comes after them.
_PHASES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "pre": -1, "rc": -1}
_FINAL = 0
_POST = 1

# "rc1" in any spelling of PEP 440, or "-1", which is a post-release. Compiled at first use.
_PHASE = r"([a-z]+)[-_.]?(\d*)|-(\d+)"

VersionKey = tuple[int, tuple[int, ...], tuple[tuple[int, int], ...], str]


def version_key(version: str) -> VersionKey:
    """Return what sorts versions as PEP 440 does, and never fails.

    It decides only which of two copies in one folder is the newer one, so local versions and what
    is no version at all are compared as text.

    Example:
        >>> sorted(["1.10", "1.9", "1.10rc1", "1.10.post1", "1.10.dev3"], key=version_key)
        ['1.9', '1.10.dev3', '1.10rc1', '1.10', '1.10.post1']
    """
    text = version.lower().lstrip("v")
    public, _, local = text.partition("+")
    epoch, bang, rest = public.rpartition("!")
    release = re.match(r"\d+(\.\d+)*", rest)
    if release is None or (bang and not epoch.isdigit()):
        return (-1, (), (), text)
    numbers = [int(part) for part in release[0].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    phases = [
        (_PHASES.get(word, _POST), int(number or post or 0))
        for word, number, post in re.findall(_PHASE, rest[release.end() :])
    ]
    return (int(epoch or 0), tuple(numbers), (*phases, (_FINAL, 0)), local)
