from __future__ import annotations

import logging
import pickle
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gluepy.app import App, Options, get_app, set_app
from gluepy.conf import default_settings
from gluepy.conf.settings import Settings
from gluepy.engine.messages import Home
from gluepy.exceptions import (
    CommandError,
    HookNameError,
    ModuleLoadError,
    NoProjectError,
    PluginLoadError,
    SettingsError,
    UnknownPluginError,
)
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY, bootstrap
from gluepy.exec.records import CommandInfo
from gluepy.files.storages import default_storage
from gluepy.plugin.manager import Hooks
from gluepy.testing.distributions import write_distribution


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before, modules = get_app(), set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLUEPY_SETTINGS_MODULE", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    (tmp_path / "site").mkdir()
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        yield tmp_path
    set_app(before)
    for name in set(sys.modules) - modules:
        if not name.startswith("gluepy"):
            del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_project(folder: Path, toml: str = "", **files: str) -> None:
    write(folder / "gluepy.toml", f'installed_modules = ["churn"]\n{toml}')
    write(folder / "churn" / "__init__.py", "")
    for name, text in files.items():
        write(folder / "churn" / f"{name}.py", text)


def hook_plugin(folder: Path, source: str) -> None:
    write_distribution(
        folder / "site",
        "acme",
        entry_points={"gluepy.hooks": {"watch": "acme_hooks"}},
        modules={"acme_hooks": source},
    )


DAG = "from gluepy import DAG\nclass Training(DAG):\n    label = 'training'\n"


# -- project and settings ----------------------------------------------------------------------


def test_empty_folder_is_no_project_and_has_all_settings() -> None:
    app = App()

    assert app.project is None
    assert app.settings.INSTALLED_MODULES == []


def test_projects_root_is_importable(folder: Path) -> None:
    make_project(folder)

    assert App().project is not None
    assert sys.path[0] == str(folder)


def test_project_of_a_running_manage_py_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "churn" / "manage.py", "from gluepy.exec import bootstrap")
    script = str(folder / "churn" / "manage.py")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", script, raising=False)

    project = App().project

    assert project is not None
    assert project.root == str(folder / "churn")


def test_running_manage_py_stands_for_its_own_project_within_another_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(folder)
    write(folder / "churn" / "manage.py", "from gluepy.exec import bootstrap")
    script = str(folder / "churn" / "manage.py")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", script, raising=False)

    project = App().project

    assert project is not None
    assert project.root == str(folder / "churn")


def test_folder_that_does_not_exist_is_named() -> None:
    with pytest.raises(CommandError, match=r"^there is no folder 'nowhere'$"):
        _ = App(Options(folder="nowhere")).project


def test_folder_without_a_project_is_named(folder: Path) -> None:
    with pytest.raises(NoProjectError):
        _ = App(Options(folder=str(folder / "site"))).project


def test_default_settings_are_those_of_the_app(folder: Path) -> None:
    make_project(folder, 'storage_root = "elsewhere"')

    settings = set_app(App()).settings

    assert default_settings.STORAGE_ROOT == settings.STORAGE_ROOT == str(folder / "elsewhere")


def test_defaults_are_made_anew_for_another_app(folder: Path) -> None:
    _ = set_app(App()).settings
    first = default_storage.location("")
    make_project(folder, 'storage_root = "elsewhere"')

    _ = set_app(App()).settings

    assert first == str(folder / "data")
    assert default_storage.location("") == str(folder / "elsewhere")


def test_what_settings_print_goes_to_standard_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "noisy_settings.py", "print('hello')")
    sys.path.insert(0, str(folder))

    _ = App(Options(settings_module="noisy_settings")).settings

    assert capsys.readouterr() == ("", "hello\n")


# -- registries --------------------------------------------------------------------------------


def test_bootstrap_imports_the_modules_of_the_project(folder: Path) -> None:
    make_project(folder, dags=DAG)
    set_app(App())

    bootstrap()
    bootstrap()

    assert "training" in DAG_REGISTRY


def test_bootstrap_of_a_broken_project_is_an_error(folder: Path) -> None:
    write(folder / "gluepy.toml", "not toml")
    set_app(App())

    with pytest.raises(SettingsError):
        bootstrap()


def test_bootstrap_in_a_manage_py_leaves_errors_to_the_command_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "gluepy.toml", "not toml")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "manage.py", raising=False)
    set_app(App())

    bootstrap()

    with pytest.raises(SettingsError):
        _ = get_app().settings


