"""A reader who types what the pages say gets what they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import Project

HERE = Path(__file__).parents[1]
PAGES = (HERE / "README.md", HERE.parents[1] / "docs" / "how-to" / "write-a-report.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_the_page_work(project: Project, page: Path) -> None:
    if not page.exists():
        pytest.skip("not beside the documents of the core")
    for env in ({"FAIL": "1"}, {}):
        project.gluepy("dag", "training", **env)
    text = page.read_text()
    lines = re.findall(r"^\$ (?!pip install )(.*)$", text, re.M)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        cwd=project.folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "report/index.html\n" in done.stdout


def test_readme_names_every_option(project: Project) -> None:
    told = project.gluepy("report", "--help").out

    for option in re.findall(r"--[a-z]+", told):
        assert option in PAGES[0].read_text() or option in ("--output", "--number", "--help")
