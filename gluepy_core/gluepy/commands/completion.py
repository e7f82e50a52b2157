"""``gluepy completion``: the script that makes a shell complete commands and labels."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from gluepy.commands._output import note, print_result
from gluepy.exceptions import TargetExistsError, TargetWriteError

__all__ = ["command", "install_path", "render_script"]

_PROGRAM = "gluepy"
_VARIABLE = "_GLUEPY_COMPLETE"

#: The shells, and what is left to do once their script is written.
_AFTERWARDS = {
    "bash": "New shells complete 'gluepy', if the package bash-completion is installed.",
    "fish": "New shells complete 'gluepy'.",
    "powershell": "Add this line to $PROFILE:  . '{path}'",
    "zsh": "If it is not there yet, put this before compinit in .zshrc:  fpath+=('{folder}')",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_AFTERWARDS)))
@click.option("--install", is_flag=True, help="Write it where the shell looks for it.")
@click.pass_context
def command(ctx: click.Context, *, shell: str, install: bool) -> None:
    """Print the completion script for SHELL, or install it.

    The script is written once: nothing runs when a shell starts, and completing imports no plugin.
    """
    script = render_script(shell, ctx.find_root().command)
    if not install:
        print_result(script.rstrip("\n"))
        return
    path = install_path(shell, os.environ)
    _write_once(path, script)
    print_result(path)
    note(_AFTERWARDS[shell].format(path=path, folder=os.path.dirname(path)))


def render_script(shell: str, cli: click.Command) -> str:
    """Return the completion script for a shell, one of those in `SHELLS`."""
    from gluepy.commands._shells import SHELLS

    return SHELLS[shell](cli, {}, _PROGRAM, _VARIABLE).source()


def install_path(shell: str, environ: Mapping[str, str]) -> str:
    """Return the file in which a shell looks for the completion of ``gluepy``.

    Source:
        XDG Base Directory Specification; the manuals of bash-completion, zsh and fish.
    """
    home = environ.get("HOME") or os.path.expanduser("~")
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    bash = environ.get("BASH_COMPLETION_USER_DIR") or os.path.join(data, "bash-completion")
    parts = {
        "bash": (bash, "completions", _PROGRAM),
        "fish": (config, "fish", "completions", f"{_PROGRAM}.fish"),
        "powershell": (config, "powershell", f"{_PROGRAM}-completion.ps1"),
        "zsh": (data, "zsh", "site-functions", f"_{_PROGRAM}"),
    }
    return os.path.join(*parts[shell])


def _write_once(path: str, script: str) -> None:
    """Write a script; an older one of ours is replaced, a file of someone else's is not.

    Raises:
        TargetExistsError: If another program's file is there.
        TargetWriteError: If it cannot be written.
    """
    try:
        if os.path.lexists(path) and not _is_ours(path):
            raise TargetExistsError(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(script)
    except OSError as error:
        raise TargetWriteError(path, error.strerror or str(error)) from error


def _is_ours(path: str) -> bool:
    with open(path, encoding="utf-8", errors="replace") as file:
        return _VARIABLE in file.read()
