from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.conf.project import Project, find_project
from gluepy.exceptions import SettingsError


def test_folder_without_project_file_has_no_project(tmp_path: Path) -> None:
    assert find_project(str(tmp_path)) is None


def test_gluepy_toml_marks_a_project(tmp_path: Path) -> None:
    tmp_path.joinpath("gluepy.toml").write_text('storage-root = "out"\n')

    assert find_project(str(tmp_path)) == Project(
        str(tmp_path), "gluepy.toml", {"storage-root": "out"}, ""
    )


def test_pyproject_with_our_table_marks_a_project(tmp_path: Path) -> None:
    tmp_path.joinpath("pyproject.toml").write_text('[tool.gluepy]\nEXECUTOR = "threads"\n')

    assert find_project(str(tmp_path)) == Project(
        str(tmp_path), "pyproject.toml", {"EXECUTOR": "threads"}, ""
    )


@pytest.mark.parametrize(
    "content",
    [
        '[project]\nname = "x"\n',
        '[project]\ndependencies = ["gluepy-core"]\n',
        'tool = "gluepy"\n',
        "this is = no [ TOML, and none of ours",
    ],
)
def test_pyproject_of_others_marks_no_project(tmp_path: Path, content: str) -> None:
    tmp_path.joinpath("pyproject.toml").write_text(content)

    assert find_project(str(tmp_path)) is None


def test_manage_py_that_mentions_gluepy_marks_a_project(tmp_path: Path) -> None:
    tmp_path.joinpath("manage.py").write_text("from gluepy.commands import cli\ncli()\n")

    assert find_project(str(tmp_path)) == Project(str(tmp_path), "manage.py", {}, "")


def test_manage_py_of_others_marks_no_project(tmp_path: Path) -> None:
    tmp_path.joinpath("manage.py").write_text("import django\nthis is not even Python")

    assert find_project(str(tmp_path)) is None


@pytest.mark.parametrize(
    "line",
    [
        'os.environ.setdefault("GLUEPY_SETTINGS_MODULE", "configs.settings")',
        'os.environ["GLUEPY_SETTINGS_MODULE"] = "configs.settings"',
        'if True:\n    os.environ.setdefault("GLUEPY_SETTINGS_MODULE", "configs.settings")',
    ],
)
def test_manage_py_names_the_settings_module(tmp_path: Path, line: str) -> None:
    tmp_path.joinpath("manage.py").write_text(f"import os\nimport gluepy\n{line}\n")

    project = find_project(str(tmp_path))

    assert project is not None
    assert project.settings_module == "configs.settings"


@pytest.mark.parametrize(
    "line",
    [
        'os.environ.setdefault("OTHER", "configs.settings")',
        'os.environ.setdefault("GLUEPY_SETTINGS_MODULE", name)',
        'os.environ["GLUEPY_SETTINGS_MODULE"] = 5',
        'os.environ.pop("GLUEPY_SETTINGS_MODULE", "configs.settings")',
    ],
)
def test_manage_py_may_name_no_settings_module(tmp_path: Path, line: str) -> None:
    tmp_path.joinpath("manage.py").write_text(f"import os\nimport gluepy\n{line}\n")

    project = find_project(str(tmp_path))

    assert project is not None
    assert project.settings_module == ""


def test_nearest_folder_wins(tmp_path: Path) -> None:
    tmp_path.joinpath("gluepy.toml").touch()
    inner = tmp_path / "inner"
    inner.mkdir()
    inner.joinpath("manage.py").write_text("import gluepy\n")
    deep = inner / "a" / "b"
    deep.mkdir(parents=True)

    project = find_project(str(deep))

    assert project is not None
    assert (project.root, project.marker) == (str(inner), "manage.py")


def test_in_one_folder_gluepy_toml_comes_first_then_pyproject(tmp_path: Path) -> None:
    tmp_path.joinpath("manage.py").write_text("import gluepy\n")
    tmp_path.joinpath("pyproject.toml").write_text("[tool.gluepy]\n")

    without = find_project(str(tmp_path))
    tmp_path.joinpath("gluepy.toml").touch()
    with_it = find_project(str(tmp_path))

    assert without is not None
    assert with_it is not None
    assert (without.marker, with_it.marker) == ("pyproject.toml", "gluepy.toml")


def test_relative_start_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.joinpath("gluepy.toml").touch()
    monkeypatch.chdir(tmp_path)

    project = find_project(".")

    assert project is not None
    assert project.root == str(tmp_path)


@pytest.mark.parametrize("key", ["settings_module", "settings-module", "SETTINGS_MODULE"])
def test_table_names_the_settings_module(tmp_path: Path, key: str) -> None:
    tmp_path.joinpath("gluepy.toml").write_text(f'{key} = "configs.settings"\n')

    project = find_project(str(tmp_path))

    assert project is not None
    assert project.settings_module == "configs.settings"


def test_byte_order_mark_is_no_part_of_the_table(tmp_path: Path) -> None:
    tmp_path.joinpath("gluepy.toml").write_text('executor = "serial"', encoding="utf-8-sig")

    project = find_project(str(tmp_path))

    assert project is not None
    assert project.table == {"executor": "serial"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gluepy.toml", b"a = = 1", "is not valid TOML: Invalid value (at line 1, column 5)"),
        ("gluepy.toml", b"a = '\xff'", "is not UTF-8 (byte 5)"),
        ("gluepy.toml", b"settings_module = 5", "settings_module is 5, not text"),
        (
            "pyproject.toml",
            b"[tool.gluepy]\na = = 1",
            "is not valid TOML: Invalid value (at line 2, column 5)",
        ),
        ("pyproject.toml", b"tool.gluepy = 5", "tool.gluepy is 5, not a table"),
        (
            "manage.py",
            b"import gluepy\ndef",
            "is not valid Python: invalid syntax (line 2)",
        ),
        (
            "manage.py",
            b"import gluepy\nx = " + b"-" * 100_000 + b"1",
            "is not valid Python: it is nested too deep",
        ),
        (
            "manage.py",
            b"import gluepy\n,\x80",
            "is not valid Python: 'utf-8' codec can't decode byte 0x80 in position 0: "
            "invalid start byte",
        ),
    ],
)
def test_damaged_project_file_is_an_error_that_names_it(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        find_project(str(tmp_path))

    assert caught.value.where == str(path)
    assert caught.value.reason == reason


# Its content cannot be read, not even by root.
UNREADABLE = "/proc/self/mem"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that nobody can read")
def test_unreadable_gluepy_toml_is_an_error(tmp_path: Path) -> None:
    tmp_path.joinpath("gluepy.toml").symlink_to(UNREADABLE)

    with pytest.raises(SettingsError, match=r"gluepy\.toml: cannot be read: Input/output error$"):
        find_project(str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that nobody can read")
@pytest.mark.parametrize("name", ["pyproject.toml", "manage.py"])
def test_unreadable_files_of_others_mark_no_project(tmp_path: Path, name: str) -> None:
    tmp_path.joinpath(name).symlink_to(UNREADABLE)

    assert find_project(str(tmp_path)) is None


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_manage_py_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    folder.joinpath("manage.py").write_bytes(b"import gluepy\n" + raw)

    found = what_is_found(folder)

    if isinstance(found, SettingsError):
        assert found.reason.startswith("is not valid Python: ")
    else:
        assert found == Project(str(folder), "manage.py", {}, "")


def what_is_found(folder: Path) -> Project | SettingsError | None:
    try:
        return find_project(str(folder))
    except SettingsError as error:
        return error
