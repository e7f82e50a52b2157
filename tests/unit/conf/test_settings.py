from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from gluepy.conf._defaults import SETTINGS
from gluepy.conf.project import Project
from gluepy.conf.settings import Settings, load_settings
from gluepy.exceptions import SettingsError, UnknownSettingError

ModuleWriter = Callable[..., str]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleWriter:
    """Return a function that writes a settings module which can be imported by its name."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))

    def write(content: str, name: str = "own_settings") -> str:
        path = site.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return name

    return write


def project(
    table: dict[str, object] | None = None,
    *,
    root: str = "/project",
    marker: str = "gluepy.toml",
    settings_module: str = "",
) -> Project:
    return Project(root, marker, table or {}, settings_module)


def test_every_setting_has_a_default_in_an_empty_folder(tmp_path: Path) -> None:
    settings = load_settings(environ={})

    assert settings.names() == sorted(setting.name for setting in SETTINGS)
    assert {settings.source_of(name) for name in settings.names()} == {"default"}
    assert settings.get("BASE_DIR") == str(tmp_path)
    assert settings.get("STORAGE_ROOT") == str(tmp_path / "data")
    assert settings.get("CONFIG_PATH") == str(tmp_path / "configs" / "context")
    assert settings.EXECUTOR == "serial"
    assert list(tmp_path.iterdir()) == []


def test_base_folder_is_the_projects_root() -> None:
    settings = load_settings(project(), environ={})

    assert settings.BASE_DIR == "/project"
    assert settings.STORAGE_ROOT == "/project/data"


def test_stronger_sources_win(write_module: ModuleWriter) -> None:
    module = write_module("EXECUTOR = 'module'\nDATA_BACKEND = 'module'\nSTART_TASK = 'module'")
    table = dict.fromkeys(("executor", "data_backend", "start_task", "mlops_backend"), "toml")

    settings = load_settings(
        project(dict(table)),
        module=module,
        environ={"GLUEPY_EXECUTOR": "environment", "GLUEPY_DATA_BACKEND": "environment"},
        overrides={"EXECUTOR": "option"},
    )

    values = {
        name: (settings.get(name), settings.source_of(name))
        for name in ("EXECUTOR", "DATA_BACKEND", "START_TASK", "MLOPS_BACKEND")
    }
    assert values == {
        "EXECUTOR": ("option", "option --executor"),
        "DATA_BACKEND": ("environment", "environment GLUEPY_DATA_BACKEND"),
        "START_TASK": ("module", "own_settings"),
        "MLOPS_BACKEND": ("toml", "gluepy.toml"),
    }


@pytest.mark.parametrize("key", ["storage_root", "STORAGE_ROOT", "storage-root", "Storage-Root"])
def test_toml_keys_are_written_in_any_way(key: str) -> None:
    assert load_settings(project({key: "/out"}), environ={}).STORAGE_ROOT == "/out"


def test_source_in_pyproject_names_the_table() -> None:
    settings = load_settings(project({"executor": "x"}, marker="pyproject.toml"), environ={})

    assert settings.source_of("EXECUTOR") == "pyproject.toml [tool.gluepy]"


def test_unknown_key_is_the_projects_own() -> None:
    settings = load_settings(project({"mlflow-uri": "http://x"}), environ={})

    assert settings.MLFLOW_URI == "http://x"
    assert settings.source_of("MLFLOW_URI") == "gluepy.toml"


def test_the_key_that_names_the_module_is_no_setting(write_module: ModuleWriter) -> None:
    module = write_module("X = 1")

    settings = load_settings(
        project({"settings-module": module}, settings_module=module), environ={}
    )

    assert settings.X == 1
    assert settings.get("SETTINGS_MODULE") is None


def test_misspelt_key_is_an_error() -> None:
    with pytest.raises(SettingsError, match="there is no setting 'storage_roto'") as caught:
        load_settings(project({"storage_roto": "x"}), environ={})

    assert caught.value.hint == "Did you mean 'STORAGE_ROOT'?"


def test_misspelt_variable_is_an_error() -> None:
    with pytest.raises(SettingsError, match="there is no setting 'GLUEPY_EXECUTER'"):
        load_settings(environ={"GLUEPY_EXECUTER": "threads"})


def test_value_of_the_wrong_type_names_its_source() -> None:
    with pytest.raises(SettingsError, match=r"^settings from gluepy\.toml: STORAGE_ROOT is 5"):
        load_settings(project({"storage_root": 5}), environ={})


# -- the settings module -----------------------------------------------------------------------


def test_module_argument_goes_before_variable_before_project(write_module: ModuleWriter) -> None:
    for name in ("of_argument", "of_variable", "of_project"):
        write_module(f"X = {name!r}", name)
    own, environ = project(settings_module="of_project"), {"GLUEPY_SETTINGS_MODULE": "of_variable"}

    assert load_settings(own, module="of_argument", environ=environ).X == "of_argument"
    assert load_settings(own, environ=environ).X == "of_variable"
    assert load_settings(own, environ={}).X == "of_project"


def test_only_upper_case_names_of_the_module_count(write_module: ModuleWriter) -> None:
    module = write_module("import os\nX_1 = 1\nlower = 2\nMixed = 3\n_PRIVATE = 4\n")

    settings = load_settings(module=module, environ={})

    own = [name for name in settings.names() if settings.source_of(name) == module]
    assert own == ["X_1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("import os\n\nX = os.environ['NOT_THERE']\n", "KeyError: 'NOT_THERE' (FILE:3)"),
        ("X = (\n", "SyntaxError: '(' was never closed (FILE:1)"),
        ("import not_there\n", "ModuleNotFoundError: No module named 'not_there' (FILE:1)"),
        ("def f():\n    raise ValueError('two\\nlines')\nf()", "ValueError: two lines (FILE:2)"),
        ("import sys\nsys.exit(0)\n", "SystemExit: 0 (FILE:2)"),
        ("raise BaseException", "BaseException (FILE:1)"),
    ],
)
def test_module_that_cannot_be_imported(
    write_module: ModuleWriter, tmp_path: Path, content: str, reason: str
) -> None:
    module = write_module(content)
    file = str(tmp_path / "site" / "own_settings.py")

    with pytest.raises(SettingsError) as caught:
        load_settings(module=module, environ={})

    assert str(caught.value) == (
        f"settings from 'own_settings': cannot be imported: {reason.replace('FILE', file)}"
    )


@pytest.mark.parametrize("missing", ["not_there", "not_there.settings", "own_package.settings"])
def test_module_that_does_not_exist(write_module: ModuleWriter, missing: str) -> None:
    write_module("", "own_package.__init__")
    name = missing if missing.startswith("own") else "not_there"

    with pytest.raises(SettingsError) as caught:
        load_settings(module=missing, environ={})

    assert str(caught.value) == f"settings from {missing!r}: there is no module {name!r}"
    assert caught.value.hint == (
        "Check GLUEPY_SETTINGS_MODULE, and that you are in the project's folder."
    )


def test_interrupt_while_the_module_is_imported_gets_through(write_module: ModuleWriter) -> None:
    module = write_module("raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        load_settings(module=module, environ={})


def test_settings_of_a_module_alone(write_module: ModuleWriter, tmp_path: Path) -> None:
    settings = Settings(write_module("STORAGE_ROOT = 'out'\nMINE = 1\n"))

    assert settings.get("STORAGE_ROOT") == str(tmp_path / "out")
    assert settings.get("MINE") == 1
    assert settings.source_of("STORAGE_ROOT") == "own_settings"
    assert settings.source_of("DATA_BACKEND") == "default"


def test_settings_without_a_module_are_the_defaults() -> None:
    assert Settings().masked() == load_settings(environ={}).masked()


# -- the environment ---------------------------------------------------------------------------


def test_variables_are_read_by_kind_and_unknown_ones_kept_as_text() -> None:
    settings = load_settings(
        environ={"GLUEPY_HOOKS": "a.b, c.d", "GLUEPY_MLFLOW_PORT": "5000", "OTHER": "x"}
    )

    assert settings.HOOKS == ["a.b", "c.d"]
    assert settings.MLFLOW_PORT == "5000"
    assert settings.get("OTHER") is None


def test_empty_variable_counts_as_none() -> None:
    settings = load_settings(environ={"GLUEPY_EXECUTOR": "", "GLUEPY_SETTINGS_MODULE": ""})

    assert settings.source_of("EXECUTOR") == "default"


def test_variables_that_steer_the_tool_are_no_settings() -> None:
    settings = load_settings(environ={"GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "1"})

    assert settings.names() == Settings().names()


def test_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUEPY_EXECUTOR", "threads")

    assert load_settings().EXECUTOR == "threads"


# -- paths -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "absolute"),
    [
        ("out", "/project/out"),
        ("./a/../out/", "/project/out"),
        ("", "/project"),
        ("/out", "/out"),
        (Path("out"), "/project/out"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
    ],
)
def test_paths_are_relative_to_the_project(path: str | Path, absolute: str) -> None:
    settings = load_settings(
        project(), overrides={"STORAGE_ROOT": path, "CONFIG_PATH": path}, environ={}
    )

    assert settings.get("STORAGE_ROOT") == absolute
    assert settings.get("CONFIG_PATH") == absolute


def test_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/amy")

    settings = load_settings(project({"storage_root": "~/out"}), environ={})

    assert settings.STORAGE_ROOT == "/home/amy/out"


def test_root_of_another_storage_is_its_own_business() -> None:
    settings = load_settings(
        project({"storage_backend": "acme.BucketStorage", "storage_root": "prefix"}), environ={}
    )

    assert settings.STORAGE_ROOT == "prefix"


def test_folder_that_is_gone_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(SettingsError) as caught:
        load_settings(environ={})
    os.chdir(tmp_path)

    assert str(caught.value) == "settings from the current folder: it no longer exists"


# -- as an object ------------------------------------------------------------------------------


def test_unknown_setting_is_an_attribute_error_with_a_suggestion() -> None:
    with pytest.raises(
        UnknownSettingError, match=r"^there is no setting 'STORAGE_ROTO'$"
    ) as caught:
        Settings().STORAGE_ROTO  # noqa: B018 - reading it is the point

    assert caught.value.hint == "Did you mean 'STORAGE_ROOT'?"
    assert isinstance(caught.value, AttributeError)
    assert not hasattr(Settings(), "STORAGE_ROTO")
    assert not hasattr(Settings(), "lower")


def test_get_has_a_default() -> None:
    assert Settings().get("EXECUTOR", "x") == "serial"
    assert Settings().get("NOT_THERE", "x") == "x"
    assert Settings().get("_sources", "x") == "x"


def test_source_of_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(UnknownSettingError):
        Settings().source_of("NOT_THERE")


def test_setting_can_be_assigned_and_deleted() -> None:
    settings = Settings()

    settings.EXECUTOR = "threads"
    settings.MINE = 1

    assert (settings.EXECUTOR, settings.source_of("EXECUTOR")) == ("threads", "code")
    assert "MINE" in settings.names()
    del settings.MINE
    assert not hasattr(settings, "MINE")
    with pytest.raises(UnknownSettingError):
        del settings.MINE


def test_only_upper_case_names_can_be_assigned() -> None:
    with pytest.raises(
        AttributeError, match=r"^'executor' is no setting: their names are in upper"
    ):
        Settings().executor = "threads"


def test_monkeypatch_and_mock_restore_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()

    with mock.patch.object(settings, "EXECUTOR", "one"):
        assert settings.EXECUTOR == "one"
    with monkeypatch.context() as patch:
        patch.setattr(settings, "EXECUTOR", "two")
        assert settings.EXECUTOR == "two"

    assert settings.EXECUTOR == "serial"


def test_nobody_changes_the_default_for_all() -> None:
    Settings().HOOKS.append("x")
    Settings().PREFER["x"] = "y"

    assert (Settings().HOOKS, Settings().PREFER) == ([], {})


def test_secrets_are_masked() -> None:
    settings = load_settings(
        project({"aws_secret_access_key": "hush", "celery_broker_url": "redis://:hush@host"}),
        environ={"GLUEPY_SLACK_TOKEN": "hush"},
    )

    masked = settings.masked()

    own = ("AWS_SECRET_ACCESS_KEY", "CELERY_BROKER_URL", "SLACK_TOKEN")
    assert [masked[name] for name in own] == ["***", "redis://:***@host", "***"]
    assert "hush" not in f"{masked} {settings!r} {settings}"


def test_settings_can_be_pickled_and_copied() -> None:
    settings = load_settings(project({"executor": "threads"}), environ={})

    for twin in (pickle.loads(pickle.dumps(settings)), copy.deepcopy(settings)):  # noqa: S301
        assert twin.masked() == settings.masked()
        assert twin.source_of("EXECUTOR") == "gluepy.toml"


def test_settings_travel_without_what_cannot(write_module: ModuleWriter) -> None:
    name = write_module("LOCK = lambda: None\nEXECUTOR = 'threads'\n")
    settings = Settings(name)

    twin = pickle.loads(pickle.dumps(settings))  # noqa: S301 - our own

    assert (twin.EXECUTOR, twin.source_of("EXECUTOR")) == ("threads", name)
    assert twin.get("LOCK") is None
    assert twin.masked() == {
        other: value for other, value in settings.masked().items() if other != "LOCK"
    }
    assert settings.LOCK() is None  # the original keeps it


# -- speed -------------------------------------------------------------------------------------

PROBE = """
import sys
import os, click
before = set(sys.modules)
from gluepy.conf.project import find_project
from gluepy.conf.settings import load_settings
load_settings(find_project(os.getcwd()), environ={})
new = sorted(set(sys.modules) - before)
print(*[name for name in new if not name.startswith("gluepy")])
print(*[name for name in new if name.startswith("gluepy.conf.")])
"""


def test_without_a_project_nothing_is_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    others, own = done.stdout.splitlines()
    assert set(others.split()) <= {"contextvars", "_contextvars"}
    assert own == "gluepy.conf._defaults gluepy.conf.project gluepy.conf.settings"
