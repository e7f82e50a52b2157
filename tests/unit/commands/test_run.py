"""``gluepy dag`` and ``gluepy task``, in a project."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.app import App, set_app
from gluepy.commands.dag import run_dag
from gluepy.exceptions import (
    EmptyPlanError,
    OptionClashError,
    TaskFailedError,
    UnknownStepError,
)
from gluepy.testing.distributions import write_distribution

Run = Callable[..., Result]

TASKS = """\
import os, signal
from io import StringIO
from gluepy.conf import default_context
from gluepy.exec import EvaluationTask, Task
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops


def note(text):
    path = default_storage.runpath("log.txt")
    old = default_storage.open(path, "r") if default_storage.exists(path) else ""
    default_storage.touch(path, StringIO(old + text + "\\n"))


class ReadTask(Task):
    label = "read"

    def run(self):
        note("read")


class TrainTask(Task):
    label = "train"

    def run(self):
        mode = default_context.get("mode", "good")
        if mode == "bad":
            raise ValueError("bad data")
        if mode == "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        note(f"train {mode}")
        default_mlops.log_metric("rows", 3)


class ScoreTask(EvaluationTask):
    label = "score"

    def run(self):
        note("score")
        default_mlops.log_metric("mape", default_context.get("mape", 1.5))


class StartTask(Task):
    label = "start"

    def run(self):
        note("start")
"""

DAGS = """\
from gluepy.exec import DAG
from .tasks import ReadTask, ScoreTask, TrainTask


class TrainingDAG(DAG):
    label = "training"
    tasks = [ReadTask, TrainTask]
    eval_tasks = [ScoreTask]
