"""CPU time of whole processes, and of functions in fresh processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.environment import Environment

Measurement = Callable[[], float]


class Result(NamedTuple):
    """What one case cost.

    Attributes:
        case: What was measured.
        subject_s: CPU seconds of Gluepy.
        floor_s: CPU seconds of the floor.
        bound: The ratio that must not be exceeded.
    """

    case: str
    subject_s: float
    floor_s: float
    bound: float

    @property
    def ratio(self) -> float:
        """Gluepy as a multiple of the floor."""
        return self.subject_s / self.floor_s

    @property
    def holds(self) -> bool:
        """Whether the bound is kept."""
        return self.ratio <= self.bound


def compare(
    case: str, subject: Measurement, floor: Measurement, *, bound: float, repeats: int
) -> Result:
    """Measure both by turns and keep the least of each.

    By turns, so that a slow minute of the machine meets both; the least, because all that disturbs
    a measurement makes it longer. A first turn fills the caches and does not count.
    """
    subject()
    floor()
    turns = [(subject(), floor()) for _ in range(repeats)]
    subjects, floors = zip(*turns, strict=True)
    return Result(case, min(subjects), min(floors), bound)


def process_s(environment: Environment, command: Sequence[str]) -> float:
    """Run a command and return the CPU seconds, of user and system, that it took.

    Raises:
        RuntimeError: If it fails.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=environment.empty,
        env=environment.variables,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} exits with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def call_s(environment: Environment, setup: str, call: str) -> float:
    """Return the CPU seconds of the first call of a function in a fresh process.

    The garbage collector rests, as it does in the ``gluepy`` command.
    """
    code = (
        f"import gc, time\ngc.disable()\n{setup}\n"
        f"start = time.process_time()\n{call}\nprint(time.process_time() - start)"
    )
    return float(environment.output(code))
