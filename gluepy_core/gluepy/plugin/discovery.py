"""The one scan that finds what all installed distributions contribute, importing none of it.

Distribution by distribution, each guarded: metadata that cannot be read cost that distribution
alone, and are listed as broken.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from gluepy.exceptions import InvalidLabelError, UnknownPluginError
from gluepy.plugin._entry_points import (
    canonical_value,
    is_plain_name,
    parse,
    split_plain,
    why_no_target,
)
from gluepy.plugin._scan import Copy, iter_entries, read_folder
from gluepy.plugin._versions import version_key
from gluepy.plugin.contributions import GROUPS, Contribution
from gluepy.utils.names import normalise

__all__ = ["Policy", "discover"]

# Quicker than the constructor, which has keywords and defaults to look at.
_new = tuple.__new__

# The finders of plain folders and archives: Python's, and importlib-metadata's own, which may be
# here several times because setuptools brings a copy.
_USUAL_FINDERS = frozenset({"PathFinder", "MetadataPathFinder"})

# The same, without the proxy that guards it.
_KINDS = dict(GROUPS)

#: Kinds that a name blocks too; DAGs and tasks are blocked with their distribution.
_NAMED_KINDS = frozenset({"command", "executor", "hook", "storage"})


class Policy(NamedTuple):
    """Which contributions may be used. It acts before anything is imported.

    Names are those of distributions, or of commands, executors, hook plugins and storages.

    Attributes:
        allow: If there are any, all others are blocked (the setting ``PLUGINS_ALLOW``).
        block: Names, each with what blocks it: ``PLUGINS_BLOCK`` or ``--no-plugin``.
        enable: Used although a setting says otherwise (``--plugin``); ``--no-plugin`` is stronger.
        autoload: Whether hook plugins of distributions are used without being named in ``enable``.
        why_no_autoload: What switched that off.
    """

    allow: tuple[str, ...] = ()
    block: tuple[tuple[str, str], ...] = ()
    enable: tuple[str, ...] = ()
    autoload: bool = True
    why_no_autoload: str = "--no-plugins"

    @property
    def is_restrictive(self) -> bool:
        """Whether it can block anything, or names what must be installed."""
        return bool(self.allow or self.block or self.enable or not self.autoload)


def discover(
    path: Iterable[str] | None = None, policy: Policy | None = None
) -> tuple[Contribution, ...]:
    """Scan the path once and return what distributions contribute, all groups together.

    Args:
        path: Folders and archives to search; by default ``sys.path``.
        policy: Blocks some of it; by default nothing.

    Returns:
        Sorted by group, name and distribution, so the order does not depend on the disk. Shadowed
        copies, blocked and broken contributions are there too, and say so.

    Raises:
        UnknownPluginError: If the policy names what is not installed.
    """
    found = _scan(sys.path if path is None else path)
    if policy is not None and policy.is_restrictive:
        found = _apply(policy, found)
    return tuple(found)


def _scan(path: Iterable[str]) -> list[Contribution]:
    """Return what all copies of all distributions contribute, sorted.

    The folder that comes first on the path wins; in one folder, the highest version.
    """
    found: list[Contribution] = []
    winners: dict[str, Copy] = {}
    for copies in _iter_places(list(iter_entries(path))):
        here = {copy.name: copy for copy in copies}
        if len(here) < len(copies):
            here = {copy.name: copy for copy in _oldest_first(copies)}
        winners = here | winners
        for copy in copies:
            if copy.data or copy.problem:
                winner = winners[copy.name]
                if winner is copy:
                    found += _contributions(copy, "")
                elif not _is_same_install(copy, winner):
                    found += _contributions(copy, _shadow(winner))
    # Stable, from the last key to the first: quicker than one sort by tuples.
    for key in (3, 1, 0):
        found.sort(key=itemgetter(key))
    return found


def _oldest_first(copies: Sequence[Copy]) -> list[Copy]:
    """Sort copies in one folder by version; of one version, the egg stands before the wheel."""
    return sorted(copies, key=lambda copy: (version_key(copy.version), ".dist-info/" in copy.file))


def _is_same_install(copy: Copy, winner: Copy) -> bool:
    """Return whether two records are of one editable install.

    It leaves a ``dist-info`` among what is installed, and an ``egg-info`` beside the sources.
    """
    return (
        copy.version == winner.version
        and (".egg-info/" in copy.file) is not (".egg-info/" in winner.file)
        and _place(copy) != _place(winner)
    )


def _shadow(winner: Copy) -> str:
    return f"{winner.name} {winner.version}".rstrip() + f" in {_place(winner)}"


def _place(copy: Copy) -> str:
    return os.path.dirname(os.path.dirname(copy.file))


def _iter_places(entries: Sequence[str]) -> Iterator[list[Copy]]:
    """Iterate over folders, archives and the finders of others, in the order of the path."""
    for entry in entries:
        try:
            yield _read_archive(entry) if entry.endswith(".egg") else read_folder(entry)
        except NotADirectoryError:
            yield _read_archive(entry)
        except OSError:
            continue  # cannot be listed, so nothing can be imported from it either
    for finder in sys.meta_path:
        if _is_foreign(finder):
            yield _read_finder(finder, entries)


def _is_foreign(finder: object) -> bool:
    """Return whether a finder may know distributions that lie in no folder of the path."""
    cls = finder if isinstance(finder, type) else type(finder)
    return cls.__name__ not in _USUAL_FINDERS and callable(
        getattr(finder, "find_distributions", None)
    )


def _read_archive(entry: str) -> list[Copy]:
    from gluepy.plugin._metadata import read_archive

    return read_archive(entry)


def _read_finder(finder: object, entries: Sequence[str]) -> list[Copy]:
    from gluepy.plugin._metadata import read_finder

    return read_finder(finder, entries)


def _contributions(copy: Copy, shadow: str) -> list[Contribution]:
    """Return one record per entry point, or one for all when none can be read."""
    name, version, file, data, problem = copy
    if shadow or problem:
        return _read_closely(copy, shadow)
    found: dict[str, Contribution] = {}
    kind = None
    for label, value, group, _ in split_plain(data):
        if label:
            if kind is None or label in found:  # before the first group, or perhaps twice
                return _read_closely(copy, shadow)
            if kind:
                row = (kind, label, value, name, version, file, "available", "")
                found[label] = _new(Contribution, row)
            continue
        kind = _KINDS.get(group, "")
        # A group that only looks like one of ours, or a line that is not plain.
        if not kind and (not group or group.startswith("gluepy.")):
            return _read_closely(copy, shadow)
    return list(found.values())


def _read_closely(copy: Copy, shadow: str) -> list[Contribution]:
    """Do the same for a copy that cannot be used, or whose entry points are not plain."""
    name, version, file, data, problem = copy
    try:
        entry_points = parse(data)
    except ValueError as error:
        entry_points = []
        problem = f"entry_points.txt is malformed: {error}"
    found = [record for entry_point in entry_points for record in _judge(copy, *entry_point)]
    if problem and not found:
        found = [Contribution("", "", "", name, version, file)]
    found = _without_twins(found)
    if shadow:
        return [one._replace(state="shadowed", reason=shadow) for one in found]
    if problem:
        return [one._replace(state="broken", reason=problem) for one in found]
    return found


def _judge(copy: Copy, group: str, label: str, value: str) -> Iterator[Contribution]:
    """Give the record of one entry point; none if its group only looks like one of ours."""
    meant = _group_meant(group)
    if not meant:
        return
    kind = GROUPS[meant]
    target = canonical_value(value)
    reason = _why_broken(kind, label, target)
    if group != meant:
        reason = f"there is no group {group!r}; it is called {meant!r}"
    state = "broken" if reason else "available"
    name, version, file = copy[:3]
    yield Contribution(kind, label, target or value, name, version, file, state, reason)


def _group_meant(group: str) -> str:
    """Return the group of ours that a group is, or is nearly called; empty if there is none."""
    if group in GROUPS:
        return group
    import difflib

    return next(iter(difflib.get_close_matches(group.strip().lower(), GROUPS, 1, 0.9)), "")


def _why_broken(kind: str, name: str, target: str) -> str:
    problem = "" if is_plain_name(name) else _why_no_label(name)
    if problem:
        return f"its name {problem}"
    problem = why_no_target(kind, target)
    return f"its value {problem}" if problem else ""


def _why_no_label(name: str) -> str:
    # Imported here: what pipelines are is a large part of Gluepy, and listing has no other use for
    # it.
    from gluepy.exec._label import check_label

    try:
        check_label(name, "entry point")
    except InvalidLabelError as error:
        return error.reason
    return ""


def _without_twins(contributions: Sequence[Contribution]) -> list[Contribution]:
    """Mark as broken what one distribution declares twice: nobody can tell which is meant."""
    times = Counter(one[:2] for one in contributions if one.state == "available")
    return [
        one._replace(state="broken", reason="declared twice in entry_points.txt")
        if times[one[:2]] > 1
        else one
        for one in contributions
    ]


def _apply(policy: Policy, contributions: Sequence[Contribution]) -> list[Contribution]:
    """Block what the policy does not let through."""
    known = {name for one in contributions for name in _names_of(one)}
    for where, name in _asked_for(policy):
        if normalise(name) not in known:
            raise UnknownPluginError(where, name, sorted(known))
    blocked = []
    for one in contributions:
        reason = "" if one.state == "shadowed" else _why_blocked(policy, one)
        blocked.append(one._replace(state="blocked", reason=reason) if reason else one)
    return blocked


def _asked_for(policy: Policy) -> Iterator[tuple[str, str]]:
    """Iterate over all names in a policy, each after where it was written."""
    for name in policy.allow:
        yield "PLUGINS_ALLOW", name
    for name, where in policy.block:
        yield where, name
    for name in policy.enable:
        yield "--plugin", name


def _why_blocked(policy: Policy, one: Contribution) -> str:
    """Return what blocks a contribution; empty if nothing does."""
    names = _names_of(one)
    blockers = [where for name, where in policy.block if normalise(name) in names]
    options = [where for where in blockers if where.startswith("-")]
    if options:
        return options[0]
    if _is_any_in(policy.enable, names):
        return ""
    if blockers:
        return blockers[0]
    if policy.allow and not _is_any_in(policy.allow, names):
        return "PLUGINS_ALLOW"
    return policy.why_no_autoload if one.kind == "hook" and not policy.autoload else ""


def _names_of(one: Contribution) -> tuple[str, ...]:
    """Return the names by which a policy can mean a contribution."""
    if one.kind in _NAMED_KINDS:
        return (one.distribution, normalise(one.name))
    return (one.distribution,)


def _is_any_in(names: Iterable[str], known: Sequence[str]) -> bool:
    return any(normalise(name) in known for name in names)