"""


@pytest.fixture(autouse=True)
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")
    module = folder / "churn"
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "tasks.py").write_text(TASKS)
    (module / "dags.py").write_text(DAGS)
    (folder / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    return folder


def folder_of(result: Result) -> str:
    """Return the run folder that a run has printed, relative to the storage."""
    found = re.search(r"\bdata/(runs/\S+)", result.stderr)
    assert found is not None, result.stderr
    return found[1]


def log(project: Path, run_folder: str) -> list[str]:
    return (project / "data" / run_folder / "log.txt").read_text().split("\n")[:-1]


def metrics(project: Path, run_folder: str) -> dict[str, float]:
    loaded: dict[str, float] = json.loads(
        (project / "data" / run_folder / "metrics.json").read_text()
    )
    return loaded


def test_dag_runs_its_tasks_and_prints_its_metrics(run: Run, project: Path) -> None:
    result = run("dag", "training")

    assert result.exit_code == 0
    assert result.stdout == (
        "=== GLUEPY METRICS ===\nmetric:rows=3.0\nmetric:mape=1.5\n=== END METRICS ===\n"
    )
    assert log(project, folder_of(result)) == ["read", "train good", "score"]
    assert metrics(project, folder_of(result)) == {"mape": 1.5, "rows": 3.0}


def test_context_of_a_run_is_kept_for_its_owner_alone(run: Run, project: Path) -> None:
    result = run("dag", "training", "--set", "mode=fine", "--set", "db.password=hunter2")

    path = project / "data" / folder_of(result) / "context.yaml"
    assert "mode: fine" in path.read_text()
    assert "hunter2" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_failing_task_exits_1_and_keeps_its_metrics(run: Run, project: Path) -> None:
    result = run("dag", "training", "--set", "mode=bad")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Task 'train' failed: ValueError: bad data" in result.stderr
    assert log(project, folder_of(result)) == ["read"]


def test_run_goes_on_as_the_report_says(run: Run, project: Path) -> None:
    failed = run("dag", "training", "--set", "mode=bad")
    command = failed.stderr.split("gluepy dag ")[1].split("\n")[0].split()

    result = run("dag", *command, "--set", "mode=good")

    assert result.exit_code == 0
    assert folder_of(result) == folder_of(failed)
    assert log(project, folder_of(result)) == ["read", "train good", "score"]


def test_signal_exits_with_its_number(run: Run) -> None:
    assert run("dag", "training", "--set", "mode=stop").exit_code == 143


def test_quiet_run_prints_results_only(run: Run) -> None:
    result = run("-q", "--no-plugins", "dag", "training")

    assert result.stdout.startswith("=== GLUEPY METRICS ===")
    assert result.stderr == ""


def test_quiet_run_still_says_what_failed(run: Run) -> None:
    result = run("dag", "training", "--set", "mode=bad", "-q")

    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert lines[0] == "Task 'train' failed: ValueError: bad data"
    assert lines[-1] == "Fix it, then go on:  gluepy dag training --resume"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--task", "train"], ["train good"]),
        (["--task", "train", "--task", "read"], ["read", "train good"]),
        (["--from-task", "train"], ["train good", "score"]),
        (["--until-task", "read"], ["read"]),
        (["--skip-eval"], ["read", "train good"]),
        (["--eval-only"], ["score"]),
    ],
)
def test_selection_runs_a_part(
    run: Run, project: Path, options: list[str], expected: list[str]
) -> None:
    result = run("dag", "training", *options)

    assert result.exit_code == 0
    assert log(project, folder_of(result)) == expected


def test_metrics_are_printed_only_after_evaluation(run: Run, project: Path) -> None:
    result = run("dag", "training", "--skip-eval")

    assert result.stdout == ""
    assert metrics(project, folder_of(result)) == {"rows": 3.0}


def test_evaluating_again_keeps_the_other_metrics(run: Run, project: Path) -> None:
    first = run("dag", "training", "--skip-eval")

    second = run("dag", "training", "--eval-only", "--retry", folder_of(first))

    assert metrics(project, folder_of(second)) == {"mape": 1.5, "rows": 3.0}
    assert "metric:rows=3.0" in second.stdout


def test_retry_takes_the_parameters_of_the_run_and_new_ones(run: Run, project: Path) -> None:
    first = run("dag", "training", "--set", "mode=a", "--set", "mape=2.5")
    (project / "patch.yaml").write_text("mode: b")

    second = run("dag", "training", "--retry", folder_of(first), "-lp", "patch.yaml")

    assert folder_of(second) == folder_of(first)
    assert log(project, folder_of(first))[3:] == ["read", "train b", "score"]
    assert "metric:mape=2.5" in second.stdout


def test_run_can_be_named_by_its_id(run: Run) -> None:
    first = run("dag", "training")
    run_id = folder_of(first).rsplit("/", 1)[1]

    assert folder_of(run("dag", "training", "--retry", run_id)) == folder_of(first)


def test_patch_is_read_from_the_storage(run: Run, project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "spring.yaml").write_text("mape: 4.5")

    assert "metric:mape=4.5" in run("dag", "training", "--patch", "spring.yaml").stdout


@pytest.mark.parametrize(
    "form", [["--compare", "{a}", "{b}"], ["--compare", "{a}", "--compare", "{b}"]]
)
def test_metrics_are_compared_with_other_runs(run: Run, form: list[str]) -> None:
    a = folder_of(run("dag", "training", "--set", "mape=1.25"))
    b = folder_of(run("dag", "training", "--eval-only"))

    result = run("dag", "training", *(word.format(a=a, b=b) for word in form))

    table = [line.split("\t") for line in result.stdout.splitlines()[4:]]
    assert table == [
        ["run_folder", "rows", "mape"],
        [folder_of(result), "3.0", "1.5"],
        [a, "3.0", "1.25"],
        [b, "", "1.5"],
    ]


def test_own_start_task_runs_first(run: Run, project: Path) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write('start_task = "churn.tasks.StartTask"\n')

    result = run("dag", "training", "--task", "train")

    assert log(project, folder_of(result)) == ["start", "train good"]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("churn.tasks.NoTask", "module 'churn.tasks' has no attribute 'NoTask'"),
        ("churn.tasks.note", "it is no Task class"),
    ],
)
def test_start_task_that_is_none_is_named(run: Run, project: Path, start: str, reason: str) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write(f'start_task = "{start}"\n')

    result = run("dag", "training")

    assert result.exit_code == 3
    assert f"START_TASK names {start!r}" in result.stderr
    assert reason in result.stderr
    assert not (project / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["trainning"], 2, "no DAG is labelled 'trainning'\nHint: Did you mean 'training'?"),
        (["training", "--task", "trian"], 2, "--task 'trian': DAG 'training' has no such task"),
        (
            ["training", "--skip-eval", "--eval-only"],
            2,
            "--skip-eval and --eval-only contradict each other",
        ),
        (
            ["training", "--task", "read", "--from-task", "train"],
            2,
            "--task and --from-task contradict each other",
        ),
        (
            ["training", "--task", "read", "--until-task", "train"],
            2,
            "--task and --until-task contradict each other",
        ),
        (
            ["training", "--from-task", "train", "--until-task", "read"],
            2,
            "'read' comes before 'train'",
        ),
        (["training", "--retry", "runs/1"], 2, "--retry 'runs/1': there is no such run"),
        (["training", "--retry", ""], 2, "Invalid value for '--retry': it is empty."),
        (["training", "--from-task", " "], 2, "Invalid value for '--from-task': it is empty."),
        (["training", "--retry", "../x"], 5, "leads out of the storage root"),
        (["training", "--compare", "runs/1"], 2, "--compare 'runs/1': there is no such run"),
        (["training", "--patch", "no.yaml"], 2, "--patch 'no.yaml'"),
        (["training", "-lp", "no.yaml"], 2, "--local-patch 'no.yaml'"),
        (["training", "--set", "mode"], 2, "--set 'mode'"),
        (["training", "--set", "a=1", "--set", "a.b=2"], 2, "--set 'a.b=2'"),
        (["training", "extra"], 2, "Got unexpected extra argument 'extra'."),
    ],
)
def test_mistake_is_one_sentence_and_writes_nothing(
    run: Run, project: Path, arguments: list[str], code: int, message: str
) -> None:
    result = run("--no-plugins", "dag", *arguments)

    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert not (project / "data").exists()


def test_task_in_a_folder_without_a_name_is_refused(run: Run, project: Path) -> None:
    result = run("task", "read", "--run", "")

    assert result.exit_code == 2
    assert not (project / "data").exists()


@pytest.mark.parametrize("text", ["mode: fine\n", "gluepy: 5\n", "gluepy: {created_at: now}\n"])
def test_folder_whose_context_is_not_of_a_run_is_left_as_it_is(
    run: Run, project: Path, text: str
) -> None:
    context = project / "data" / "mine" / "context.yaml"
    context.parent.mkdir(parents=True)
    context.write_text(text)

    result = run("dag", "training", "--retry", "mine")

    assert result.exit_code == 3
    assert result.stderr.startswith(f"Error: {context}: it has no gluepy.run_id\n")
    assert context.read_text() == text


TRACKERS = """\
from gluepy.ops.backend import LoggingOpsBackend
calls = []

