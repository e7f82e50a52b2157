"""Distributions written by hand, for tests of discovery: no build, no pip, no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["write_distribution"]

_NOTHING: Mapping[str, str] = MappingProxyType({})


def write_distribution(
    site: str | Path,
    name: str,
    version: str = "1.0",
    *,
    entry_points: Mapping[str, Mapping[str, str]] | bytes = b"",
    modules: Mapping[str, str] = _NOTHING,
    requires: tuple[str, ...] = (),
) -> Path:
    """Write what installing a distribution leaves in ``site-packages``.

    Args:
        site: The folder; it is made where it is missing, and must be on ``sys.path`` for imports.
        name: Of the distribution.
        version: Of the distribution.
        entry_points: By group and name, or the bytes of ``entry_points.txt``, right or wrong.
        modules: Source by dotted name; ``acme.dags`` makes ``acme`` a package too.
        requires: Lines of ``Requires-Dist``.

    Returns:
        The ``dist-info`` folder.

    Example:
        >>> import tempfile
        >>> site = tempfile.mkdtemp()
        >>> folder = write_distribution(
        ...     site, "acme", entry_points={"gluepy.dags": {"training": "acme:Training"}}
        ... )
        >>> print((folder / "entry_points.txt").read_text())
        [gluepy.dags]
        training = acme:Training
        <BLANKLINE>
    """
    root = Path(site)
    info = root / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    header = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {x}" for x in requires)]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *header, ""]), "utf-8")
    if entry_points:
        (info / "entry_points.txt").write_bytes(_render(entry_points))
    written = [*_write_modules(root, modules), *info.iterdir(), info / "RECORD"]
    record = [f"{path.relative_to(root).as_posix()},," for path in sorted(written)]
    (info / "RECORD").write_text("\n".join([*record, ""]), "utf-8")
    return info


def _render(entry_points: Mapping[str, Mapping[str, str]] | bytes) -> bytes:
    if isinstance(entry_points, bytes):
        return entry_points
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in items.items()), ""])
        for group, items in entry_points.items()
    ]
    return "\n".join(groups).encode()


def _write_modules(root: Path, modules: Mapping[str, str]) -> list[Path]:
    packages = {name.rpartition(".")[0] for name in modules} - {""}
    written = []
    for name in sorted({*modules, *packages}):
        stem = root.joinpath(*name.split("."))
        file = stem / "__init__.py" if name in packages else stem.with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(modules.get(name, ""), "utf-8")
        written.append(file)
    return written
