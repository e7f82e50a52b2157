"""``--pdb``: a debugger in the frame in which a task has failed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from gluepy import SkipTask, TaskInfo, hookimpl
from gluepy.commands._output import note
from gluepy.engine.output import unrecorded
from gluepy.exceptions import DebuggerError, WrapperError
from gluepy.utils.errors import reason_of
from gluepy.utils.text import escape

__all__ = ["Debugger", "need_terminal"]


class Debugger:
    """Lets a person look into a task that has failed, before anything else happens.

    Args:
        alone: Makes what keeps others off the terminal meanwhile.
    """

    #: Name and source, as `Hooks.add` takes them.
    identity = ("debugger", "gluepy-core")

    def __init__(self, alone: Callable[[], AbstractContextManager[None]]) -> None:
        self._alone = alone

    @hookimpl(wrapper=True, tryfirst=True)
    def around_task(self, task: TaskInfo) -> Iterator[None]:
        """Start the debugger where the task has failed; quitting it lets the run go on."""
        try:
            yield
        except (SkipTask, KeyboardInterrupt):
            raise
        except BaseException as error:
            with self._alone(), unrecorded():
                self._debug(task, error)
            raise

    @staticmethod
    def _debug(task: TaskInfo, error: BaseException) -> None:
        import pdb  # noqa: T100 - that is what the user has asked for

        cause = error.__cause__
        if isinstance(error, WrapperError) and cause is not None:
            error = cause
        note(f"Task {escape(repr(task.label))} failed: {escape(reason_of(error))}")
        note("The debugger is where it failed; 'q' lets the run go on.")
        pdb.post_mortem(error.__traceback__)


def need_terminal() -> None:
    """Refuse to debug where nobody can type.

    Raises:
        DebuggerError: If a standard stream is no terminal.
    """
    for stream in (sys.stdin, sys.stdout):
        if stream is None or not stream.isatty():
            raise DebuggerError