def test_modules_are_imported_in_their_order(folder: Path) -> None:
    make_project(folder, dags=DAG)
    write(folder / "gluepy.toml", 'installed_modules = ["single", "churn"]')
    write(folder / "single.py", DAG.replace("training", "single"))

    App().load_registries()

    own = [one.label for one in DAG_REGISTRY.registrations() if "project" in one.owners]
    assert own[-2:] == ["single", "training"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def", "SyntaxError: invalid syntax"),
    ],
)
def test_module_that_cannot_be_imported_is_named_with_its_place(
    folder: Path, source: str, reason: str
) -> None:
    make_project(folder, tasks=source)

    with pytest.raises(ModuleLoadError) as caught:
        App().load_registries()

    assert str(caught.value) == (
        "INSTALLED_MODULES names 'churn.tasks', which cannot be imported: "
        f"{reason} ({folder / 'churn' / 'tasks.py'}:1)"
    )


def test_logging_is_configured_as_the_settings_say(folder: Path) -> None:
    make_project(folder, '[logging]\nversion = 1\nloggers.churn.level = "ERROR"')

    App().load_registries()

    assert logging.getLogger("churn").level == logging.ERROR


def test_logging_of_ours_is_not_silenced_by_the_settings(folder: Path) -> None:
    make_project(folder, "[logging]\nversion = 1")
    ours = logging.getLogger("gluepy.plugin.manager")

    App().load_registries()

    assert not ours.disabled


def test_class_of_project_and_distribution_is_one(folder: Path) -> None:
    make_project(folder, dags=DAG)
    entry_points = {"gluepy.dags": {"training": "churn.dags:Training"}}
    write_distribution(folder / "site", "churn", entry_points=entry_points)
    app = App()

    app.load_registries()

    assert [str(one) for one in DAG_REGISTRY.get_entry("training").sources] == [
        "churn 1.0",
        "project (churn.dags)",
    ]
    listed = [one for one in app.catalog("dag") if one.name == "training"]
    assert [(one.distribution, one.state) for one in listed] == [
        ("", "available"),
        ("churn", "available"),
    ]


def test_blocked_class_cannot_be_run(folder: Path) -> None:
    entry_points = {"gluepy.dags": {"training": "acme:Training"}}
    write_distribution(folder / "site", "acme", entry_points=entry_points)

    App(Options(block=("acme",))).load_registries()

    assert "training" not in DAG_REGISTRY


def test_unknown_plugin_is_named() -> None:
    with pytest.raises(UnknownPluginError, match=r"^--no-plugin: "):
        _ = App(Options(block=("amce",))).contributions


def test_autoload_can_be_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook_plugin(folder, "1 / 0")
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")

    mine = [one for one in App().contributions if one.distribution == "acme"]

    assert [one.state_text for one in mine] == ["blocked by GLUEPY_DISABLE_PLUGIN_AUTOLOAD"]


# -- hooks -------------------------------------------------------------------------------------

NOTING = """\
from gluepy import hookimpl
calls = []

class Plugin:
    @hookimpl
    def configure(self, settings):
        calls.append((settings.project, settings.get("API_TOKEN")))

plugin = Plugin()

@hookimpl
def configure(settings):
    plugin.configure(settings)
"""


@pytest.mark.parametrize(
    "path", ["churn.hooks", "churn.hooks.Plugin", "churn.hooks.plugin", "churn.hooks:plugin"]
)
def test_hooks_of_the_project_are_modules_instances_or_classes(folder: Path, path: str) -> None:
    make_project(folder, f'hooks = ["{path}"]\napi_token = "hunter2"', hooks=NOTING)

    hooks = App(Options(no_plugins=True)).hooks

    assert [one.who for one in hooks.implementations("configure")] == [
        f"plugin {path!r} of the project"
    ]
    assert sys.modules["churn.hooks"].calls == [(str(folder), "***")]


def test_top_level_module_can_hold_hooks(folder: Path) -> None:
    make_project(folder, 'hooks = ["hooks_of_ours"]')
    write(folder / "hooks_of_ours.py", NOTING)

    _ = App(Options(no_plugins=True)).hooks

    assert len(sys.modules["hooks_of_ours"].calls) == 1


def test_hooks_of_the_project_come_first(folder: Path) -> None:
    make_project(folder, 'hooks = ["churn.hooks"]', hooks=NOTING)
    hook_plugin(folder, NOTING)

    implementations = App().hooks.implementations("configure")

    names = [one.plugin for one in implementations]
    assert names[0] == "churn.hooks"
    assert "watch" in names
    assert {one.calls for one in implementations} == {1}


def test_hook_of_the_project_that_is_missing_is_an_error(folder: Path) -> None:
    make_project(folder, 'hooks = ["churn.hoks.plugin"]')

    with pytest.raises(ModuleLoadError, match=r"^HOOKS names 'churn\.hoks\.plugin'"):
        _ = App().hooks


