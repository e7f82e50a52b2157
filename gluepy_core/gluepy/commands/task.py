"""``gluepy task``: runs one task alone, as orchestrators do."""

from __future__ import annotations

from typing import Any

import click

from gluepy.commands._completion import complete_runs, complete_tasks
from gluepy.commands._output import note
from gluepy.commands._run_options import (
    Show,
    attempt_options,
    display_options,
    exit_code_of,
    merge_overrides,
    not_empty,
    parameter_options,
    run_and_show,
)

__all__ = ["command"]


@click.command("task")
@click.argument("label", shell_complete=complete_tasks)
@click.option(
    "--run",
    metavar="RUN",
    default="",
    callback=not_empty,
    shell_complete=complete_runs,
    help="Work in this run folder, with its parameters; it is made if it is missing.",
)
@parameter_options
@attempt_options
@display_options
def command(label: str, run: str, show: Show, **options: Any) -> int:
    """Run one task alone, in a run folder.

    LABEL is the label of the task: short (clean), or with its distribution (acme:clean); train[AA]
    is one of its partitions. The task finds the files of the run folder and its parameters, as if
    the others had just run.
    """
    from gluepy.app import get_app
    from gluepy.engine.request import RunRequest
    from gluepy.engine.run import has_run
    from gluepy.exec import TASK_REGISTRY
    from gluepy.exec.plan import split_label
    from gluepy.launch import run_task

    app = get_app()
    app.load_registries()
    task, _ = split_label(label)
    app.import_owner(task, TASK_REGISTRY)
    TASK_REGISTRY.get_entry(task)
    is_there = bool(run) and has_run(run)
    if run and not is_there:
        note(f"There is no run in {run!r} yet: it is made.")
    request = RunRequest(
        retry=run if is_there else "",
        folder="" if is_there else run,
        overrides=merge_overrides(options.pop("overrides")),
        is_debugged=show.is_debugged,
        **options,
    )
    return exit_code_of(run_and_show(lambda: run_task(app, label, request), show).report)
