"""Running a DAG from Python: from a notebook, a script, or a program."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gluepy.app import App
    from gluepy.engine.request import RunResult
    from gluepy.exec.dags import DAG
    from gluepy.exec.records import RunReport, TaskOutcome
    from gluepy.files.storages import BaseStorage

__all__ = ["Run", "get_session_app", "run"]


def run(  # noqa: PLR0913 - each is an option of 'gluepy dag', and may be left out
    label: str | type[DAG],
    *,
    set: Mapping[str, object] | None = None,  # noqa: A002 - as the option is called
    patch: str | Iterable[str] = (),
    local_patch: str | Iterable[str] = (),
    task: str | Iterable[str] = (),
    select: str | Iterable[str] = (),
    exclude: str | Iterable[str] = (),
    executor: str = "",
    workers: int | None = None,
    retry: str = "",
    resume: bool = False,
    keep_going: bool = False,
    raise_on_failure: bool = False,
) -> Run:
    """Run a DAG in this process, as ``gluepy dag`` does.

    The project is the one that the current folder belongs to when Gluepy is first asked for
    something. What tasks print is printed.

    Args:
        label: Of the DAG; or its class.
        set: Single parameters, by dotted key: ``{"model.depth": 4}``.
        patch: Files of parameters in the storage.
        local_patch: Files of parameters on this machine.
        task: Labels of the only tasks to run.
        select: Expressions that select tasks: ``"clean+"``, ``"tag:slow"``.
        exclude: Expressions that leave tasks out.
        executor: What carries the tasks out; empty for what the settings say.
        workers: How many steps run at once; None for what the settings say.
        retry: A run to work in again: its id or the beginning of it, ``@last``, its folder.
        resume: Leave out what has succeeded; in the run that ``retry`` names, else in the last
            unfinished run of the DAG.
        keep_going: After a failure, run all that does not need it.
        raise_on_failure: Whether a step that does not succeed is an exception. If not, the run that
            is returned says so: look at ``ok``.

    Returns:
        The run, which has ended.

    Raises:
        GluepyError: If the request cannot be met, or the record of the run cannot be kept.
        TaskFailedError: If a step did not succeed, and ``raise_on_failure`` is set.
        KeyboardInterrupt: If a signal, such as Ctrl-C, has stopped the run. It is recorded, and can
            be resumed.
    """
    from gluepy.engine.request import RunRequest
    from gluepy.exec.plan import Selection
    from gluepy.files.storages import default_storage
    from gluepy.launch import run_dag
    from gluepy.utils.loading import unwrapped

    request = RunRequest(
        selection=Selection(
            tasks=_as_tuple(task), select=_as_tuple(select), exclude=_as_tuple(exclude)
        ),
        overrides=_nested(set or {}),
        patches=_as_tuple(patch),
        local_patches=_as_tuple(local_patch),
        executor=executor,
        workers=workers,
        retry=retry,
        resume=resume,
        keep_going=keep_going,
    )
    app = get_session_app()
    with _hints_shown():
        result = run_dag(app, _label_of(app, label), request)
    done = Run(result, unwrapped(default_storage))
    if done.status == "interrupted":
        raise KeyboardInterrupt(f"run {done.run_id} was stopped; resume=True goes on with it")
    if raise_on_failure:
        done.raise_on_failure()
    return done


class Run:
    """A run that has ended.

    A notebook shows it as a page: how it ended, its graph, its steps and its metrics.

    Args:
        result: What is known of it.
        storage: Where its folder lies.
    """

    def __init__(self, result: RunResult, storage: BaseStorage) -> None:
        self._result = result
        self._storage = storage

    @property
    def run_id(self) -> str:
        """Its id, which ``gluepy runs show`` and ``retry`` understand."""
        return self._result.run.run_id

    @property
    def dag(self) -> str:
        """Label of the DAG."""
        return self._result.run.dag

    @property
    def status(self) -> str:
        """How it ended: ``succeeded``, ``failed`` or ``interrupted``."""
        return self._result.report.status

    @property
    def ok(self) -> bool:
        """Whether every step has succeeded, or was skipped."""
        return self.status == "succeeded"

    @property
    def folder(self) -> str:
        """The run folder as a person would open it: an absolute path or a URL."""
        return self._result.run.location

    @property
    def report(self) -> RunReport:
        """How it ended, step by step, as plugins are told."""
        return self._result.report

    @property
    def outcomes(self) -> dict[str, TaskOutcome]:
        """The outcome of each step that ran, by label."""
        return self._result.report.outcomes()

    @property
    def metrics(self) -> dict[str, float]:
        """Last value of each metric, those of earlier runs in its folder included."""
        return dict(self._result.metrics)

    @cached_property
    def graph(self) -> dict[str, Any]:
        """Its graph, a document of the form ``gluepy.graph/1``; read from its record once.

        Raises:
            RunRecordError: If that cannot be read any more.
        """
        from gluepy.runs.journal import load_state
        from gluepy.views.graph import graph_of_state

        return graph_of_state(load_state(self._storage, self._result.run.folder))

    def logs(self, step: str) -> str:
        """Return what a step has printed and logged; nothing if it has not.

        Args:
            step: Its label: ``clean``, or ``train[AA]`` for a partition.

        Raises:
            UnknownStepError: If the run has no such step.
            StorageError: If the log cannot be read.
        """
        from gluepy.exceptions import UnknownStepError
        from gluepy.runs.logs import read_log

        labels = [one.label for one in self._result.report.steps]
        if step not in labels:
            raise UnknownStepError("step", step, self.dag, labels)
        return read_log(self._storage, self._result.run.folder, step).text

    def raise_on_failure(self) -> None:
        """Do nothing if every step has succeeded.

        Raises:
            TaskFailedError: About the first step that did not.
        """
        from gluepy.exceptions import TaskFailedError

        for label, outcome in self.outcomes.items():
            if outcome.status not in ("succeeded", "skipped"):
                raise TaskFailedError(label, outcome.status, outcome.error, folder=self.folder)

    def __repr__(self) -> str:
        from gluepy.utils.text import escape, format_duration

        steps = self._result.report.steps
        done = sum(one.is_done or _has_succeeded(one.outcome) for one in steps)
        took = format_duration(self._result.report.seconds)
        return (
            f"<Run of {escape(self.dag)}: {self.status}, {done} of {len(steps)} done in {took}, "
            f"id {escape(self.run_id)}>"
        )

    def _repr_html_(self) -> str:
        from gluepy.views.run_page import draw_run_page

        return draw_run_page(self._result, self.graph)


@contextlib.contextmanager
def _hints_shown() -> Iterator[None]:
    """Let a traceback of an error show its hint, too."""
    from gluepy.exceptions import GluepyError

    try:
        yield
    except GluepyError as error:
        if error.hint:
            error.add_note(f"Hint: {error.hint}")
        raise


def _has_succeeded(outcome: TaskOutcome | None) -> bool:
    return outcome is not None and outcome.status in ("succeeded", "skipped")


def get_session_app() -> App:
    """Return the app of this process; what it warns of is logged, unless somebody is told."""
    from gluepy.app import get_app

    return get_app(_log_warning)


def _log_warning(text: str) -> None:
    import logging

    logging.getLogger(__name__).warning("%s", text)


def _label_of(app: App, dag: str | type[DAG]) -> str:
    """Return a label that finds a DAG."""
    if isinstance(dag, str):
        return dag
    from gluepy.exec import DAG_REGISTRY

    app.load_registries()
    entry = DAG_REGISTRY.find_entry(dag)
    return dag.label if entry is None else DAG_REGISTRY.name_of(entry)


def _as_tuple(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _nested(values: Mapping[str, object]) -> dict[str, Any]:
    """Return ``{"model.depth": 4}`` as ``{"model": {"depth": 4}}``.

    Raises:
        OverrideError: If a key is none, or two contradict each other.
    """
    from gluepy.exceptions import MergeTypeError, OverrideError
    from gluepy.utils.dict import merge

    together: dict[str, Any] = {}
    for dotted, value in values.items():
        nested: object = value
        keys = str(dotted).split(".")
        if not all(keys):
            raise OverrideError(str(dotted), f"{dotted!r} is no key")
        for key in reversed(keys):
            nested = {key: nested}
        try:
            merge(together, nested)  # type: ignore[arg-type]  # a dict, as there is a key
        except MergeTypeError as error:
            raise OverrideError(str(dotted), error.message) from error
    return together
