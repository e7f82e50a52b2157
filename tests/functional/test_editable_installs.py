"""A package in the making: installed editable, and its entry points change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "acme-pipes"
version = "1.2"

[project.entry-points."gluepy.dags"]
training = "acme_pipes:Training"
"""

DAGS = """\
from gluepy import DAG, Task

class Work(Task):
    def run(self): ...

class Training(DAG):
    label = "training"
    tasks = [Work]

class Scoring(DAG):
    label = "scoring"
    tasks = [Work]
"""

LAYOUTS = {"flat": "acme_pipes.py", "src": "src/acme_pipes/__init__.py"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_entry_point_that_was_added_later_is_missed_and_told(
    layout: str, own_sandbox: Sandbox, tmp_path: Path
) -> None:
    # Not beside the sources: setuptools would take the folder for a package.
    own_sandbox.env["GLUEPY_STORAGE_ROOT"] = str(tmp_path / "data")
    own_sandbox.write({"pyproject.toml": PYPROJECT, LAYOUTS[layout]: DAGS})
    own_sandbox.environment.pip("install", "--editable", own_sandbox.folder)
    before = own_sandbox.gluepy("check", "--strict")
    own_sandbox.write({"pyproject.toml": f'{PYPROJECT}scoring = "acme_pipes:Scoring"\n'})

    listed = own_sandbox.gluepy("list", "--dags", "-f", "names")
    check = own_sandbox.gluepy("check", "-f", "json")
    own_sandbox.environment.pip("install", "--editable", own_sandbox.folder)
    after = own_sandbox.gluepy("check", "--strict")
    listed_after = own_sandbox.gluepy("list", "--dags", "-f", "names")

    assert before.code == 0, before.out
    assert listed.out.split() == ["training"]
    (finding,) = [one for one in check.json()["findings"] if one["level"] == "warn"]
    assert finding["text"].startswith(f"acme-pipes 1.2 is installed from '{own_sandbox.folder}'")
    assert "scoring" in finding["text"]
    assert finding["hint"] == f"Run: pip install -e {own_sandbox.folder}"
    assert after.code == 0, after.out
    assert listed_after.out.split() == ["scoring", "training"]


@pytest.mark.timeout(600)
def test_changed_code_runs_at_once(own_sandbox: Sandbox) -> None:
    own_sandbox.write({"pyproject.toml": PYPROJECT, LAYOUTS["src"]: DAGS})
    own_sandbox.environment.pip("install", "--editable", own_sandbox.folder)
    first = own_sandbox.gluepy("dag", "training")
    own_sandbox.write({LAYOUTS["src"]: DAGS.replace("Work", "Labour")})

    second = own_sandbox.gluepy("dag", "training")

    assert first.steps() == {"work": "done"}
    assert second.steps() == {"labour": "done"}
