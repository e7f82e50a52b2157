"""A small graph whose outputs follow from one another, so that every fault in them would show.

Each task notes in a file outside the storage when it begins and ends. The environment says what a
test wants of it:

* ``NOTES``: that file.
* ``GATE``: a file for which the tasks of ``GATED`` (a label) wait in the middle of their work.
* ``FAIL``: label of a task that raises.
* ``PAUSE_S``: how long each task takes.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from typing import ClassVar

from gluepy import DAG, EvaluationTask, Task
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops


def note(text: str) -> None:
    """Append a line to the notes, whole: other processes do so at the same time."""
    descriptor = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


class Linked(Task, abstract=True):
    """Reads the files of other tasks and writes one of its own."""

    reads: ClassVar[Sequence[str]] = ()

    def run(self) -> None:
        label = f"{self.label}[{self.partition}]" if self.partition else self.label
        note(f"begin {label} {os.getpid()}")
        digest = hashlib.sha256(label.encode())
        for name in self.reads:
            digest.update(default_storage.open(default_storage.runpath(f"{name}.txt")))
        time.sleep(float(os.environ.get("PAUSE_S", "0")))
        if os.environ.get("GATED") == self.label:
            while not os.path.exists(os.environ["GATE"]):
                time.sleep(0.005)
        if os.environ.get("FAIL") == self.label:
            note(f"fail {label} {os.getpid()}")
            raise RuntimeError("as the test wants")
        text = "".join(f"{digest.hexdigest()} {number}\n" for number in range(300))
        default_storage.touch(default_storage.runpath(f"{label}.txt"), text)
        default_mlops.log_metric(label, int(digest.hexdigest()[:6], 16))
        note(f"end {label} {os.getpid()}")


class LoadFlights(Linked):
    label = "load-flights"


class LoadWeather(Linked):
    label = "load-weather"


class Join(Linked):
    label = "join"
    reads = ("load-flights", "load-weather")


class Model(Linked):
    label = "model"
    reads = ("join",)

    def partitions(self) -> list[str]:
        """Name the partitions, from a file that is there only now."""
        found = default_storage.open(default_storage.runpath("join.txt"), mode="r")
        return ["x", "y"] if found.count("\n") == 300 else []


class Report(Linked):
    label = "report"
    reads = ("model[x]", "model[y]")


class Score(EvaluationTask, Linked):
    label = "score"
    reads = ("report",)


class Graph(DAG):
    label = "graph"
    tasks = {
        LoadFlights: [],
        LoadWeather: [],
        Join: [LoadFlights, LoadWeather],
        Model: [Join],
        Report: [Model],
    }
    eval_tasks = [Score]


class Chain(DAG):
    label = "chain"
    tasks = [LoadFlights, LoadWeather, Join]
