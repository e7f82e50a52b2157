"""The documents about plugins, hooks and settings."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gluepy.app import App, get_app, set_app
from gluepy.exceptions import UnknownHookError, UnknownSettingError
from gluepy.testing.distributions import write_distribution
from gluepy.views import (
    environment_view,
    hooks_view,
    plugins_view,
    settings_schema,
    settings_view,
    trace_view,
)
from gluepy.views.support import _version

Checked = Callable[[dict[str, Any]], dict[str, Any]]

HOOKS = """\
from gluepy import hookimpl

@hookimpl
def before_task(task): ...

@hookimpl(tryfirst=True)
def after_dag(report): ...
"""

DAGS = """\
from gluepy import DAG, Task
class Load(Task): ...
class Training(DAG):
    label = "training"
    tasks = [Load]
"""

ENTRY_POINTS = {
    "gluepy.hooks": {"watch": "acme_hooks"},
    "gluepy.dags": {"training": "acme:Training"},
}


@pytest.fixture(autouse=True)
def acme(site: Path) -> None:
    modules = {"acme": DAGS, "acme_hooks": HOOKS}
    write_distribution(site, "acme", entry_points=ENTRY_POINTS, modules=modules)


def mine(document: dict[str, Any]) -> dict[str, Any]:
    """Return what the document says of the one distribution that is not blocked."""
    (found,) = [one for one in document["distributions"] if one["name"] == "acme"]
    return dict(found)


# -- plugins ---------------------------------------------------------------------------------------


def test_distribution_is_there_with_what_it_gives(checked: Checked) -> None:
    assert mine(checked(plugins_view())) == {
        "name": "acme",
        "version": "1.0",
        "plugins": ["watch"],
        "state": "on",
        "gives": {"dag": 1, "hook": 1},
        "hooks": None,
    }


def test_hooks_of_a_plugin_are_known_once_it_was_imported(checked: Checked) -> None:
    hooks_view()
    get_app().keep_notes()
    set_app(App())

    document = checked(plugins_view())

    assert mine(document)["hooks"] == 2
    (plugin,) = [one for one in document["contributions"] if one["name"] == "watch"]
    assert plugin["hooks"] == ["before_task", "after_dag"]


def test_plugin_that_could_not_be_imported_is_broken(site: Path, checked: Checked) -> None:
    (site / "acme_hooks.py").write_text("1 / 0")
    hooks_view()
    get_app().keep_notes()
    set_app(App())

    state = mine(checked(plugins_view()))["state"]

    assert state.startswith("watch: broken: its import raises ZeroDivisionError")


def test_blocked_distribution_is_off(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUEPY_PLUGINS_BLOCK", "acme")

    assert mine(checked(plugins_view()))["state"] == "off (PLUGINS_BLOCK)"


def test_unreadable_distribution_gives_nothing(site: Path, checked: Checked) -> None:
    (site / "acme-1.0.dist-info" / "entry_points.txt").write_text("[gluepy.dags]\nno value\n")

    found = mine(checked(plugins_view()))

    assert found["gives"] == {}
    assert found["state"].startswith("broken: entry_points.txt is malformed")


# -- hooks -----------------------------------------------------------------------------------------


def test_hooks_are_there_with_who_implements_them(checked: Checked) -> None:
    document = checked(hooks_view("after_dag"))

    assert document["hooks"][0]["implementations"] == [
        {"plugin": "watch", "package": "acme 1.0", "position": "first", "arguments": ["report"]}
    ]
    assert len(checked(hooks_view())["hooks"]) > 10


def test_trace_has_the_calls_of_a_run_in_order(checked: Checked) -> None:
    document = checked(trace_view("training"))

    calls = [(one["hook"], one["step"]) for one in document["calls"]]
    assert calls == [
        ("configure", ""),
        ("before_command", ""),
        ("before_dag", ""),
        ("worker_started", ""),
        ("before_task", "load"),
        ("around_task", "load"),
        ("after_task", "load"),
        ("worker_stopped", ""),
        ("after_dag", ""),
        ("after_command", ""),
    ]
    assert document["calls"][4]["implementations"] == [{"plugin": "watch", "package": "acme 1.0"}]
    assert document["calls"][3]["implementations"] == []


def test_trace_of_one_hook_leaves_out_the_others(checked: Checked) -> None:
    document = checked(trace_view("training", "after_dag"))

    assert [one["hook"] for one in document["calls"]] == ["after_dag"]


@pytest.mark.parametrize("view", [hooks_view, lambda name: trace_view("training", name)])
def test_unknown_hook_is_an_error(view: Callable[[str], object]) -> None:
    with pytest.raises(UnknownHookError):
        view("after_dga")


# -- settings --------------------------------------------------------------------------------------


def test_settings_are_there_with_their_sources_and_masked(checked: Checked) -> None:
    Path("gluepy.toml").write_text('executor = "threads"\napi_token = "hunter2"\n')

    found = {one["name"]: one for one in checked(settings_view())["settings"]}

    assert found["EXECUTOR"]["source"] == "gluepy.toml"
    assert found["API_TOKEN"] == {
        "name": "API_TOKEN",
        "value": "***",
        "source": "gluepy.toml",
        "doc": "",
    }


def test_settings_are_those_of_a_project_or_of_the_current_folder(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path.cwd()
    own = {"name": here.name, "root": str(here)}
    assert checked(settings_view())["project"] == own

    (here / "gluepy.toml").touch()
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    set_app(App())

    assert checked(settings_view())["project"] == own


def test_values_that_json_does_not_know_become_text(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("own_settings.py").write_text("from pathlib import Path\nPLACE = Path('x')\n")
    monkeypatch.setenv("GLUEPY_SETTINGS_MODULE", "own_settings")
    sys.path.insert(0, str(Path.cwd()))

    (found,) = checked(settings_view("place"))["settings"]

    assert found["value"] == "x"


def test_unknown_setting_is_an_error() -> None:
    with pytest.raises(UnknownSettingError):
        settings_view("exekutor")


@pytest.mark.parametrize(
    ("table", "is_good"),
    [
        ({"executor": "threads", "hooks": ["a.b"], "prefer": {"x": "acme"}}, True),
        ({"settings_module": "configs.settings", "own": 5, "airflow_image": None}, True),
        ({"workers": 2, "task_options": {"fit": {"retries": 2}}}, True),
        ({"executor": 3}, False),
        ({"hooks": [1]}, False),
        ({"prefer": {"x": 1}}, False),
    ],
)
def test_schema_of_settings_tells_right_from_wrong(table: dict[str, Any], is_good: bool) -> None:
    schema = settings_schema()
    Draft202012Validator.check_schema(schema)

    assert Draft202012Validator(schema).is_valid(table) is is_good


# -- the environment -------------------------------------------------------------------------------


def test_environment_says_what_a_bug_report_needs(checked: Checked) -> None:
    Path("gluepy.toml").write_text('storage_root = "out"\napi_token = "hunter2"\n')

    document = checked(environment_view())

    assert document["start_method"] == "forkserver"
    assert document["storage"].endswith("LocalStorage (a folder)")
    assert document["dependencies"]["click"]
    assert {"name": "API_TOKEN", "value": "'***'", "source": "gluepy.toml"} in document["settings"]
    (plugin,) = [one for one in document["plugins"] if one["name"] == "watch"]
    assert (plugin["kind"], plugin["distribution"]) == ("hook", "acme")
    assert document["problem"] == ""


def test_environment_names_neither_host_nor_folders(
    checked: Checked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    host = platform.node()
    Path("gluepy.toml").write_text(
        f'storage_root = "out"\nelse_where = "{tmp_path}/other"\nserver = "http://{host}:80"\n'
    )

    settings = {one["name"]: one["value"] for one in checked(environment_view())["settings"]}

    assert settings["STORAGE_ROOT"] == "'<project>/out'"
    assert settings["ELSE_WHERE"] == "'~/other'"
    assert settings["SERVER"] == "'http://<host>:80'"


def test_environment_of_a_storage_elsewhere_says_of_which_kind(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUEPY_STORAGE_BACKEND", "gluepy.files.storages.memory.MemoryStorage")
    monkeypatch.setenv("GLUEPY_STORAGE_ROOT", "s3://bucket/prefix")

    assert checked(environment_view())["storage"].endswith("MemoryStorage (s3)")


def test_dependency_that_is_not_there_is_missing() -> None:
    assert _version("no-such-distribution") == "missing"


def test_environment_of_a_broken_project_says_why(checked: Checked) -> None:
    Path("gluepy.toml").write_text("not toml")

    document = checked(environment_view())

    assert "gluepy.toml" in document["problem"]
    assert document["plugins"] == []
