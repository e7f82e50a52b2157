from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gluepy.engine.preload import VARIABLE, describe

PROBE = """
import os, sys
import gluepy.engine.preload
print("gluepy.engine.worker" in sys.modules, *[name for name in sys.modules if name[:4] == "mine"])
print(os.environ.get("GLUEPY_PRELOAD"), sys.path[0])
"""


def preload(folder: Path, *modules: str) -> subprocess.CompletedProcess[str]:
    """Import the module in a new process that has been told to import others."""
    text = json.dumps({"modules": modules, "path": [str(folder), *sys.path]})
    return subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, VARIABLE: text},
        capture_output=True,
        text=True,
        check=False,
    )


def test_modules_are_imported_from_where_the_coordinator_has_them(tmp_path: Path) -> None:
    (tmp_path / "mine_one.py").touch()

    done = preload(tmp_path, "mine_one")

    assert done.stdout == f"True mine_one\nNone {tmp_path}\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "source", ["import no_such_module", "import sys; sys.exit(1)", "raise KeyboardInterrupt", "1 +"]
)
def test_module_that_cannot_be_imported_is_passed_over(tmp_path: Path, source: str) -> None:
    (tmp_path / "mine_bad.py").write_text(source)
    (tmp_path / "mine_good.py").touch()

    done = preload(tmp_path, "mine_bad", "mine_good")

    assert done.stdout == f"True mine_good\nNone {tmp_path}\n"
    assert done.stderr == ""


def test_what_a_module_prints_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "mine_loud.py").write_text("print('loading')")

    assert preload(tmp_path, "mine_loud").stdout == f"True mine_loud\nNone {tmp_path}\n"


def test_without_the_variable_importing_does_nothing() -> None:
    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}

    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environ, capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("False\nNone ")


def test_description_has_the_modules_and_the_path() -> None:
    assert json.loads(describe(["a", "b.c"])) == {"modules": ["a", "b.c"], "path": sys.path}
