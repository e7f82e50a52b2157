"""One run, found by whatever a person calls it by, and read as it stands now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from gluepy.app import get_app
from gluepy.exceptions import RunRecordError, UnknownStepError
from gluepy.exec.partitions import split_label

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.state import RunState

__all__ = ["OURS", "FoundRun", "find_run", "get_storage", "split_plugin", "steps_named"]

#: What hook plugins belong to that are no plugins to a person, such as the display of a run.
OURS = "gluepy-core"


class FoundRun(NamedTuple):
    """A run that is there.

    Attributes:
        storage: Where it lies.
        folder: The run folder.
        state: What its record says; of a process that died, that it did.
        is_live: Whether a process works there.
    """

    storage: BaseStorage
    folder: str
    state: RunState
    is_live: bool


def get_storage() -> BaseStorage:
    """Return the storage of the project."""
    from gluepy.files.storages import default_storage

    get_app().settings  # noqa: B018 - default_storage reads them
    return default_storage


def find_run(run: str) -> FoundRun:
    """Return the run that a reference means.

    Args:
        run: Its id or the beginning of it, its folder, ``@last``, ``@last-failed`` or ``@-2``.

    Raises:
        CommandError: If there is no such run, or several are meant.
        RunRecordError: If nothing is recorded of it, or its record cannot be read.
    """
    from gluepy.runs.folder import get_run_folder, load_metrics_file
    from gluepy.runs.reading import read_run

    storage = get_storage()
    folder = get_run_folder(storage, run, option="RUN")
    state, is_live = read_run(storage, folder)
    if not state.sessions:
        raise RunRecordError(
            storage.location(folder),
            "nothing is recorded of this run",
            hint="Only its files are there: a Gluepy before 0.1 has made it.",
        )
    state.folder = folder  # it may have been moved since
    state.metrics = {**load_metrics_file(storage, folder, state), **state.metrics}
    return FoundRun(storage, folder, state, is_live)


def split_plugin(text: str) -> tuple[str, str]:
    """Return ``("jsonlog", "gluepy-logging 0.1.0")`` for ``jsonlog (gluepy-logging 0.1.0)``."""
    found = re.fullmatch(r"(\S+) \((.*)\)", text)
    return (found[1], found[2]) if found else (text, "")


def steps_named(state: RunState, name: str) -> list[str]:
    """Return the labels of the steps that a label means: of one step, or of a task with partitions.

    Args:
        state: The run.
        name: The label; empty for all steps.

    Raises:
        UnknownStepError: If the run has no such step.
    """
    labels = [label for label in state.steps if name in {"", label, split_label(label)[0]}]
    if name and not labels:
        known = list(dict.fromkeys(split_label(label)[0] for label in state.steps))
        raise UnknownStepError("TASK", name, state.dag or "(single tasks)", known)
    return labels
