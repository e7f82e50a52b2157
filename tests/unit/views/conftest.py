from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gluepy.app import App, get_app, set_app
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY

Document = dict[str, Any]


@lru_cache
def _validator(name: str) -> Draft202012Validator:
    """Return what checks documents of a form, such as ``runs-1``."""
    text = resources.files("gluepy.views").joinpath("schemas", f"{name}.json").read_text("utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.fixture
def checked() -> Callable[[Document], Document]:
    """Return what fails unless JSON can hold a document and it is as its schema has it.

    It returns the document as a reader of the JSON gets it.
    """

    def check(document: Document) -> Document:
        read: Document = json.loads(json.dumps(document, allow_nan=False))
        prefix, _, rest = read["schema"].partition(".")
        assert prefix == "gluepy"
        name, _, version = rest.partition("/")
        _validator(f"{name}-{version}").validate(read)
        return read

    return check


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty project, and return the folder in which distributions can be written.

    Only one that is called ``acme`` counts. All is forgotten afterwards.
    """
    before, modules = get_app(), set(sys.modules)
    site, project = tmp_path / "site", tmp_path / "project"
    site.mkdir()
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GLUEPY_PLUGINS_ALLOW", "acme")
    monkeypatch.delenv("GLUEPY_SETTINGS_MODULE", raising=False)
    set_app(App())
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        DAG_REGISTRY.clear()
        TASK_REGISTRY.clear()
        yield site
    set_app(before)
    for name in set(sys.modules) - modules:
        if not name.startswith("gluepy"):
            del sys.modules[name]
