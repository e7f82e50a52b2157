"""Looking into real runs: list, show, logs, diff, timings, prune."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from tests.functional.conftest import Result, Sandbox

PROJECT = {
    "gluepy.toml": 'installed_modules = ["churn"]\nhooks = ["churn.hooks"]\n',
    "churn/__init__.py": "",
    "churn/tasks.py": """\
import time
from pathlib import Path

from gluepy import Task
from gluepy.conf import default_context
from gluepy.ops import default_mlops


class Load(Task):
    label = "load"

    def run(self):
        print("rows are read")
        default_mlops.log_metric("rows", 120344)


class Train(Task):
    label = "train"
    partitions = ("AA", "BB")

    def run(self):
        print(f"training {self.partition}")
        time.sleep(default_context.get("wait", 0))
        if self.partition == "BB" and not Path("fixed").exists():
            raise KeyError("horizn")
        default_mlops.log_metric(f"auc_{self.partition}", 0.5 + default_context.get("wait", 0))


class Publish(Task):
    label = "publish"

    def run(self):
        pass
""",
    "churn/dags.py": """\
from churn.tasks import Load, Publish, Train
from gluepy import DAG


class Training(DAG):
    label = "training"
    tasks = {Load: [], Train: [Load], Publish: [Train]}
""",
    "churn/hooks.py": """\
import time

from gluepy import hookimpl


@hookimpl
def after_task(task):
    time.sleep(0.05 if task.label == "load" else 0)


@hookimpl(wrapper=True)
def around_task(task):
    yield
    time.sleep(0.06 if task.label == "train[AA]" else 0)
