"""Promises of executors: observers hear all in one process, wrappers run with the task."""

from __future__ import annotations

from gluepy.testing._executor_base import Bench, ExecutorTests

__all__ = ["HookTests"]

_IN_WORKER = ("worker_started", "worker_stopped")
_AT_TASK = ("enter", "run", "leave")


class HookTests(ExecutorTests):
    """Hooks are called in the same order, and in the right process."""

    def test_hooks_are_called_in_one_order(self, bench: Bench) -> None:
        done = bench.run("line")

        told = [words[:-1] for words in bench.notes() if words[0] not in (*_IN_WORKER, *_AMID)]
        assert done.code == 0, done.err
        assert told == [
            ["configure"],
            ["before_command", "dag"],
            ["before_dag", "line"],
            *(
                words
                for label in ("first", "second")
                for words in (
                    ["before_task", label, "1"],
                    ["enter", label, "1"],
                    ["run", label],
                    ["leave", label, "1"],
                    ["after_task", label, "1", "succeeded"],
                )
            ),
            ["after_dag", "succeeded"],
            ["after_command", "0"],
        ]

    def test_metric_is_told_between_begin_and_end_of_its_task(self, bench: Bench) -> None:
        done = bench.run("line")

        told = bench.notes("before_task", "on_metric", "after_task")[:3]
        assert done.code == 0, done.err
        assert [words[:-1] for words in told] == [
            ["before_task", "first", "1"],
            ["on_metric", "first", "rows", "7.0"],
            ["after_task", "first", "1", "succeeded"],
        ]

    def test_observers_hear_all_in_the_coordinating_process(self, bench: Bench) -> None:
        done = bench.run("line")

        observers = [words for words in bench.notes() if words[0] not in (*_AT_TASK, *_OTHER)]
        assert done.code == 0, done.err
        assert {words[-1] for words in observers} == {str(bench.coordinator)}

    def test_wrappers_run_in_the_process_of_their_task(self, bench: Bench) -> None:
        done = bench.run("crowd")

        at_task: dict[str, list[tuple[str, str]]] = {}
        for words in bench.notes(*_AT_TASK):
            at_task.setdefault(words[1], []).append((words[0], words[-1]))
        assert done.code == 0, done.err
        assert len(at_task) == 40
        for label, calls in at_task.items():
            assert [kind for kind, _ in calls] == list(_AT_TASK)
            (pid,) = {int(pid) for _, pid in calls}
            assert (pid == bench.coordinator) == self.is_in_process
            assert ["outcome", label, str(pid), ""] in bench.notes("outcome")

    def test_observers_hold_the_whole_state_of_a_run(self, bench: Bench) -> None:
        done = bench.run("crowd")

        squares = sum(number**2 for number in range(40))
        assert done.code == 0, done.err
        assert bench.notes("state") == [["state", "40", "40", "40", str(squares)]]

    def test_process_is_set_up_before_its_first_step_and_torn_down_after_its_last(
        self, bench: Bench
    ) -> None:
        done = bench.run("crowd")

        by_process: dict[str, list[str]] = {}
        for words in bench.notes(*_IN_WORKER, *_AT_TASK):
            by_process.setdefault(words[-1], []).append(words[0])
        assert done.code == 0, done.err
        assert 1 <= len(by_process) <= 2
        for kinds in by_process.values():
            assert (kinds[0], kinds[-1]) == _IN_WORKER
            assert [kind for kind in kinds if kind in _IN_WORKER] == list(_IN_WORKER)
        for words in bench.notes(*_IN_WORKER):
            assert words[1:3] == [self.executor, words[3]]

    def test_wrapper_skips_and_fails_tasks(self, bench: Bench) -> None:
        done = bench.run("wrapped", "--keep-going")

        plugin = f"hooks_{bench.module}"
        assert done.code == 1, done.err
        assert bench.ends() == {"vetoed": ["skipped"], "spoilt": ["failed"]}
        assert "spoilt by a hook" in bench.errors()["spoilt"]
        assert any(words[1] == "spoilt" and plugin in words[3] for words in bench.notes("outcome"))
        assert not bench.pids("vetoed")


# Notes that are no calls of hooks, or that come at a moment which is not fixed.
_OTHER = ("tags", "outcome", "state", *_IN_WORKER)
_AMID = ("tags", "outcome", "state", "on_metric")
