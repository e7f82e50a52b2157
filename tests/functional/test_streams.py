"""Standard output and standard error that are closed, full or read by nobody; odd surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Result, Sandbox

PIPES = """\
from gluepy import DAG, EvaluationTask
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops

class Measure(EvaluationTask):
    label = "measure"
    def run(self):
        default_storage.touch("ran.txt", "ran")
        default_mlops.log_metric("mape", 1.2)

class Main(DAG):
    label = "main"
    eval_tasks = [Measure]
"""


@pytest.fixture
def pipes(sandbox: Sandbox) -> Sandbox:
    sandbox.install(
        "pipes", entry_points={"gluepy.dags": {"main": "pipes:Main"}}, modules={"pipes": PIPES}
    )
    return sandbox


def shell(sandbox: Sandbox, line: str) -> Result:
    """Run a line of bash, in which a pipe fails if any of its commands does."""
    return sandbox.execute("bash", "--norc", "-c", f"set -o pipefail; {line}")


@pytest.mark.parametrize(
    "line",
    [
        "gluepy dag main >&-",
        "gluepy dag main 2>&-",
        "gluepy dag main >&- 2>&-",
        "gluepy dag main <&- >&- 2>&-",
        "gluepy dag main 2>/dev/full",
        "gluepy dag main | true",
        "gluepy dag main 2>&1 | true",
    ],
)
def test_stream_that_nobody_reads_ends_no_run(line: str, pipes: Sandbox) -> None:
    done = shell(pipes, line)

    assert done.code == 0, done.err
    assert (pipes.folder / "data" / "ran.txt").exists()
    assert "Traceback" not in done.err
    assert "Exception ignored" not in done.err


@pytest.mark.parametrize("words", ["list", "list -f json", "--help", "plugins", "settings"])
def test_reader_may_leave_early(words: str, pipes: Sandbox) -> None:
    done = shell(pipes, f"gluepy {words} | true")

    assert done.code == 0
    assert "Error" not in done.err
    assert "Exception ignored" not in done.err


def test_results_go_to_standard_output_and_nothing_else_does(pipes: Sandbox) -> None:
    done = pipes.gluepy("dag", "main")

    assert done.out == "=== GLUEPY METRICS ===\nmetric:mape=1.2\n=== END METRICS ===\n"


def test_current_folder_that_is_gone_is_one_message(pipes: Sandbox) -> None:
    done = shell(pipes, "mkdir gone; cd gone; rmdir ../gone; gluepy dag main")

    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "Error: settings from the current folder: it no longer exists\n"
        "Hint: Change to another folder.\n"
    )


def test_module_runs_as_the_command_does(pipes: Sandbox) -> None:
    done = pipes.python("-m", "gluepy", "list", "-f", "names")

    assert done.out == "main\n"


def test_distribution_in_a_zip_file_is_found(pipes: Sandbox) -> None:
    import shutil

    archive = shutil.make_archive(str(pipes.folder / "packed"), "zip", pipes.site)
    env = {"PYTHONPATH": archive}

    listed = pipes.gluepy("list", "-f", "names", env=env)
    done = pipes.gluepy("dag", "main", env=env)

    assert listed.out == "main\n"
    assert done.code == 0, done.err


@pytest.mark.parametrize("color", [["--color", "never"], []])
def test_what_people_wrote_cannot_steer_the_terminal(color: list[str], sandbox: Sandbox) -> None:
    evil = "\\x1b]0;owned\\x07"
    sandbox.install(
        "evil",
        entry_points={"gluepy.dags": {"evil": "evil:Evil"}},
        modules={
            "evil": "from gluepy import DAG, Task\nclass Work(Task):\n    label = 'w'\n"
            f"    def run(self): raise ValueError('{evil}')\n"
            f"class Evil(DAG):\n    '''{evil}'''\n    tasks = [Work]\n"
        },
    )

    done = sandbox.gluepy(*color, "dag", "evil")
    shown = sandbox.gluepy(*color, "show", "evil")

    assert done.code == 1
    assert shown.code == 0
    assert not {"\x1b", "\x07"} & set(done.err + done.out + shown.out + shown.err)
    assert "owned" in done.err


# -- a full disk, as the shell's limit on the size of files makes one ------------------------------

FULL = """\
from gluepy import DAG, EvaluationTask, Task
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops

class Write(Task):
    label = "write"
    def run(self):
        default_storage.touch(default_storage.runpath("big.txt"), "x" * 200_000)

class Measure(EvaluationTask):
    label = "measure"
    def run(self):
        for number in range(8):  # the fifth is too much, and leaves room for small things
            default_mlops.log_metric(f"a-metric-{number}-" + "x" * 20_000, number)

class WriteDAG(DAG):
    label = "write-dag"
    tasks = [Write]

class MeasureDAG(DAG):
    label = "measure-dag"
    eval_tasks = [Measure]
"""


@pytest.fixture
def full(sandbox: Sandbox) -> Sandbox:
    dags = {"write-dag": "full:WriteDAG", "measure-dag": "full:MeasureDAG"}
    sandbox.install("full", entry_points={"gluepy.dags": dags}, modules={"full": FULL})
    return sandbox


#: What is kept of a run that had no output.
RECORD = {"context.yaml", "journal.jsonl", "run.json", "lock"}


def files_in(sandbox: Sandbox) -> set[str]:
    """Return the names of all files but those of the index, which can be lost."""
    names = {path.name for path in sandbox.folder.rglob("*") if path.is_file()}
    return {name for name in names if not name.startswith("index.sqlite3")}


def test_run_cannot_begin_on_a_full_disk(full: Sandbox) -> None:
    done = shell(full, "ulimit -f 0; gluepy dag write-dag")

    assert (done.code, done.out) == (5, "")
    assert done.err.startswith("Error: cannot write '")
    assert "/lock': File too large" in done.err
    assert "Traceback" not in done.err
    assert files_in(full) == {"lock"}  # empty, and never removed


def test_task_that_fills_the_disk_has_failed_and_leaves_no_half_file(full: Sandbox) -> None:
    done = shell(full, "ulimit -f 100; gluepy dag write-dag")

    assert done.code == 1
    assert done.steps() == {"write": "FAILED"}
    assert "big.txt': File too large" in done.err
    assert files_in(full) == RECORD


def test_task_whose_metrics_cannot_be_stored_has_failed(full: Sandbox) -> None:
    done = shell(full, "ulimit -f 100; gluepy dag measure-dag")

    assert (done.code, done.out) == (5, "")
    assert done.steps() == {"measure": "FAILED"}
    assert "Error: cannot write '" in done.err
    assert files_in(full) == RECORD | {"metrics.json"}


def test_interrupt_while_the_command_line_is_imported_shows_no_traceback(sandbox: Sandbox) -> None:
    sandbox.write({"click.py": "raise KeyboardInterrupt"})

    done = shell(sandbox, "python -m gluepy list")

    assert (done.code, done.out, done.err) == (130, "", "")
