"""The executors that are built in keep what the conformance suite promises."""

from __future__ import annotations

from gluepy.testing.executors import ExecutorSuite


class TestSerial(ExecutorSuite):
    executor = "serial"
    is_in_process = True
    is_parallel = False


class TestThreads(ExecutorSuite):
    executor = "threads"
    is_in_process = True


class TestProcesses(ExecutorSuite):
    executor = "processes"


class TestSpawnedProcesses(ExecutorSuite):
    executor = "processes"
    settings = {"START_METHOD": "spawn"}


class TestForkedProcesses(ExecutorSuite):
    executor = "processes"
    settings = {"START_METHOD": "fork"}
