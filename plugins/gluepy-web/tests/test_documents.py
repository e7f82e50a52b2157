"""What the pages say can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tests.conftest import Project

from gluepy_web import command

HERE = Path(__file__).parents[1]
PAGES = (HERE / "README.md", HERE.parents[1] / "docs" / "how-to" / "watch-runs-in-a-browser.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_the_page_can_be_typed(page: Path) -> None:
    if not page.exists():
        pytest.skip("not beside the documents of the core")
    lines = re.findall(r"^\$ .*?gluepy(?: -C \S+)? web\b(.*)$", page.read_text(), re.M)

    assert len(lines) >= 2
    for line in lines:
        command.make_context("web", shlex.split(line)).close()


def test_readme_names_every_option(project: Project) -> None:
    told = project.gluepy("web", "--help").out

    for option in set(re.findall(r"--[a-z-]+", told)) - {"--help"}:
        assert option in PAGES[0].read_text()
