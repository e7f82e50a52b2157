"""The commands that show what there is: list, show, plugins, hooks, settings, check."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gluepy.files.storages.local import LocalStorage
from gluepy.runs.lock import RunLock
from gluepy.testing.distributions import write_distribution

Run = Callable[..., Result]

DAGS = """\
from pathlib import Path
from gluepy import DAG, Task

Path("imported").touch()


class Clean(Task):
    label = "clean"


class Helper(Task):
    label = "helper"


class Training(DAG):
    \"\"\"Train the model.

    Every night.
    \"\"\"

    label = "training"
    tasks = [Clean]
    eval_tasks = [Helper]
"""

ACME = {
    "gluepy.dags": {"training": "acme.dags:Training"},
    "gluepy.tasks": {"clean": "acme.dags:Clean"},
}

HOOKS = """\
from gluepy import hookimpl

@hookimpl(tryfirst=True)
def before_dag(run): ...

@hookimpl
def after_dag(run, report): ...
"""


@pytest.fixture(autouse=True)
def acme(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install one good distribution; only it and those like it are looked at."""
    write_distribution(folder / "site", "acme", entry_points=ACME, modules={"acme.dags": DAGS})
    monkeypatch.setenv("GLUEPY_PLUGINS_ALLOW", "acme")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, **rest: Any) -> None:
    write_distribution(folder / "site", name, **rest)
    monkeypatch.setenv("GLUEPY_PLUGINS_ALLOW", f"acme,{name}")


def make_project(folder: Path, dags: str) -> None:
    module = folder / "churn"
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "dags.py").write_text(dags)
    (folder / "gluepy.toml").write_text('installed_modules = ["churn"]\n')


