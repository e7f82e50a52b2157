from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest

from gluepy.commands._scaffold import (
    check_sources,
    create_folder,
    render,
    replace_file,
    report,
)
from gluepy.exceptions import TargetExistsError, TargetWriteError


def test_template_is_filled_in() -> None:
    assert "  name: shop\n" in render("project/default.yaml", name="shop")


def test_template_needs_all_its_names() -> None:
    with pytest.raises(KeyError, match="name"):
        render("project/default.yaml")


def test_broken_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        check_sources({"a.py": "def"})


def test_broken_toml_is_refused() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        check_sources({"a.toml": "a ="})


def test_folder_is_created_with_all_files(tmp_path: Path) -> None:
    create_folder(str(tmp_path / "new"), {"a.py": "x = 1\n", "b/c.txt": "ä\n"})

    assert (tmp_path / "new" / "a.py").read_bytes() == b"x = 1\n"
    assert (tmp_path / "new" / "b" / "c.txt").read_text("utf-8") == "ä\n"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_folder_has_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.mkdir()

    create_folder(str(tmp_path / "new"), {"a": ""})

    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_nothing_is_overwritten(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "new"
    if kind == "folder":
        target.mkdir()
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to("nowhere")

    with pytest.raises(TargetExistsError) as caught:
        create_folder(str(target), {"a": ""})

    assert str(caught.value) == f"{str(target)!r} is there already and nothing was changed"
    assert list(tmp_path.iterdir()) == [target]


def test_folder_that_cannot_be_filled_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TargetWriteError) as caught:
        create_folder(str(tmp_path / "new"), {"a": "", "a/b": ""})

    assert str(caught.value).startswith(f"cannot write {str(tmp_path / 'new')!r}: ")
    assert caught.value.hint == "Check its permissions and the free space."
    assert list(tmp_path.iterdir()) == []


def test_folder_in_a_place_that_is_none_is_an_error(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")

    with pytest.raises(TargetWriteError, match="Not a directory"):
        create_folder(str(tmp_path / "file" / "new"), {"a": ""})


def test_file_is_replaced_with_its_permissions_and_links(tmp_path: Path) -> None:
    real = tmp_path / "real.py"
    real.write_text("old")
    real.chmod(0o640)
    link = tmp_path / "link.py"
    link.symlink_to(real)

    replace_file(str(link), b"new")

    assert link.is_symlink()
    assert real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.py", "real.py"]


@pytest.mark.parametrize("name", ["folder", "folder/missing/file"])
def test_file_that_cannot_be_replaced_leaves_nothing(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath("folder").mkdir()

    with pytest.raises(TargetWriteError):
        replace_file(str(tmp_path / name), b"new")

    assert sorted(tmp_path.rglob("*")) == [tmp_path / "folder"]


def test_report_tells_what_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    report("new", {"a": "", "b": ""}, then="cd new", dry_run=False)

    assert capsys.readouterr() == ("Created new/ (2 files): a, b\n", "Next:  cd new\n")


def test_report_of_a_dry_run_is_in_the_conditional(capsys: pytest.CaptureFixture[str]) -> None:
    report("new", {"a": ""}, then="cd new", dry_run=True)

    assert capsys.readouterr() == ("Would create new/ (1 file): a\n", "")
