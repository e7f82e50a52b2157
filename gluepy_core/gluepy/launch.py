"""From a label and what the user asks for to a run: which plan, and what surrounds it.

This is what ``gluepy dag``, ``gluepy task`` and ``gluepy plan`` have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from gluepy.engine.executors import BUILT_IN, Factory
from gluepy.engine.request import RunRequest, RunResult, Surroundings
from gluepy.engine.run import run
from gluepy.exceptions import ForeignRunError, UnknownExecutorError
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.plan import Plan, Selection, gather_facts, make_plan, plan_task, split_label
from gluepy.exec.policy import policy_of
from gluepy.exec.tasks import load_start_task
from gluepy.files.storages import default_storage
from gluepy.plugin.contributions import USABLE
from gluepy.runs.folder import get_run_folder
from gluepy.runs.index import RunIndex
from gluepy.runs.reading import read_run

if TYPE_CHECKING:
    from gluepy.app import App
    from gluepy.exec.dags import DAG
    from gluepy.exec.registry import Source
    from gluepy.runs.state import RunState

__all__ = ["Earlier", "Planned", "plan_dag", "run_dag", "run_task"]


class Earlier(NamedTuple):
    """A run that is taken up again.

    Attributes:
        folder: Where it lies.
        state: What its record says.
        is_resume: Whether what has succeeded is left out.
    """

    folder: str
    state: RunState
    is_resume: bool


class Planned(NamedTuple):
    """What a run of a DAG would execute.

    Attributes:
        dag: The class.
        plan: Its plan; ``plan.dag`` is a label that finds the DAG again.
        sources: Where the DAG came from.
        earlier: The run to take up again; None for a new one.
    """

    dag: type[DAG]
    plan: Plan
    sources: tuple[Source, ...]
    earlier: Earlier | None


def run_dag(app: App, label: str, request: RunRequest) -> RunResult:
    """Run the DAG with a label.

    Returns:
        How it ended; a step that fails is no exception.

    Raises:
        GluepyError: If the run cannot begin, or its record cannot be kept.
    """
    planned = plan_dag(app, label, request.selection, retry=request.retry, is_resume=request.resume)
    if planned.earlier is not None:
        request = replace(request, retry=planned.earlier.folder)
    elif request.resume:
        app.warn(f"there is no run of DAG {planned.plan.dag!r} to resume; a new one begins")
        request = replace(request, resume=False)
    return run(planned.plan, request, _surroundings(app, planned.plan, request, planned.sources))


def run_task(app: App, label: str, request: RunRequest) -> RunResult:
    """Run one task alone; its run has no DAG.

    Args:
        app: Of this process.
        label: Of the task, or of one partition: ``train[AA]``.
        request: Where, and with which parameters.

    Raises:
        GluepyError: If the run cannot begin, or its record cannot be kept.
    """
    app.load_registries()
    label, partition = split_label(label)
    task = TASK_REGISTRY[label]
    name = TASK_REGISTRY.name_of(TASK_REGISTRY.get_entry(label))  # a label that finds it again
    plan = plan_task(name, task, partition)
    return run(plan, request, _surroundings(app, plan, request))


def plan_dag(
    app: App, label: str, selection: Selection, *, retry: str = "", is_resume: bool = False
) -> Planned:
    """Decide what a run of the DAG with a label would execute.

    Args:
        app: Of this process.
        label: Of the DAG.
        selection: Of its steps.
        retry: The run to work in again; empty for none.
        is_resume: Whether to leave out what has succeeded: in that run, or else in the last that is
            unfinished, or else in the last. So whoever repeats a command with it until all is done
            need not know where it stopped, or whether it had begun.

    Raises:
        GluepyError: If there is no such DAG, run or step, or nothing would run.
    """
    app.load_registries()
    dag = DAG_REGISTRY[label]
    entry = DAG_REGISTRY.get_entry(label)
    name = DAG_REGISTRY.name_of(entry)
    earlier = _find_earlier(name, retry, is_resume=is_resume)
    states = None
    if earlier is not None:
        states = {label: step.status for label, step in earlier.state.steps.items()}
    facts = gather_facts(app.settings.TASK_OPTIONS, states)
    start = load_start_task(app.settings.START_TASK)
    plan = replace(make_plan(dag, selection, start=start, facts=facts), dag=name)
    return Planned(dag, plan, entry.sources, earlier)


def _find_earlier(dag: str, retry: str, *, is_resume: bool) -> Earlier | None:
    """Return the run that is meant; None for a new one.

    Raises:
        ForeignRunError: If it is a run of another DAG.
    """
    if not retry and not is_resume:
        return None
    if retry:
        folder = get_run_folder(default_storage, retry, option="--retry")
    else:
        folder = _find_last(dag)
        if not folder:
            return None
    state, _ = read_run(default_storage, folder)
    if state.dag and state.dag != dag:
        raise ForeignRunError(default_storage.location(folder), dag, state.dag)
    return Earlier(folder, state, is_resume)


def _find_last(dag: str) -> str:
    """Return the folder of the last unfinished run of a DAG, or else of its last; or nothing."""
    index = RunIndex(default_storage)
    unfinished = index.find_unfinished(dag)
    if unfinished is not None:
        return unfinished
    return next((row.folder for row in index.list_runs(dag=dag, limit=1)), "")


def _surroundings(
    app: App, plan: Plan, request: RunRequest, sources: Sequence[Source] = ()
) -> Surroundings:
    by_class = {entry.cls: entry.sources for entry in TASK_REGISTRY.registrations()}
    involved = [*sources]
    for planned in plan.tasks:
        involved += by_class.get(planned.task, ())
    texts = {cls: tuple(map(str, found)) for cls, found in by_class.items()}
    return Surroundings(
        settings=app.settings,
        hooks=app.hooks,
        home=app.home(),
        project=app.project.root if app.project else "",
        find_factory=partial(_find_factory, app, request),
        policies=[
            policy_of(
                planned.task,
                app.settings.TASK_OPTIONS,
                retries=request.retries,
                retry_delay_s=request.retry_delay_s,
                timeout_s=request.timeout_s,
            )
            for planned in plan.tasks
        ],
        sources=tuple(map(str, sources)),
        sources_of=lambda cls: texts.get(cls, ()),
        distributions=_versions(app, involved),
        command=app.command,
    )


def _versions(app: App, sources: Iterable[Source]) -> Mapping[str, str]:
    """Return the distributions that a run involves, by name, with their versions."""
    from gluepy import VERSION

    found = {source.name: source.version for source in sources if source.version}
    for one in app.catalog("hook"):
        if one.state == "loaded":
            found[one.distribution] = one.version
    return dict(sorted({**found, "gluepy-core": VERSION}.items()))


def _find_factory(app: App, request: RunRequest, name: str) -> Factory:
    """Return the factory of an executor.

    Raises:
        UnknownExecutorError: If there is none of that name.
        PluginError: If it cannot be imported.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    offers = [one for one in app.contributions if one.kind == "executor" and one.state in USABLE]
    for one in offers:
        if name == one.qualified_name or (name == one.name and one.state != "conflict"):
            factory: Factory = app.load(one)
            return factory
    known = [one.qualified_name if one.state == "conflict" else one.name for one in offers]
    raise UnknownExecutorError(_who_names(app, request, name), name, [*BUILT_IN, *known])


def _who_names(app: App, request: RunRequest, executor: str) -> str:
    if executor == request.executor:
        return "--executor"
    if executor == app.settings.EXECUTOR:
        return f"EXECUTOR in {app.settings.source_of('EXECUTOR')}"
    return "a task"
