"""Promises of executors: a task finds, and leaves behind, the same wherever it runs."""

from __future__ import annotations

import json

from gluepy.testing._executor_base import Bench, ExecutorTests

__all__ = ["WorkTests"]


class WorkTests(ExecutorTests):
    """A task finds, and leaves behind, the same wherever it runs."""

    def test_steps_run_side_by_side(self, bench: Bench) -> None:
        if self.is_parallel:
            bench.allow("together")

        done = bench.run("both")

        assert done.code == 0, done.err
        assert bench.ends() == {"left": ["succeeded"], "right": ["succeeded"]}

    def test_context_storage_and_settings_are_those_of_the_run(self, bench: Bench) -> None:
        done = bench.run("looking", "--set", "train.horizon=12")

        assert done.code == 0, done.err
        (seen,) = [json.loads(words[1]) for words in bench.notes("sees")]
        assert seen == {
            "horizon": 12,
            "run_id": bench.run_folder.name,
            "stored": "bystore",
            "location": str(bench.run_folder),
            "favourite": "blue",
            "metrics": {},
        }

    def test_what_tasks_log_is_recorded_and_told(self, bench: Bench) -> None:
        done = bench.run("logging")

        logged = {
            (event["step"], event["kind"], event["name"], event["value"])
            for event in bench.journal("logged")
        }
        metrics = json.loads((bench.run_folder / "metrics.json").read_text())
        told = {tuple(words[1:4]) for words in bench.notes("on_metric")}
        assert done.code == 0, done.err
        assert logged == {
            ("log[a]", "metric", "loss-a", 0.5),
            ("log[b]", "metric", "loss-b", 0.5),
            ("log[a]", "metric", "loss", 1.0),
            ("log[b]", "metric", "loss", 2.0),
            *((f"log[{part}]", "param", "depth", 3) for part in "ab"),
            *((f"log[{part}]", "param", "password", "***") for part in "ab"),
            *((f"log[{part}]", "param", "odd", "cannot travel") for part in "ab"),
        }
        assert told == {
            ("log[a]", "loss-a", "0.5"),
            ("log[b]", "loss-b", "0.5"),
            ("log[a]", "loss", "1.0"),
            ("log[b]", "loss", "2.0"),
        }
        assert set(metrics) == {"loss-a", "loss-b", "loss"}

    def test_output_of_tasks_is_neither_lost_nor_torn(self, bench: Bench) -> None:
        done = bench.run("speaking")

        expected = {
            f"<{step:02} {line:02} {'=' * 30}>" for step in range(20) for line in range(20)
        } | {"<child of 07>"}
        found = [line for line in self.output_of(done).splitlines() if line.startswith("<")]
        assert done.code == 0, done.err
        assert sorted(found) == sorted(expected)

    def test_partitions_become_known_in_the_coordinator_and_run_alone(self, bench: Bench) -> None:
        first = bench.run("parts", "--keep-going")
        ends = bench.ends()
        bench.allow("mended")
        second = bench.run("parts", "--resume")

        assert (first.code, second.code) == (1, 0), first.err + second.err
        assert ends == {
            "choose": ["succeeded"],
            "part[AA]": ["succeeded"],
            "part[7]": ["failed"],
            "part[x y]": ["succeeded"],
        }
        assert bench.ends() == {
            **ends,
            "part[7]": ["failed", "succeeded"],
            "merge": ["succeeded"],
        }
        assert [int(words[1]) for words in bench.notes("chosen")] == [
            int(words[-1]) for words in bench.notes("before_dag")[:1]
        ]

    def test_task_names_its_tags_and_an_executor_of_its_own(self, bench: Bench) -> None:
        done = bench.run("mixed")

        assert done.code == 0, done.err
        assert bench.notes("tags") == [["tags", "tagged", "gpu,slow"], ["tags", "apart", ""]]
        assert (bench.pids("tagged") == [bench.coordinator]) == self.is_in_process
        assert bench.pids("apart") == [bench.coordinator]
