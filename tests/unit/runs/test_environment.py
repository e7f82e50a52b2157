from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gluepy.runs.environment import find_git, find_user


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    return folder


def commit(repository: Path) -> str:
    repository.joinpath("file").write_text("a")
    git(repository, "add", "file")
    git(repository, "commit", "--quiet", "-m", "x")
    return git(repository, "rev-parse", "HEAD")


def test_commit_and_whether_files_differ_from_it_are_told(repository: Path) -> None:
    head = commit(repository)
    below = repository / "below"
    below.mkdir()
    below.joinpath("untracked").touch()

    assert find_git(str(below)) == {"commit": head, "dirty": False}
    repository.joinpath("file").write_text("b")
    assert find_git(str(below)) == {"commit": head, "dirty": True}


def test_current_folder_is_the_default(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = commit(repository)
    monkeypatch.chdir(repository)

    assert find_git() == {"commit": head, "dirty": False}


def test_repository_without_a_commit_has_none(repository: Path) -> None:
    assert find_git(str(repository)) is None


def test_folder_outside_of_git_has_none(tmp_path: Path) -> None:
    assert find_git(str(tmp_path)) is None


def test_repository_that_git_refuses_has_none(tmp_path: Path) -> None:
    tmp_path.joinpath(".git").write_text("garbage")

    assert find_git(str(tmp_path)) is None


def test_missing_git_is_no_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert find_git(str(repository)) is None


def test_git_that_hangs_is_not_waited_for(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    assert find_git(str(repository)) is None


def test_removed_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert find_git() is None


def test_user_is_that_of_the_process(tmp_path: Path) -> None:
    assert find_user() == tmp_path.owner()


def test_process_whose_user_has_no_name_is_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 2_000_000_001)

    assert find_user() == ""
