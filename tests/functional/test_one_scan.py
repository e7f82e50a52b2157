"""Commands that list read the metadata of each distribution once, and import no plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gluepy.testing.distributions import write_distribution

#: Runs the command and then writes, to the file named first, what was opened and imported. What
#: was imported before is not counted: finders of editable installs do that when Python starts.
WATCHER = """
import atexit, os, sys
opened, before = [], set(sys.modules)
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
def report(file=sys.argv.pop(1)):
    lines = [f"open {path}" for path in opened]
    lines += [f"import {name}" for name in sys.modules if name not in before]
    with open(file, "w") as target:
        target.write("\\n".join(lines))
atexit.register(report)
sys.addaudithook(watch)
from gluepy.__main__ import main
main()
"""

#: What no command that lists has a use for.
HEAVY = {
    "asyncio",
    "box",
    "dataclasses",
    "importlib.metadata",
    "importlib_metadata",
    "json",
    "numpy",
    "pandas",
    "pathlib",
    "pluggy",
    "tempfile",
    "tomllib",
    "yaml",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with three distributions, whose modules end the process when they are imported."""
    site = tmp_path / "site"
    for name in ("acme-one", "acme-two", "acme-three"):
        module = name.replace("-", "_")
        write_distribution(
            site,
            name,
            entry_points={
                "gluepy.commands": {name: f"{module}:command"},
                "gluepy.dags": {name: f"{module}:Dag"},
                "gluepy.hooks": {name: module},
                "gluepy.tasks": {name: f"{module}:Task"},
            },
            modules={module: "import os\nos._exit(99)\n"},
        )
    return site


def watch(site: Path, *arguments: str, **variables: str) -> tuple[Counter[str], set[str]]:
    """Run ``gluepy`` and return how often each file was opened, and what was imported."""
    report, empty = site.parent / "report", site.parent / "empty"
    empty.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GLUEPY_")}
    done = subprocess.run(
        [sys.executable, "-c", WATCHER, str(report), *arguments],
        capture_output=True,
        text=True,
        cwd=empty,
        env={**kept, "PYTHONPATH": str(site), **variables},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.partition(" ") for line in report.read_text().splitlines()]
    opened = Counter(path for what, _, path in lines if what == "open")
    return opened, {name for what, _, name in lines if what == "import"}


COMMANDS = [
    ["--help"],
    ["--version"],
    ["list"],
    ["list", "--format", "json"],
    ["plugins"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_each_file_of_metadata_is_opened_once(site: Path, arguments: list[str]) -> None:
    opened, _ = watch(site, *arguments)

    metadata = {path: times for path, times in opened.items() if path.endswith("entry_points.txt")}
    assert set(metadata.values()) <= {1}
    assert sum("acme_" in path for path in metadata) in (0, 3)
    assert not any(path.endswith(("METADATA", "RECORD")) for path in opened)


def test_help_lists_the_commands_of_plugins_from_that_one_scan(site: Path) -> None:
    opened, _ = watch(site, "--help")

    assert sum("acme_" in path and path.endswith("entry_points.txt") for path in opened) == 3


def test_completion_reads_them_once_too(site: Path) -> None:
    opened, modules = watch(
        site,
        _GLUEPY_COMPLETE="bash_complete",
        COMP_WORDS="gluepy dag ",
        COMP_CWORD="2",
    )

    times = [times for path, times in opened.items() if path.endswith("entry_points.txt")]
    assert set(times) == {1}
    assert not modules & {"acme_one", "acme_two", "acme_three"}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_plugin_and_nothing_heavy_is_imported(site: Path, arguments: list[str]) -> None:
    _, modules = watch(site, *arguments)

    heavy = HEAVY - {"json"} if "json" in arguments else HEAVY
    assert not modules & {*heavy, "acme_one", "acme_two", "acme_three"}
