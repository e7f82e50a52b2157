"""What holds for the repository as a whole."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import gluepy

ROOT = Path(__file__).parents[2]


def test_version_is_the_same_in_package_metadata_and_changelog() -> None:
    metadata = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())
    changelog = ROOT.joinpath("CHANGELOG.md").read_text()

    assert metadata["project"]["version"] == gluepy.VERSION
    assert "## [Unreleased]" in changelog or f"## [{gluepy.VERSION}]" in changelog


def test_top_level_holds_what_the_design_names() -> None:
    folders = {path.split("/")[0] for path in tracked_files() if "/" in path}

    assert folders == {".ci", "benchmarks", "docs", "gluepy_core", "plugins", "tests"}


def test_no_file_names_the_machine_that_it_was_written_on() -> None:
    names = machine_names()

    found = {
        f"{path}: {name}"
        for path in tracked_files()
        for name in names
        if name.encode() in ROOT.joinpath(path).read_bytes()
    }

    assert found == set()


def tracked_files() -> list[str]:
    """List the files under version control that are there; skip where there is no git."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git cannot list the files: {error}")
    return [path for path in done.stdout.split("\0") if ROOT.joinpath(path).is_file()]


def machine_names() -> set[str]:
    """Return what is true on this machine only: where the checkout lies, and pip's own index."""
    names = {f"{ROOT}/", f"{Path.home()}/."}
    done = subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        url = line.partition("=")[2].strip("'\" ")
        host = urlsplit(url).hostname
        if "index-url" in line and host and host not in {"pypi.org", "localhost"}:
            names.add(host)
    return names
