"""The sdist and the wheel: both install on their own, and what they install works."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import gluepy

ROOT = Path(__file__).parents[2]

# What a base install may hold, ours included.
MAX_DISTRIBUTIONS = 10

# Two environments are made and filled by pip.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both distributions from a copy of the sources and return their folder."""
    source = tmp_path_factory.mktemp("source") / "gluepy"
    source.mkdir()
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "gluepy_core", source / "gluepy_core", ignore=unwanted)
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, source)
    return folder


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_distribution_installs_and_runs(kind: str, dist: Path, tmp_path: Path) -> None:
    (archive,) = dist.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", archive)

    version = run(python.with_name("gluepy"), "--version", cwd=tmp_path)
    as_module = run(python, "-m", "gluepy", "--version", cwd=tmp_path)
    installed = {entry["name"] for entry in json.loads(run(*pip, "list", "--format=json"))}

    assert gluepy.VERSION in version
    assert as_module == version
    assert len(installed - {"pip", "setuptools"}) <= MAX_DISTRIBUTIONS
    run(*pip, "check")


def test_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    (archive,) = dist.glob("*.whl")

    with zipfile.ZipFile(archive) as wheel:
        names = wheel.namelist()

    sources = {
        f"gluepy/{path.relative_to(ROOT / 'gluepy_core' / 'gluepy')}"
        for pattern in ("*.py", "*.tmpl", "py.typed", "schemas/*.json")
        for path in ROOT.joinpath("gluepy_core", "gluepy").rglob(pattern)
    }
    assert {name for name in names if ".dist-info/" not in name} == sources
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_sdist_can_be_built_from(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")

    with tarfile.open(archive) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    assert {"pyproject.toml", "setup.cfg", "README.md", "LICENSE"} <= names


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a command that has to succeed, and return its standard output."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
