from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.commands.startmodule import command
from gluepy.commands.startproject import command as startproject
from gluepy.exceptions import (
    InvalidNameError,
    NoProjectError,
    TargetExistsError,
    TargetWriteError,
)

Invoke = Callable[..., Result]


@pytest.fixture
def project(folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project, and work in it."""
    invoke(startproject, "shop")
    monkeypatch.chdir(folder / "shop")
    return folder / "shop"


def settings_of(project: Path) -> Path:
    return project / "configs" / "settings.py"


def test_module_is_created_and_listed_in_the_settings(project: Path, invoke: Invoke) -> None:
    result = invoke(command, "fore_cast")

    names = sorted(path.name for path in (project / "fore_cast").iterdir())
    assert names == ["__init__.py", "dags.py", "tasks.py"]
    assert "class ForeCastDAG(DAG):" in (project / "fore_cast" / "dags.py").read_text()
    assert 'INSTALLED_MODULES = ["fore_cast"]\n' in settings_of(project).read_text()
    assert result.stdout == "Created fore_cast/ (3 files): __init__.py, tasks.py, dags.py\n"
    assert result.stderr == (
        "Added 'fore_cast' to INSTALLED_MODULES in configs/settings.py\n"
        "Next:  gluepy list && gluepy dag fore-cast\n"
    )


def test_second_module_stands_beside_the_first(project: Path, invoke: Invoke) -> None:
    invoke(command, "first")
    invoke(command, "second")

    assert 'INSTALLED_MODULES = ["first", "second"]\n' in settings_of(project).read_text()


def test_module_lands_in_the_root_of_the_project(
    project: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "configs")

    result = invoke(command, "sales")

    assert (project / "sales" / "dags.py").is_file()
    assert "Created ../sales/ (3 files)" in result.stdout


def test_dry_run_changes_nothing(project: Path, invoke: Invoke) -> None:
    before = settings_of(project).read_text()

    result = invoke(command, "sales", "--dry-run")

    assert result.stdout == "Would create sales/ (3 files): __init__.py, tasks.py, dags.py\n"
    assert result.stderr == "Would add 'sales' to INSTALLED_MODULES in configs/settings.py\n"
    assert settings_of(project).read_text() == before
    assert not (project / "sales").exists()


def test_module_that_the_settings_list_already_is_not_listed_twice(
    project: Path, invoke: Invoke
) -> None:
    settings_of(project).write_text("INSTALLED_MODULES = ['sales']\n")

    invoke(command, "sales")

    assert settings_of(project).read_text() == "INSTALLED_MODULES = ['sales']\n"


def test_computed_list_is_left_to_the_user(project: Path, invoke: Invoke) -> None:
    settings_of(project).write_text("INSTALLED_MODULES = [x for x in ()]\n")

    result = invoke(command, "sales")

    assert result.stderr.startswith(
        "To do: add 'sales' to INSTALLED_MODULES in configs/settings.py\n"
    )
    assert settings_of(project).read_text() == "INSTALLED_MODULES = [x for x in ()]\n"
    assert (project / "sales").is_dir()


def test_settings_that_are_a_package_are_found(project: Path, invoke: Invoke) -> None:
    package = project / "configs" / "settings"
    package.mkdir()
    settings_of(project).rename(package / "__init__.py")

    invoke(command, "sales")

    assert 'INSTALLED_MODULES = ["sales"]' in (package / "__init__.py").read_text()


@pytest.mark.parametrize("content", ["", "settings_module = 'elsewhere.settings'\n"])
def test_project_without_a_settings_file_is_told_the_line(
    content: str, folder: Path, invoke: Invoke
) -> None:
    folder.joinpath("gluepy.toml").write_text(content)

    result = invoke(command, "sales")

    assert result.stderr.startswith(
        'To do: add "sales" to the list installed_modules in gluepy.toml\n'
    )


def test_without_a_project_there_is_no_module(folder: Path, invoke: Invoke) -> None:
    with pytest.raises(NoProjectError) as caught:
        invoke(command, "sales")

    assert str(caught.value) == f"there is no project in {str(folder)!r} or above"
    assert caught.value.hint == (
        "Go to a project's folder, or run 'gluepy startproject NAME' first."
    )
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["Sales", "json", "configs/x"])
def test_wrong_name_changes_nothing(name: str, project: Path, invoke: Invoke) -> None:
    before = settings_of(project).read_text()

    with pytest.raises(InvalidNameError):
        invoke(command, name)

    assert settings_of(project).read_text() == before


def test_existing_module_is_left_alone(project: Path, invoke: Invoke) -> None:
    before = settings_of(project).read_text()

    with pytest.raises(TargetExistsError):
        invoke(command, "configs")

    assert settings_of(project).read_text() == before


def test_settings_that_cannot_be_written_take_the_module_back(
    project: Path, invoke: Invoke
) -> None:
    # As on a full disk: there is room for the small files of a module, not for these settings.
    before = "INSTALLED_MODULES = []\n" + "# much to say\n" * 10_000
    settings_of(project).write_text(before)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(TargetWriteError, match="File too large"):
            invoke(command, "sales")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert settings_of(project).read_text() == before
    assert not (project / "sales").exists()
