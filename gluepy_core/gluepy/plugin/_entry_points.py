"""Reading of ``entry_points.txt``: from bytes to group, name and value, without importing anything.

What `importlib.metadata` reads is read alike. What it refuses, or passes over in silence, is one
error here that says what is wrong, because that distribution would seem to contribute nothing.
"""

from __future__ import annotations

import re

__all__ = [
    "canonical_value",
    "has_groups",
    "is_plain_name",
    "parse",
    "split_plain",
    "why_no_target",
]

#: What every group of ours begins with.
_PREFIX = "gluepy."

# In UTF-16 of either byte order, which Windows' editors like to write.
_WIDE_PREFIX = b"g\0l\0u\0e\0p\0y"

# Compiled at first use, which is seldom.
_VALUE = r"([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[.*\]\s*)?"

_PLAIN_NAME = r"\w[\w.-]{0,99}"

# A line as tools write it: a name and a value of which both are beyond doubt, or a group; else any
# line that is not empty.
_find_lines = re.compile(
    rf"(?:({_PLAIN_NAME}) = ([\w.]+:[\w.]+)|\[([\w.-]+)\]|(.+))\n", re.ASCII
).findall


def split_plain(data: bytes) -> list[tuple[str, str, str, str]]:
    """Return name, value, group and other of each line that is not empty; quick.

    A line has a name and a value, or a group, or else it is other, and the file needs a closer look
    by `parse`. The names are fit for labels and the values canonical.
    """
    try:
        return _find_lines(data.decode("ascii") + "\n")
    except UnicodeDecodeError:
        return [("", "", "", "bytes that are not ASCII")]


def has_groups(data: bytes) -> bool:
    """Return whether the content of a file may have groups of ours; quick, for every file."""
    return b"gluepy." in data or _WIDE_PREFIX in data


def parse(data: bytes) -> list[tuple[str, str, str]]:
    """Return group, name and value of each entry point whose group is one of ours.

    Raises:
        ValueError: If the file is malformed; its text says where and how.
    """
    found = []
    group = ""
    ours = False
    for number, raw in enumerate(_decode(data).splitlines(), 1):
        line = raw.strip()
        if not line or line[0] == "#":
            continue
        if line[0] == "[" and line[-1] == "]":
            group = line.strip("[]")
            ours = _PREFIX in group
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"line {number} is no 'name = module:object': {line!r}")
        if not group:
            raise ValueError(f"line {number} stands before the first [group]: {line!r}")
        if ours:
            found.append((group, name.rstrip(), value.lstrip()))
    return found


def is_plain_name(name: str) -> bool:
    """Return whether a name is beyond doubt fit for a label; quick."""
    return re.fullmatch(_PLAIN_NAME, name, re.ASCII) is not None


def canonical_value(value: str) -> str:
    """Return ``module:object``, or ``module``, without spaces and extras; empty if it is none.

    Example:
        >>> canonical_value("acme.dags : Training [gpu]")
        'acme.dags:Training'
    """
    match = re.fullmatch(_VALUE, value)
    if match is None:
        return ""
    module, attribute = match.groups()
    return f"{module}:{attribute}" if attribute else module


def why_no_target(kind: str, target: str) -> str:
    """Return why a value names nothing of a kind that can be imported; empty if it does.

    Args:
        kind: Of contribution; only a hook plugin may be a whole module.
        target: The value as `canonical_value` returns it.
    """
    if not target:
        return "is no 'module:object'"
    if ":" not in target and kind != "hook":
        return "names a module; write 'module:object'"
    return ""


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _WIDE_PREFIX in data:
        raise ValueError("it is UTF-16, not UTF-8")
    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("it begins with a byte order mark")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: byte {error.start}") from None