class Down(LoggingOpsBackend):
    def create_run(self, *args, **kwargs):
        raise ConnectionError("no server")

class Lost(LoggingOpsBackend):
    def set_terminated(self, *args, **kwargs):
        raise ConnectionError("no server")

class Noting(LoggingOpsBackend):
    def set_terminated(self, run_id, status, end_time=None):
        calls.append((run_id, status))
"""


def use_tracker(project: Path, name: str) -> None:
    (project / "churn" / "trackers.py").write_text(TRACKERS)
    with (project / "gluepy.toml").open("a") as file:
        file.write(f'mlops_backend = "churn.trackers.{name}"\n')


def test_tracker_that_is_down_is_named_before_anything_runs(run: Run, project: Path) -> None:
    use_tracker(project, "Down")

    result = run("dag", "training")

    assert result.exit_code == 3
    assert result.stderr.startswith(
        "Error: MLOPS_BACKEND 'Down' cannot begin a run: ConnectionError: no server\n"
    )
    assert list((project / "data").rglob("log.txt")) == []


def test_tracker_that_cannot_end_a_run_does_not_spoil_it(
    run: Run, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_tracker(project, "Lost")

    result = run("dag", "training")

    assert result.exit_code == 0
    assert caplog.messages[-1].startswith("MLOPS_BACKEND 'Lost' cannot end run ")


@pytest.mark.parametrize(("mode", "status"), [("good", "succeeded"), ("bad", "failed")])
def test_tracker_knows_how_a_run_ended(run: Run, project: Path, mode: str, status: str) -> None:
    use_tracker(project, "Noting")

    result = run("dag", "training", "--set", f"mode={mode}")

    run_id = folder_of(result).rsplit("/", 1)[1]
    assert sys.modules["churn.trackers"].calls == [(run_id, status)]


def test_run_whose_record_is_lost_has_failed_to_the_tracker(run: Run, project: Path) -> None:
    use_tracker(project, "Noting")
    (project / "churn" / "tasks.py").write_text(
        TASKS.replace(
            'note("read")',
            'default_mlops.log_metric("rows", 1); '
            'default_storage.mkdir(default_storage.runpath("metrics.json"))',
        )
    )

    result = run("dag", "training")

    assert result.exit_code == 5
    assert [status for _, status in sys.modules["churn.trackers"].calls] == ["failed"]
    assert "metrics.json' is a folder, not a file\n" in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_executor_is_refused(run: Run, project: Path) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write('executor = "thread"\n')

    result = run("dag", "training")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: EXECUTOR in gluepy.toml: there is no executor 'thread'\n"
        "Hint: Did you mean 'threads'?\n"
    )
    assert not (project / "data").exists()


def test_metrics_that_cannot_be_printed_do_not_spoil_a_run(
    project: Path,
) -> None:
    command = f"{sys.executable} -m gluepy dag training > /dev/full"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "Warning: cannot write to standard output: No space left on device" in done.stderr


def test_storage_that_cannot_be_written_exits_5(run: Run, project: Path) -> None:
    (project / "data").write_text("a file, not a folder")

    result = run("dag", "training")

    assert result.exit_code == 5
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


# -- how steps are carried out -----------------------------------------------------------------

MANY = """\
import threading
from gluepy import DAG, Task
from gluepy.conf import default_context

