"""Promises of executors: whatever a task does to its process costs one attempt at one step."""

from __future__ import annotations

import os
import signal

import pytest

from gluepy.testing._executor_base import Bench, ExecutorTests
from gluepy.testing.commands import wait_until

__all__ = ["DeathTests"]


class DeathTests(ExecutorTests):
    """Whatever a task does to its process costs one attempt at one step.

    Where it is the coordinating process, the parent of that records what is lost.
    """

    def test_task_that_raises_whatever_it_is_fails_alone(self, bench: Bench) -> None:
        done = bench.run("odds", "--keep-going")

        errors = bench.errors()
        assert done.code == 1, done.err
        assert bench.ends() == {
            **{label: ["failed"] for label in errors},
            "fine": ["succeeded"],
        }
        assert {label: text.partition("\n")[0] for label, text in errors.items()} == {
            "unpicklable": "Odd: it broke",
            "local": "Hidden: inside",
            "exits": "SystemExit: 0",
            "bare": "BaseException: bare",
            "cancelled": "CancelledError",
            "deep": "RecursionError: maximum recursion depth exceeded",
            "fine": "",
        }
        assert errors["local"].endswith("because of Odd: cause")
        assert "self.work()" in done.err  # the lines of the author have come along

    @pytest.mark.parametrize("end", ["by-exit", "by-signal"])
    def test_step_whose_process_ends_is_lost_and_the_rest_goes_on(
        self, bench: Bench, end: str
    ) -> None:
        bench.allow(end)

        first = bench.run("vanishing", "--keep-going")
        ends = bench.ends()
        bench.allow("mended")
        second = bench.run("vanishing", "--resume")

        assert (first.code, second.code) == (1, 0), first.err + second.err
        assert ends["vanish"] == ["lost"]
        assert "needy" not in ends
        assert self.is_in_process or ends["fine"] == ["succeeded"]
        assert bench.errors()["needy"] == ""
        assert {label: outcomes[-1] for label, outcomes in bench.ends().items()} == dict.fromkeys(
            ("fine", "vanish", "needy"), "succeeded"
        )
        if ends.get("fine") == ["succeeded"]:
            assert len(bench.pids("fine")) == 1

    def test_step_whose_process_ends_is_tried_again_if_it_has_retries(self, bench: Bench) -> None:
        bench.allow("once")

        first = bench.run("vanishing", "--retries", "1", "--retry-delay", "0.01")
        ends = bench.ends()
        second = bench.run("vanishing", "--resume") if self.is_in_process else first

        assert first.code == int(self.is_in_process), first.err
        assert ends["vanish"] == (["lost"] if self.is_in_process else ["lost", "succeeded"])
        assert second.code == 0, second.err
        assert bench.ends()["vanish"] == ["lost", "succeeded"]
        assert len(bench.pids("vanish")) == 2  # and nobody else has tried on its own

    def test_process_that_is_killed_takes_no_other_step_along(self, bench: Bench) -> None:
        labels = ("victim", "neighbour") if self.is_parallel else ("victim",)
        command = bench.start("street", "--keep-going")
        wait_until(lambda: all(map(bench.pids, labels)), "both steps")

        os.kill(bench.pids("victim")[0], signal.SIGKILL)
        wait_until(lambda: self._is_told(bench, "victim"), "the end of the victim")
        bench.allow("victim-is-dead")
        first = command.wait()
        ends = bench.ends()
        bench.allow("mended")
        second = bench.run("street", "--resume")

        assert (first.code, second.code) == (1, 0), first.err + second.err
        assert ends["victim"] == ["lost"]
        if not self.is_in_process:
            assert ends["neighbour"] == ["succeeded"]
        assert bench.ends()["victim"] == ["lost", "succeeded"]

    def _is_told(self, bench: Bench, label: str) -> bool:
        """Return whether observers know of the end of a step; those who live to hear of it."""
        return self.is_in_process or any(words[1] == label for words in bench.notes("after_task"))