""",
}


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    sandbox.write(PROJECT)
    return sandbox


def checked(result: Result) -> dict[str, object]:
    """Return the document on standard output, which is as its schema has it."""
    assert result.code == 0, result.err
    document: dict[str, object] = result.json()
    name = str(document["schema"]).removeprefix("gluepy.").replace("/", "-")
    text = resources.files("gluepy.views").joinpath("schemas", f"{name}.json").read_text("utf-8")
    Draft202012Validator(json.loads(text)).validate(document)
    return document


def test_run_is_seen_from_failure_to_repair(project: Sandbox) -> None:
    failed = project.gluepy("dag", "training", "--executor", "threads", "-j", "2", "--keep-going")
    shown = project.gluepy("runs", "show", "@last-failed").out
    project.write({"fixed": ""})
    resumed = project.gluepy("dag", "training", "--resume")
    repaired = project.gluepy("runs", "show", "@last").out

    assert (failed.code, resumed.code) == (1, 0)
    assert re.search(r"^training   \S+   FAILED$", shown, re.MULTILINE)
    assert re.search(r"^  train\[BB\] .* FAILED$", shown, re.MULTILINE)
    assert re.search(r"^  publish .* not run$", shown, re.MULTILINE)
    assert "  failed    train[BB]: KeyError: 'horizn'\n" in shown
    assert "  again     gluepy dag training --executor threads -j 2 --keep-going\n" in shown
    assert re.search(r"^  resume    gluepy dag training --resume --retry \S+$", shown, re.MULTILINE)
    assert re.search(r"^  train\[BB\] .* attempt 2$", repaired, re.MULTILINE)
    assert re.search(
        r"^  metrics   auc_AA 0.5   auc_BB 0.5   rows 120,344$", repaired, re.MULTILINE
    )
    assert "  resume    " not in repaired


def test_two_runs_are_compared(project: Sandbox) -> None:
    project.write({"fixed": ""})
    project.gluepy("dag", "training")
    project.gluepy("dag", "training", "--set", "wait=0.3", "--executor", "processes", "-j", "2")

    result = project.gluepy("runs", "diff", "@-2", "@last")

    assert re.search(r"^context +wait +- +0\.3$", result.out, re.MULTILINE)
    assert re.search(r"^ +auc_BB +0\.5 +0\.8 +\+60%$", result.out, re.MULTILINE)
    assert re.search(r"^ +executor +serial +processes$", result.out, re.MULTILINE)
    assert "0.1.0" not in result.out


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_what_steps_print_is_found_again(project: Sandbox, executor: str) -> None:
    project.gluepy("dag", "training", "--executor", executor, "-j", "2", "--keep-going")

    whole = project.gluepy("runs", "logs", "@last").out
    one = project.gluepy("runs", "logs", "@last", "train[AA]", "-n", "1").out

    assert re.findall(r"^==> (.*) <==$", whole, re.MULTILINE) == ["load", "train[AA]", "train[BB]"]
    assert "\nrows are read\n" in whole
    assert one == "==> train[AA] <==\ntraining AA\n"


def test_run_in_progress_is_followed_to_its_end(project: Sandbox) -> None:
    project.write({"fixed": ""})
    running = project.start("dag", "training", "--set", "wait=1.5")
    assert running.stderr is not None
    for line in running.stderr:
        if "train[AA]" in line:
            break

    followed = project.gluepy("runs", "logs", "@last", "--follow")
    running.communicate(timeout=60)

    assert running.returncode == 0
    assert re.findall(r"^training .*$", followed.out, re.MULTILINE) == [
        "training AA",
        "training BB",
    ]


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_hooks_are_timed_wherever_they_run(project: Sandbox, executor: str) -> None:
    project.write({"fixed": ""})
    project.gluepy("dag", "training", "--executor", executor, "-j", "2")

    document = checked(project.gluepy("hooks", "--timings", "@last", "-f", "json"))

    rows = document["rows"]
    assert isinstance(rows, list)
    found = {one["hook"]: one for one in rows if one["plugin"] == "churn.hooks"}
    assert {hook: (one["calls"], one["slowest_task"]) for hook, one in found.items()} == {
        "around_task": (4, "train[AA]"),
        "after_task": (4, "load"),
    }
    assert found["around_task"]["slowest_s"] >= 0.06
    assert found["around_task"]["seconds"] >= found["around_task"]["slowest_s"]


def test_documents_are_as_their_schemas_have_them(project: Sandbox) -> None:
    project.gluepy("dag", "training", "--executor", "threads")
    project.write({"fixed": ""})
    project.gluepy("dag", "training", "--resume")
    project.gluepy("task", "load")

    for words in (
        ["runs"],
        ["runs", "--dag", "training", "--status", "failed"],
        ["runs", "show", "@last"],
        ["runs", "show", "@-2"],
        ["runs", "diff", "@-2", "@last"],
        ["runs", "logs", "@-2"],
        ["hooks", "--timings", "@-2"],
    ):
        checked(project.gluepy(*words, "-f", "json"))


def test_old_runs_are_removed(project: Sandbox) -> None:
    project.write({"fixed": ""})
    for _ in range(3):
        project.gluepy("dag", "training")

    refused = project.gluepy("runs", "prune", "--keep", "1")
    pruned = project.gluepy("runs", "prune", "--keep", "1", "--yes")
    left = project.gluepy("runs").out.splitlines()
    reindexed = project.gluepy("runs", "reindex").out

    assert refused.code == 2
    assert (pruned.code, pruned.err) == (0, "2 runs removed.\n")
    assert len(left) == 2
    assert reindexed == "1 run in the index.\n"


def test_a_run_is_named_by_its_beginning(project: Sandbox) -> None:
    project.gluepy("dag", "training")
    rows = checked(project.gluepy("runs", "-f", "json"))["runs"]
    assert isinstance(rows, list)
    run_id = rows[0]["run_id"]

    by_beginning = project.gluepy("runs", "show", run_id[:8], "-f", "json")
    by_mistake = project.gluepy("runs", "show", f"{run_id[:-1]}x")

    assert by_beginning.json()["run_id"] == run_id
    assert by_mistake.code == 2
    assert by_mistake.err.endswith(f"Hint: Did you mean {run_id!r}?\n")
