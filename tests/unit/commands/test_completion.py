from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gluepy.commands.completion import command, install_path
from gluepy.exceptions import TargetExistsError, TargetWriteError

Invoke = Callable[..., Result]

SHELLS = ["bash", "zsh", "fish", "powershell"]


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize("shell", SHELLS)
def test_script_completes_gluepy_and_evaluates_nothing_at_start(shell: str, invoke: Invoke) -> None:
    script = invoke(command, shell).stdout

    assert f"_GLUEPY_COMPLETE={shell}_complete" in re.sub(
        "( = '| )(?=[a-z]+_complete)", "=", script
    )
    assert "eval" not in script.replace("zsh_eval_context", "").replace("eval/source", "")
    assert script.endswith("\n")
    assert not script.endswith("\n\n")


def test_bash_script_is_valid_bash(invoke: Invoke) -> None:
    script = invoke(command, "bash").stdout

    done = subprocess.run(["bash", "-n"], input=script, text=True, check=False)

    assert done.returncode == 0


@pytest.mark.parametrize(
    ("shell", "path", "hint"),
    [
        ("bash", ".local/share/bash-completion/completions/gluepy", "bash-completion is installed"),
        ("zsh", ".local/share/zsh/site-functions/_gluepy", "fpath+=('{folder}')"),
        ("fish", ".config/fish/completions/gluepy.fish", "New shells complete 'gluepy'."),
        ("powershell", ".config/powershell/gluepy-completion.ps1", "$PROFILE:  . '{path}'"),
    ],
)
def test_install_writes_the_script_where_the_shell_looks(
    shell: str, path: str, hint: str, home: Path, invoke: Invoke
) -> None:
    printed = invoke(command, shell).stdout

    result = invoke(command, shell, "--install")

    assert result.stdout == f"{home / path}\n"
    assert hint.format(path=home / path, folder=(home / path).parent) in result.stderr
    assert (home / path).read_text() == printed


@pytest.mark.parametrize("shell", SHELLS)
def test_install_twice_is_the_same_as_once(shell: str, home: Path, invoke: Invoke) -> None:
    first = invoke(command, shell, "--install")
    second = invoke(command, shell, "--install")

    assert first.output == second.output
    assert len([path for path in home.rglob("*") if path.is_file()]) == 1


def test_install_keeps_a_file_of_someone_else(home: Path, invoke: Invoke) -> None:
    path = home / ".config" / "fish" / "completions" / "gluepy.fish"
    path.parent.mkdir(parents=True)
    path.write_text("mine")

    with pytest.raises(TargetExistsError):
        invoke(command, "fish", "--install")

    assert path.read_text() == "mine"


def test_install_where_nobody_can_write_is_an_error(home: Path, invoke: Invoke) -> None:
    home.joinpath(".config").write_text("a file")

    with pytest.raises(TargetWriteError) as caught:
        invoke(command, "fish", "--install")

    assert "gluepy.fish" in str(caught.value)


def test_install_path_follows_the_folders_that_the_user_chose() -> None:
    environ = {"XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c", "BASH_COMPLETION_USER_DIR": "/b"}

    paths = [install_path(shell, environ) for shell in SHELLS]

    assert paths == [
        "/b/completions/gluepy",
        "/d/zsh/site-functions/_gluepy",
        "/c/fish/completions/gluepy.fish",
        "/c/powershell/gluepy-completion.ps1",
    ]


def test_install_path_without_home_is_that_of_the_account() -> None:
    assert install_path("fish", {}).startswith(os.path.expanduser("~"))