tries = []
names = set()

class Shaky(Task):
    label = "shaky"
    partitions = ["a", "b"]

    def run(self):
        tries.append(self.partition)
        names.add(threading.current_thread().name.partition("_")[0])
        if len(tries) <= default_context.get("failures", 0):
            raise ValueError("shaky")

class Alone(Task):
    label = "alone"

    def run(self):
        pass

class After(Task):
    label = "after"

    def run(self):
        pass

class ManyDAG(DAG):
    label = "many"
    tasks = {Shaky: [], After: [Shaky], Alone: []}
"""


@pytest.fixture
def many(project: Path) -> None:
    (project / "churn" / "many.py").write_text(MANY)
    (project / "gluepy.toml").write_text('installed_modules = ["churn.many"]\n')


@pytest.mark.usefixtures("many")
def test_steps_run_in_threads_when_the_user_says_so(run: Run) -> None:
    result = run("dag", "many", "--executor", "threads", "-j", "2")

    assert result.exit_code == 0
    assert sys.modules["churn.many"].names == {"gluepy-step"}


@pytest.mark.usefixtures("many")
def test_failed_steps_are_tried_again_when_the_user_says_so(run: Run) -> None:
    result = run(
        *("dag", "many", "--set", "failures=2"),
        *("--retries", "2", "--retry-delay", "0", "--keep-going"),
    )

    assert result.exit_code == 0
    assert re.search(r"done +shaky\[a\] .* attempt 2\n", result.stderr)
    assert "Task " not in result.stderr


@pytest.mark.usefixtures("many")
def test_run_keeps_going_when_the_user_says_so(run: Run) -> None:
    result = run("dag", "many", "--set", "failures=1", "--keep-going")

    assert result.exit_code == 1
    assert re.findall(r"\d/4 (done|FAILED|not run) +(\S+)", result.stderr) == [
        ("FAILED", "shaky[a]"),
        ("done", "shaky[b]"),
        ("done", "alone"),
        ("not run", "after"),
    ]
    assert "it needs 'shaky[a]'" in result.stderr


@pytest.mark.usefixtures("many")
def test_resumed_run_leaves_out_what_has_succeeded(run: Run) -> None:
    failed = run("dag", "many", "--set", "failures=1", "--keep-going")

    result = run("dag", "many", "--resume")

    assert result.exit_code == 0
    assert folder_of(result) == folder_of(failed)
    assert "2 done, 2 done before" in result.stderr
    assert sys.modules["churn.many"].tries == ["a", "b", "a"]


@pytest.mark.usefixtures("many")
def test_dry_run_shows_the_plan_and_runs_nothing(run: Run, project: Path) -> None:
    result = run("dag", "many", "--dry-run", "--select", "shaky")

    assert result.exit_code == 0
    assert "shaky[b]" in result.stdout
    assert re.search(r"alone +skip +not selected", result.stdout)
    assert not (project / "data").exists()


@pytest.mark.usefixtures("many")
def test_partition_of_a_task_runs_alone(run: Run) -> None:
    result = run("task", "shaky[b]", "--set", "failures=1")

    assert result.exit_code == 1
    assert "Task 'shaky[b]' failed: ValueError: shaky" in result.stderr
    assert f"go on:  gluepy task 'shaky[b]' --run {folder_of(result)}\n" in result.stderr


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-j", "0"], "Invalid value for '-j' / '--workers'"),
        (["--retries", "-1"], "Invalid value for '--retries'"),
        (["--retry-delay", "-1"], "Invalid value for '--retry-delay'"),
        (["--timeout", "0"], "Invalid value for '--timeout'"),
        (["--executor", ""], "Invalid value for '--executor': it is empty."),
        (["--executor", "thread"], "--executor: there is no executor 'thread'"),
        (["--retries", "many"], "Invalid value for '--retries'"),
        (["--timeout", "nan"], "Invalid value for '--timeout': 'nan' is no number of seconds."),
        (["--retry-delay", "inf"], "Invalid value for '--retry-delay': 'inf' is no number"),
        (["--heartbeat", "nan"], "Invalid value for '--heartbeat': 'nan' is no number"),
    ],
)
def test_option_that_makes_no_sense_is_refused(
    run: Run, project: Path, options: list[str], message: str
) -> None:
    result = run("--no-plugins", "dag", "many", *options)

    assert result.exit_code in (2, 3)
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (project / "data").exists()


# -- one task ----------------------------------------------------------------------------------


def test_task_runs_alone_in_a_new_run(run: Run, project: Path) -> None:
    result = run("task", "train", "--set", "mode=alone")

    assert result.exit_code == 0
    assert log(project, folder_of(result)) == ["train alone"]


def test_task_runs_in_the_folder_and_with_the_parameters_of_a_run(run: Run, project: Path) -> None:
    first = folder_of(run("dag", "training", "--set", "mode=first"))

    result = run("task", "train", "--run", first)

    assert folder_of(result) == first
    assert log(project, first)[3:] == ["train first"]


def test_missing_run_folder_of_a_task_is_made(run: Run, project: Path) -> None:
    result = run("task", "train", "--run", "runs/nightly")
    again = run("task", "score", "--run", "runs/nightly")

    assert result.stderr.startswith("There is no run in 'runs/nightly' yet: it is made.\n")
    assert "yet" not in again.stderr
    assert log(project, "runs/nightly") == ["train good", "score"]


def test_unknown_task_makes_no_folder(run: Run, project: Path) -> None:
    result = run("--no-plugins", "task", "trian", "--run", "runs/nightly")

    assert result.exit_code == 2
    assert result.stderr == "Error: no task is labelled 'trian'\nHint: Did you mean 'train'?\n"
    assert not (project / "data").exists()


def test_failing_task_alone_says_how_to_go_on(run: Run) -> None:
    result = run("task", "train", "--set", "mode=bad")

    assert result.exit_code == 1
    assert f"gluepy task train --run {folder_of(result)}\n" in result.stderr


@pytest.mark.parametrize(
    ("kind", "label", "advice"),
    [
        ("dag", "training", "gluepy dag project:training --resume\n"),
        ("task", "train", "gluepy task project:train --run {}\n"),
    ],
)
def test_failing_run_with_a_label_in_conflict_says_the_command_that_goes_on(
    run: Run, project: Path, kind: str, label: str, advice: str
) -> None:
    write_distribution(
        project / "site", "acme", "1.0", entry_points={f"gluepy.{kind}s": {label: "acme_m:One"}}
    )
    (project / "bad.yaml").write_text("mode: bad")

    result = run(kind, f"project:{label}", "--local-patch", "bad.yaml")

    assert result.exit_code == 1
    assert advice.format(folder_of(result)) in result.stderr


# -- from Python -------------------------------------------------------------------------------


def test_run_dag_returns_how_it_ended(run: Run) -> None:
    report = run_dag("training", task="train")

    assert report.status == "succeeded"
    assert list(report.outcomes()) == ["train"]
    assert dict(report.metrics) == {"rows": 3.0}


def test_every_run_of_a_process_is_shown_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run_dag("training", task="train")
    run_dag("training", task="train")

    shown = capsys.readouterr().err
    assert shown.count("1/1 done") == shown.count("training  1 task  run ") == 2


def test_run_that_succeeds_after_one_that_failed_shows_no_failure(
    run: Run, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "bad.yaml").write_text("mode: bad")
    with pytest.raises(TaskFailedError):
        run_dag("training", local_patch="bad.yaml")
    capsys.readouterr()

    run_dag("training")

    assert "failed" not in capsys.readouterr().err


def test_run_dag_retries_without_patches(run: Run) -> None:
    first = folder_of(run("dag", "training"))
    set_app(App())

    assert run_dag("training", retry=first, from_task="train").status == "succeeded"


def test_run_dag_raises_what_went_wrong(run: Run, project: Path) -> None:
    (project / "bad.yaml").write_text("mode: bad")

    with pytest.raises(TaskFailedError) as caught:
        run_dag("training", local_patch="bad.yaml")

    assert str(caught.value) == "the task 'train' ended as failed: ValueError: bad data"
    assert caught.value.hint.startswith("Its run folder is ")


def test_run_dag_raises_an_interrupt(run: Run, project: Path) -> None:
    (project / "stop.yaml").write_text("mode: stop")

    with pytest.raises(KeyboardInterrupt):
        run_dag("training", local_patch=["stop.yaml"])


def test_run_dag_checks_its_options(run: Run) -> None:
    with pytest.raises(OptionClashError):
        run_dag("training", skip_eval=True, eval_only=True)
    with pytest.raises(UnknownStepError):
        run_dag("training", task=["no"])
    with pytest.raises(EmptyPlanError):
        run_dag("training", task="score", skip_eval=True)
