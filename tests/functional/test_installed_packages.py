"""A clean environment with three installed distributions: one good, one broken, one in conflict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Environment, Sandbox, Wheels

# What start-up must not import on its usual path.
HEAVY = {
    *("yaml", "box", "pandas", "numpy", "asyncio", "importlib.metadata", "importlib_metadata"),
    "pluggy",
}

# The first line of every module: its import leaves a trace.
TRACE = """\
import os
with open(os.environ["IMPORTS"], "a") as file:
    print(__name__, file=file)
"""

TASKS = f"""{TRACE}
from gluepy import EvaluationTask, Task
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops

class LoadTask(Task):
    label = "load"
    def run(self):
        default_storage.touch(default_storage.runpath("load.txt"), "loaded")

class TrainTask(Task):
    label = "train"
    def run(self):
        text = default_storage.open(default_storage.runpath("load.txt"), mode="r")
        default_storage.touch(default_storage.runpath("train.txt"), text + ", trained")

class MeasureTask(EvaluationTask):
    label = "measure"
    def run(self):
        default_mlops.log_metric("mape", 1.2)
"""

DAGS = f"""{TRACE}
from gluepy import DAG
from acme_pipelines.tasks import LoadTask, MeasureTask, TrainTask

class TrainingDAG(DAG):
    label = "training"
    tasks = [LoadTask, TrainTask]
    eval_tasks = [MeasureTask]

class ScoringDAG(DAG):
    label = "scoring"
    tasks = [LoadTask]
"""

# A plugin that writes down every hook that it hears of.
HOOKS = f"""{TRACE}
from gluepy import hookimpl

def note(hook):
    with open(os.environ["CALLS"], "a") as file:
        print(hook, PLUGIN, file=file)

@hookimpl
def configure(): note("configure")
@hookimpl
def before_command(): note("before_command")
@hookimpl
def before_dag(): note("before_dag")
@hookimpl
def before_task(): note("before_task")
@hookimpl(wrapper=True)
def around_task():
    note("around_task")
    return (yield)
@hookimpl
def on_metric(): note("on_metric")
@hookimpl
def after_task(): note("after_task")
@hookimpl
def after_dag(): note("after_dag")
@hookimpl
def after_command(): note("after_command")
"""

BETA = f"""{TRACE}
from gluepy import DAG, Task, hookimpl

class BetaTask(Task):
    label = "beta-task"
    def run(self):
        pass

class Training(DAG):
    label = "training"
    tasks = [BetaTask]

def note(hook):
    with open(os.environ["CALLS"], "a") as file:
        print(hook, "beta-watch", file=file)

@hookimpl(trylast=True)
def before_dag(): note("before_dag")
@hookimpl(tryfirst=True)
def before_task(): note("before_task")
@hookimpl
def after_task(): note("after_task")
"""

GOOD = {
    "entry_points": {
        "gluepy.dags": {
            "training": "acme_pipelines.dags:TrainingDAG",
            "scoring": "acme_pipelines.dags:ScoringDAG",
        },
        "gluepy.tasks": {
            "load": "acme_pipelines.tasks:LoadTask",
            "train": "acme_pipelines.tasks:TrainTask",
            "measure": "acme_pipelines.tasks:MeasureTask",
        },
        "gluepy.hooks": {"acme-watch": "acme_pipelines.hooks"},
    },
    "modules": {
        "acme_pipelines": TRACE,
        "acme_pipelines.tasks": TASKS,
        "acme_pipelines.dags": DAGS,
        "acme_pipelines.hooks": f'PLUGIN = "acme-watch"\n{HOOKS}',
    },
    "requires": ("gluepy-core",),
}

BROKEN = {
    "entry_points": {"gluepy.dags": {"nightly": "broken_pipes:Nightly"}},
    "modules": {"broken_pipes": f"{TRACE}\nraise RuntimeError('half of me is missing')\n"},
}

RIVAL = {
    "entry_points": {
        "gluepy.dags": {"training": "beta_pipelines:Training"},
        "gluepy.hooks": {"beta-watch": "beta_pipelines"},
    },
    "modules": {"beta_pipelines": BETA},
}

# Writes down what a process has imported when it ends.
DUMP = """\
import atexit, os, sys

@atexit.register
def dump():
    with open(os.environ["MODULES"], "w") as file:
        file.write("\\n".join(sys.modules))
