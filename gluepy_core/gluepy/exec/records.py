"""What is known of a run, a task and how it ended: the plain data that layers and hooks exchange.

All are frozen and picklable, because a task may run in another process or on another machine, and
because a plugin may keep them. Moments are timezone-aware, in UTC; durations are seconds of a
monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

__all__ = [
    "CommandInfo",
    "ExecutorRequest",
    "Frame",
    "HookCost",
    "Outcome",
    "RunInfo",
    "RunReport",
    "RunStatus",
    "SettingsInfo",
    "StepReport",
    "TaskInfo",
    "TaskOutcome",
    "WorkerInfo",
]

#: How one attempt at a step ended.
Outcome = Literal["succeeded", "failed", "timed-out", "interrupted", "lost", "skipped"]

#: How a run ended.
RunStatus = Literal["succeeded", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a traceback.

    Attributes:
        file: Path of the source file.
        line: Line number, from 1.
        function: Name of the function.
        code: The source line, stripped; empty where there is none.
        marker: ``^`` and ``~`` under the part of ``code`` that failed; empty where unknown.
        origin: Whose code it is: the pipeline's author's, a library's, or Gluepy's.
        package: The top-level package of the file, for folding (``pandas``).
    """

    file: str
    line: int
    function: str
    code: str = ""
    marker: str = ""
    origin: Literal["user", "library", "gluepy"] = "user"
    package: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandInfo:
    """A command that runs something.

    Attributes:
        name: As typed: ``dag``.
        arguments: What was given to it, secrets masked.
    """

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingsInfo:
    """The settings of this process, secrets masked.

    Attributes:
        values: Name and value of every setting, in alphabetical order. Settings that Gluepy does
            not know are here too, so that plugins can have their own.
        project: The root folder of the project; empty when there is none.
    """

    values: tuple[tuple[str, object], ...] = ()
    project: str = ""

    def get(self, name: str, default: object = None) -> object:
        """Return the value of a setting, or ``default`` if nobody set it."""
        return dict(self.values).get(name, default)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """One execution of a DAG.

    Attributes:
        run_id: Unique; a UUID unless the user chose another.
        dag: The label; a qualified one where the short one does not say which is meant.
        folder: The run folder, relative to the root of the storage.
        location: The run folder as a person would open it: an absolute path or a URL.
        steps: The labels of its steps, in order; a task whose partitions are known only when it
            becomes ready stands under its own label. Wrappers see none, wherever they run: what
            travels to a worker stays small.
        sources: Where the DAG came from: ``acme-forecast 1.0``, ``project (forecaster.dags)``.
        started_at: The moment in UTC.
        host: Name of the machine that coordinates the run.
        pid: Process that coordinates the run.
        is_retry: Whether it works in the folder of an earlier run (``--retry``, ``--resume``).
        done: The labels of the steps that had succeeded before, and do not run again
            (``--resume``).
        executor: Name of what carries the steps out.
        changes: What is other than when the run was left (``--resume``): ``acme 1.0 -> 1.1``.
    """

    run_id: str
    dag: str
    folder: str
    location: str
    steps: tuple[str, ...]
    sources: tuple[str, ...] = ()
    started_at: datetime
    host: str
    pid: int
    is_retry: bool = False
    done: tuple[str, ...] = ()
    executor: str = "serial"
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """One attempt at one step of a run.

    Attributes:
        label: Of the step: ``clean``, or ``train[AA]`` for a partition.
        task: ``module:Class`` of the task.
        index: Place in the plan of this run, from 1; partitions that become known only during the
            run share that of their task.
        attempt: From 1.
        is_evaluation: Whether the DAG names it in ``eval_tasks``.
        sources: Where the task came from, as in `RunInfo`.
        partition: The part of the task that this step is; empty if it has no partitions.
        tags: Of the task.
    """

    label: str
    task: str
    index: int
    attempt: int = 1
    is_evaluation: bool = False
    sources: tuple[str, ...] = ()
    partition: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """How one attempt at a step ended.

    Attributes:
        status: The outcome.
        seconds: From before the first wrapper to after the last.
        started_at: The moment in UTC.
        host: Where the task ran; empty where nobody can know, as when it was lost elsewhere.
        pid: Process in which the task ran; 0 likewise.
        error: ``KeyError: 'horizn'`` with its causes, one per line; empty unless it failed.
        hint: What to do about it, where the error says so; empty otherwise.
        reason: Why it was skipped; empty otherwise.
        frames: The traceback, outermost call first; empty unless it failed.
        traceback: The traceback as Python prints it; empty unless it failed.
        plugin: The plugin whose wrapper failed the task; empty when the task itself did.
        output: The last lines that the task printed, at most 20; empty unless it failed.
        reads: Dotted names of the parameters that the task read, sorted, at most 1,000.
    """

    status: Outcome
    seconds: float
    started_at: datetime
    host: str
    pid: int
    error: str = ""
    hint: str = ""
    reason: str = ""
    frames: tuple[Frame, ...] = ()
    traceback: str = field(default="", repr=False)
    plugin: str = ""
    output: str = field(default="", repr=False)
    reads: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step of a run with the outcome of its last attempt.

    Attributes:
        label: Of the step.
        outcome: None when it did not run.
        is_done: Whether it had succeeded before, and so did not run again (``--resume``).
        reason: Why it did not run; empty otherwise.
    """

    label: str
    outcome: TaskOutcome | None = None
    is_done: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """How a run ended.

    Attributes:
        status: ``failed`` when a step did not succeed, ``interrupted`` when a signal ended it.
        seconds: From before `before_dag` is called to after the last step.
        steps: All steps of the run, in order.
        metrics: Name and value of what tasks logged in this run, in the order of logging.
        signal: Number of the signal that asked it to stop; 0 for none.
    """

    status: RunStatus
    seconds: float
    steps: tuple[StepReport, ...]
    metrics: tuple[tuple[str, float], ...] = ()
    signal: int = 0

    def outcomes(self) -> dict[str, TaskOutcome]:
        """Return the outcome of each step that ran, by label."""
        return {step.label: step.outcome for step in self.steps if step.outcome is not None}


class HookCost(NamedTuple):
    """What the calls of one implementation of a hook cost, in all processes of a run together.

    Attributes:
        hook: Name of the hook.
        plugin: Short name of the plugin.
        source: What the plugin belongs to: a distribution with its version, or the project.
        calls: How often it was called.
        seconds: How long its calls took together; of a wrapper, without the task that it surrounds.
        slowest_s: How long the slowest call took.
        slowest_task: Label of the step that this call was about; empty if it was about none.
    """

    hook: str
    plugin: str
    source: str
    calls: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest_task: str = ""

    def plus(self, other: HookCost) -> HookCost:
        """Return what this and further calls of the same implementation cost."""
        slower = other if other.slowest_s > self.slowest_s else self
        return self._replace(
            calls=self.calls + other.calls,
            seconds=self.seconds + other.seconds,
            slowest_s=slower.slowest_s,
            slowest_task=slower.slowest_task,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A process that carries steps out.

    Attributes:
        host: Name of its machine.
        pid: Its number there.
        executor: Name of the executor that it works for.
        settings: As `configure` gets them in the coordinating process.
    """

    host: str
    pid: int
    executor: str
    settings: SettingsInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorRequest:
    """What the factory of an executor is given.

    Attributes:
        workers: How many steps are to run at once; None when the user leaves it to the executor.
        settings: All settings, secrets masked.
        modules: Modules that the steps come from, which workers can import beforehand.
    """

    workers: int | None
    settings: SettingsInfo
    modules: tuple[str, ...] = ()
