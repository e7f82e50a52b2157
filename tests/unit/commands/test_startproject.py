from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.commands.startproject import command
from gluepy.exceptions import InvalidNameError, TargetExistsError

Invoke = Callable[..., Result]

FILES = [
    ".gitignore",
    "README.md",
    "configs/__init__.py",
    "configs/context/default.yaml",
    "configs/settings.py",
    "gluepy.toml",
    "manage.py",
]


def test_project_has_the_files_that_it_needs(folder: Path, invoke: Invoke) -> None:
    result = invoke(command, "shop")

    root = folder / "shop"
    written = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert written == FILES
    assert result.stdout.startswith("Created shop/ (7 files): gluepy.toml, manage.py, ")
    assert result.stderr == "Next:  cd shop && gluepy startmodule MODULE && gluepy list\n"


def test_project_names_its_settings_module(folder: Path, invoke: Invoke) -> None:
    invoke(command, "shop")

    assert tomllib.loads((folder / "shop" / "gluepy.toml").read_text()) == {
        "settings_module": "configs.settings"
    }
    ast.parse((folder / "shop" / "manage.py").read_text())


def test_dry_run_writes_nothing(folder: Path, invoke: Invoke) -> None:
    result = invoke(command, "shop", "--dry-run")

    assert result.stdout.startswith("Would create shop/ (7 files): ")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_existing_folder_is_left_alone(dry_run: list[str], folder: Path, invoke: Invoke) -> None:
    folder.joinpath("shop").mkdir()
    folder.joinpath("shop", "manage.py").write_text("mine")

    with pytest.raises(TargetExistsError):
        invoke(command, "shop", *dry_run)

    assert [path.name for path in folder.rglob("*")] == ["shop", "manage.py"]
    assert folder.joinpath("shop", "manage.py").read_text() == "mine"


def test_name_that_is_a_path_is_refused(folder: Path, invoke: Invoke) -> None:
    with pytest.raises(InvalidNameError):
        invoke(command, "../shop")

    assert list(folder.iterdir()) == []