"""


@pytest.fixture(scope="module")
def installed(
    own_environment: Environment, tmp_path_factory: pytest.TempPathFactory, make_wheel: Wheels
) -> None:
    """Install the three distributions, as a user does."""
    folder = tmp_path_factory.mktemp("wheels")
    wheels = [
        make_wheel(folder, "acme-pipelines", "1.2.0", **GOOD),
        make_wheel(folder, "broken-pipes", "0.1", **BROKEN),
        make_wheel(folder, "beta-pipelines", "2.0", **RIVAL),
    ]
    own_environment.pip("install", "--no-index", *wheels)


@pytest.fixture
def box(installed: None, own_sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """An empty folder where the three are installed; imports and calls of hooks leave traces."""
    for name in ("IMPORTS", "CALLS", "MODULES"):
        own_sandbox.env[name] = str(own_sandbox.folder / name)
    return own_sandbox


# -- nothing is imported ---------------------------------------------------------------------------


@pytest.mark.parametrize("project", ["none", "gluepy.toml"])
@pytest.mark.parametrize(
    "words",
    [
        "list",
        "list --long",
        "list --format json",
        "list --format names",
        "--help",
        "",
        "dag --help",
        "--version",
        "plugins",
        "plugins --long",
        "plugins --format json",
        "completion bash",
    ],
)
def test_browsing_imports_no_plugin_and_nothing_heavy(
    words: str, project: str, box: Sandbox
) -> None:
    if project == "gluepy.toml":
        box.write({"gluepy.toml": 'storage_root = "here"\n'})
    (box.site / "sitecustomize.py").write_text(DUMP)

    done = box.gluepy(*words.split())

    assert done.code == 0, done.err
    assert done.out
    assert box.lines("IMPORTS") == []
    imported = set(box.lines("MODULES"))
    assert "gluepy.app" in imported
    assert not imported & (HEAVY | {"acme_pipelines", "broken_pipes", "beta_pipelines"})


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("gluepy dag ", "scoring,nightly,acme-pipelines:training,beta-pipelines:training"),
        ("gluepy task ", "load,measure,train"),
        ("gluepy show ", "scoring,nightly,acme-pipelines:training,beta-pipelines:training"),
        ("gluepy ", "dag,list,plugins"),
        ("gluepy dag acme-pipelines:training --from-task ", "load,measure,train"),
    ],
)
def test_completion_offers_names_and_imports_no_plugin(
    line: str, offers: str, box: Sandbox
) -> None:
    (box.site / "sitecustomize.py").write_text(DUMP)

    done = box.gluepy(
        env={
            "_GLUEPY_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split())),
        }
    )

    offered = {text.partition(",")[2] for text in done.out.splitlines()}
    assert set(offers.split(",")) <= offered
    assert done.err == ""
    assert box.lines("IMPORTS") == []
    assert not set(box.lines("MODULES")) & HEAVY


# -- everything is shown ---------------------------------------------------------------------------


def test_list_shows_every_label_with_distribution_and_version(box: Sandbox) -> None:
    document = box.gluepy("list", "--format", "json").json()

    assert document["schema"] == "gluepy.list/1"
    assert [
        (one["label"], *list(one["sources"][0].values())[1:3], one["state"])
        for one in document["dags"]
    ] == [
        ("nightly", "broken-pipes", "0.1", "available"),
        ("scoring", "acme-pipelines", "1.2.0", "available"),
        ("training", "acme-pipelines", "1.2.0", "conflict"),
        ("training", "beta-pipelines", "2.0", "conflict"),
    ]
    assert [one["label"] for one in document["tasks"]] == ["load", "measure", "train"]
    assert document["unreadable"] == []


def test_conflict_is_shown_with_both(box: Sandbox) -> None:
    listed = box.gluepy("list").out

    rows = [line.split(maxsplit=4) for line in listed.splitlines() if "training" in line]
    assert rows == [
        [
            "training",
            "-",
            "acme-pipelines",
            "1.2.0",
            "conflict with beta-pipelines 2.0 (beta_pipelines:Training)",
        ],
        [
            "training",
            "-",
            "beta-pipelines",
            "2.0",
            "conflict with acme-pipelines 1.2.0 (acme_pipelines.dags:TrainingDAG)",
        ],
    ]


def test_version_shows_the_distributions(box: Sandbox) -> None:
    lines = box.gluepy("--version").out.splitlines()

    assert lines[1:] == ["acme-pipelines 1.2.0", "beta-pipelines 2.0", "broken-pipes 0.1"]


def test_plugins_shows_what_each_gives(box: Sandbox) -> None:
    rows = [line.split(maxsplit=3) for line in box.gluepy("plugins").out.splitlines()]

    assert [row[:3] for row in rows[1:]] == [
        ["acme-watch", "acme-pipelines", "1.2.0"],
        ["beta-watch", "beta-pipelines", "2.0"],
        ["-", "broken-pipes", "0.1"],
    ]
    assert rows[1][3].startswith("2 DAGs, 3 tasks, 1 hook plugin")


# -- the broken one is named -----------------------------------------------------------------------

REASON = "its import raises RuntimeError: half of me is missing"


def test_check_names_the_broken_one(box: Sandbox) -> None:
    done = box.gluepy("check")

    assert done.code == 3
    (line,) = [line for line in done.out.splitlines() if "broken-pipes" in line and "FAIL" in line]
    assert "DAG 'nightly' of broken-pipes 0.1 (broken_pipes:Nightly)" in line
    assert REASON in line
    assert "broken_pipes.py:" in line
    assert "Traceback" not in done.err + done.out


def test_dag_of_the_broken_one_is_one_error(box: Sandbox) -> None:
    done = box.gluepy("dag", "nightly")

    assert done.code == 3
    assert done.out == ""
    error, hint = done.err.splitlines()
    assert error.startswith(
        f"Error: DAG 'nightly' of broken-pipes 0.1 (broken_pipes:Nightly): {REASON}"
    )
    assert hint == (
        "Hint: Run: pip install --upgrade broken-pipes, "
        "or do without it: pip uninstall broken-pipes"
    )


# -- the good one runs -----------------------------------------------------------------------------


def test_short_label_of_two_is_an_error_that_shows_both(box: Sandbox) -> None:
    before = box.snapshot()

    done = box.gluepy("dag", "training")

    assert done.code == 2
    assert done.out == ""
    assert "'acme-pipelines:training' and 'beta-pipelines:training'" in done.err
    assert 'PREFER = {"training": "acme-pipelines"}' in done.err
    assert box.snapshot().keys() - {"CALLS", "IMPORTS"} == before.keys()


@pytest.mark.parametrize(
    ("label", "prefer", "steps"),
    [
        ("scoring", "", ["load"]),
        ("acme-pipelines:training", "", ["load", "train", "measure"]),
        ("beta-pipelines:training", "", ["beta-task"]),
        ("training", "acme-pipelines", ["load", "train", "measure"]),
        ("training", "Beta_Pipelines", ["beta-task"]),
        ("acme-pipelines:training", "beta-pipelines", ["load", "train", "measure"]),
    ],
)
def test_good_dag_runs_by_short_or_qualified_label(
    label: str, prefer: str, steps: list[str], box: Sandbox
) -> None:
    if prefer:
        box.write({"gluepy.toml": f'[prefer]\ntraining = "{prefer}"\n'})

    done = box.gluepy("dag", label)

    assert done.code == 0, done.err
    assert done.steps() == dict.fromkeys(steps, "done")
    (run_folder,) = box.folder.glob("data/runs/*/*/*/*")
    written = {path.name for path in run_folder.iterdir()}
    assert {f"{step}.txt" for step in steps if step in ("load", "train")} <= written
    if "measure" in steps:
        assert done.out == "=== GLUEPY METRICS ===\nmetric:mape=1.2\n=== END METRICS ===\n"


# -- hooks -----------------------------------------------------------------------------------------


def test_hooks_are_called_in_the_printed_order_once_each(box: Sandbox) -> None:
    document = box.gluepy("hooks", "--format", "json").json()
    (box.folder / "CALLS").unlink()

    done = box.gluepy("dag", "acme-pipelines:training")

    assert done.code == 0, done.err
    printed = {
        hook["name"]: [one["plugin"] for one in hook["implementations"]]
        for hook in document["hooks"]
    }
    assert printed["before_dag"] == ["acme-watch", "beta-watch"]
    assert printed["before_task"] == ["beta-watch", "acme-watch"]
    task = ["before_task", "around_task", "after_task"]
    evaluation = ["before_task", "around_task", "on_metric", "after_task"]
    events = [
        *("configure", "before_command", "before_dag"),
        *(*task, *task, *evaluation),
        *("after_dag", "after_command"),
    ]
    assert box.lines("CALLS") == [f"{hook} {plugin}" for hook in events for plugin in printed[hook]]


# -- and it can be taken away ----------------------------------------------------------------------


def test_uninstalling_makes_it_disappear(box: Sandbox, tmp_path: Path, make_wheel: Wheels) -> None:
    content = {
        "entry_points": {
            "gluepy.dags": {"weekly": "gamma_pipes:Weekly"},
            "gluepy.hooks": {"gamma-watch": "gamma_pipes"},
        },
        "modules": {
            "gamma_pipes": "from gluepy import DAG\n\nclass Weekly(DAG):\n    tasks = []\n"
        },
    }
    box.environment.pip(
        "install", "--no-index", make_wheel(tmp_path, "gamma-pipes", "3.0", **content)
    )
    before = [box.gluepy(*words).out for words in (["list"], ["plugins"], ["--version"])]

    box.environment.pip("uninstall", "--yes", "gamma-pipes")

    after = [box.gluepy(*words).out for words in (["list"], ["plugins"], ["--version"])]
    assert all("gamma-pipes" in out for out in before)
    assert not any("gamma" in out for out in after)
    gone = box.gluepy("dag", "weekly")
    assert gone.code == 2
    assert "no DAG is labelled 'weekly'" in gone.err
