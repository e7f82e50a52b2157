from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.commands.entry_points import command, find_entry_points, render_toml
from gluepy.exceptions import (
    CommandError,
    DuplicateLabelError,
    InvalidLabelError,
    ModuleImportError,
    UnknownModuleError,
)
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY

Invoke = Callable[..., Result]

TASKS = """
from gluepy import Task
print("imported")
class Clean(Task):
    label = "clean"
class Base(Task, abstract=True):
    pass
class Outer:
    class Inner(Task):
        label = "in ner"
def make():
    class Hidden(Task):
        label = "hidden"
make()
"""
DAGS = """
from gluepy import DAG
from churn_x.tasks import Clean
class Training(DAG):
    label = "training"
    tasks = [Clean]
"""

Write = Callable[..., None]


@pytest.fixture
def write(folder: Path) -> Iterator[Write]:
    """Write modules of a package ``churn_x``, and forget them all in the end."""

    def write_modules(where: str = ".", **sources: str) -> None:
        package = folder / where / "churn_x"
        package.mkdir(parents=True)
        for name, source in {"__init__": "", **sources}.items():
            package.joinpath(f"{name}.py").write_text(source)

    yield write_modules
    for name in [name for name in sys.modules if name.partition(".")[0] == "churn_x"]:
        del sys.modules[name]
    for registry in (DAG_REGISTRY, TASK_REGISTRY):
        for entry in registry.registrations():
            if entry.target.startswith("churn_x"):
                del registry[entry.label]


@pytest.mark.parametrize("where", [".", "src"])
def test_tables_publish_what_the_module_defines(where: str, write: Write, invoke: Invoke) -> None:
    write(where, tasks=TASKS, dags=DAGS)

    result = invoke(command, "churn_x")

    assert result.stdout == (
        '[project.entry-points."gluepy.dags"]\n'
        'training = "churn_x.dags:Training"\n'
        "\n"
        '[project.entry-points."gluepy.tasks"]\n'
        'clean = "churn_x.tasks:Clean"\n'
        '"in ner" = "churn_x.tasks:Outer.Inner"\n'
    )
    assert tomllib.loads(result.stdout)


def test_what_the_module_prints_and_what_is_left_out_go_to_the_error(
    write: Write, invoke: Invoke
) -> None:
    write(tasks=TASKS)

    result = invoke(command, "churn_x")

    assert "imported\n" in result.stderr
    assert "Left out: 'hidden', whose class churn_x.tasks:make.<locals>.Hidden cannot" in (
        result.stderr
    )
    assert "imported" not in result.stdout
    assert "dags" not in result.stdout


def test_json_is_one_document(write: Write, invoke: Invoke) -> None:
    write(tasks=TASKS, dags=DAGS)

    result = invoke(command, "churn_x.dags", "--format", "json")

    assert json.loads(result.stdout) == {
        "schema": "gluepy.entry-points/1",
        "module": "churn_x.dags",
        "groups": {"gluepy.dags": {"training": "churn_x.dags:Training"}, "gluepy.tasks": {}},
    }


def test_module_without_pipelines_is_an_error(write: Write, invoke: Invoke) -> None:
    write()

    with pytest.raises(CommandError) as caught:
        invoke(command, "churn_x")

    assert str(caught.value) == "module 'churn_x' defines no DAG and no task"
    assert caught.value.hint == "They are looked for in churn_x, churn_x.tasks and churn_x.dags."


@pytest.mark.parametrize("name", ["churn_y", "churn_x.nothing", "json.nothing", "", "a b", ".x"])
def test_missing_module_is_one_error(name: str, write: Write, invoke: Invoke) -> None:
    write()

    with pytest.raises(UnknownModuleError) as caught:
        invoke(command, name)

    assert str(caught.value) == f"there is no module {name!r}"
    assert caught.value.hint == (
        "Go to the folder that holds it, or install its package: pip install -e FOLDER"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("raise ValueError", "ValueError"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_module_that_raises_is_one_error_with_its_place(
    source: str, reason: str, folder: Path, write: Write, invoke: Invoke
) -> None:
    write(dags=f"\n{source}\n")

    with pytest.raises(ModuleImportError) as caught:
        invoke(command, "churn_x")

    place = folder / "churn_x" / "dags.py"
    assert str(caught.value) == f"module 'churn_x' cannot be imported: {reason} ({place}:2)"
    assert caught.value.hint == "Mend the module, then run the command again."
    assert caught.value.exit_code == 3


def test_module_that_is_no_python_is_one_error(write: Write, invoke: Invoke) -> None:
    write(dags="def")

    with pytest.raises(ModuleImportError, match=r"SyntaxError: .*dags\.py:1\)$"):
        invoke(command, "churn_x")


def test_interrupt_passes_through(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(dags="raise KeyboardInterrupt")
    monkeypatch.syspath_prepend(folder)

    with pytest.raises(KeyboardInterrupt):
        find_entry_points("churn_x")


def test_label_used_twice_is_the_error_that_it_always_is(write: Write, invoke: Invoke) -> None:
    write(tasks=TASKS, dags=TASKS.replace("Clean", "Other"))

    with pytest.raises(DuplicateLabelError):
        invoke(command, "churn_x")


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("a=b", "has an equals sign, which the name of an entry point cannot have"),
        ("#a", "begins or ends with a sign that the name of an entry point cannot have there"),
        ("a ", "begins or ends with a sign that the name of an entry point cannot have there"),
    ],
)
def test_label_that_no_entry_point_can_have_is_refused(
    label: str, reason: str, write: Write, invoke: Invoke
) -> None:
    write(tasks=f"from gluepy import Task\nclass Clean(Task):\n    label = {label!r}\n")

    with pytest.raises(InvalidLabelError) as caught:
        invoke(command, "churn_x")

    assert str(caught.value) == f"churn_x.tasks:Clean: the label {label!r} {reason}"


def test_toml_that_does_not_read_back_is_refused() -> None:
    with pytest.raises(ValueError, match="does not read back as it was written"):
        render_toml({'a"."b': {"c": "d"}})
