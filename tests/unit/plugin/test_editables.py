"""Editable installs whose metadata have fallen behind their source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gluepy.plugin.editables import StaleEditable, find_stale_editables
from gluepy.testing.distributions import write_distribution

DAGS = {"gluepy.dags": {"training": "acme:Training", "scoring": "acme:Scoring"}}
SAME = """
[project.entry-points."gluepy.dags"]
scoring = "acme:Scoring"
training = "acme : Training"
[project.entry-points.pytest11]
other = "acme.testing"
"""


def install(
    tmp_path: Path,
    pyproject: str | bytes | None = SAME,
    *,
    direct_url: str | None = None,
    content: bytes | None = None,
) -> list[StaleEditable]:
    """Install a distribution in editable mode and look for stale ones."""
    source, site = tmp_path / "my source", tmp_path / "site"
    source.mkdir()
    if isinstance(pyproject, str):
        pyproject = pyproject.encode()
    if pyproject is not None:
        (source / "pyproject.toml").write_bytes(pyproject)
    info = write_distribution(site, "Acme", "1.0", entry_points=content or DAGS)
    origin = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(
        json.dumps(origin) if direct_url is None else direct_url.replace("URL", source.as_uri())
    )
    return list(find_stale_editables([str(site)]))


def test_metadata_that_agree_are_not_stale(tmp_path: Path) -> None:
    assert install(tmp_path) == []


@pytest.mark.parametrize(
    ("pyproject", "problem"),
    [
        (SAME + "[project.entry-points.'gluepy.tasks']\nload = 'a:L'\n",
         "'load' of gluepy.tasks is not installed"),
        (SAME.replace("scoring", "# scoring"), "'scoring' of gluepy.dags is no longer declared"),
        (SAME.replace("acme:Scoring", "acme:Score"), "'scoring' of gluepy.dags has changed"),
    ],
)  # fmt: skip
def test_difference_is_named(tmp_path: Path, pyproject: str, problem: str) -> None:
    (stale,) = install(tmp_path, pyproject)

    assert (stale.distribution, stale.version) == ("acme", "1.0")
    assert stale.problems == (problem,)
    assert stale.message == (
        f"acme 1.0 is installed from '{tmp_path}/my source' and its metadata are stale: {problem}"
    )
    assert stale.hint == f"Run: pip install -e '{tmp_path}/my source'"


def test_malformed_entry_points_are_replaced_by_installing_again(tmp_path: Path) -> None:
    (stale,) = install(tmp_path, content=b"[gluepy.dags]\ntraining\n")

    assert len(stale.problems) == 2


@pytest.mark.parametrize(
    "pyproject",
    [b"[project\n", b"\xff", b"project = 1\n", b"[project]\nentry-points = 1\n",
     b"[project.entry-points]\n'gluepy.dags' = 1\n",
     b"[project.entry-points.'gluepy.dags']\na = 1\n"],
)  # fmt: skip
def test_pyproject_that_cannot_be_read_is_named(tmp_path: Path, pyproject: bytes) -> None:
    (stale,) = install(tmp_path, pyproject)

    assert stale.problems[0].startswith("pyproject.toml cannot be read (")


def test_entry_points_that_the_build_makes_up_are_not_compared(tmp_path: Path) -> None:
    assert install(tmp_path, "[project]\ndynamic = ['entry-points']\n") == []


@pytest.mark.parametrize(
    "direct_url",
    [
        "",
        "{",
        "[]",
        '{"url": "URL"}',
        '{"url": "URL", "dir_info": {}}',
        '{"url": "URL", "dir_info": 1}',
        '{"url": 1, "dir_info": {"editable": true}}',
        '{"url": "URL/elsewhere", "dir_info": {"editable": true}}',
    ],
)
def test_what_is_no_editable_install_is_not_compared(tmp_path: Path, direct_url: str) -> None:
    assert install(tmp_path, "", direct_url=direct_url) == []


def test_folder_without_pyproject_is_not_compared(tmp_path: Path) -> None:
    assert install(tmp_path, None) == []


def test_shadowed_copy_is_not_compared(tmp_path: Path) -> None:
    first = tmp_path / "first"
    write_distribution(first, "acme", "2.0")
    install(tmp_path, "")

    assert list(find_stale_editables([str(first), str(tmp_path / "site")])) == []


def test_distribution_without_metadata_is_not_compared(tmp_path: Path) -> None:
    install(tmp_path, "")
    (tmp_path / "site" / "Acme-1.0.dist-info" / "METADATA").unlink()

    assert list(find_stale_editables([str(tmp_path / "site")])) == []


def test_all_that_is_installed_is_searched_by_default() -> None:
    assert all(stale.problems for stale in find_stale_editables())
