"""What ``%load_ext gluepy`` adds to IPython and Jupyter: the magic ``%gluepy``."""

from __future__ import annotations

import shlex
from typing import Any

__all__ = ["load_ipython_extension", "run_command", "unload_ipython_extension"]

_MAGIC = "gluepy"


def load_ipython_extension(shell: Any) -> None:
    """Add the magic ``%gluepy`` to a shell of IPython; ``%load_ext gluepy`` calls this."""
    shell.register_magic_function(run_command, magic_kind="line", magic_name=_MAGIC)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magic away; IPython calls this for ``%unload_ext gluepy``."""
    shell.magics_manager.magics["line"].pop(_MAGIC, None)


def run_command(line: str) -> int:
    """Run a command of Gluepy in this process: ``%gluepy dag training``.

    Whatever it prints is shown by the cell, errors too; the kernel goes on.

    Args:
        line: What stands after ``gluepy`` on a command line.

    Returns:
        The exit code that the command line would have.
    """
    from gluepy.app import set_app
    from gluepy.commands import cli
    from gluepy.commands._output import print_error
    from gluepy.exceptions import CommandError
    from gluepy.running import get_session_app

    try:
        words = shlex.split(line)
    except ValueError as error:
        problem = CommandError(f"%gluepy {line}: {error}", hint="Close the quotes.")
        print_error(problem)
        return problem.exit_code
    app = get_session_app()
    try:
        cli.main(words, prog_name="gluepy")
    except SystemExit as end:  # as every command ends
        code = end.code
    finally:
        set_app(app)  # the options of one command are no matter of the next cell
    return code if isinstance(code, int) else 0
