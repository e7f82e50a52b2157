"""Real environments for the real ``gluepy`` command: one clean one for all tests, shared."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from gluepy.testing.distributions import write_distribution

ROOT = Path(__file__).parents[2]

Wheels = Callable[..., Path]

# Everything has to answer long before this; only a command that hangs reaches it.
TIMEOUT_S = 60

NO_ENV: Mapping[str, str] = MappingProxyType({})


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the one JSON document on standard output."""
        return json.loads(self.out)

    def steps(self) -> dict[str, str]:
        """Return how each step of a run ended, by its label, as it was printed."""
        found = re.findall(
            r"^[\d:]* +\d+/\d+ (done|FAILED|stopped|skipped|not run) +(\S+)", self.err, re.M
        )
        return {label: word for word, label in found}


class Environment(NamedTuple):
    """A virtual environment with Gluepy in it, and nothing of the one that runs the tests."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def gluepy(self) -> Path:
        return self.folder / "bin" / "gluepy"

    def pip(self, *words: object) -> None:
        """Run the pip of the tests upon this environment, without a network."""
        command = (sys.executable, "-m", "pip", "--python", self.python, "--quiet")
        run(*command, "--disable-pip-version-check", *words)


class Sandbox:
    """An empty folder in which commands run, and a place for distributions, both of one test.

    Attributes:
        environment: Where the commands are installed.
        folder: The current folder of the commands.
        site: Is on the import path of the commands.
        env: All environment variables that the commands see.
    """

    def __init__(self, environment: Environment, root: Path) -> None:
        self.environment = environment
        self.folder = root / "work"
        self.site = root / "site"
        for folder in (self.folder, self.site, root / "home", root / "tmp"):
            folder.mkdir()
        self.env = {
            "HOME": str(root / "home"),
            "LANG": "C.UTF-8",
            "PATH": f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self.site),
            "TMPDIR": str(root / "tmp"),
        }

    def install(self, name: str, version: str = "1.0", **content: Any) -> Path:
        """Write a distribution as pip would install it; see `write_distribution`."""
        return write_distribution(self.site, name, version, **content)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files below the current folder of the commands."""
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")

    def gluepy(
        self, *words: object, cwd: Path | None = None, env: Mapping[str, str] = NO_ENV
    ) -> Result:
        """Run ``gluepy`` and return how it ended."""
        return self.execute(self.environment.gluepy, *words, cwd=cwd, env=env)

    def python(
        self, *words: object, cwd: Path | None = None, env: Mapping[str, str] = NO_ENV
    ) -> Result:
        """Run ``python`` and return how it ended."""
        return self.execute(self.environment.python, *words, cwd=cwd, env=env)

    def execute(
        self, *words: object, cwd: Path | None = None, env: Mapping[str, str] = NO_ENV
    ) -> Result:
        """Run any command and return how it ended."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd=cwd or self.folder,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start ``gluepy`` and return while it runs."""
        return subprocess.Popen(
            [str(word) for word in (self.environment.gluepy, *words)],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def snapshot(self) -> dict[str, bytes | None]:
        """Return all files, with their content, and all folders of the current folder."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.folder.rglob("*"))
        }

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file in the current folder; none if it is not there."""
        file = self.folder / name
        return file.read_text("utf-8").splitlines() if file.exists() else []


def run(*command: object) -> None:
    """Run a command that has to succeed."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this session of tests share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@contextlib.contextmanager
def made_once(folder: Path) -> Iterator[bool]:
    """Let one process make a folder while the others wait; yields whether it is this one."""
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_name(f"{folder.name}.done")
        yield not done.exists()
        done.touch()


@pytest.fixture(scope="session")
def wheelhouse(shared: Path) -> Path:
    """A folder with the wheels of the core, built from a copy of the sources, and what it needs."""
    folder = shared / "wheelhouse"
    with made_once(folder) as is_mine:
        if is_mine:
            source = shared / "source"
            source.mkdir()
            for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
                shutil.copy(ROOT / name, source)
            unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / "gluepy_core", source / "gluepy_core", ignore=unwanted)
            pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
            run(*pip, "wheel", "--wheel-dir", folder, source)
    return folder


def make_environment(folder: Path, wheelhouse: Path) -> Environment:
    """Make a virtual environment and install the core into it, not editable."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    environment = Environment(folder)
    environment.pip("install", "--no-index", "--find-links", wheelhouse, "gluepy-core")
    return environment


@pytest.fixture(scope="session")
def environment(shared: Path, wheelhouse: Path) -> Environment:
    """A clean environment with the core alone, which no test changes."""
    folder = shared / "environment"
    with made_once(folder) as is_mine:
        if is_mine:
            make_environment(folder, wheelhouse)
    return Environment(folder)


@pytest.fixture(scope="module")
def own_environment(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Environment:
    """A clean environment that the tests of one module may change."""
    return make_environment(tmp_path_factory.mktemp("own") / "environment", wheelhouse)


@pytest.fixture
def sandbox(environment: Environment, tmp_path: Path) -> Sandbox:
    """An empty folder, where nothing but the core is installed."""
    return Sandbox(environment, tmp_path)


@pytest.fixture
def own_sandbox(own_environment: Environment, tmp_path: Path) -> Sandbox:
    """An empty folder, where the tests of one module may install and uninstall."""
    return Sandbox(own_environment, tmp_path)


@pytest.fixture
def full_sandbox(sandbox: Sandbox) -> Sandbox:
    """An empty folder in the environment of the tests: pandas is there, plugins are off."""
    sandbox.environment = Environment(Path(sys.prefix))
    sandbox.env["GLUEPY_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return sandbox


@pytest.fixture(scope="session")
def make_wheel() -> Wheels:
    """Write wheels by hand, of what `write_distribution` takes; return their paths."""

    def make(folder: Path, name: str, version: str, **content: Any) -> Path:
        stem = f"{name.replace('-', '_')}-{version}"
        site = folder / stem
        info = write_distribution(site, name, version, **content)
        (info / "WHEEL").write_text(
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        record = [f"{path.relative_to(site)},," for path in site.rglob("*") if path.is_file()]
        (info / "RECORD").write_text("\n".join([*record, ""]))
        wheel = folder / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path in sorted(site.rglob("*")):
                archive.write(path, path.relative_to(site))
        return wheel

    return make
