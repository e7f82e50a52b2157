"""Tasks: the single steps of a pipeline, and their registry."""

from __future__ import annotations

from typing import Any, ClassVar

from gluepy.exec._label import label_of
from gluepy.exec.registry import Registry

__all__ = ["REGISTRY", "BootstrapTask", "EvaluationTask", "Task"]


class Task:
    """One step of a pipeline.

    `run` takes no argument, and that is the point: a task finds its input in the storage and leaves
    its output there, so it can be repeated alone, in another process, on another machine, without
    the tasks before it.

    A subclass registers itself under its label when it is defined; ``class Base(Task,
    abstract=True)`` does not.

    Attributes:
        label: The name on the command line. By default the name of the class in lower case; never
            that of the parent.

    Example:
        >>> class CleanTask(Task):
        ...     label = "clean"
        ...     def run(self) -> None:
        ...         print("cleaning")
        >>> REGISTRY["clean"]().run()
        cleaning
    """

    label: ClassVar[str] = "task"

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
