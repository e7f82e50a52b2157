"""What installed distributions contribute: one record per entry point, and who collides with whom.

All listings, human and JSON, print from these records; making one imports nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from gluepy.utils.names import PROJECT, normalise

__all__ = ["FINE", "GROUPS", "USABLE", "Contribution", "mark_conflicts"]

#: The kind of contribution that each group of entry points holds.
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "gluepy.commands": "command",
        "gluepy.dags": "dag",
        "gluepy.executors": "executor",
        "gluepy.hooks": "hook",
        "gluepy.storages": "storage",
        "gluepy.tasks": "task",
    }
)

_KIND_AND_NAME = itemgetter(0, 1)

#: The states of what can be used by its name.
#: States of what its bare name means.
FINE = ("available", "loaded")

#: States of what can be named, if need be by its qualified name.
USABLE = (*FINE, "conflict")

_NOUNS = {"dag": "DAG", "hook": "plugin"}
_LINKS = {"blocked": "blocked by ", "conflict": "conflict with ", "shadowed": "shadowed by "}


class Contribution(NamedTuple):
    """One entry point of a distribution, or one class of the project.

    Attributes:
        kind: ``dag``, ``task``, ``hook``, ``command``, ``executor`` or ``storage``; empty for a
            distribution whose entry points cannot be read at all.
        name: The public name, for a DAG or task its label.
        value: What to import, ``module:object``, or as written where it is none.
        distribution: Its name in the one form of PEP 503; empty for the project's own.
        version: Of the distribution; empty for the project.
        file: The ``entry_points.txt``, or the module of the project.
        state: ``available``, ``loaded``, ``blocked``, ``conflict``, ``shadowed`` or ``broken``.
        reason: What blocks, shadows or breaks it, or what it is in conflict with.
    """

    kind: str
    name: str
    value: str
    distribution: str
    version: str
    file: str
    state: str = "available"
    reason: str = ""

    @property
    def source(self) -> str:
        """The distribution with its version, or ``the project``."""
        if not self.distribution:
            return "the project"
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def owner(self) -> str:
        """What stands before the colon of a qualified name."""
        return self.distribution or PROJECT

    @property
    def qualified_name(self) -> str:
        """The name that means it whatever others offer: ``acme:training``."""
        return f"{self.owner}:{self.name}"

    @property
    def state_text(self) -> str:
        """The state as people say it: ``blocked by PLUGINS_BLOCK``."""
        if not self.reason:
            return self.state
        return _LINKS.get(self.state, f"{self.state}: ") + self.reason

    @property
    def who(self) -> str:
        """Who it is, for messages: ``plugin 'mlflow' of gluepy-mlflow 0.2.1 (mlflow_hooks)``."""
        if not self.kind:
            return self.source
        target = f" ({self.value})" if self.value else ""
        return f"{_NOUNS.get(self.kind, self.kind)} {self.name!r} of {self.source}{target}"

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name, for JSON."""
        return self._asdict()


def mark_conflicts(
    contributions: Sequence[Contribution],
    prefer: Mapping[str, str],
    builtin_commands: Collection[str] = (),
) -> list[Contribution]:
    """Mark what offers a name that others offer too.

    Only what is ``available`` or ``loaded`` offers anything. Two contributions with one value are
    the same object and no conflict; neither is the same name for two kinds.

    Args:
        contributions: In any order.
        prefer: Chooses, by name, the distribution (or ``project``) whose contribution the bare
            name means; that one is not marked (the setting ``PREFER``).
        builtin_commands: Names that no command of a plugin may take, preferred or not.

    Returns:
        The contributions in the order given; those in conflict have the state ``conflict`` and the
        others' sources and values as the reason.
    """
    marked: dict[Contribution, Contribution] = {}
    for group in _rivals(contributions):
        marked |= _conflicts(group, normalise(prefer.get(group[0].name, "")))
    for one in contributions:
        if one.kind == "command" and one.name in builtin_commands and one.state in FINE:
            marked[one] = one._replace(state="conflict", reason="the built-in command")
    return [marked.get(one, one) for one in contributions] if marked else list(contributions)


def _rivals(contributions: Sequence[Contribution]) -> list[list[Contribution]]:
    """Return the groups of contributions that offer different objects under one name."""
    keys = list(map(_KIND_AND_NAME, contributions))
    if len(set(keys)) == len(keys):
        return []  # as nearly always, and quickly seen
    offers: dict[tuple[str, str], list[Contribution]] = {}
    for key, one in zip(keys, contributions, strict=True):
        if one.state in FINE:
            offers.setdefault(key, []).append(one)
    return [group for group in offers.values() if len({one.value for one in group}) > 1]


def _conflicts(rivals: Sequence[Contribution], preferred: str) -> dict[Contribution, Contribution]:
    chosen = {one.value for one in rivals if one.owner == preferred}
    marked = {}
    for one in rivals:
        if one.value in chosen:
            continue
        others = sorted(
            {f"{other.source} ({other.value})" for other in rivals if other.value != one.value}
        )
        marked[one] = one._replace(state="conflict", reason=" and ".join(others))
    return marked
