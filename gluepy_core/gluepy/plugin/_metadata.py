"""The door to importlib-metadata: for what the fast reader cannot read.

These are zip and egg files, ``*.egg`` folders, and finders of others on ``sys.meta_path`` that
offer distributions. importlib-metadata is imported when there is such a thing, and not before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gluepy.plugin._entry_points import has_groups
from gluepy.plugin._scan import Copy
from gluepy.utils.errors import reason_of
from gluepy.utils.names import normalise

__all__ = ["missing_requirements", "read_archive", "read_finder"]

# Of a requirement such as "acme[gpu]>=1; extra == 'x'".
_AFTER_NAME = re.compile(r"[^\w.-]")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def read_archive(entry: str) -> list[Copy]:
    """Return the distributions in a zip file, an egg or an ``*.egg`` folder on the path."""
    import importlib_metadata

    finder = importlib_metadata.MetadataPathFinder
    return _read_all(finder.find_distributions, [entry], where=entry)


def read_finder(finder: Any, path: Sequence[str]) -> list[Copy]:
    """Return the distributions that a finder on ``sys.meta_path`` offers."""
    cls = finder if isinstance(finder, type) else type(finder)
    where = f"{cls.__module__}.{cls.__qualname__}"
    return _read_all(finder.find_distributions, path, where=where)


def _read_all(find: Callable[[Any], Iterable[Any]], path: Sequence[str], where: str) -> list[Copy]:
    from importlib_metadata import DistributionFinder

    copies = []
    context = DistributionFinder.Context(path=list(path))  # type: ignore[no-untyped-call]  # theirs
    try:
        # One by one: those before an error are not lost.
        for distribution in find(context):
            copies.append(_read(distribution, where))  # noqa: PERF401
    except Exception as error:  # noqa: BLE001 - a finder of others may raise anything
        copies.append(Copy(where, "", where, problem=f"it cannot be read: {reason_of(error)}"))
    return sorted(copies)


def _read(distribution: Any, where: str) -> Copy:
    """Read one distribution; what it lacks or raises costs that distribution alone."""
    file = _file_of(distribution, where)
    try:
        name = normalise(distribution.metadata["Name"])
        version = distribution.version
    except Exception as error:  # noqa: BLE001 - as above
        return Copy(file, "", file, problem=f"METADATA cannot be read: {reason_of(error)}")
    try:
        data = (distribution.read_text("entry_points.txt") or "").encode()
    except Exception as error:  # noqa: BLE001 - as above
        problem = f"entry_points.txt cannot be read: {reason_of(error)}"
        return Copy(name, version, file, problem=problem)
    return Copy(name, version, file, data if has_groups(data) else b"")


def _file_of(distribution: Any, where: str) -> str:
    folder = getattr(distribution, "_path", None)
    return where if folder is None else f"{folder}".rstrip("/") + "/entry_points.txt"


def missing_requirements(distribution: str, module: str) -> list[str]:
    """Return what to install so that a module is there; nothing if metadata do not tell.

    Args:
        distribution: The one that needs the module.
        module: That cannot be imported. What provides it may be called otherwise, so by default
            this is all that ``distribution`` requires and that is not installed.

    Returns:
        Requirements as pip takes them; ``name[extra]`` if an extra of ``distribution`` has it.
    """
    import importlib_metadata

    try:
        requirements = importlib_metadata.requires(distribution) or []
    except Exception:  # noqa: BLE001 - metadata of others may be damaged in any way
        return []
    wanted = normalise(module.partition(".")[0])
    missing = []
    for requirement in requirements:
        specifier, _, marker = (part.strip() for part in requirement.partition(";"))
        name = normalise(_AFTER_NAME.split(specifier, 1)[0])
        extra = _EXTRA.search(marker)
        if name == wanted:
            return [f"{distribution}[{extra[1]}]" if extra else specifier]
        if not marker and not _is_installed(name):
            missing.append(specifier)
    return missing


def _is_installed(name: str) -> bool:
    import importlib_metadata

    try:
        importlib_metadata.distribution(name)
    except importlib_metadata.PackageNotFoundError:
        return False
    return True