def test_misspelt_hook_of_the_project_is_an_error(folder: Path) -> None:
    source = "from gluepy import hookimpl\n@hookimpl\ndef after_dga(): ...\n"
    make_project(folder, 'hooks = ["churn.hooks"]', hooks=source)

    with pytest.raises(HookNameError):
        _ = App().hooks


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ValueError('no licence')", "ValueError: no licence"),
        (
            "from gluepy import hookimpl\n@hookimpl\ndef after_dga(): ...\n",
            "there is no hook 'after_dga'",
        ),
    ],
)
def test_broken_plugin_is_warned_of_and_left_out(folder: Path, source: str, reason: str) -> None:
    hook_plugin(folder, source)
    warnings: list[str] = []
    app = App(warn=warnings.append)

    _ = app.hooks

    (warning,) = warnings
    assert "plugin 'watch' of acme 1.0" in warning
    assert reason in warning
    assert "the run goes on without it" in warning
    (one,) = [one for one in app.catalog("hook") if one.distribution == "acme"]
    assert one.state == "broken"
    assert reason in one.reason


def test_broken_plugin_is_an_error_when_the_user_is_strict(folder: Path) -> None:
    hook_plugin(folder, "1 / 0")

    with pytest.raises(PluginLoadError):
        _ = App(Options(strict_plugins=True)).hooks


def test_runs_that_begin_in_threads_set_the_app_up_once(folder: Path) -> None:
    make_project(folder, dags=DAG)
    app, start = App(), threading.Barrier(6)

    def begin() -> tuple[int, int, bool]:
        start.wait()
        app.load_registries()
        return id(app.settings), id(app.hooks), "training" in DAG_REGISTRY

    with ThreadPoolExecutor(6) as pool:
        seen = [pool.submit(begin) for _ in range(6)]

    assert {one.result() for one in seen} == {(id(app.settings), id(app.hooks), True)}


def test_steps_of_the_set_up_are_documented() -> None:
    assert "default_settings" in (App.settings.__doc__ or "")


def test_calls_of_hooks_are_traced_when_the_user_asks(folder: Path) -> None:
    hook_plugin(folder, NOTING)
    lines: list[str] = []

    _ = App(Options(trace_hooks=True), trace=lines.append).hooks

    assert any(line.startswith("configure  plugin 'watch' of acme 1.0  ") for line in lines)


# -- workers -----------------------------------------------------------------------------------

WRAPPER = """\
from gluepy import hookimpl

@hookimpl
def configure(settings):
    raise AssertionError("for the coordinating process only")

@hookimpl(wrapper=True)
def around_task(task):
    yield
"""


def in_a_worker(home: Home, settings: Settings) -> Hooks:
    """Set a process up as a worker is, from what has travelled there."""
    sent: tuple[Home, Settings] = pickle.loads(pickle.dumps((home, settings)))  # noqa: S301
    return sent[0].move_in(sent[1])


def wrappers(hooks: Hooks) -> list[str]:
    return [one.who for one in hooks.implementations("around_task")]


def test_worker_has_the_plugins_of_the_coordinating_process(folder: Path) -> None:
    make_project(folder, 'hooks = ["churn.hooks"]\n', hooks=WRAPPER)
    hook_plugin(folder, WRAPPER)
    app = App(Options(no_plugins=True, enable=("watch",)))
    home, settings = app.home(), app.settings
    set_app(App())

    hooks = in_a_worker(home, settings)

    assert wrappers(hooks) == ["plugin 'churn.hooks' of the project", "plugin 'watch' of acme 1.0"]
    assert hooks.failures == ()
    assert get_app().options == app.options
    assert get_app().settings.masked() == settings.masked()


def test_worker_finds_the_modules_of_the_project(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(folder)
    app = App()
    home, settings = app.home(), app.settings
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one != str(folder)])

    in_a_worker(home, settings)

    assert sys.path[0] == str(folder)


def test_worker_that_was_forked_off_has_the_app_already(folder: Path) -> None:
    app = set_app(App(Options(no_plugins=True)))
    contributions = app.contributions

    in_a_worker(app.home(), app.settings)

    assert get_app() is app
    assert app.contributions is contributions


def test_worker_may_serve_projects_with_other_plugins_by_turns(folder: Path) -> None:
    hook_plugin(folder, WRAPPER)
    make_project(folder, 'plugins_allow = ["acme"]\n')
    home, settings = App().home(), App().settings
    blocked = pickle.loads(pickle.dumps(settings))  # noqa: S301 - our own
    blocked.PLUGINS_BLOCK = ["acme"]

    found = [wrappers(in_a_worker(home, one)) for one in (settings, blocked, settings)]

    assert found == [["plugin 'watch' of acme 1.0"], [], ["plugin 'watch' of acme 1.0"]]


def test_broken_plugin_is_left_out_by_workers_too(folder: Path) -> None:
    hook_plugin(folder, "import no_such_module")
    app = App(Options(no_plugins=True, enable=("watch",)))

    assert wrappers(in_a_worker(app.home(), app.settings)) == []


def test_command_is_known_while_it_runs() -> None:
    app = App(Options(no_plugins=True))
    command = CommandInfo(name="dag", arguments=("training",))

    app.before_command(command)
    during = app.command
    app.after_command(command, 0)

    assert during == ("dag", "training")
    assert app.command == ()
