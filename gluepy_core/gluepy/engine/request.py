"""What a run is asked for and told, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gluepy.engine.messages import Home
from gluepy.exec.plan import Selection, split_label
from gluepy.exec.policy import StepPolicy
from gluepy.exec.records import RunInfo, RunReport, SettingsInfo

if TYPE_CHECKING:
    from gluepy.conf.settings import Settings
    from gluepy.engine.executors import Factory
    from gluepy.plugin.manager import Hooks

__all__ = ["RunRequest", "RunResult", "Surroundings", "describe_settings"]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What the user wants of a run.

    Attributes:
        selection: Which steps.
        retry: Folder or id of a run to work in again; empty for a new run.
        resume: Leave out what has succeeded; in the run that ``retry`` names, else in the last
            unfinished run of the DAG.
        folder: Folder to work in, made if it is missing; empty for one named after the run.
        patches: Files of parameters in the storage.
        local_patches: Files of parameters on this machine.
        overrides: Single parameters, nested as in the files.
        compare: Folders or ids of runs to compare the metrics with.
        executor: What carries the steps out; empty for what the settings say.
        workers: How many steps at once; None for what the settings say.
        keep_going: After a failure, run all that does not depend on it.
        retries: How often a step is tried again; None for what task and settings say.
        retry_delay_s: Longest wait before the first retry; None likewise.
        timeout_s: Longest time of one attempt; None likewise.
        is_debugged: A debugger looks into tasks that fail, so all must run in this thread.
    """

    selection: Selection = field(default_factory=Selection)
    retry: str = ""
    resume: bool = False
    folder: str = ""
    patches: tuple[str, ...] = ()
    local_patches: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    compare: tuple[str, ...] = ()
    executor: str = ""
    workers: int | None = None
    keep_going: bool = False
    retries: int | None = None
    retry_delay_s: float | None = None
    timeout_s: float | None = None
    is_debugged: bool = False


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a run is told by those who start it.

    Attributes:
        settings: Of the project.
        project: The root folder of the project; empty where there is none.
        hooks: Are told of everything.
        home: Sets worker processes up.
        find_factory: Gives the factory of an executor by its name.
        policies: How each task of the plan is carried out.
        sources: Where the DAG came from.
        sources_of: Says where a task came from.
        distributions: Name and version of every distribution involved.
        command: The words after ``gluepy`` that ask for it, secrets masked; none where a program
            does.
    """

    settings: Settings
    hooks: Hooks
    home: Home
    find_factory: Callable[[str], Factory]
    policies: Sequence[StepPolicy]
    project: str = ""
    sources: tuple[str, ...] = ()
    sources_of: Callable[[type], tuple[str, ...]] = lambda _: ()
    distributions: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()

    @property
    def settings_info(self) -> SettingsInfo:
        """The settings as plugins see them."""
        return describe_settings(self.settings, self.project)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A run that has ended.

    Attributes:
        run: The run.
        report: How it ended.
        metrics: All metrics of its folder, also those of earlier runs in it.
        compared: The metrics of the runs to compare with, by folder.
        evaluations: Labels of the evaluation tasks of this run.
    """

    run: RunInfo
    report: RunReport
    metrics: Mapping[str, float]
    compared: Mapping[str, Mapping[str, float]]
    evaluations: tuple[str, ...] = ()

    @property
    def has_evaluated(self) -> bool:
        """Whether an evaluation task has run."""
        ran = {split_label(label)[0] for label in self.report.outcomes()}
        return not ran.isdisjoint(self.evaluations)


def describe_settings(settings: Settings, project: str) -> SettingsInfo:
    """Return settings as plugins see them: secrets masked, and with the root of the project."""
    return SettingsInfo(tuple(sorted(settings.masked().items())), project=project)
