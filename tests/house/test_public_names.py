"""What ``from gluepy import ...`` brings, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gluepy

CODE = """\
import sys

before = set(sys.modules)
from gluepy import DAG, Task, SkipTask, hookimpl
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(roots - sys.stdlib_module_names))
"""


def test_pluggy_is_the_only_library_that_users_of_the_package_import() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)

    assert done.stdout == "gluepy pluggy\n"


@pytest.mark.parametrize("name", gluepy.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gluepy, name) is not None


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="module 'gluepy' has no attribute 'Dag'"):
        _ = gluepy.Dag
