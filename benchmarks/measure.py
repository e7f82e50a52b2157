"""Measuring by turns, and what is measured: CPU time, time on the wall, memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from benchmarks.environment import Environment

__all__ = ["Measurement", "Result", "Unit", "call_s", "compare", "process_s", "render"]

#: Measures something once: seconds, or bytes.
Measurement = Callable[[], float]

#: What a case is shown in.
Unit = Literal["s", "ms", "us", "B"]

_PER_UNIT: dict[Unit, float] = {"s": 1, "ms": 1e3, "us": 1e6, "B": 1}


class Result(NamedTuple):
    """What one case cost.

    Attributes:
        case: What was measured.
        subject: What Gluepy took: seconds, or bytes.
        floor: What the floor took.
        bound: The ratio that must not be exceeded.
        unit: What to show it in.
    """

    case: str
    subject: float
    floor: float
    bound: float
    unit: Unit = "ms"

    @property
    def ratio(self) -> float:
        """Gluepy as a multiple of the floor."""
        return self.subject / self.floor

    @property
    def holds(self) -> bool:
        """Whether the bound is kept."""
        return self.ratio <= self.bound


def render(result: Result) -> str:
    """Return a line of the table."""
    verdict = "" if result.holds else "  too much"
    subject, floor = (
        f"{value * _PER_UNIT[result.unit]:>8,.1f} {result.unit:<2}"
        for value in (result.subject, result.floor)
    )
    return f"{result.case:<48} {subject} {floor} {result.ratio:>6.3f} {result.bound:>6.3f}{verdict}"


def compare(
    case: str,
    subject: Measurement,
    floor: Measurement,
    *,
    bound: float,
    repeats: int,
    unit: Unit = "ms",
) -> Result:
    """Measure both by turns and keep the least of each.

    By turns, so that a slow minute of the machine meets both; the least, because all that disturbs
    a measurement makes it longer. A first turn fills the caches and does not count.
    """
    subject()
    floor()
    turns = [(subject(), floor()) for _ in range(repeats)]
    subjects, floors = zip(*turns, strict=True)
    return Result(case, min(subjects), min(floors), bound, unit)


def process_s(environment: Environment, command: Sequence[str]) -> float:
    """Run a command and return the CPU seconds, of user and system, that it took.

    Those of processes that it started and waited for are part of it.

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
