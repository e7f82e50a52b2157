"""All hooks, in the order in which a run calls them.

There are two kinds, and that is the whole rule. **Observers** are told what happens; they run once,
in the coordinating process, whatever carries the tasks out. An observer that raises loses its own
observation: the error is logged with plugin, distribution, version and hook, the other observers
are called, and the result of the run stands. **Wrappers** run around a task, where the task runs;
what a wrapper raises fails or skips that task.

An implementation takes the arguments that it needs, by name, and leaves out the others.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pluggy

from gluepy.exec.records import (
    CommandInfo,
    RunInfo,
    RunReport,
    SettingsInfo,
    TaskInfo,
    TaskOutcome,
    WorkerInfo,
)

if TYPE_CHECKING:
    import click

__all__ = ["PROJECT_NAME", "WRAPPERS", "hookimpl"]

PROJECT_NAME = "gluepy"

#: Marks a function or method as the implementation of the hook that it is named after.
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)

_hookspec = pluggy.HookspecMarker(PROJECT_NAME)

#: The hooks that are wrappers; all others are observers.
WRAPPERS = frozenset({"around_task"})


@_hookspec
def configure(settings: SettingsInfo) -> None:
    """Read your settings and get ready.

    Observer. Called once per process that uses hooks, in the coordinating process, after the
    settings are read and before any other hook. Return values are ignored.

    Args:
        settings: All settings, with those that only your plugin knows; secrets are masked.
    """


@_hookspec
def register_commands(cli: click.Group) -> None:
    """Add commands to the ``gluepy`` command line.

    Observer. Called in the coordinating process: for the project's own plugins (setting ``HOOKS``)
    whenever the command line is built; for plugins of distributions only when the user asks for a
    command that is not known otherwise. A distribution's commands are better declared as entry
    points of the group ``gluepy.commands``, which ``gluepy --help`` lists without importing them.
    A name that is taken is refused, with a warning: nothing replaces another silently.

    Args:
        cli: The click group to add commands to.
    """


@_hookspec
def before_command(command: CommandInfo) -> None:
    """Note that a command that runs something begins.

    Observer. Called once, in the coordinating process, for ``dag``, ``task`` and the commands of
    plugins; not for those that only list.

    Args:
        command: Its name and arguments.
    """


@_hookspec
def before_dag(run: RunInfo) -> None:
    """Note that a run begins.

    Observer. Called once per run, in the coordinating process, after the run folder is made and
    before the first task.

    Args:
        run: The run.
    """


@_hookspec
def worker_started(worker: WorkerInfo) -> None:
    """Set up what tasks and wrappers need in a process: connections, logging, random numbers.

    Observer. Called once in each process that carries steps out, before its first step: in the
    coordinating process too, where an executor (``serial``, ``threads``) runs the steps there.

    Args:
        worker: The process, with the settings: `configure` is called in the coordinating process
            only.
    """


@_hookspec
def before_task(task: TaskInfo, run: RunInfo) -> None:
    """Note that an attempt at a task begins.

    Observer. Called once per attempt, in the coordinating process, when the step is given to the
    executor. A step that failed and is tried again is a new attempt.

    Args:
        task: The attempt.
        run: The run that it belongs to.
    """


@_hookspec
def around_task(task: TaskInfo, run: RunInfo) -> Generator[None, None, None]:
    """Surround ``Task.run()``: open contexts, spans or transactions, or veto the task.

    Wrapper. Write it with ``@hookimpl(wrapper=True)`` as a generator with one ``yield``; the task
    runs there, and what it raises is raised there. Called once per attempt, in the process and the
    thread in which the task runs. ``raise SkipTask("reason")`` before the ``yield`` skips the task;
    any other exception fails it, and the error names the plugin. To end normally after the task
    has raised is to handle its error: the task has then succeeded.

    Args:
        task: The attempt.
        run: The run that it belongs to; its ``steps`` and ``done`` are empty here, so that what
            travels to a worker stays small.
    """
    yield


@_hookspec
def on_metric(run: RunInfo, task: TaskInfo | None, name: str, value: float) -> None:
    """Note that a metric was logged.

    Observer. Called in the coordinating process for every call of ``default_mlops.log_metric``: at
    once where the task runs in this process, and before `after_task` where it runs in another.

    Args:
        run: The run.
        task: The attempt that logged it; None when it was logged outside a task.
        name: Of the metric.
        value: A plain float; it may be NaN or infinite.
    """


@_hookspec
def after_task(task: TaskInfo, run: RunInfo, outcome: TaskOutcome) -> None:
    """Note how an attempt at a task ended.

    Observer. Called exactly once per attempt, in the coordinating process, after the task's outputs
    are stored, whatever happened: also when it failed, was skipped or interrupted.

    Args:
        task: The attempt, as `before_task` got it.
        run: The run that it belongs to.
        outcome: How it ended, and how long it took.
    """


@_hookspec
def worker_stopped(worker: WorkerInfo) -> None:
    """Tear down what `worker_started` set up.

    Observer. Called once in each process for which `worker_started` was called, after its last
    step; not in one that is killed.

    Args:
        worker: As `worker_started` got it.
    """


@_hookspec
def after_dag(run: RunInfo, report: RunReport) -> None:
    """Note how a run ended.

    Observer. Called exactly once per run, in the coordinating process, also after a failure and
    after an interrupt.

    Args:
        run: The run, as `before_dag` got it.
        report: How it ended, with the outcome of every step and all metrics.
    """


@_hookspec
def after_command(command: CommandInfo, exit_code: int) -> None:
    """Note that a command that runs something ends.

    Observer. Called once, in the coordinating process, whatever happened.

    Args:
        command: As `before_command` got it.
        exit_code: What the process exits with.
    """
