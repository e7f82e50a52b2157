"""What travels between the coordinator and those that carry steps out: frozen and picklable.

An `Assignment` goes to a worker, a `Reply` comes back, and nothing else is shared. An assignment
has two parts. What is the same for all steps of a run is pickled once, and each worker unpickles it
once; what differs is a `TaskInfo`. With a few parameters and the default settings, both together
have about 2,000 bytes; a reply of a step that succeeded has about 250.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from gluepy.exec.records import HookCost, RunInfo, TaskInfo, TaskOutcome

if TYPE_CHECKING:
    from gluepy.conf.context import Context
    from gluepy.conf.settings import Settings
    from gluepy.plugin.manager import Hooks

__all__ = ["Assignment", "Home", "Logged", "LoggedKind", "Reply", "WorkerSetup"]

#: What a task can log.
LoggedKind = Literal["metric", "param", "artifact", "input"]


class Home(Protocol):
    """Makes another process as the coordinating one: the composition root knows how."""

    def move_in(self, settings: Settings) -> Hooks:
        """Set registries and settings up in this process, and return the hooks of its plugins.

        Args:
            settings: Of the coordinating process.

        Raises:
            GluepyError: If something that the run needs is not there.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What all steps of a run need, wherever they run.

    Attributes:
        run: The run, without the labels of its steps.
        context: Its parameters, secrets included: they are sent, and never stored.
        settings: Those of the coordinating process.
        project: The root folder of the project; empty where there is none.
        home: Sets another process up.
        wrappers: The plugins that surround the tasks, as ``who`` names them; each must be there.
    """

    run: RunInfo
    context: Context
    settings: Settings
    home: Home
    project: str = ""
    wrappers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt at one step, for whoever carries it out.

    Attributes:
        key: Of the run in this coordinating process: two runs never have the same.
        setup: A pickled `WorkerSetup`.
        task: The attempt.
    """

    key: str
    setup: bytes
    task: TaskInfo


@dataclass(frozen=True, slots=True)
class Logged:
    """Something that a task logged.

    Attributes:
        kind: What it is.
        name: Of the metric, parameter or file; of the use of an input.
        value: A number, a value, a path, or the description of a table.
        at: When, in UTC.
        original: The arguments of the call, for the tracking backend, where the task runs in the
            coordinating process; they never travel.
    """

    kind: LoggedKind
    name: str
    value: object
    at: datetime
    original: tuple[object, ...] = ()

    @property
    def arguments(self) -> tuple[object, ...]:
        """The arguments for the method of a tracking backend, as far as they are known."""
        if self.original:
            return self.original
        by_kind: dict[LoggedKind, tuple[object, ...]] = {
            "metric": (self.name, self.value, self.at),
            "param": (self.name, self.value),
            "artifact": (self.value, self.name),
            "input": (self.value, self.name),
        }
        return by_kind[self.kind]


@dataclass(frozen=True, slots=True)
class Reply:
    """How an attempt ended, what it logged that is not known yet, and what hooks cost meanwhile."""

    outcome: TaskOutcome
    logged: tuple[Logged, ...] = ()
    costs: tuple[HookCost, ...] = ()
