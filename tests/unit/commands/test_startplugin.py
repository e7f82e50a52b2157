from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy import VERSION
from gluepy.commands.startplugin import command
from gluepy.exceptions import InvalidNameError, TargetExistsError

Invoke = Callable[..., Result]

HOOKS = [
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "src/gluepy_hello/__init__.py",
    "src/gluepy_hello/hooks.py",
    "src/gluepy_hello/py.typed",
    "tests/test_hooks.py",
]
PIPELINES = [
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "src/gluepy_hello/__init__.py",
    "src/gluepy_hello/dags.py",
    "src/gluepy_hello/py.typed",
    "src/gluepy_hello/tasks.py",
    "tests/test_pipelines.py",
]


@pytest.mark.parametrize(("kind", "files"), [("hooks", HOOKS), ("pipelines", PIPELINES)])
def test_plugin_is_a_distribution_of_its_own(
    kind: str, files: list[str], folder: Path, invoke: Invoke
) -> None:
    result = invoke(command, "gluepy-hello", "--kind", kind)

    root = folder / "gluepy-hello"
    written = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert written == files
    assert result.stdout.startswith(f"Created gluepy-hello/ ({len(files)} files): pyproject.toml, ")


@pytest.mark.parametrize(
    ("arguments", "then"),
    [
        ([], "gluepy hooks"),
        (["--kind", "hooks"], "gluepy hooks"),
        (["--kind", "pipelines"], "gluepy list"),
    ],
)
def test_next_line_shows_that_it_works(arguments: list[str], then: str, invoke: Invoke) -> None:
    result = invoke(command, "gluepy-hello", *arguments)

    assert result.stderr == f"Next:  cd gluepy-hello && pip install -e . && {then} && pytest\n"


@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        ("hooks", {"gluepy.hooks": {"jobs-2": "Acme_jobs_2.hooks"}}),
        (
            "pipelines",
            {
                "gluepy.dags": {"jobs-2": "Acme_jobs_2.dags:Jobs2DAG"},
                "gluepy.tasks": {"jobs-2-greet": "Acme_jobs_2.tasks:GreetTask"},
            },
        ),
    ],
)
def test_entry_points_name_what_is_there(
    kind: str, groups: dict[str, dict[str, str]], folder: Path, invoke: Invoke
) -> None:
    invoke(command, "gluepy-Jobs.2", "--kind", kind)

    root = folder / "gluepy-Jobs.2"
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["name"] == "gluepy-Jobs.2"
    assert project["dependencies"] == [f"gluepy-core>={VERSION}"]
    assert project["entry-points"] == {
        group: {name: value.replace("Acme_", "gluepy_") for name, value in entries.items()}
        for group, entries in groups.items()
    }
    for target in (value for entries in groups.values() for value in entries.values()):
        module, _, name = target.replace("Acme_", "gluepy_").partition(":")
        source = root.joinpath("src", *module.split(".")).with_suffix(".py").read_text()
        classes = [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
        assert not name or classes == [name]


def test_dry_run_writes_nothing(folder: Path, invoke: Invoke) -> None:
    result = invoke(command, "gluepy-hello", "--dry-run")

    assert result.stdout.startswith("Would create gluepy-hello/ (7 files): ")
    assert list(folder.iterdir()) == []


def test_existing_folder_is_left_alone(folder: Path, invoke: Invoke) -> None:
    folder.joinpath("gluepy-hello").mkdir()

    with pytest.raises(TargetExistsError):
        invoke(command, "gluepy-hello", "--dry-run")

    assert [path.name for path in folder.rglob("*")] == ["gluepy-hello"]


@pytest.mark.parametrize("name", ["../x", "pytest", "a b", '"', "json"])
def test_wrong_name_writes_nothing(name: str, folder: Path, invoke: Invoke) -> None:
    with pytest.raises(InvalidNameError):
        invoke(command, name)

    assert list(folder.iterdir()) == []
