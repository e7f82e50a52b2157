"""One DAG from several sources: the project's modules, and entry points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

DAGS = """\
from gluepy import DAG, Task

class Work(Task):
    label = "work"
    def run(self): ...

class Training(DAG):
    label = "training"
    tasks = [Work]
"""

OTHER = """\
from gluepy import DAG, Task

class OwnWork(Task):
    label = "own-work"
    def run(self): ...

class OwnTraining(DAG):
    label = "training"
    tasks = [OwnWork]
"""


@pytest.fixture
def both(sandbox: Sandbox) -> Sandbox:
    """A project that names the module of an installed distribution in INSTALLED_MODULES."""
    sandbox.install(
        "acme",
        "1.2.0",
        entry_points={
            "gluepy.dags": {"training": "acme.dags:Training"},
            "gluepy.tasks": {"work": "acme.dags:Work"},
        },
        modules={"acme.dags": DAGS},
    )
    sandbox.write({"gluepy.toml": 'installed_modules = ["acme"]\n'})
    return sandbox


def test_same_class_is_one_entry_with_both_sources(both: Sandbox) -> None:
    listed = both.gluepy("list", "-f", "json").json()
    table = both.gluepy("list", "--dags").out
    shown = both.gluepy("show", "training", "-f", "json").json()
    check = both.gluepy("check", "--strict")

    assert [(one["label"], one["state"]) for one in listed["dags"]] == [("training", "available")]
    assert [(one["label"], one["state"]) for one in listed["tasks"]] == [("work", "available")]
    assert [one["kind"] for one in listed["dags"][0]["sources"]] == ["project", "entry-point"]
    assert table.splitlines()[1].split() == [
        "training",
        "1",
        "(this",
        "project),",
        "acme",
        "-,",
        "1.2.0",
        "never",
    ]
    assert shown["sources"] == ["acme 1.2.0", "project (acme.dags)"]
    assert shown["conflict"] == ""
    assert check.code == 0, check.out


@pytest.mark.parametrize("label", ["training", "acme:training", "project:training"])
def test_same_class_runs_by_every_label(label: str, both: Sandbox) -> None:
    done = both.gluepy("dag", label)

    assert done.code == 0, done.err
    assert done.steps() == {"work": "done"}


def test_two_entry_points_of_one_class_are_one_entry(sandbox: Sandbox) -> None:
    for name in ("acme", "acme-extras"):
        sandbox.install(
            name,
            entry_points={"gluepy.dags": {"training": "acme_dags:Training"}},
            modules={"acme_dags": DAGS},
        )

    listed = sandbox.gluepy("list", "-f", "json").json()
    done = sandbox.gluepy("dag", "training")

    (training,) = listed["dags"]
    assert training["state"] == "available"
    assert [one["distribution"] for one in training["sources"]] == ["acme", "acme-extras"]
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("label", "prefer", "code", "step"),
    [
        ("training", "", 2, ""),
        ("acme:training", "", 0, "work"),
        ("project:training", "", 0, "own-work"),
        ("training", "acme", 0, "work"),
        ("training", "project", 0, "own-work"),
    ],
)
def test_class_of_the_project_and_one_of_a_distribution_are_a_conflict(
    label: str, prefer: str, code: int, step: str, both: Sandbox
) -> None:
    choice = f'[prefer]\ntraining = "{prefer}"\n' if prefer else ""
    both.write({"gluepy.toml": f'installed_modules = ["own"]\n{choice}', "own/dags.py": OTHER})

    done = both.gluepy("dag", label)

    assert done.code == code, done.err
    if code:
        assert "'acme:training'" in done.err
        assert "'project:training'" in done.err
    else:
        assert done.steps() == {step: "done"}


def test_conflict_with_the_project_is_listed_with_both(both: Sandbox) -> None:
    both.write({"gluepy.toml": 'installed_modules = ["own"]\n', "own/dags.py": OTHER})

    table = both.gluepy("list", "--dags").out

    rows = [line.split(maxsplit=3) for line in table.splitlines()[1:]]
    assert "(this project)" in table
    assert "conflict with acme 1.2.0 (acme.dags:Training)" in table
    assert "conflict with the project (own.dags:OwnTraining)" in table
    assert len(rows) == 2


def test_module_of_the_project_is_found_from_below_its_root(both: Sandbox) -> None:
    both.write(
        {"gluepy.toml": 'installed_modules = ["own"]\n', "own/dags.py": OTHER, "deep/er/x": ""}
    )

    done = both.gluepy("dag", "project:training", cwd=both.folder / "deep" / "er")

    assert done.code == 0, done.err
    assert (both.folder / "data" / "runs").is_dir()
