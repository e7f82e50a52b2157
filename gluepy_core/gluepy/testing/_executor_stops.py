"""Promises of executors: a step that has to stop does, and nothing of it goes on."""

from __future__ import annotations

import os
import signal
import time

from gluepy.testing._executor_base import Bench, ExecutorTests
from gluepy.testing.commands import Command, wait_until

__all__ = ["StopTests"]

# A worker elsewhere may need a moment to find out that nobody waits for it any more, in seconds.
_ORPHAN_S = 5.0


class StopTests(ExecutorTests):
    """A step that has to stop does, and nothing of it goes on."""

    def test_step_that_takes_too_long_is_ended(self, bench: Bench) -> None:
        start = time.monotonic()
        first = bench.run("slowly", "--keep-going")
        seconds = time.monotonic() - start

        if not self.can_kill:
            assert first.code == 2
            assert "timeout_s" in first.err
            return
        ends = bench.ends()
        (pid,) = bench.pids("slow")
        bench.allow("mended")
        second = bench.run("slowly", "--resume")

        assert (first.code, second.code) == (1, 0), first.err + second.err
        assert ends == {"slow": ["timed-out"], "fine": ["succeeded"]}
        assert seconds < 20
        wait_until(lambda: not _exists(pid), "the end of its process")
        assert bench.errors()["slow"] == ""

    def test_run_that_is_interrupted_tells_all_ends_and_goes_on_later(self, bench: Bench) -> None:
        command = bench.start("working")
        labels = self._wait_for_work(bench)

        command.send(signal.SIGINT)
        first = command.wait()
        ends, told = bench.ends(), bench.notes("after_task")
        self._expect_silence(bench, command)
        bench.allow("mended")
        second = bench.run("working", "--resume")

        assert (first.code, second.code) == (130, 0), first.err + second.err
        assert ends == {"fine": ["succeeded"], **{label: ["interrupted"] for label in labels}}
        assert sorted(words[1] for words in told) == sorted(ends)
        assert bench.notes("after_dag")[0][1] == "interrupted"
        tidied = {words[1] for words in bench.notes("tidied")}
        assert not self.can_interrupt or len(tidied) == 2
        assert len(bench.pids("fine")) == 1
        assert {label: outcomes[-1] for label, outcomes in bench.ends().items()} == dict.fromkeys(
            ("fine", "busy[1]", "busy[2]", "needy"), "succeeded"
        )

    def test_no_step_outlives_a_coordinator_that_is_killed(self, bench: Bench) -> None:
        command = bench.start("working")
        labels = self._wait_for_work(bench)

        os.kill(bench.coordinator, signal.SIGKILL)
        first = command.wait()
        self._expect_silence(bench, command)
        ends = bench.ends()
        bench.allow("mended")
        second = bench.run("working", "--resume")

        assert (first.code, second.code) == (1, 0), first.err + second.err
        assert ends == {"fine": ["succeeded"], **{label: ["lost"] for label in labels}}
        assert len(bench.pids("fine")) == 1

    def _wait_for_work(self, bench: Bench) -> list[str]:
        """Wait until as many steps work as can, and return their labels."""
        labels = ["busy[1]", "busy[2]"][: 2 if self.is_parallel else 1]
        wait_until(
            lambda: len({words[1] for words in bench.notes("beat")}) == len(labels), "both steps"
        )
        return labels

    def _expect_silence(self, bench: Bench, command: Command) -> None:
        """Expect that no process is left, and that no step goes on."""
        end = time.monotonic() + _ORPHAN_S
        while command.processes() and time.monotonic() < end:
            time.sleep(0.01)
        assert command.processes() == []
        before = len(bench.notes("beat"))
        while time.monotonic() < end:
            time.sleep(0.1)
            now = len(bench.notes("beat"))
            if now == before:
                return
            before = now
        raise AssertionError("a step goes on")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
