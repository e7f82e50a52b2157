"""A DAG in which one task does what no task should: the variable ``HOSTILE`` says what.

``before`` runs first; ``beside`` has nothing to do with the hostile task, ``after`` follows it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gluepy import DAG
from gluepy.files.storages import default_storage

if TYPE_CHECKING:
    from tests.faults.inside.graph import Linked, note
else:
    from graph import Linked, note


FLOOD_BYTES = 50 * 1024 * 1024


class Odd(BaseException):
    """Is no ``Exception``."""


def raise_(error: BaseException) -> None:
    raise error


def recurse() -> None:
    recurse()


def flood() -> None:
    line = "x" * 1023
    for _ in range(FLOOD_BYTES // 1024):
        print(line)


def change_folder() -> None:
    os.chdir("/")


def lose_folder() -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)


def fork() -> None:
    """Return twice: in the parent and, later, in a child."""
    if os.fork() == 0:
        time.sleep(0.05)


def leave_threads() -> None:
    threading.Thread(target=time.sleep, args=(3600,)).start()
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()


def swallow_interrupts() -> None:
    """Ends at no interrupt, however many there are."""
    while True:
        try:
            note("deaf")
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            note("heard")


DEEDS: dict[str, Callable[[], object]] = {
    "exit": lambda: sys.exit(0),
    "exit-at-once": lambda: os._exit(0),
    "base-exception": lambda: raise_(Odd("odd")),
    "system-exit": lambda: raise_(SystemExit()),
    "cancelled": lambda: raise_(asyncio.CancelledError()),
    "generator-exit": lambda: raise_(GeneratorExit()),
    "recursion": recurse,
    "flood": flood,
    "close-streams": lambda: os.closerange(0, 3),
    "close-all": lambda: os.closerange(0, 1024),
    "change-folder": change_folder,
    "lose-folder": lose_folder,
    "fork": fork,
    "threads": leave_threads,
    "segfault": lambda: ctypes.string_at(0),
    "segfault-signal": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "deaf": swallow_interrupts,
}


class Before(Linked):
    label = "before"


class Beside(Linked):
    label = "beside"
    reads = ("before",)


class Hostile(Linked):
    label = "hostile"
    reads = ("before",)

    def run(self) -> None:
        super().run()
        if "HOSTILE" in os.environ:
            DEEDS[os.environ["HOSTILE"]]()
        default_storage.touch(default_storage.runpath("deed.txt"), "done")


class After(Linked):
    label = "after"
    reads = ("hostile",)


class HostileDAG(DAG):
    label = "hostile-dag"
    tasks = {Before: [], Hostile: [Before], Beside: [Before], After: [Hostile]}
