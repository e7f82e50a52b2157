"""DAGs for odd surroundings: paths that lead out, text that no terminal wants."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from gluepy import DAG, Task
from gluepy.exceptions import StorageError
from gluepy.files.storages import default_storage

if TYPE_CHECKING:
    from tests.faults.inside.graph import note
else:
    from graph import note


TEXT = "Grüße \x1b[31m世界\x07\n"


class Escape(Task):
    """Tries to leave the storage in every way that there is, and notes what was let through."""

    label = "escape"

    def run(self) -> None:
        root = Path(default_storage.abspath("."))
        run = Path(default_storage.abspath(default_storage.runpath(".")))
        outside = root.parent / "outside"
        (run / "folder-link").symlink_to(outside)
        (run / "file-link").symlink_to(outside / "secret")
        paths = [
            "../outside/secret",
            "runs/../../outside/secret",
            str(outside / "secret"),
            f"{root}-evil/secret",
            f"{root}/../outside/secret",
            "secret\0.txt",
            "secret\ud800",
            default_storage.runpath("folder-link/secret"),
            default_storage.runpath("file-link"),
        ]
        for path in paths:
            for name, attempt in (
                ("open", lambda path=path: default_storage.open(path)),
                ("touch", lambda path=path: default_storage.touch(path, "owned")),
                ("cp", lambda path=path: default_storage.cp(path, "stolen")),
                ("cp-to", lambda path=path: default_storage.cp("mine", path, overwrite=True)),
            ):
                default_storage.touch("mine", "mine")
                try:
                    attempt()
                except StorageError:
                    note("refused")
                else:
                    note(f"let through: {name} {path!a}")


class Speak(Task):
    """Prints and fails with text that not every terminal can show."""

    label = "speak"

    def run(self) -> None:
        print(TEXT)
        default_storage.touch(default_storage.runpath(os.environ["FILE"]), TEXT)
        if "FAIL" in os.environ:
            raise ValueError(TEXT)


class Shout(Task):
    """Starts a program that prints, as a task with a library that does so."""

    label = "shout"

    def run(self) -> None:
        line = "echo noise; echo noise >&2"
        subprocess.run(["/bin/sh", "-c", line], check=False)
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):
                os.write(descriptor, b"noise\n")


class Split(Task):
    """Has partitions with the names that the environment wants, one a line of Python."""

    label = "split"

    def partitions(self) -> list[str]:
        import ast

        found = ast.literal_eval(os.environ["PARTITIONS"])
        assert isinstance(found, list)
        return found

    def run(self) -> None:
        note(f"begin {self.partition!a}")
        default_storage.touch(default_storage.runpath("split.txt"), self.partition)


class EscapeDAG(DAG):
    label = "escape-dag"
    tasks = [Escape]


class ShoutDAG(DAG):
    label = "shout-dag"
    tasks = [Shout]


class SpeakDAG(DAG):
    label = "speak-dag"
    tasks = [Speak]


class SplitDAG(DAG):
    label = "split-dag"
    tasks = [Split]
