"""What a shell offers: the functions behind the completion scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import Result

from gluepy.app import App, set_app
from gluepy.commands import cli
from gluepy.testing.distributions import write_distribution

Run = Callable[..., Result]

ENTRY_POINTS = {
    "gluepy.dags": {"training": "acme:Training", "nightly": "acme:Nightly"},
    "gluepy.tasks": {"clean": "acme:Clean"},
    "gluepy.hooks": {"watch": "acme_hooks"},
    "gluepy.commands": {"sync": "acme_cli:sync"},
}


@pytest.fixture(autouse=True)
def acme(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_distribution(folder / "site", "acme", entry_points=ENTRY_POINTS)
    monkeypatch.setenv("GLUEPY_PLUGINS_ALLOW", "acme,beta")
    write_distribution(folder / "site", "beta", entry_points={"gluepy.tasks": {"mail": "beta:M"}})


def offered(*words: str) -> dict[str, str | None]:
    """Return what is offered for the last word, each with its description."""
    set_app(App())
    complete = ShellComplete(cli, {}, "gluepy", "_GLUEPY_COMPLETE")
    return {one.value: one.help for one in complete.get_completions(list(words[:-1]), words[-1])}


def test_commands_are_offered_with_what_they_do() -> None:
    assert offered("s") == {
        "show": "Describe one DAG or task.",
        "startproject": "Create a project.",
        "startmodule": "Create a module in a project.",
        "startplugin": "Create a plugin or pipeline package.",
        "settings": "Settings and where each comes from.",
        "sync": "from acme 1.0",
    }


def test_options_of_the_group_are_offered() -> None:
    assert {"--plugin", "--no-plugin", "--no-plugins"} <= set(offered("--"))


def test_dags_are_offered_with_their_package() -> None:
    assert offered("dag", "t") == {"training": "acme 1.0"}


def test_tasks_are_offered_with_their_package() -> None:
    assert offered("task", "") == {"clean": "acme 1.0", "mail": "beta 1.0"}


def test_dags_and_tasks_can_be_shown() -> None:
    assert set(offered("show", "")) == {"training", "nightly", "clean", "mail"}


@pytest.mark.parametrize("dag", ["training", "acme:training"])
@pytest.mark.parametrize("option", ["--task", "--from-task", "--until-task"])
def test_tasks_of_the_dags_package_are_offered(dag: str, option: str) -> None:
    assert offered("dag", dag, option, "") == {"clean": "acme 1.0"}


def test_tasks_of_the_dag_are_offered_once_it_was_imported(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "from gluepy import DAG, Task\n"
        "class Load(Task): ...\n"
        "class Fit(Task): ...\n"
        "class T(DAG):\n    label = 'deep'\n    tasks = {Fit: [Load], Load: []}\n"
    )
    entry_points = {"gluepy.dags": {"deep": "delta:T"}, "gluepy.tasks": {"other": "delta:Other"}}
    write_distribution(
        folder / "site", "beta-deep", entry_points=entry_points, modules={"delta": source}
    )
    monkeypatch.setenv("GLUEPY_PLUGINS_ALLOW", "beta-deep")
    before = offered("dag", "deep", "--task", "")
    assert run("show", "deep").exit_code == 0

    assert before == {"other": "beta-deep 1.0"}
    assert offered("dag", "deep", "--task", "") == {"load": "first", "fit": "after load"}
    assert offered("plan", "beta-deep:deep", "--from-task", "f") == {"fit": "after load"}


def test_qualified_labels_are_offered_to_who_begins_one() -> None:
    assert offered("dag", "acme:") == {
        "acme:nightly": "acme 1.0",
        "acme:training": "acme 1.0",
    }


def test_hooks_and_settings_are_offered(folder: Path) -> None:
    (folder / "gluepy.toml").write_text('own_thing = "x"\n')

    assert set(offered("hooks", "after_")) == {"after_task", "after_dag", "after_command"}
    assert offered("settings", "executor") == {
        "executor": "What carries steps out: serial, threads, processes, or a plugin's."
    }
    assert set(offered("settings", "s")) > {"show", "schema", "storage_root"}
    assert offered("settings", "show", "OWN") == {"OWN_THING": "gluepy.toml"}


def test_runs_are_offered_with_what_they_were(run: Run, folder: Path) -> None:
    (folder / "churn.py").write_text(
        "from gluepy import DAG, Task\n"
        "class Work(Task):\n    def run(self): ...\n"
        "class One(DAG):\n    tasks = [Work]\n"
        "class Two(DAG):\n    tasks = [Work]\n"
    )
    (folder / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    words = {"@last": "the last run", "@last-failed": "the last run that failed"}
    assert offered("runs", "show", "") == words
    for label in ("one", "two"):
        assert run("--no-plugins", "dag", label).exit_code == 0

    of_all, of_one = offered("runs", "show", ""), offered("dag", "one", "--retry", "")

    assert {"one, done, just now", "two, done, just now"} <= set(of_all.values())
    assert len(of_all) == 4
    assert set(of_one.values()) == {*words.values(), "one, done, just now"}


def test_tasks_of_no_dag_are_not_offered() -> None:
    assert offered("dag", "nothing", "--task", "") == {}


def test_executors_are_offered_with_their_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUEPY_PLUGINS_ALLOW", "acme,delta")
    for name in ("delta", "gamma"):
        write_distribution(
            folder / "site",
            name,
            entry_points={"gluepy.executors": {"dask": f"{name}:make", f"{name}-own": "x:make"}},
        )

    found = offered("dag", "training", "--executor", "")

    assert found == {
        "serial": "gluepy-core",
        "threads": "gluepy-core",
        "processes": "gluepy-core",
        "delta-own": "delta 1.0",
        "dask": "delta 1.0",  # gamma is not among PLUGINS_ALLOW
    }


def test_executor_in_conflict_is_offered_with_its_owner(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUEPY_PLUGINS_ALLOW", "acme,delta,gamma")
    for name in ("delta", "gamma"):
        write_distribution(
            folder / "site", name, entry_points={"gluepy.executors": {"dask": f"{name}:make"}}
        )

    assert set(offered("task", "clean", "--executor", "")) == {
        *("serial", "threads", "processes"),
        *("delta:dask", "gamma:dask"),
    }


def test_broken_project_still_has_executors(folder: Path) -> None:
    (folder / "gluepy.toml").write_text("not toml")

    assert set(offered("dag", "any", "--executor", "")) == {"serial", "threads", "processes"}


def test_plugins_and_distributions_are_offered() -> None:
    found = offered("--no-plugin", "")

    assert found["watch"] == found["acme"] == "acme 1.0"
    assert found["beta"] == "beta 1.0"


def test_label_in_conflict_is_offered_with_its_owner(folder: Path) -> None:
    module = folder / "churn"
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "dags.py").write_text(
        "from gluepy import DAG\nclass T(DAG):\n    label = 'training'\n"
    )
    (folder / "gluepy.toml").write_text('installed_modules = ["churn"]\n')

    assert set(offered("dag", "")) == {"nightly", "acme:training", "project:training"}


def test_nothing_of_a_plugin_is_imported() -> None:
    for words in [("",), ("dag", ""), ("dag", "training", "--task", ""), ("nothing", "")]:
        offered(*words)

    assert not [name for name in sys.modules if name.startswith(("acme", "beta"))]


@pytest.mark.parametrize(
    "words", [("dag", ""), ("dag", "training", "--task", ""), ("--no-plugin", "")]
)
def test_broken_project_offers_nothing_and_says_nothing(
    folder: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "gluepy.toml").write_text("not toml")

    assert offered(*words) == {}
    assert "list" in offered("")
    assert capsys.readouterr() == ("", "")
