"""The environment in which everything is measured: a venv with Gluepy and many distributions."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gluepy.testing.distributions import write_distribution

ROOT = Path(__file__).parents[1]

# What pip writes for a console script, so that both commands start alike.
_SCRIPT = """\
#!{python}
import sys
from {module} import main
if __name__ == '__main__':
    sys.exit(main())
"""

_EMPTY_DAG = """\
from gluepy import DAG, Task


class NothingTask(Task):
    def run(self):
        pass


class NothingDAG(DAG):
    label = "nothing"
    tasks = [NothingTask]
"""


class Environment:
    """A virtual environment with gluepy-core, installed as users install it, and the floor.

    Args:
        folder: Where to make it.
    """

    def __init__(self, folder: Path) -> None:
        self.python = folder / "venv" / "bin" / "python"
        self.empty = folder / "empty"
        self.empty.mkdir()
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
        pip = [sys.executable, "-m", "pip", "--python", str(self.python)]
        _run([*pip, "install", "--compile", str(_copy_sources(folder / "sources"))])
        self.site = Path(self.output("import sysconfig; print(sysconfig.get_path('purelib'))"))
        shutil.copy(Path(__file__).with_name("bare.py"), self.site)
        self.scripts = folder / "scripts"
        self.scripts.mkdir()
        self._write_script("gluepy", "gluepy.__main__")
        self._write_script("bare", "bare")

    def _write_script(self, name: str, module: str) -> None:
        (self.scripts / name).write_text(_SCRIPT.format(python=self.python, module=module))

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables, without those that change how Python or Gluepy starts."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "GLUEPY_", "COVERAGE"))
        }
        return {**kept, "XDG_CACHE_HOME": str(self.empty.with_name("cache"))}

    def output(self, code: str) -> str:
        """Run Python code in the environment and return what it prints."""
        return subprocess.run(
            [self.python, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            cwd=self.empty,
            env=self.variables,
        ).stdout.strip()

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command line of ``gluepy`` or of the floor, ``bare``."""
        return [str(self.python), str(self.scripts / name), *arguments]

    @contextlib.contextmanager
    def distributions(self, number: int) -> Iterator[None]:
        """Install distributions of three entry points each, while the block runs."""
        folders = [_write(self.site, index) for index in range(number)]
        try:
            yield
        finally:
            for folder in folders:
                shutil.rmtree(folder)

    @contextlib.contextmanager
    def empty_dag(self) -> Iterator[str]:
        """Install a DAG of one task that does nothing, while the block runs; give its label."""
        folder = write_distribution(
            self.site,
            "acme-nothing",
            entry_points={"gluepy.dags": {"nothing": "acme_nothing:NothingDAG"}},
            modules={"acme_nothing": _EMPTY_DAG},
        )
        try:
            yield "nothing"
        finally:
            shutil.rmtree(folder)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} fails:\n{done.stdout}")


def _copy_sources(folder: Path) -> Path:
    """Copy what a wheel is built from: building in place leaves files that spoil the next one."""
    package = ROOT / "gluepy_core" / "gluepy"
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, folder / "gluepy_core" / "gluepy", ignore=leave_out)
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


def _write(site: Path, index: int) -> Path:
    package = f"acme_pipelines_{index}"
    return write_distribution(
        site,
        f"acme-pipelines-{index}",
        "1.2.3",
        entry_points={
            "gluepy.dags": {f"training-{index}": f"{package}.dags:TrainingDAG"},
            "gluepy.tasks": {
                f"clean-{index}": f"{package}.tasks:CleanTask",
                f"train-{index}": f"{package}.tasks:TrainTask",
            },
        },
    )
