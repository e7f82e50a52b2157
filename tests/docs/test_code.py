"""The code in pages and docstrings is right, also where nobody follows the page."""

from __future__ import annotations

import ast
import doctest
import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "gluepy_core" / "gluepy"

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*/*.md"))]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if ">>> " in path.read_text("utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_examples_in_docstrings_hold(path: Path) -> None:
    name = ".".join(("gluepy", *path.relative_to(PACKAGE).with_suffix("").parts))
    module = import_module(name.removesuffix(".__init__"))

    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        result = doctest.testmod(module)

    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_imports_from_gluepy_is_there(
    page: Path, python_of: Callable[[Path], list[str]]
) -> None:
    missing = {
        f"{module}.{name}"
        for source in python_of(page)
        for module, name in imports(source)
        if not hasattr(import_module(module), name)
    }

    assert missing == set()


def imports(source: str) -> Iterator[tuple[str, str]]:
    """Iterate over what a source imports from Gluepy; the source has to be valid Python."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gluepy":
            yield from ((node.module or "", alias.name) for alias in node.names)


def test_links_between_files_lead_somewhere() -> None:
    links = {
        page.parent / link
        for page in [*PAGES, ROOT / "CONTRIBUTING.md"]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    }

    assert len(links) > 10
    assert [link for link in links if not link.is_file()] == []


def test_demo_in_the_readme_lists_what_its_package_declares() -> None:
    readme = ROOT.joinpath("README.md").read_text("utf-8")
    package = tomllib.loads(ROOT.joinpath("plugins/gluepy-flights/pyproject.toml").read_text())

    groups = package["project"]["entry-points"]
    listed = set(re.findall(r"^(\S+) +(?:- +)?gluepy-flights ", readme, re.MULTILINE))
    assert listed == {label for group in groups.values() for label in group}
