"""Mistakes of users: one message, the right exit code, nothing written, no traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

DAGS = """\
from gluepy import DAG, EvaluationTask, Task

class Load(Task):
    label = "load"
    def run(self): ...

class Train(Task):
    label = "train"
    def run(self): ...

class Measure(EvaluationTask):
    label = "measure"
    def run(self): ...

class Training(DAG):
    label = "training"
    tasks = [Load, Train]
    eval_tasks = [Measure]

class Plain(DAG):
    label = "plain"
    tasks = [Load]

class Empty(DAG):
    label = "empty"

class Odd(DAG):
    label = "odd"
    tasks = [Load, "train"]

class Twice(DAG):
    label = "twice"
    tasks = [Load, Load]

class Lone(DAG):
    label = "lone"
    tasks = Load
"""

# A project that nothing is wrong with.
PROJECT = {
    "gluepy.toml": 'settings_module = "configs.settings"\n',
    "configs/__init__.py": "",
    "configs/settings.py": 'INSTALLED_MODULES = ["forecaster"]\n',
    "configs/context/base.yaml": "train:\n  horizon: 7\n",
    "forecaster/__init__.py": "",
    "forecaster/dags.py": DAGS,
    "local.yaml": "train:\n  horizon: 14\n",
    "data/patch.yaml": "train:\n  horizon: 21\n",
    "data/runs/2026/1/2/old/context.yaml": (
        "train: {horizon: 3}\ngluepy: {run_id: old, run_folder: runs/2026/1/2/old}\n"
    ),
}


class Case(NamedTuple):
    """A mistake.

    Attributes:
        command: What is typed.
        code: The exit code.
        error: The message, or what it begins with.
        hint: Is in the hint.
        files: Go over those of the project.
        env: Environment variables.
    """

    command: str
    code: int
    error: str
    hint: str = ""
    files: Mapping[str, str] = {}
    env: Mapping[str, str] = {}


COMMAND_LINE = {
    "unknown label": Case(
        "dag trainning", 2, "no DAG is labelled 'trainning'", "Did you mean 'training'"
    ),
    "unknown label, unlike any": Case(
        "dag zzzzzz", 2, "no DAG is labelled 'zzzzzz'", "Run 'gluepy list' to see all."
    ),
    "unknown qualified label": Case(
        "dag acme:training", 2, "no DAG is labelled 'acme:training'", "training"
    ),
    "label of a task where a DAG is wanted": Case("dag load", 2, "no DAG is labelled 'load'"),
    "empty label": Case("dag ''", 2, "no DAG is labelled ''"),
    "label with control characters": Case("dag \x1b[31mred", 2, "no DAG is labelled '"),
    "unknown task": Case("task laod", 2, "no task is labelled 'laod'", "Did you mean 'load'?"),
    "unknown label to show": Case(
        "show trainnig", 2, "no DAG or task is labelled 'trainnig'", "Did you mean 'training'"
    ),
    "unknown step": Case(
        "dag training --task tran", 2, "--task 'tran': DAG 'training' has no such task", "'train'"
    ),
    "unknown first step": Case(
        "dag training --from-task x", 2, "--from-task 'x': DAG 'training' has no", "load, train"
    ),
    "unknown last step": Case(
        "dag training --until-task laod", 2, "--until-task 'laod': DAG 'training'", "'load'"
    ),
    "options that clash": Case(
        "dag training --skip-eval --eval-only",
        2,
        "--skip-eval and --eval-only contradict each other",
        "Give only one of them.",
    ),
    "selections that clash": Case(
        "dag training --task load --from-task train",
        2,
        "--task and --from-task contradict each other",
    ),
    "missing label": Case("dag", 2, "Missing argument 'LABEL'."),
    "one argument too many": Case("dag training more", 2, "Got unexpected extra argument 'more'"),
    "unknown command": Case("dga training", 2, "there is no command 'dga'", "Did you mean 'dag'"),
    "unknown option": Case("dag training --tsak load", 2, "No such option '--tsak'"),
    "unknown global option": Case("--plugn x list", 2, "No such option '--plugn'"),
    "option without its value": Case("dag training --task", 2, "Option '--task' requires an"),
    "unknown choice": Case("list --format yaml", 2, "Invalid value for '-f' / '--format'"),
    "unknown hook": Case("hooks after_tsk", 2, "there is no hook 'after_tsk'", "'after_task'"),
    "unknown setting": Case(
        "settings STORAGE_ROT", 3, "there is no setting 'STORAGE_ROT'", "'STORAGE_ROOT'"
    ),
    "unknown plugin": Case(
        "--no-plugin mlfow list", 2, "--no-plugin: no plugin or distribution is called 'mlfow'"
    ),
    "unknown run to retry": Case(
        "dag training --retry runs/2026/1/2/odl",
        2,
        "--retry 'runs/2026/1/2/odl': there is no such run below",
        "Give the id of the run",
    ),
    "run to retry outside": Case("dag training --retry ../../etc", 5, "the path '../../etc"),
    "unknown run to compare": Case(
        "dag training --compare nowhere", 2, "--compare 'nowhere': there is no such run below"
    ),
    "folder that is missing": Case("-C nowhere list", 2, "there is no folder 'nowhere'"),
    "folder without a project": Case("-C / list", 2, "there is no project in '/'"),
    "empty selection": Case(
        "dag plain --eval-only", 2, "nothing of DAG 'plain' would run: it has no evaluation"
    ),
    "selection from back to front": Case(
        "dag training --from-task train --until-task load",
        2,
        "nothing of DAG 'training' would run: 'load' comes before 'train'",
    ),
    "evaluation task that is left out": Case(
        "dag training --task measure --skip-eval", 2, "nothing of DAG 'training' would run"
    ),
    "DAG without tasks": Case(
        "dag empty", 2, "nothing of DAG 'empty' would run: it has no tasks", "gluepy show empty"
    ),
    "DAG with something that is no task": Case(
        "dag odd", 3, "DAG 'odd': tasks[1] is 'train', not a Task class", "Name the class itself"
    ),
    "DAG with a task twice": Case(
        "dag twice", 3, "DAG 'twice': the task 'load' stands in it twice"
    ),
    "DAG whose tasks are no list": Case("dag lone", 3, "DAG 'lone': tasks is "),
}

PARAMETERS = {
    "missing patch": Case(
        "dag training --patch nowhere.yaml", 2, "--patch 'nowhere.yaml': there is no "
    ),
    "missing local patch": Case(
        "dag training --local-patch nowhere.yaml", 2, "--local-patch 'nowhere.yaml': "
    ),
    "patch that is a folder": Case("dag training -lp configs", 2, "--local-patch 'configs': "),
    "patch outside": Case("dag training --patch ../local.yaml", 2, "--patch '../local.yaml': "),
    "broken YAML in a patch": Case(
        "dag training -p bad.yaml",
        2,
        "--patch 'bad.yaml': ",
        files={"data/bad.yaml": "train: [1, 2\n"},
    ),
    "broken YAML in a local patch": Case(
        "dag training -lp bad.yaml",
        2,
        "--local-patch 'bad.yaml': ",
        files={"bad.yaml": "train: {a: 1\nb: 2\n"},
    ),
    "patch that is no mapping": Case(
        "dag training -lp bad.yaml", 2, "--local-patch 'bad.yaml': ", files={"bad.yaml": "- 1\n"}
    ),
    "patch of another type": Case(
        "dag training -lp bad.yaml",
        2,
        "--local-patch 'bad.yaml': cannot merge 'train'",
        files={"bad.yaml": "train: 5\n"},
    ),
    "patch with Python in it": Case(
        "dag training -lp bad.yaml",
        2,
        "--local-patch 'bad.yaml': ",
        files={"bad.yaml": "a: !!python/object/apply:os.system ['touch owned']\n"},
    ),
    "patch that explodes": Case(
        "dag training -lp bad.yaml",
        2,
        "--local-patch 'bad.yaml': ",
        files={
            "bad.yaml": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
        },
    ),
    "broken YAML in the configuration": Case(
        "dag training",
        3,
        "",
        files={"configs/context/base.yaml": "train:\n  horizon: [7\n"},
    ),
    "key twice in the configuration": Case(
        "dag training", 3, "", files={"configs/context/base.yaml": "a: 1\na: 2\n"}
    ),
    "files of the configuration that do not fit": Case(
        "dag training", 3, "", files={"configs/context/more.yaml": "train: 5\n"}
    ),
    "override without a value": Case("dag training --set train", 2, "--set 'train': "),
    "override without a key": Case("dag training --set =5", 2, "--set '=5': "),
    "override of another type": Case(
        "dag training --set train=5", 2, "--set 'train': cannot merge 'train': dict and int differ"
    ),
    "override that is no YAML": Case("dag training --set train.horizon=[5", 2, "--set 'train.hor"),
    "overrides that clash": Case("dag training --set a=1 --set a.b=2", 2, "--set 'a.b=2': "),
}

SET_UP = {
    "broken TOML": Case("dag training", 3, "", files={"gluepy.toml": "storage_root = \n"}),
    "TOML of a wrong type": Case(
        "dag training",
        3,
        "settings from gluepy.toml: ",
        files={"gluepy.toml": "storage_root = 5\n"},
    ),
    "misspelt key": Case(
        "dag training",
        3,
        "settings from gluepy.toml: ",
        "STORAGE_ROOT",
        files={"gluepy.toml": 'storage_rot = "x"\n'},
    ),
    "settings that are missing": Case(
        "dag training",
        3,
        "settings from 'configs.setings': there is no module 'configs.setings'",
        files={"gluepy.toml": 'settings_module = "configs.setings"\n'},
    ),
    "settings that are missing, by the environment": Case(
        "dag training",
        3,
        "settings from 'nowhere': there is no module 'nowhere'",
        "GLUEPY_SETTINGS_MODULE",
        env={"GLUEPY_SETTINGS_MODULE": "nowhere"},
    ),
    "settings that are missing, by the option": Case(
        "--settings nowhere dag training", 3, "settings from 'nowhere': there is no module"
    ),
    "settings that raise": Case(
        "dag training",
        3,
        "settings from 'configs.settings': cannot be imported: ",
        files={"configs/settings.py": "1 / 0\n"},
    ),
    "settings that exit": Case(
        "dag training",
        3,
        "settings from 'configs.settings': cannot be imported: ",
        files={"configs/settings.py": "import sys\nsys.exit(0)\n"},
    ),
    "settings with a syntax error": Case(
        "dag training",
        3,
        "settings from 'configs.settings': cannot be imported: ",
        files={"configs/settings.py": "STORAGE_ROOT =\n"},
    ),
    "settings of a wrong type": Case(
        "dag training",
        3,
        "settings from configs.settings: ",
        files={"configs/settings.py": "INSTALLED_MODULES = 'forecaster'\n"},
    ),
    "environment of a wrong type": Case(
        "dag training", 3, "settings from environment GLUEPY_PREFER: ", env={"GLUEPY_PREFER": "5"}
    ),
    "installed module that is missing": Case(
        "dag training",
        3,
        "INSTALLED_MODULES names 'nowhere', which cannot be imported: ",
        files={"configs/settings.py": "INSTALLED_MODULES = ['nowhere']\n"},
    ),
    "installed module that raises": Case(
        "dag training",
        3,
        "INSTALLED_MODULES names 'forecaster.tasks', which cannot be imported: ",
        files={"forecaster/tasks.py": "1 / 0\n"},
    ),
    "installed module that exits": Case(
        "dag training",
        3,
        "INSTALLED_MODULES names 'forecaster.tasks', which cannot be imported: ",
        files={"forecaster/tasks.py": "raise SystemExit(0)\n"},
    ),
    "two DAGs of one label": Case(
        "dag training",
        3,
        "two DAGs are labelled 'training': ",
        "Give one of them another 'label'.",
        files={
            "forecaster/dags.py": DAGS
            + "\nclass Second(DAG):\n    label = 'training'\n    tasks = []\n"
        },
    ),
    "label that cannot be one": Case(
        "dag training",
        3,
        "",
        files={"forecaster/dags.py": "from gluepy import DAG\nclass A(DAG):\n    label = 5\n"},
    ),
    "storage backend that is missing": Case(
        "dag training",
        3,
        "STORAGE_BACKEND names 'a.b.C', which cannot be imported",
        env={"GLUEPY_STORAGE_BACKEND": "a.b.C"},
    ),
    "tracking backend that is missing": Case(
        "dag training",
        3,
        "MLOPS_BACKEND names 'a.b.C', which cannot be imported",
        env={"GLUEPY_MLOPS_BACKEND": "a.b.C"},
    ),
    "start task that is missing": Case(
        "dag training",
        3,
        "START_TASK names 'a.b.C', which cannot be imported",
        env={"GLUEPY_START_TASK": "a.b.C"},
    ),
    "storage below a file": Case(
        "dag training", 5, "", env={"GLUEPY_STORAGE_ROOT": "local.yaml/deeper"}
    ),
    "storage that is a file": Case(
        "dag training", 5, "", env={"GLUEPY_STORAGE_ROOT": "local.yaml"}
    ),
    "storage that cannot be made": Case(
        "dag training", 5, "", env={"GLUEPY_STORAGE_ROOT": "/proc/gluepy"}
    ),
    "storage that is a device": Case(
        "dag training", 5, "", env={"GLUEPY_STORAGE_ROOT": "/dev/full"}
    ),
    "damaged record of the run to retry": Case(
        "dag training --retry old",
        3,
        "",
        files={"data/runs/2026/1/2/old/context.yaml": "train: [\n"},
    ),
    "damaged metrics of the run to compare": Case(
        "dag training --compare old",
        3,
        "",
        files={"data/runs/2026/1/2/old/metrics.json": "{"},
    ),
}

CASES = {**COMMAND_LINE, **PARAMETERS, **SET_UP}


@pytest.mark.parametrize("mistake", CASES)
def test_mistake_is_one_message_and_nothing_is_written(mistake: str, sandbox: Sandbox) -> None:
    case = CASES[mistake]
    sandbox.write({**PROJECT, **case.files})
    before = sandbox.snapshot()
    words = [word.strip("'") for word in case.command.split(" ")]

    done = sandbox.gluepy(*words, env=case.env)

    assert (done.code, done.out) == (case.code, ""), done.err
    errors = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, done.err
    assert errors[0].startswith(f"Error: {case.error}")
    assert len(errors[0]) > len("Error: ") + 20
    assert case.hint in done.err
    assert "Traceback" not in done.err
    assert "fault of Gluepy" not in done.err
    assert "\x1b" not in done.err
    after = sandbox.snapshot()
    # No part of what the user has: it is made of the runs whenever somebody looks for one.
    after.pop("data/runs/index.sqlite3", None)
    assert after == before


@pytest.mark.parametrize(
    ("mistake", "place"),
    [
        ("broken YAML in a patch", "bad.yaml"),
        ("broken YAML in the configuration", "configs/context/base.yaml:"),
        ("key twice in the configuration", "configs/context/base.yaml:2"),
        ("files of the configuration that do not fit", "configs/context/more.yaml"),
        ("broken TOML", "gluepy.toml"),
        ("settings that raise", "configs/settings.py:1"),
        ("settings with a syntax error", "configs/settings.py:1"),
        ("installed module that raises", "forecaster/tasks.py:1"),
        ("two DAGs of one label", "forecaster/dags.py:"),
        ("label that cannot be one", "forecaster/dags.py:2"),
        ("storage below a file", "local.yaml"),
        ("damaged record of the run to retry", "runs/2026/1/2/old/context.yaml"),
        ("damaged metrics of the run to compare", "runs/2026/1/2/old/metrics.json"),
    ],
)
def test_message_names_the_place(mistake: str, place: str, sandbox: Sandbox) -> None:
    case = CASES[mistake]
    sandbox.write({**PROJECT, **case.files})

    done = sandbox.gluepy(*case.command.split(), env=case.env)

    assert place in done.err.splitlines()[0]


@pytest.mark.parametrize("mistake", ["broken TOML", "settings that raise", "two DAGs of one label"])
@pytest.mark.parametrize("command", ["--help", "--version"])
def test_help_and_version_are_there_when_the_project_is_broken(
    mistake: str, command: str, sandbox: Sandbox
) -> None:
    sandbox.write({**PROJECT, **CASES[mistake].files})

    done = sandbox.gluepy(command)

    assert done.code == 0
    assert done.out
    assert "Traceback" not in done.err


def test_broken_pyproject_is_one_message(sandbox: Sandbox) -> None:
    sandbox.write({"pyproject.toml": "[tool.gluepy\n"})

    done = sandbox.gluepy("list")

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("Error: settings from ")
    assert "pyproject.toml" in done.err
    assert "line 1" in done.err


def test_nothing_is_wrong_with_the_project_itself(sandbox: Sandbox) -> None:
    sandbox.write(PROJECT)

    done = sandbox.gluepy("dag", "training", "-p", "patch.yaml", "-lp", "local.yaml")

    assert done.code == 0, done.err
