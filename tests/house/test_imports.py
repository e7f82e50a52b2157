"""Importing a module does nothing but define names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import gluepy

PACKAGE = Path(gluepy.__file__).parent

#: What importing does nevertheless. A server of ``multiprocessing`` can be told nothing but what to
#: import, so this one module looks whether it is imported by a server that has something to do.
ALLOWED = ["engine/preload.py: environ 'GLUEPY_PRELOAD'"]

# Imports every module in an empty folder and notes what their own module-level code does. What the
# standard library does is laid at the door of its caller; what other libraries do is not ours.
WATCHER = """
import importlib, json, logging, os, pkgutil, sys, sysconfig

package = sys.argv[1]
libraries = [os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
deeds = []

def caller():
    # The nearest file that is neither frozen nor in the standard library.
    frame = sys._getframe(2)
    while frame is not None:
        file = os.path.realpath(frame.f_code.co_filename)
        in_stdlib = file.startswith(libraries[0]) and not file.startswith(libraries[1])
        if not (in_stdlib or frame.f_code.co_filename.startswith("<") or frame.f_code is HERE):
            return file
        frame = frame.f_back
    return ""

def note(what):
    if sys._getframe(2).f_code.co_filename.startswith("<frozen importlib"):
        return  # this is what importing is
    file = caller()
    if file.startswith(package + os.sep):
        deeds.append(f"{os.path.relpath(file, package)}: {what}")

def watch(event, args):
    if event in ("open", "os.listdir", "os.scandir", "os.mkdir", "subprocess.Popen", "os.putenv"):
        note(f"{event} {args[0]!r}")

def read(environ, name):
    note(f"environ {name!r}")
    return READ(environ, name)

HERE = read.__code__
Environ = type(os.environ)
READ = Environ.__getitem__
Environ.__getitem__ = read
sys.addaudithook(watch)

import gluepy
names = [info.name for info in pkgutil.walk_packages(gluepy.__path__, "gluepy.")]
for name in names:
    if not name.endswith(".__main__"):
        importlib.import_module(name)

loggers = [logging.root, *map(logging.getLogger, names)]
deeds += [f"handler of {logger.name}" for logger in loggers if logger.handlers]
json.dump({"modules": names, "deeds": deeds}, sys.stderr)
"""


def test_importing_every_module_does_nothing(tmp_path: Path) -> None:
    result = watch_imports(PACKAGE, tmp_path)

    assert result["deeds"] == ALLOWED
    assert len(result["modules"]) > 20
    assert list(tmp_path.iterdir()) == []


def test_the_watcher_sees_files_and_environment(tmp_path: Path) -> None:
    package = tmp_path / "site" / "gluepy"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text("")
    package.joinpath("bad.py").write_text(
        "import logging, os, pathlib\n"
        "logging.getLogger(__name__).addHandler(logging.NullHandler())\n"
        "home = os.getenv('HOME')\n"
        "pathlib.Path('left-behind').write_text('x')\n"
    )

    result = watch_imports(package, tmp_path)

    assert result["deeds"] == [
        "bad.py: environ 'HOME'",
        "bad.py: open 'left-behind'",
        "handler of gluepy.bad",
    ]


def watch_imports(package: Path, folder: Path) -> dict[str, list[str]]:
    """Import all modules of ``package`` in a process of its own and return what they did."""
    environ = {name: value for name, value in os.environ.items() if "COV" not in name}
    done = subprocess.run(
        [sys.executable, "-c", WATCHER, os.path.realpath(package)],
        cwd=folder,
        env={**environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return dict[str, list[str]](json.loads(done.stderr))
