"""The module of hostile names is what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gluepy.testing import hostile
from gluepy.testing.commands import Commands


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["hostile"]\n')
    (tmp_path / "hostile.py").write_text(hostile.MODULE)
    one = Commands(tmp_path)
    yield one
    one.close()


def run_of(commands: Commands) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(commands.run("runs", "show", "@last", "-f", "json").out)
    return found


def test_module_has_a_dag_of_every_label(commands: Commands) -> None:
    listed = json.loads(commands.run("list", "-f", "json").out)

    labels = {one["label"] for one in listed["dags"]}
    assert labels == {hostile.MARKUP, *hostile.LABELS}


@pytest.mark.parametrize("label", hostile.LABELS)
def test_dag_of_an_odd_label_succeeds(commands: Commands, label: str) -> None:
    assert commands.run("dag", label).code == 0
    assert run_of(commands)["dag"] == label


def test_markup_stands_everywhere_in_its_run(commands: Commands) -> None:
    done = commands.run("dag", hostile.MARKUP)

    run = run_of(commands)
    assert done.code == 1
    assert hostile.MARKUP in done.out
    assert run["dag"] == hostile.MARKUP
    assert run["metrics"] == {hostile.MARKUP: 1}
    assert hostile.MARKUP in run["steps"][hostile.MARKUP]["error"]
