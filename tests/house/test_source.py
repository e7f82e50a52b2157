"""What the sources may not do, whoever writes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gluepy_core" / "gluepy"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(path for path in ROOT.joinpath("tests").rglob("*.py"))

#: The one module that prints.
PRINTER = PACKAGE / "commands" / "_output.py"

#: A module that needs more lines has more than one responsibility.
MAX_LINES = 500

#: One responsibility, many entries.
CATALOGUES = {PACKAGE / "exceptions.py"}


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path not in CATALOGUES],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_module_has_a_sensible_length(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_only_output_prints() -> None:
    printing = {
        place
        for path in MODULES
        if path != PRINTER
        for place in calls(path, {"print", "echo", "secho"})
    }

    assert printing == set()


def test_tests_do_not_patch_the_package() -> None:
    patching = {place for path in TESTS for place in patches(path)}

    assert patching == set()


def test_patches_are_found(tmp_path: Path) -> None:
    path = tmp_path / "test_bad.py"
    path.write_text(
        "from unittest import mock\n"
        "from gluepy.exec import dags\n"
        "from gluepy.conf import default_settings as settings\n"
        "def test(monkeypatch):\n"
        "    mock.patch('time.sleep')\n"
        "    mock.patch('gluepy.app.get_app')\n"
        "    monkeypatch.setattr(dags, 'REGISTRY', {})\n"
        "    monkeypatch.setattr('gluepy.exec.dags.REGISTRY', {})\n"
        "    mock.patch.object(dags.REGISTRY, 'register')\n"
        "    monkeypatch.setattr(settings, 'X', 1)\n"
    )

    assert sorted(patches(path)) == [f"test_bad.py:{line}" for line in (6, 7, 8, 9)]


def calls(path: Path, names: set[str]) -> Iterator[str]:
    """Find calls of functions by dotted name, or by its last part."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            dotted = ast.unparse(node.func)
            if dotted in names or dotted.rpartition(".")[2] in names:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}: {dotted}"


def patches(path: Path) -> Iterator[str]:
    """Find calls that put something else in the place of a part of Gluepy.

    Settings are there to be set: a test may, and monkeypatch takes it back.
    """
    tree = ast.parse(path.read_text())
    ours = set(imported_from_gluepy(tree)) - {"default_settings", "settings"}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        dotted = ast.unparse(node.func)
        if dotted.endswith((".setattr", ".delattr", ".setitem")) or "patch" in dotted.split("."):
            target = ast.unparse(node.args[0]).strip("'\"").split(".")[0]
            if target == "gluepy" or target in ours:
                yield f"{path.name}:{node.lineno}"


def imported_from_gluepy(tree: ast.Module) -> Iterator[str]:
    """Name what a module imports from the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gluepy":
            yield from (alias.asname or alias.name for alias in node.names)
