"""The faults of Gluepy 1.6 must not come back: one test each, in the order of their list.

Not here: 3 (generated Airflow files) and 13 (S3 and Google storages) belong to later parts.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.functional.conftest import Result, Sandbox

TASKS = """\
from gluepy.conf import default_context
from gluepy.exec import DAG, EvaluationTask, Task
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops

class Train(Task):
    label = "train"
    def run(self):
        default_storage.touch(default_storage.runpath("depth.txt"), str(default_context.depth))
        default_mlops.log_metric("rows", 3)

class Measure(EvaluationTask):
    label = "measure"
    def run(self):
        default_mlops.log_metric("mape", default_context.depth / 10)

class Training(DAG):
    label = "training"
    tasks = [Train]
    eval_tasks = [Measure]

class Plain(DAG):
    label = "plain"
    tasks = [Train]
"""


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """A small project that needs no dataframe library."""
    sandbox.write(
        {
            "gluepy.toml": 'installed_modules = ["own"]\n',
            "own/dags.py": TASKS,
            "configs/context/base.yaml": "depth: 1\n",
        }
    )
    return sandbox


def folders(project: Sandbox) -> list[Path]:
    """Return all run folders."""
    return sorted(path.parent for path in project.folder.glob("data/runs/*/*/*/*/context.yaml"))


def new_run(project: Sandbox, *words: str) -> Path:
    """Run the DAG and return its run folder."""
    before = folders(project)
    done = project.gluepy("dag", *(words or ["training"]))
    assert done.code == 0, done.err
    (folder,) = set(folders(project)) - set(before)
    return folder


def name_of(folder: Path, project: Sandbox) -> str:
    """Return a run folder as the run printed it: relative to the storage."""
    return str(folder.relative_to(project.folder / "data"))


def program(project: Sandbox, source: str) -> Result:
    """Run a program in the project."""
    head = "from gluepy.exec.boot import bootstrap\nbootstrap()\n"
    return project.python("-c", head + textwrap.dedent(source))


def test_fault_1_retry_applies_patches(project: Sandbox) -> None:
    folder = new_run(project)
    project.write({"data/deeper.yaml": "depth: 5\n"})

    done = project.gluepy(
        "dag", "training", "--retry", name_of(folder, project), "-p", "deeper.yaml"
    )

    assert done.code == 0, done.err
    assert (folder / "depth.txt").read_text() == "5"
    assert yaml.safe_load((folder / "context.yaml").read_text())["depth"] == 5


def test_fault_2_run_dag_retries_without_patches(project: Sandbox) -> None:
    folder = new_run(project)
    (folder / "depth.txt").unlink()

    done = program(
        project,
        f"""
        from gluepy.commands.dag import run_dag
        run_dag("training", retry={name_of(folder, project)!r})
        """,
    )

    assert done.code == 0, done.err
    assert (folder / "depth.txt").read_text() == "1"
    assert folders(project) == [folder]


def test_fault_4_runs_of_one_process_have_their_own_ids(project: Sandbox) -> None:
    done = program(
        project,
        """
        from gluepy.commands.dag import run_dag
        for _ in range(3):
            run_dag("training")
        """,
    )

    assert done.code == 0, done.err
    ids = {
        yaml.safe_load((folder / "context.yaml").read_text())["gluepy"]["run_id"]
        for folder in folders(project)
    }
    assert len(ids) == 3


def test_fault_5_local_storage_does_all_that_it_promises(project: Sandbox) -> None:
    done = program(
        project,
        """
        from io import StringIO
        from gluepy.exceptions import PathOutsideRootError
        from gluepy.files.storages.local import LocalStorage

        storage = LocalStorage("relative")
        stream = StringIO()
        stream.write("not rewound")
        storage.touch("a/b/x.txt", stream)
        assert storage.open("a/b/x.txt") == b"not rewound"
        storage.cp("a", "copy", recursive=True)
        assert storage.open("copy/b/x.txt") == b"not rewound"
        assert storage.ls("a/b") == (["x.txt"], [])
        assert storage.ls("") == ([], ["a", "copy"])
        storage.rm("a/b/x.txt")
        assert not storage.exists("a/b/x.txt")
        storage.rm("copy", recursive=True)
        assert not storage.exists("copy")
        try:
            storage.touch("../../x", "x")
        except PathOutsideRootError:
            pass
        else:
            raise AssertionError
        """,
    )

    assert done.code == 0, done.err


def test_fault_6_retried_folder_keeps_its_name(project: Sandbox) -> None:
    first = new_run(project)
    folder = first.with_name("2026-11-22T10:40:00+01:00")
    shutil.copytree(first, folder)
    (folder / "depth.txt").unlink()
    before = first.stat().st_mtime_ns

    done = project.gluepy("dag", "training", "--retry", name_of(folder, project))

    assert done.code == 0, done.err
    assert (folder / "depth.txt").read_text() == "1"
    assert folders(project) == sorted([first, folder])
    assert first.stat().st_mtime_ns == before


def test_fault_7_metrics_are_kept(project: Sandbox) -> None:
    folder = new_run(project, "training", "--skip-eval")
    without_evaluation = json.loads((folder / "metrics.json").read_text())

    done = project.gluepy("dag", "training", "--retry", name_of(folder, project), "--eval-only")

    assert done.code == 0, done.err
    assert without_evaluation == {"rows": 3.0}
    assert json.loads((folder / "metrics.json").read_text()) == {"rows": 3.0, "mape": 0.1}
    assert "metric:rows=3.0\nmetric:mape=0.1\n" in done.out


@pytest.mark.parametrize("repeat", [True, False])
def test_fault_8_compare_takes_several_runs(repeat: bool, project: Sandbox) -> None:
    names = [name_of(new_run(project, "training", "--set", f"depth={n}"), project) for n in (2, 4)]
    option = [word for name in names for word in ("--compare", name)]

    done = project.gluepy("dag", "training", *(option if repeat else ["--compare", *names]))

    assert done.code == 0, done.err
    table = [line.split("\t") for line in done.out.splitlines() if "\t" in line]
    assert table[0] == ["run_folder", "rows", "mape"]
    assert [row[1:] for row in table[1:]] == [["3.0", "0.1"], ["3.0", "0.2"], ["3.0", "0.4"]]
    assert [row[0] for row in table[2:]] == names


def test_fault_9_metrics_are_json_whatever_number_they_are(full_sandbox: Sandbox) -> None:
    full_sandbox.write(
        {
            "gluepy.toml": 'installed_modules = ["own"]\n',
            "own.py": textwrap.dedent(
                """
                import numpy
                from gluepy import DAG, EvaluationTask
                from gluepy.ops import default_mlops

                class Measure(EvaluationTask):
                    def run(self):
                        default_mlops.log_metric("nan", float("nan"))
                        default_mlops.log_metric("small", numpy.float32(0.5))
                        default_mlops.log_metric("count", numpy.int64(3))

                class Main(DAG):
                    eval_tasks = [Measure]
                """
            ),
        }
    )

    done = full_sandbox.gluepy("dag", "main")

    assert done.code == 0, done.err
    (folder,) = folders(full_sandbox)
    text = (folder / "metrics.json").read_text()
    metrics = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (metrics["small"], metrics["count"]) == (0.5, 3.0)
    assert "metric:nan=nan" in done.out


def test_fault_10_missing_import_in_a_module_is_told(project: Sandbox) -> None:
    project.write({"own/tasks.py": "import leftpad\n"})

    done = project.gluepy("dag", "training")

    assert done.code == 3
    assert "'own.tasks'" in done.err
    assert "leftpad" in done.err
    assert "own/tasks.py:1" in done.err


def test_fault_11_files_and_modules_are_read_in_order(project: Sandbox) -> None:
    names = ["b.yaml", "a.yml", "z.yaml", "c.yml", "base.yaml"]
    project.write({f"configs/context/{name}": f"last: {name}\ndepth: 1\n" for name in names})
    modules = ["zebra", "apple", "mango"]
    note = "with open('order.txt', 'a') as file: print(__name__, file=file)\n"
    files = {f"{name}/{part}.py": note for name in modules for part in ("dags", "tasks")}
    project.write({**files, "gluepy.toml": f"installed_modules = {[*modules, 'own']}\n"})

    folder = new_run(project)

    assert yaml.safe_load((folder / "context.yaml").read_text())["last"] == "z.yaml"
    assert project.lines("order.txt") == [
        f"{name}.{part}" for name in modules for part in ("tasks", "dags")
    ]


def test_fault_12_memory_storage_is_like_local(project: Sandbox) -> None:
    done = program(
        project,
        """
        from gluepy.files.storages.local import LocalStorage
        from gluepy.files.storages.memory import MemoryStorage

        seen = []
        for storage in (LocalStorage("disk"), MemoryStorage()):
            storage.touch("a/x.txt", "x")
            storage.touch("a/b/y.txt", b"y")
            storage.cp("a", "copy", recursive=True)
            storage.cp("a/x.txt", "z.txt")
            seen.append([
                storage.open("a/x.txt"),
                storage.open("a/x.txt"),
                storage.open("a/x.txt", mode="r"),
                storage.ls(""),
                storage.ls("a"),
                storage.ls("copy/b"),
                storage.open("copy/b/y.txt"),
                storage.open("z.txt"),
                storage.isdir("copy"),
                storage.isfile("copy"),
            ])
        assert seen[0] == seen[1], seen
        """,
    )

    assert done.code == 0, done.err


BACKEND = """\
from gluepy.ops.backend import BaseOpsBackend

