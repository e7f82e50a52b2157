"""The conformance suite finds what is wrong with an executor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gluepy.testing.distributions import write_distribution

CALLS_TWICE = """
    def submit(self, fn, *args):
        return super().submit(_twice, fn, *args)
"""
STAYS_HERE = """
    in_process = True
    def submit(self, fn, *args):
        future = Future()
        future.set_result(fn(*args))
        return future
"""
LOSES_OUTPUT = """
    def submit(self, fn, *args):
        return super().submit(_quietly, fn, *args)
"""


@pytest.mark.parametrize(
    ("fault", "promise"),
    [
        (CALLS_TWICE, "test_hooks_are_called_in_one_order"),
        (STAYS_HERE, "test_wrappers_run_in_the_process_of_their_task"),
        (LOSES_OUTPUT, "test_output_of_tasks_is_neither_lost_nor_torn"),
    ],
)
def test_broken_promise_is_found(tmp_path: Path, fault: str, promise: str) -> None:
    report = _run_suite(tmp_path, fault, promise)

    assert f"TestFaulty::{promise}" in report
    assert "1 failed" in report.splitlines()[-1]


def test_executor_without_a_fault_passes(tmp_path: Path) -> None:
    report = _run_suite(tmp_path, "", "test_hooks_are_called_in_one_order")

    assert "1 passed" in report.splitlines()[-1]


def test_heir_without_an_executor_is_told_what_is_missing(tmp_path: Path) -> None:
    report = _run_suite(tmp_path, "", "test_hooks_are_called_in_one_order", name="")

    assert "TestFaulty needs an attribute 'executor'" in report


def _run_suite(folder: Path, fault: str, promise: str, *, name: str = "faulty") -> str:
    """Run one test of the suite, as a distribution would, and return the report."""
    write_distribution(
        folder / "site",
        "gluepy-faulty",
        entry_points={"gluepy.executors": {"faulty": "gluepy_faulty:make"}},
        modules={
            "gluepy_faulty": f"""
import contextlib, io
from concurrent.futures import Future
from gluepy.engine.processes import ProcessesExecutor

def _quietly(fn, *args):
    with contextlib.redirect_stdout(io.StringIO()):
        return fn(*args)

def _twice(fn, *args):
    fn(*args)
    return fn(*args)

class Faulty(ProcessesExecutor):
    pass
{fault}

def make(request):
    return Faulty(request.workers)
"""
        },
    )
    (folder / "test_faulty.py").write_text(
        f"""
from gluepy.testing.executors import ExecutorSuite

class TestFaulty(ExecutorSuite):
    executor = {name!r}
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", promise]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.rstrip()
