"""Tasks: the single steps of a pipeline, and their registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from gluepy.exceptions import ModuleLoadError
from gluepy.exec._label import label_of
from gluepy.exec.registry import Registry

__all__ = ["REGISTRY", "BootstrapTask", "EvaluationTask", "Task", "load_start_task"]


class Task:
    """One step of a pipeline.

    `run` takes no argument, and that is the point: a task finds its input in the storage and leaves
    its output there, so it can be repeated alone, in another process, on another machine, without
    the tasks before it.

    A subclass registers itself under its label when it is defined; ``class Base(Task,
    abstract=True)`` does not.

    Attributes:
        label: The name on the command line. By default the name of the class in lower case; never
            that of the parent. All other attributes are inherited.
        retries: How often a step that fails is tried again.
        retry_delay_s: Longest wait after the first failure, in seconds. It doubles with each try,
            up to 60; how much of it passes is random, so that tasks which failed together do not
            come back together.
        timeout_s: Longest time of one attempt, in seconds; None for no limit.
        tags: Words to select the task by (``--select tag:slow``).
        executor: Name of the executor that carries this task out; empty for that of the run.
        partitions: Names, texts or whole numbers, for each of which the task runs once: as a list,
            or as a method that makes the list when the task becomes ready. None for a task that
            runs once.
        partition: The name for which this instance runs; empty for a task without partitions.

    Example:
        >>> class CleanTask(Task):
        ...     label = "clean"
        ...     def run(self) -> None:
        ...         print("cleaning")
        >>> REGISTRY["clean"]().run()
        cleaning
    """

    label: ClassVar[str] = "task"
    retries: ClassVar[int] = 0
    retry_delay_s: ClassVar[float] = 1.0
    timeout_s: ClassVar[float | None] = None
    tags: ClassVar[Sequence[str]] = ()
    executor: ClassVar[str] = ""
    # Any: a subclass may have a list or a method here.
    partitions: Any = None
    partition: str = ""

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.label = label_of(cls)
        if not abstract:
            REGISTRY.register(cls)

    def run(self) -> None:
        """Do the work of this step; every task defines it.

        Raises:
            NotImplementedError: If the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} needs a method run(self)")


#: All tasks by label: those of the project, and those that installed distributions declare.
REGISTRY: Registry[Task] = Registry("task")


class EvaluationTask(Task, abstract=True):
    """A task that measures what the others made; a DAG names it in ``eval_tasks``.

    It logs its figures with ``default_mlops.log_metric``; they are printed at the end of the run
    and can be compared with other runs (``--compare``).
    """


class BootstrapTask(Task):
    """The start task that stands first in ``DAG.inject_tasks`` by default; it does nothing.

    The run folder and its ``context.yaml`` are made before any task runs, so there is nothing left
    for it. The setting ``START_TASK`` names a task of your own to put in its place.
    """

    def run(self) -> None:
        """Do nothing."""


def load_start_task(dotted_path: str) -> type[Task] | None:
    """Import the start task that the setting ``START_TASK`` names.

    Returns:
        None for the built-in one, which does nothing.

    Raises:
        ModuleLoadError: If it cannot be imported, or is no task.
    """
    from gluepy.utils.loading import import_string

    try:
        task = import_string(dotted_path)
    except ImportError as error:
        raise ModuleLoadError("START_TASK", dotted_path, str(error)) from error
    if not (isinstance(task, type) and issubclass(task, Task)):
        raise ModuleLoadError("START_TASK", dotted_path, "it is no Task class")
    return None if task is BootstrapTask else task