class Backend(BaseOpsBackend):
    def note(self, *words):
        with open("tracked.txt", "a") as file:
            print(*words, file=file)
    def create_run(self, dag, run_id=None, config=None, username="AnonymousUser"):
        self.note("create_run", dag, run_id)
    def set_terminated(self, run_id, status, end_time=None):
        self.note("set_terminated", run_id, status)
    def log_metric(self, key, value, timestamp=None): ...
    def log_param(self, key, value): ...
    def log_artifact(self, local_path, artifact_path=None): ...
    def log_input(self, df, context=None, tags=None): ...
    def get_run(self, run_id): ...
    def list_runs(self, dag=None, username=None, start_time=None, end_time=None): ...
    def delete_run(self, run_id): ...
    def get_metrics(self): return {}
"""


@pytest.mark.parametrize(("failing", "status"), [("", "succeeded"), ("raise OSError", "failed")])
def test_fault_14_tracked_run_is_the_run_and_ends_as_it_did(
    failing: str, status: str, project: Sandbox
) -> None:
    project.write(
        {
            "tracker.py": BACKEND,
            "own/dags.py": TASKS.replace("def run(self):", f"def run(self):\n        {failing}", 1),
        }
    )

    project.gluepy("dag", "plain", env={"GLUEPY_MLOPS_BACKEND": "tracker.Backend"})

    (folder,) = folders(project)
    run_id = yaml.safe_load((folder / "context.yaml").read_text())["gluepy"]["run_id"]
    assert run_id == folder.name
    assert project.lines("tracked.txt") == [
        f"create_run plain {run_id}",
        f"set_terminated {run_id} {status}",
    ]


def test_fault_15_secrets_are_neither_logged_nor_saved(project: Sandbox) -> None:
    project.write(
        {
            "configs/context/db.yaml": (
                "db:\n  password: hunter2\n  url: postgres://amy:hunter2@host/db\n"
                "  token: ${env:DB_TOKEN}\n"
            ),
            "own/hooks.py": (
                "from gluepy import hookimpl\n\n@hookimpl\ndef configure(settings):\n"
                "    open('seen.txt', 'w').write(repr(settings))\n"
            ),
            "own/dags.py": TASKS.replace(
                "def run(self):",
                "def run(self):\n"
                "        assert default_context.db.password == 'hunter2'\n"
                "        assert default_context.db.token == 'hunter2'\n"
                "        print(default_context, repr(default_context.db))",
                1,
            ),
            "gluepy.toml": (
                'installed_modules = ["own"]\nhooks = ["own.hooks"]\n'
                'aws_secret_access_key = "hunter2"\n'
            ),
        }
    )

    done = project.gluepy(
        "-vv", "dag", "training", "--set", "api_key=hunter2", env={"DB_TOKEN": "hunter2"}
    )
    settings = project.gluepy("settings")

    assert done.code == 0, done.err
    assert "hunter2" not in done.out + done.err + settings.out + settings.err
    (folder,) = folders(project)
    written = [path for path in project.folder.rglob("data/**/*") if path.is_file()]
    assert written
    assert not [path for path in written if b"hunter2" in path.read_bytes()]
    assert "hunter2" not in (project.folder / "seen.txt").read_text()
    assert (folder / "context.yaml").stat().st_mode & 0o777 == 0o600


def test_fault_16_labels_have_a_default(project: Sandbox) -> None:
    done = program(
        project,
        """
        from gluepy.exec import DAG, Task
        class LoadRaw(Task): ...
        class Nightly(DAG): ...
        assert LoadRaw.label == LoadRaw().label == "loadraw"
        assert Nightly.label == Nightly().label == "nightly"
        """,
    )

    assert done.code == 0, done.err


def test_fault_17_classes_can_be_defined_again_and_derived(project: Sandbox) -> None:
    done = program(
        project,
        """
        import importlib
        import own.dags
        from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY, EvaluationTask, Task

        for _ in range(2):
            class Cell(Task):
                label = "cell"
        assert TASK_REGISTRY["cell"] is Cell
        importlib.reload(own.dags)
        assert DAG_REGISTRY["training"] is own.dags.Training

        class Base(Task, abstract=True):
            label = "base"
        class First(Base): ...
        class Second(First): ...
        assert (First.label, Second.label) == ("first", "second")
        names = set(TASK_REGISTRY)
        assert not names & {"base", "task", "evaluationtask"}, names
        assert {"cell", "first", "second"} <= names
        """,
    )

    assert done.code == 0, done.err


def test_fault_18_new_projects_and_modules_break_nothing(sandbox: Sandbox) -> None:
    created = [sandbox.gluepy("startproject", "shop")]
    root = sandbox.folder / "shop"
    created += [sandbox.gluepy("startmodule", name, cwd=root) for name in ("sales", "stock")]
    before = sandbox.snapshot()

    listed = sandbox.gluepy("list", "--dags", "-f", "names", cwd=root)
    again = [
        sandbox.gluepy("startproject", "shop"),
        sandbox.gluepy("startmodule", "sales", cwd=root),
    ]

    assert [done.code for done in created] == [0, 0, 0]
    assert len(listed.out.split()) == 2
    assert [done.code for done in again] == [2, 2]
    assert sandbox.snapshot() == before


def test_fault_19_bad_input_is_an_error_that_python_can_catch(project: Sandbox) -> None:
    done = program(
        project,
        """
        from gluepy.commands.dag import run_dag
        from gluepy.exceptions import CommandError
        for request in (
            {"label": "trainning"},
            {"label": "training", "task": "nowhere"},
            {"label": "training", "skip_eval": True, "eval_only": True},
            {"label": "training", "retry": "runs/nowhere"},
            {"label": "training", "patch": "nowhere.yaml"},
        ):
            try:
                run_dag(**request)
            except CommandError as error:
                assert str(error) and error.exit_code == 2
            else:
                raise AssertionError(request)
        """,
    )

    assert done.code == 0, done.err
    assert folders(project) == []


def test_fault_20_mistyped_folder_and_missing_patch_are_errors(project: Sandbox) -> None:
    retried = project.gluepy("dag", "training", "--retry", "runs/nowhere")
    patched = project.gluepy("dag", "training", "--patch", "nowhere.yaml")
    before = project.snapshot()
    alone = project.gluepy("task", "train", "--run", "runs/orchestrated")

    assert (retried.code, patched.code) == (2, 2)
    assert "data" not in before
    assert alone.code == 0, alone.err
    assert "There is no run in 'runs/orchestrated' yet" in alone.err
    assert (project.folder / "data/runs/orchestrated/depth.txt").read_text() == "1"


def test_fault_21_context_is_read_by_item(project: Sandbox) -> None:
    source = TASKS.replace("str(default_context.depth)", "str(default_context['depth'])")
    project.write({"own/dags.py": source})

    folder = new_run(project)

    assert (folder / "depth.txt").read_text() == "1"


def test_fault_22_libraries_for_tables_and_plots_are_extras(project: Sandbox) -> None:
    done = program(
        project,
        """
        import sys
        from importlib.metadata import requires
        from gluepy.exceptions import MissingLibraryError
        from gluepy.files.data import data_manager
        from gluepy.files.storages.utils import plot

        needed = [line for line in requires("gluepy-core") if "extra" not in line]
        assert not [line for line in needed if "plot" in line or "pandas" in line], needed
        for use in (
            lambda: data_manager.write("x.parquet", object(), root=True),
            lambda: plot("x.png", root=True).__enter__(),
        ):
            try:
                use()
            except MissingLibraryError as error:
                assert "pip install 'gluepy-core[" in error.hint, error.hint
            else:
                raise AssertionError
        """,
    )

    assert done.code == 0, done.err


def test_fault_22_parquet_works_with_the_extra(full_sandbox: Sandbox) -> None:
    done = full_sandbox.python(
        "-c",
        "import pandas, sys\n"
        "from gluepy.files.data import data_manager\n"
        "data_manager.write('x.parquet', pandas.DataFrame({'a': [1, 2]}), root=True)\n"
        "assert list(data_manager.read('x.parquet', root=True).a) == [1, 2]\n"
        "assert 'matplotlib' not in sys.modules\n",
    )

    assert done.code == 0, done.err


def test_fault_23_moments_are_aware_and_in_utc(project: Sandbox) -> None:
    project.write(
        {
            "own/hooks.py": (
                "from gluepy import hookimpl\n\n@hookimpl\ndef after_task(run, outcome):\n"
                "    with open('moments.txt', 'w') as file:\n"
                "        print(run.started_at.isoformat(), file=file)\n"
                "        print(outcome.started_at.isoformat(), file=file)\n"
            ),
            "gluepy.toml": 'installed_modules = ["own"]\nhooks = ["own.hooks"]\n',
        }
    )

    done = project.gluepy("dag", "training", env={"TZ": "Asia/Tokyo"})

    assert done.code == 0, done.err
    (folder,) = folders(project)
    created_at = yaml.safe_load((folder / "context.yaml").read_text())["gluepy"]["created_at"]
    moments = [str(created_at), *project.lines("moments.txt")]
    assert len(moments) == 3
    assert all(moment.endswith("+00:00") for moment in moments), moments
