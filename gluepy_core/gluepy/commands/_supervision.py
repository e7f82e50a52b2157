"""What the supervising parent of a run records and says when the process that ran it has died."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from gluepy import RunInfo, hookimpl
from gluepy.commands._output import note, print_error, warn, wipe_line
from gluepy.exceptions import CoordinatorLostError, GluepyError

if TYPE_CHECKING:
    from gluepy.engine.supervisor import Death, Link

__all__ = ["LinkPlugin", "mourn"]

_OURS = "gluepy-core"


class LinkPlugin:
    """Tells the supervising parent which runs begin, so that it can record their end.

    Args:
        link: To the parent.
    """

    #: Name and source, as `Hooks.add` takes them.
    identity = ("supervision", _OURS)

    def __init__(self, link: Link) -> None:
        self._link = link

    @hookimpl(tryfirst=True)
    def before_dag(self, run: RunInfo) -> None:
        """Tell where the run lies."""
        self._link.announce(run.folder)


def mourn(death: Death) -> int:
    """Record the end of the runs of a process that has died, and say what has happened.

    Returns:
        The exit code: 0 if all runs had succeeded, and that is on record.
    """
    wipe_line()
    number = _signal_of(death)
    asked = 128 + number if number else 0
    end = _end_of(death.exit_code)
    if not death.runs:
        if asked:
            note("Interrupted.")
            return asked
        print_error(CoordinatorLostError(end, ()))
        return CoordinatorLostError.exit_code
    try:
        lost, has_succeeded = _record(death, end, is_asked=bool(asked))
    except GluepyError as error:
        print_error(error)
        return error.exit_code
    if has_succeeded:
        warn(f"the process that ran the tasks {end}, when all was done and recorded")
        return 0
    if asked:
        note(f"Interrupted during: {', '.join(lost)}" if lost else "Interrupted.")
        return asked
    print_error(CoordinatorLostError(end, lost))
    return 1


def _signal_of(death: Death) -> int:
    """Return the signal that asked the process to stop; 0 if none did.

    The terminal sends Ctrl-C to it alone. The first is heeded, and the second kills.
    """
    from gluepy.engine.signals import SIGNALS

    return death.signal or (-death.exit_code if -death.exit_code in SIGNALS else 0)


def _record(death: Death, end: str, *, is_asked: bool) -> tuple[tuple[str, ...], bool]:
    """Record the end of each run.

    Returns:
        The labels of steps that were going on, and whether all runs had succeeded.
    """
    from gluepy.app import get_app
    from gluepy.files.storages import default_storage
    from gluepy.runs.journal import load_state
    from gluepy.runs.record import record_death

    get_app().settings  # noqa: B018 - default_storage reads them
    lost: list[str] = []
    for folder in reversed(death.runs):
        lost += record_death(
            default_storage,
            folder,
            outcome="interrupted" if is_asked else "lost",
            reason=f"its process {end}",
            pid=death.pid,
        )
    statuses = {load_state(default_storage, folder).status for folder in death.runs}
    return tuple(lost), statuses == {"succeeded"}


def _end_of(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was killed by signal {-exit_code}"
