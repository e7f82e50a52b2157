"""Observers that all do what the variable ``OBSERVER`` says; and one that only watches."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gluepy import hookimpl

if TYPE_CHECKING:
    from tests.faults.inside.graph import note
else:
    from graph import note


def fail() -> None:
    raise OSError("disk is full")


def hang() -> None:
    """Take ten seconds, once in a run."""
    if not os.path.exists(os.environ["GATE"]):
        with open(os.environ["GATE"], "w"):
            time.sleep(10)


DEEDS: dict[str, Callable[[], object]] = {
    "raise": fail,
    "exit": lambda: sys.exit(0),
    "exit-at-once": lambda: os._exit(0),
    "print": lambda: print("noise"),
    "write": lambda: os.write(1, b"noise\n"),
    "hang": hang,
}


def act(hook: str) -> None:
    only = os.environ.get("HOOK", hook)
    if "OBSERVER" in os.environ and only == hook:
        DEEDS[os.environ["OBSERVER"]]()


@hookimpl
def before_dag() -> None:
    act("before_dag")


@hookimpl
def before_task() -> None:
    act("before_task")


@hookimpl
def on_metric() -> None:
    act("on_metric")


@hookimpl
def after_task() -> None:
    act("after_task")


@hookimpl
def after_dag() -> None:
    act("after_dag")


@hookimpl
def worker_started() -> None:
    act("worker_started")


@hookimpl
def worker_stopped() -> None:
    act("worker_stopped")


class Witness:
    """Is called after the others, and notes it."""

    @hookimpl(trylast=True)
    def after_task(self, task: object, outcome: object) -> None:
        note(f"heard {task.label} {outcome.status}")  # type: ignore[attr-defined]  # records

    @hookimpl(trylast=True)
    def after_dag(self, report: object) -> None:
        note(f"heard-all {report.status}")  # type: ignore[attr-defined]  # a record


witness = Witness()
