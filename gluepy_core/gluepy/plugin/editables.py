"""Editable installs whose metadata have fallen behind their source.

Code of an editable install is always that of its folder; its entry points are those of the moment
when it was installed. One that was added since is declared, and yet nobody finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gluepy.plugin._entry_points import canonical_value, parse
from gluepy.utils.names import normalise

__all__ = ["StaleEditable", "find_stale_editables"]

EntryPoints = Mapping[tuple[str, str], str]


class StaleEditable(NamedTuple):
    """An editable install that must be installed again.

    Attributes:
        distribution: In the one form of PEP 503.
        version: That is installed.
        folder: Where its source lies.
        problems: What differs, in words.
    """

    distribution: str
    version: str
    folder: str
    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        """What is wrong, in a sentence."""
        return (
            f"{self.distribution} {self.version} is installed from {self.folder!r} and its "
            f"metadata are stale: {', '.join(self.problems)}"
        )

    @property
    def hint(self) -> str:
        """The command that mends it."""
        import shlex

        return f"Run: pip install -e {shlex.quote(self.folder)}"


def find_stale_editables(path: Iterable[str] | None = None) -> Iterator[StaleEditable]:
    """Iterate over editable installs whose ``pyproject.toml`` declares other entry points of ours.

    Slow, compared with a scan: it reads the metadata of everything that is installed.

    Args:
        path: Folders to search; by default ``sys.path``.
    """
    import importlib_metadata

    seen = set()
    options = {} if path is None else {"path": list(path)}
    for distribution in importlib_metadata.distributions(**options):
        name = _name_of(distribution)
        if not name or name in seen:
            continue  # listed as broken, or shadowed by the copy before it
        seen.add(name)
        folder = _editable_folder(distribution)
        problems = _problems(folder, distribution) if folder else ()
        if folder and problems:
            yield StaleEditable(name, distribution.version, str(folder), tuple(problems))


def _name_of(distribution: Any) -> str:
    try:
        return normalise(distribution.metadata["Name"])
    except Exception:  # noqa: BLE001 - its METADATA may be missing or damaged in any way
        return ""


def _editable_folder(distribution: Any) -> Path | None:
    """Return the folder of an editable install that has a ``pyproject.toml``, else None.

    Source:
        PEP 610, "Recording the Direct URL Origin of installed distributions".
    """
    import json
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
        is_editable = origin.get("dir_info", {}).get("editable", False)
        folder = Path(url2pathname(urlsplit(origin.get("url", "")).path))
    except (AttributeError, TypeError, ValueError):
        return None  # not what PEP 610 describes: nothing can be said about it
    return folder if is_editable and (folder / "pyproject.toml").is_file() else None


def _problems(folder: Path, distribution: Any) -> list[str]:
    import tomllib

    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8")).get("project", {})
        groups = project.get("entry-points", {})
        declared = {
            (group, name): canonical_value(value) or value
            for group, entry_points in groups.items()
            for name, value in entry_points.items()
            if group.startswith("gluepy.")
        }
    except (AttributeError, OSError, TypeError, ValueError) as error:
        return [f"pyproject.toml cannot be read ({error})"]
    if "entry-points" in project.get("dynamic", ()):
        return []  # the build back end makes them up, and only it knows them
    return list(_differences(declared, _installed(distribution)))


def _installed(distribution: Any) -> EntryPoints:
    try:
        found = parse((distribution.read_text("entry_points.txt") or "").encode())
    except ValueError:
        return {}  # unreadable: installing again writes it anew
    return {(group, name): canonical_value(value) or value for group, name, value in found}


def _differences(declared: EntryPoints, installed: EntryPoints) -> Iterator[str]:
    for key in sorted({*declared, *installed}):
        what = f"{key[1]!r} of {key[0]}"
        if key not in installed:
            yield f"{what} is not installed"
        elif key not in declared:
            yield f"{what} is no longer declared"
        elif declared[key] != installed[key]:
            yield f"{what} has changed"
