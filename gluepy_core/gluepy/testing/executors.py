"""The conformance suite of executors: what each of them promises, as tests to inherit.

A distribution that brings an executor shows with it that steps are carried out as anywhere else::

    from gluepy.testing.executors import ExecutorSuite

    class TestSlurm(ExecutorSuite):
        executor = "slurm"
        settings = {"SLURM_PARTITION": "short"}

The tests run the real ``gluepy dag`` in projects that they write, with two workers. The names of
the tests are the promises.
"""

from __future__ import annotations

from gluepy.testing._executor_deaths import DeathTests
from gluepy.testing._executor_hooks import HookTests
from gluepy.testing._executor_stops import StopTests
from gluepy.testing._executor_work import WorkTests

__all__ = ["ExecutorSuite"]


class ExecutorSuite(HookTests, WorkTests, DeathTests, StopTests):
    """Tests that every executor passes; inherit it and define ``executor``.

    What an executor can do chooses what is expected of it; no test is left out.

    Attributes:
        executor: Its name, as ``--executor`` takes it.
        settings: More settings of the project, by name.
        is_in_process: Whether steps run in the coordinating process.
        is_parallel: Whether two steps run at once.
        can_kill: Whether it can end a step, as ``timeout_s`` needs it.
        can_interrupt: Whether it can raise ``KeyboardInterrupt`` in a step.

    An heir may define the fixture ``surroundings`` too, which gives more environment variables for
    the commands and may ``yield`` them, and the method ``output_of``, where what tasks print does
    not come out of the command.
    """