def rows(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


# -- list --------------------------------------------------------------------------------------


def test_list_shows_labels_with_their_package(run: Run, folder: Path) -> None:
    result = run("list", "--source", "acme")

    assert rows(result) == [
        ["DAG", "TASKS", "PACKAGE", "VERSION", "LAST", "RUN"],
        ["training", "-", "acme", "1.0", "never"],
        [],
        ["TASK", "PACKAGE", "IN", "DAGS"],
        ["clean", "acme", "-"],
    ]
    assert result.stderr == "1 DAG, 1 task from 1 source.\n"
    assert not (folder / "imported").exists()


def test_list_can_be_long(run: Run) -> None:
    assert rows(run("list", "--source", "ACME", "--long")) == [
        ["DAG", "TASKS", "PACKAGE", "VERSION", "TARGET", "TAGS", "LAST", "RUN"],
        ["training", "-", "acme", "1.0", "acme.dags:Training", "-", "never"],
        [],
        ["TASK", "PACKAGE", "VERSION", "TARGET", "TAGS", "IN", "DAGS"],
        ["clean", "acme", "1.0", "acme.dags:Clean", "-", "-"],
    ]


def test_list_has_json(run: Run, folder: Path) -> None:
    document = json.loads(run("list", "--tasks", "--source", "acme", "-f", "json").stdout)

    assert document == {
        "schema": "gluepy.list/1",
        "tasks": [
            {
                "label": "clean",
                "name": "clean",
                "target": "acme.dags:Clean",
                "sources": [
                    {
                        "kind": "entry-point",
                        "distribution": "acme",
                        "version": "1.0",
                        "file": str(folder / "site" / "acme-1.0.dist-info" / "entry_points.txt"),
                    }
                ],
                "state": "available",
                "state_text": "available",
                "reason": "",
                "problem": "",
                "dags": None,
                "tags": None,
            }
        ],
        "unreadable": [],
    }


def test_list_has_names_for_other_programs(run: Run) -> None:
    assert run("list", "--source", "acme", "-f", "names").stdout == "training\nclean\n"


def test_list_takes_a_pattern(run: Run) -> None:
    assert run("list", "tr*", "--source", "acme", "-f", "names").stdout == "training\n"
    assert run("list", "nothing*", "-f", "names").stdout == ""


def test_list_shows_a_conflict_with_both(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_points = {"gluepy.dags": {"training": "beta:Training"}}
    install(folder, monkeypatch, "beta", entry_points=entry_points)

    result = run("list", "training")
    names = run("list", "training", "-f", "names")

    lines = result.stdout.splitlines()
    assert lines[1].endswith("acme     1.0      conflict with beta 1.0 (beta:Training)")
    assert lines[2].endswith("beta     1.0      conflict with acme 1.0 (acme.dags:Training)")
    assert result.stderr.endswith("2 problems: run 'gluepy check'.\n")
    assert names.stdout == "acme:training\nbeta:training\n"


def test_list_shows_the_projects_own(run: Run, folder: Path) -> None:
    make_project(folder, DAGS)

    result = run("list", "--source", "project")
    document = json.loads(run("list", "--source", "project", "-f", "json").stdout)

    assert "training      2  (this project)  -        conflict with acme 1.0" in result.stdout
    assert ["helper", "(this", "project)", "project:training"] in rows(result)
    assert document["dags"][0]["sources"] == [
        {"kind": "project", "file": str(folder / "churn" / "dags.py")}
    ]


def test_list_shows_what_cannot_be_read(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(folder, monkeypatch, "broken", entry_points=b"[gluepy.dags]\nno value\n")

    result = run("list", "--source", "broken")

    assert rows(result)[1][:3] == ["broken", "1.0", "broken:"]
    assert "malformed" in result.stdout


def test_empty_list_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLUEPY_PLUGINS_ALLOW")
    monkeypatch.setattr(sys, "path", [])

    result = run("list")

    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert "gluepy startproject NAME" in result.stderr
    assert run("-q", "list").stderr == ""


RUNNING = """\
from gluepy import DAG, Task

class Work(Task):
    label = "work"
    def run(self): ...

class Fail(Task):
    label = "fail"
    def run(self): raise ValueError

class Good(DAG):
    label = "good"
    tasks = [Work]

class Bad(DAG):
    label = "bad"
    tasks = [Fail]

class Never(DAG):
    label = "never-run"
    tasks = [Work]
"""


def test_list_shows_how_the_last_run_of_each_dag_ended(run: Run, folder: Path) -> None:
    make_project(folder, RUNNING)
    for label in ("good", "bad"):
        run("dag", label)

    lines = run("list", "--dags", "--source", "project").stdout.splitlines()

    table = {line.split()[0]: re.split(r" {2,}", line)[4:] for line in lines}
    assert table["good"][:2] == ["done", "just now"]
    assert table["bad"][:2] == ["FAILED", "just now"]
    assert table["never-run"] == ["never"]


def test_list_shows_the_run_and_the_conflict_of_a_dag(run: Run, folder: Path) -> None:
    make_project(folder, DAGS)
    with (folder / "churn" / "dags.py").open("a") as file:
        file.write("Clean.run = Helper.run = lambda self: None\n")
    assert run("dag", "project:training").exit_code == 0

    (line,) = run("list", "training", "--dags", "--source", "project").stdout.splitlines()[1:]

    assert re.search(r"done  just now  \d+ ms  conflict with acme 1.0", line)


def test_list_shows_a_run_that_has_not_ended(run: Run, folder: Path, record_run: Any) -> None:
    make_project(folder, RUNNING)
    storage = LocalStorage(folder / "data")
    record_run(storage, "one", {"work": "running"}, dag="good", finish=False)
    lock = RunLock.acquire(storage, "runs/2026/11/22/one")

    (line,) = run("list", "good", "--dags").stdout.splitlines()[1:]

    lock.release()
    assert re.split(r" {2,}", line)[4:] == ["running", "just now"]


def test_list_shows_what_could_not_be_imported(run: Run, folder: Path) -> None:
    (folder / "site" / "acme" / "dags.py").write_text("1 / 0")
    assert run("dag", "training").exit_code == 3

    result = run("list", "--dags", "--source", "acme")
    plugins = run("plugins", "-l")

    assert rows(result)[1] == ["training", "-", "acme", "1.0", "cannot", "be", "imported"]
    assert result.stderr == "1 DAG from 1 source. 1 problem: run 'gluepy check'.\n"
    assert "broken: its import raises ZeroDivisionError" in plugins.stdout


def test_list_chooses_by_tag(run: Run, folder: Path) -> None:
    make_project(folder, GRAPH)

    assert run("list", "--tag", "slow", "-f", "names").stdout == "forecast\ntrain\n"


# -- show --------------------------------------------------------------------------------------


def test_show_describes_a_dag(run: Run, folder: Path) -> None:
    assert run("show", "training").stdout.splitlines() == [
        "training   DAG   acme 1.0   site/acme/dags.py:15",
        "  Train the model.",
        "",
        "  Every night.",
        "  class     acme.dags:Training",
        "  tasks     clean",
        "  evaluates helper",
        "  history   no runs yet",
    ]


def test_show_describes_a_task(run: Run) -> None:
    run("show", "training")

    facts = json.loads(run("show", "clean", "-f", "json").stdout)

    assert facts["kind"] == "task"
    assert facts["sources"] == ["acme 1.0"]
    assert facts["dags"] == ["training"]
    assert facts["conflict"] == ""


GRAPH = """\
from gluepy import DAG, EvaluationTask, Task

class Load(Task):
    label = "load"
    tags = ["io"]

class Calendar(Task):
    label = "calendar"
    retries = 2
    timeout_s = 90
    executor = "threads"

class Train(Task):
    label = "train"
    partitions = ["a", "b", "c", "d", "e", "f", "g"]
    tags = ["ml", "slow"]

class Later(Task):
    label = "later"
    def partitions(self):
        return []

class Score(EvaluationTask):
    label = "score"

class Plot(EvaluationTask):
    label = "plot"

class Forecast(DAG):
    label = "forecast"
    tasks = {Train: [Load, Calendar], Load: (), Calendar: [], Later: [Train]}
    eval_tasks = [Score, Plot]
"""


def test_show_draws_a_graph(run: Run, folder: Path) -> None:
    make_project(folder, GRAPH)

    assert run("show", "forecast").stdout.splitlines()[1:] == [
        "  class     churn.dags:Forecast",
        "  tags      io (load), ml slow (train)",
        "  tasks     load",
        "            calendar",
        "            train[a, b, c, d, e and 2 more] <- load, calendar",
        "            later[...] <- train",
        "  evaluates score -> plot",
        "  history   no runs yet",
    ]


def test_show_has_the_graph_as_json(run: Run, folder: Path) -> None:
    make_project(folder, GRAPH)

    facts = json.loads(run("show", "forecast", "-f", "json").stdout)

    assert facts["tasks"] == ["load", "calendar", "train", "later"]
    assert facts["eval_tasks"] == ["score", "plot"]
    assert facts["upstream"] == {
        "load": [],
        "calendar": [],
        "train": ["load", "calendar"],
        "later": ["train"],
        "score": ["later"],
        "plot": ["score"],
    }
    assert facts["partitions"] == {"train": list("abcdefg"), "later": None}
    assert facts["tags"] == {"load": ["io"], "train": ["ml", "slow"]}


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        (
            "train",
            [
                "  tags      ml, slow",
                "  in DAGs   forecast <- load, calendar",
                "  runs for  a, b, c, d, e and 2 more",
            ],
        ),
        (
            "later",
            [
                "  in DAGs   forecast <- train",
                "  runs for  partitions known when it becomes ready",
            ],
        ),
        (
            "calendar",
            [
                "  in DAGs   forecast",
                "  retries   2, the first after up to 1.0 s",
                "  time-out  2 min 00 s",
                "  executor  processes",
            ],
        ),
    ],
)
def test_show_tells_how_a_task_is_carried_out(
    run: Run, folder: Path, label: str, lines: list[str]
) -> None:
    make_project(folder, GRAPH)
    with (folder / "gluepy.toml").open("a") as file:
        file.write('[task_options."cal*"]\nexecutor = "processes"\ntimeout_s = 120\n')

    assert run("show", label).stdout.splitlines()[2:] == lines


@pytest.mark.parametrize("label", ["acme:helper", "ACME:helper"])
def test_undeclared_class_is_found_by_its_qualified_label(run: Run, label: str) -> None:
    assert run("show", label).stdout.startswith("helper   task   acme 1.0")
    assert "needs a method run(self)" in run("--no-plugins", "task", label).stderr


def test_undeclared_task_is_found_though_a_dag_has_its_label(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "from gluepy import DAG, Task\n"
        "class Both(Task):\n    label = 'both'\n    def run(self): pass\n"
        "class BothDAG(DAG):\n    label = 'both'\n    tasks = [Both]\n"
    )
    entry_points = {"gluepy.dags": {"both": "beta:BothDAG"}}
    install(folder, monkeypatch, "beta", entry_points=entry_points, modules={"beta": source})

    assert run("task", "beta:both").exit_code == 0


def test_qualified_label_that_nobody_has_is_unknown(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_points = {"gluepy.dags": {"nightly": "broken:Nightly"}}
    install(folder, monkeypatch, "broken", entry_points=entry_points)

    result = run("--no-plugins", "task", "broken:helper")

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: no task is labelled 'broken:helper'\n")


def test_show_names_an_undeclared_class_by_its_qualified_label(run: Run) -> None:
    result = run("show", "acme:helper")

    assert "conflict  it is not declared as an entry point: say acme:helper" in result.stdout


def test_show_prints_the_source(run: Run) -> None:
    assert run("show", "clean", "--source-code").stdout == (
        'class Clean(Task):\n    label = "clean"\n'
    )


def test_show_tells_of_a_conflict(run: Run, folder: Path) -> None:
    make_project(folder, DAGS)

    short, qualified = run("show", "training"), run("show", "project:training")

    assert short.exit_code == 2
    assert "'acme:training' and 'project:training'" in short.stderr
    assert "conflict  the DAG label 'training' is offered by more than one source" in (
        qualified.stdout
    )


def test_show_tells_which_one_is_preferred(run: Run, folder: Path) -> None:
    make_project(folder, DAGS)
    with (folder / "gluepy.toml").open("a") as file:
        file.write('prefer = {training = "acme"}\n')

    assert "conflict" not in run("show", "training").stdout
    assert "the short label means that of acme (the setting PREFER)" in (
        run("show", "project:training").stdout
    )


def test_show_of_generated_code_has_no_place(run: Run, folder: Path) -> None:
    make_project(folder, "from gluepy import Task\ntype('Made', (Task,), {'label': 'made'})\n")

    assert (
        run("show", "made").stdout.splitlines()[0].startswith("made   task   project (churn.dags)")
    )
    assert "source code of Made is not there" in run("show", "made", "--source-code").stdout


def test_show_says_what_is_wrong_with_a_dag(run: Run, folder: Path) -> None:
    make_project(folder, "from gluepy import DAG\nclass Odd(DAG):\n    tasks = 3\n")

    result = run("show", "odd")

    assert result.exit_code == 3
    assert "DAG 'odd': tasks is int, not a list" in result.stderr
    assert run("show", "clean").exit_code == 0


def test_show_suggests_labels_of_both_kinds(run: Run) -> None:
    result = run("--no-plugins", "show", "trainin")

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: no DAG or task is labelled 'trainin'\n")
    assert "'training'" in result.stderr


def test_show_counts_the_runs_of_a_dag(run: Run, folder: Path) -> None:
    make_project(folder, RUNNING)
    for label in ("good", "bad"):
        run("dag", label)

    assert re.search(r"history   1 run, 1 done, median \d+ ms\n", run("show", "good").stdout)
    assert "  history   1 run, 1 failed\n" in run("show", "bad").stdout


# -- plugins -----------------------------------------------------------------------------------


def test_plugins_shows_what_each_distribution_gives(run: Run, folder: Path) -> None:
    result = run("plugins")

    row = next(line for line in result.stdout.splitlines() if " acme " in line)
    assert " ".join(row.split()) == "- acme 1.0 1 DAG, 1 task on"
    assert not (folder / "imported").exists()


def test_plugins_shows_what_is_unusual(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_points = {"gluepy.dags": {"training": "beta:T"}, "gluepy.hooks": {"watch": "beta"}}
    install(folder, monkeypatch, "beta", entry_points=entry_points)
    monkeypatch.setenv("GLUEPY_PLUGINS_BLOCK", "watch")

    result = run("plugins")

    row = next(line for line in result.stdout.splitlines() if line.startswith("watch "))
    assert "1 DAG, 1 hook plugin" in row
    assert "training: conflict with acme 1.0 (acme.dags:Training)" in row
    assert "watch: off (PLUGINS_BLOCK)" in row


def test_plugins_shows_the_state_that_all_share(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUEPY_PLUGINS_BLOCK", "acme")

    row = next(line for line in run("plugins").stdout.splitlines() if " acme " in line)

    assert row.endswith("  off (PLUGINS_BLOCK)")


def test_plugins_can_be_long(run: Run) -> None:
    lines = [" ".join(line.split()) for line in run("plugins", "--long").stdout.splitlines()]

    assert lines[0] == "KIND NAME PACKAGE VERSION TARGET STATE"
    assert "DAG training acme 1.0 acme.dags:Training available" in lines


@pytest.mark.parametrize("options", [["nothing*"], ["--source", "nobody"], ["--tag", "nothing"]])
def test_list_without_a_match_points_to_all_there_is(run: Run, options: list[str]) -> None:
    result = run("list", *options)

    assert result.stdout == ""
    assert result.stderr == ("0 DAGs, 0 tasks from 0 sources. Run 'gluepy list' to see all.\n")


def test_plugins_says_when_there_are_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLUEPY_PLUGINS_ALLOW")
    monkeypatch.setattr(sys, "path", [])

    loud, quiet = run("plugins"), run("-q", "plugins")

    assert loud.stderr == "No installed distribution contributes anything to Gluepy.\n"
    assert loud.stdout == quiet.stdout == quiet.stderr == ""


def test_plugins_has_json(run: Run) -> None:
    document = json.loads(run("plugins", "-f", "json").stdout)

    assert document["schema"] == "gluepy.plugins/1"
    mine = [one for one in document["contributions"] if one["distribution"] == "acme"]
    assert [(one["kind"], one["name"], one["state_text"]) for one in mine] == [
        ("dag", "training", "available"),
        ("task", "clean", "available"),
    ]


# -- hooks -------------------------------------------------------------------------------------


@pytest.fixture
def watch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_points = {"gluepy.hooks": {"watch": "beta_hooks"}}
    modules = {"beta_hooks": HOOKS}
    install(folder, monkeypatch, "beta", entry_points=entry_points, modules=modules)


@pytest.mark.usefixtures("watch")
def test_hooks_shows_implementations_in_calling_order(run: Run) -> None:
    result = run("hooks", "before_dag")

    assert [" ".join(row) for row in rows(result)] == [
        "HOOK ORDER PLUGIN PACKAGE WHY",
        "before_dag 1 watch beta 1.0 asked to be first",
    ]


@pytest.mark.usefixtures("watch")
def test_hooks_shows_all_hooks(run: Run) -> None:
    result = run("-q", "hooks")

    assert "configure          -      -       -" in result.stdout
    assert "after_dag          1      watch   beta 1.0" in result.stdout
    assert result.stderr == ""


@pytest.mark.usefixtures("watch")
def test_hooks_has_json(run: Run) -> None:
    document = json.loads(run("hooks", "after_dag", "-f", "json").stdout)

    assert document["hooks"] == [
        {
            "name": "after_dag",
            "kind": "observer",
            "arguments": ["run", "report"],
            "implementations": [
                {
                    "plugin": "watch",
                    "package": "beta 1.0",
                    "position": "in order",
                    "arguments": ["run", "report"],
                }
            ],
        }
    ]


def test_unknown_hook_suggests_the_right_one(run: Run) -> None:
    result = run("hooks", "after_dga")

    assert result.exit_code == 2
    assert "there is no hook 'after_dga'\nHint: Did you mean 'after_dag'" in result.stderr


@pytest.mark.usefixtures("watch")
def test_trace_shows_which_hooks_a_run_would_call(run: Run, folder: Path) -> None:
    make_project(folder, RUNNING)

    result = run("hooks", "--trace", "good")
    document = json.loads(run("hooks", "after_dag", "--trace", "good", "-f", "json").stdout)

    assert [" ".join(row) for row in rows(result)][2:6] == [
        "2 before_command -",
        "3 before_dag watch (beta 1.0)",
        "4 worker_started -",
        "5 before_task work -",
    ]
    assert "on_metric is called whenever a metric is logged" in result.stderr
    assert [one["hook"] for one in document["calls"]] == ["after_dag"]


def test_trace_and_timings_exclude_each_other(run: Run) -> None:
    assert run("hooks", "--trace", "training", "--timings", "@last").exit_code == 2


# -- settings ----------------------------------------------------------------------------------


def test_settings_show_value_and_source(run: Run, folder: Path) -> None:
    (folder / "gluepy.toml").write_text('executor = "threads"\napi_token = "hunter2"\n')

    table = {row[0]: row[1:] for row in rows(run("settings"))}

    assert table["EXECUTOR"] == ["threads", "gluepy.toml"]
    assert table["API_TOKEN"] == ["***", "gluepy.toml"]
    assert table["AIRFLOW_IMAGE"] == ["-", "default"]
    assert table["HOOKS"] == ["[]", "default"]


def test_one_setting_can_be_asked_for(run: Run, folder: Path) -> None:
    document = json.loads(run("settings", "executor", "-f", "json").stdout)

    assert document == {
        "schema": "gluepy.settings/1",
        "project": {"name": folder.name, "root": str(folder)},
        "settings": [
            {
                "name": "EXECUTOR",
                "value": "serial",
                "source": "default",
                "doc": "What carries steps out: serial, threads, processes, or a plugin's.",
            }
        ],
    }


def test_unknown_setting_suggests_the_right_one(run: Run) -> None:
    result = run("settings", "exekutor")

    assert result.exit_code == 3
    assert "'EXECUTOR'" in result.stderr


@pytest.mark.parametrize(
    "words", ["settings EXECUTOR", "settings executor", "settings show executor"]
)
def test_setting_is_asked_for_with_or_without_show(run: Run, words: str) -> None:
    assert rows(run(*words.split()))[1] == ["EXECUTOR", "serial", "default"]


def test_form_may_stand_before_the_name(run: Run) -> None:
    document = json.loads(run("settings", "-f", "json", "executor").stdout)

    assert [one["name"] for one in document["settings"]] == ["EXECUTOR"]


def test_settings_have_a_schema(run: Run) -> None:
    document = json.loads(run("settings", "schema").stdout)

    assert document["properties"]["executor"]["default"] == "serial"


# -- check -------------------------------------------------------------------------------------


def findings(result: Result) -> list[dict[str, str]]:
    document = json.loads(result.stdout)
    assert document["schema"] == "gluepy.check/1"
    found: list[dict[str, str]] = document["findings"]
    return found


def test_check_finds_everything_in_order(run: Run, folder: Path) -> None:
    result = run("check", "-f", "json")

    levels = {(one["area"], one["level"]) for one in findings(result)}
    assert {("settings", "ok"), ("storage", "ok"), ("context", "ok"), ("registry", "ok")} <= levels
    assert not [one for one in levels if one[1] == "FAIL"]
    assert result.exit_code == 0
    assert (folder / "imported").exists()
    assert not (folder / "data").exists()


def test_check_names_a_broken_distribution(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_points = {"gluepy.dags": {"nightly": "broken:Nightly"}, "gluepy.hooks": {"w": "broken"}}
    modules = {"broken": "raise ValueError('no licence')"}
    install(folder, monkeypatch, "broken", entry_points=entry_points, modules=modules)

    result = run("check")

    assert result.exit_code == 3
    assert "DAG 'nightly' of broken 1.0 (broken:Nightly)" in result.stdout
    assert "plugin 'w' of broken 1.0" in result.stdout
    assert result.stdout.count("ValueError: no licence") == 2
    assert "hint: " in result.stdout
    assert "\n2 failures, " in result.stdout
    assert "Traceback" not in result.output


def test_check_names_unreadable_metadata(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(folder, monkeypatch, "broken", entry_points=b"[gluepy.dags]\nno value\n")

    result = run("check", "-f", "json")

    failed = [one for one in findings(result) if one["level"] == "FAIL"]
    assert result.exit_code == 3
    assert len(failed) == 1
    assert failed[0]["text"].startswith("broken 1.0: ")


def test_check_names_an_option_of_a_task_that_cannot_be_used(run: Run, folder: Path) -> None:
    source = "from gluepy import DAG, Task\nclass Fit(Task):\n    label = 'fit'\n"
    make_project(folder, f"{source}class Odd(DAG):\n    tasks = [Fit]\n")
    with (folder / "gluepy.toml").open("a") as file:
        file.write("[task_options.fit]\nretires = 3\n")

    result = run("check", "-f", "json")

    (failed,) = (one for one in findings(result) if one["level"] == "FAIL")
    assert failed["text"] == "TASK_OPTIONS['fit']: has the option 'retires'"
    assert failed["hint"] == "Did you mean 'retries' or 'retry_delay_s'?"


def test_check_names_a_dag_that_makes_no_plan(run: Run, folder: Path) -> None:
    make_project(folder, "from gluepy import DAG\nclass Odd(DAG):\n    tasks = 3\n")

    result = run("check", "-f", "json")

    (failed,) = (one for one in findings(result) if one["level"] == "FAIL")
    assert (failed["area"], failed["text"]) == (
        "registry",
        "DAG 'odd': tasks is int, not a list or a mapping",
    )
    assert result.exit_code == 3


def test_check_warns_of_a_conflict(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_points = {"gluepy.dags": {"training": "beta:Training"}}
    modules = {"beta": "from gluepy import DAG\nclass Training(DAG):\n    label = 'training'\n"}
    install(folder, monkeypatch, "beta", entry_points=entry_points, modules=modules)

    lenient, strict = run("check", "-f", "json"), run("check", "--strict")

    warned = [one for one in findings(lenient) if one["level"] == "warn"]
    assert [one["hint"] for one in warned if "conflict with" in one["text"]] == [
        "Say acme:training, or choose with PREFER.",
        "Say beta:training, or choose with PREFER.",
    ]
    assert lenient.exit_code == 0
    assert strict.exit_code == 3


def test_check_shows_what_is_blocked(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        folder,
        monkeypatch,
        "beta",
        entry_points={"gluepy.hooks": {"watch": "beta_hooks"}},
        modules={"beta_hooks": HOOKS},
    )

    found = findings(run("check", "-f", "json", "--no-plugin", "watch"))

    assert "plugin 'watch' of beta 1.0 (beta_hooks): blocked by --no-plugin" in [
        one["text"] for one in found
    ]


def test_check_names_observers_that_fail(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "from gluepy import hookimpl\n@hookimpl\ndef configure(): raise KeyError('x')\n"
    install(
        folder,
        monkeypatch,
        "beta",
        entry_points={"gluepy.hooks": {"watch": "beta_hooks"}},
        modules={"beta_hooks": source},
    )

    result = run("check", "-f", "json")

    assert result.exit_code == 3
    assert "plugin 'watch' of beta 1.0: hook 'configure': KeyError: 'x'" in [
        one["text"] for one in findings(result)
    ]


def test_check_goes_on_after_a_failing_area(run: Run, folder: Path) -> None:
    (folder / "data").write_text("a file")
    (folder / "configs" / "context").mkdir(parents=True)
    (folder / "configs" / "context" / "a.yaml").write_text("a: [")
    (folder / "gluepy.toml").write_text(
        'installed_modules = ["missing"]\nprefer = {training = "amce"}\n'
    )

    result = run("check", "-f", "json")

    levels = [(one["area"], one["level"]) for one in findings(result)]
    assert ("storage", "FAIL") in levels
    assert ("context", "FAIL") in levels
    assert ("registry", "FAIL") in levels
    assert ("settings", "warn") in levels
    assert result.exit_code == 3


@pytest.mark.parametrize("setting", ["DATA_BACKEND", "MLOPS_BACKEND", "START_TASK"])
def test_check_names_a_backend_that_is_not_there(
    run: Run, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(f"GLUEPY_{setting}", "nowhere.Backend")

    result = run("check", "-f", "json")

    failed = [one for one in findings(result) if one["level"] == "FAIL"]
    assert result.exit_code == 3
    assert failed[0]["text"].startswith(f"{setting} names 'nowhere.Backend'")


def test_check_without_settings_stops_there(run: Run, folder: Path) -> None:
    (folder / "gluepy.toml").write_text("not toml")

    result = run("check")

    assert result.exit_code == 3
    assert "settings      FAIL  settings from " in result.stdout
    assert "storage" not in result.stdout


def test_check_prints_hints_below_what_they_are_about(run: Run, folder: Path) -> None:
    (folder / "site" / "acme" / "dags.py").write_text("1 / 0")

    lines = run("check").stdout.splitlines()

    place = next(place for place, line in enumerate(lines) if "DAG 'training'" in line)
    assert "  FAIL  DAG 'training' of acme 1.0 (acme.dags:Training): its import" in lines[place]
    assert lines[place + 1].startswith(f"{'':20}hint: Run: pip install --upgrade acme")


def test_check_says_when_there_is_nothing_to_do(run: Run) -> None:
    assert run("check", "--timeout", "60").stdout.endswith("\nEverything is in order.\n")


def test_environment_is_one_block_for_bug_reports(run: Run, folder: Path) -> None:
    (folder / "gluepy.toml").write_text('executor = "threads"\n')

    lines = run("check", "--env").stdout.splitlines()

    assert lines[0].startswith("gluepy        ")
    assert any(line.endswith(" dag training acme 1.0 available") for line in lines)
    assert f"{'':14}PLUGINS_ALLOW ['acme'] environment GLUEPY_PLUGINS_ALLOW" in lines
    assert "settings      EXECUTOR 'threads' gluepy.toml" in lines
    assert not any(str(folder) in line for line in lines)


def test_environment_has_json(run: Run) -> None:
    assert (
        json.loads(run("check", "--env", "-f", "json").stdout)["schema"] == "gluepy.environment/1"
    )


def test_environment_without_plugins_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLUEPY_PLUGINS_ALLOW")
    monkeypatch.setattr(sys, "path", [])

    result = run("check", "--env")

    assert "plugins       -" in result.stdout.splitlines()
