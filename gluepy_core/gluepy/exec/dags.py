"""DAGs: the pipelines themselves, and their registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from gluepy.exec._label import label_of
from gluepy.exec.registry import Registry
from gluepy.exec.tasks import Task

__all__ = ["DAG", "REGISTRY"]

_Tasks = Sequence[type[Task]] | Mapping[type[Task], Iterable[type[Task]]]


class DAG:
    """A pipeline: the tasks that belong together, in their order.

    A subclass registers itself under its label when it is defined; ``class Base(DAG,
    abstract=True)`` does not.

    Attributes:
        label: The name on the command line. By default the name of the class in lower case; never
            that of the parent.
        tasks: The task classes. In a list each runs after the one before it; a mapping says for
            each which ones it runs after: ``{Load: [], Clean: [Load]}``.
        eval_tasks: Task classes that measure the result, as a list or a mapping, to run after all
            others.
        extra_options: Free-form options for engines and plugins; Gluepy itself reads none.

    Example:
        >>> class TrainingDAG(DAG):
        ...     label = "training"
        ...     tasks = []
        >>> REGISTRY["training"].__name__
        'TrainingDAG'
    """

    label: ClassVar[str] = "dag"
    tasks: _Tasks = ()
    eval_tasks: _Tasks = ()
    extra_options: Mapping[str, Any] = MappingProxyType({})

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.label = label_of(cls)
        if not abstract:
            REGISTRY.register(cls)

    def inject_tasks(
        self,
        skip_eval: bool = False,  # noqa: FBT001, FBT002 - positional in Gluepy 1.6
        eval_only: bool = False,  # noqa: FBT001, FBT002
    ) -> list[type[Task]]:
        """Return the task classes in the order in which they would run.

        Args:
            skip_eval: Leave out the evaluation tasks.
            eval_only: Leave out all others.

        Returns:
            First the start task that the setting ``START_TASK`` names, then ``tasks``, then
            ``eval_tasks``.

        Raises:
            InvalidDAGError: If a mapping makes no graph.
        """
        # A thin door to settings from this low layer; projects written for Gluepy 1.6 expect it.
        from gluepy.conf import default_settings
        from gluepy.utils.loading import import_string

        start: type[Task] = import_string(default_settings.START_TASK)
        tasks, evaluation = self._in_order()
        return [start, *([] if eval_only else tasks), *([] if skip_eval else evaluation)]

    def _in_order(self) -> tuple[Sequence[type[Task]], Sequence[type[Task]]]:
        if not (isinstance(self.tasks, Mapping) or isinstance(self.eval_tasks, Mapping)):
            return self.tasks, self.eval_tasks
        from gluepy.exec.graph import read_graph

        graph = read_graph(self)
        return graph.tasks[: graph.first_evaluation], graph.tasks[graph.first_evaluation :]


#: All DAGs by label: those of the project, and those that installed distributions declare.
REGISTRY: Registry[DAG] = Registry("DAG")
