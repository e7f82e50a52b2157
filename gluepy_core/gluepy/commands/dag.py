"""``gluepy dag``: runs a DAG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from gluepy.commands._completion import complete_dags, complete_runs
from gluepy.commands._output import print_result, warn
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
from gluepy.commands._selection_options import (
    SELECTING,
    selection_of,
    selection_options,
    selection_words,
)
from gluepy.commands.plan import show_plan
from gluepy.exceptions import OptionClashError, OutputError, TaskFailedError

if TYPE_CHECKING:
    from gluepy.engine.request import RunRequest, RunResult
    from gluepy.exec.records import RunReport

__all__ = ["command", "run_dag"]


@click.command("dag")
@click.argument("label", shell_complete=complete_dags)
@click.argument("more", nargs=-1, metavar="")
@selection_options
@click.option(
    "--retry",
    metavar="RUN",
    default="",
    callback=not_empty,
    shell_complete=complete_runs,
    help="Run again in the folder of an earlier run, with its parameters.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Leave out what has succeeded, in that run or else in the last unfinished one.",
)
@parameter_options
@attempt_options
@display_options
@click.option("--keep-going", is_flag=True, help="After a failure, run all that does not need it.")
@click.option("--dry-run", is_flag=True, help="Show what would run, and run nothing.")
@click.option(
    "--compare",
    metavar="RUN...",
    multiple=True,
    help="Print the metrics beside those of earlier runs.",
)
def command(label: str, more: tuple[str, ...], show: Show, *, dry_run: bool, **options: Any) -> int:
    """Run a DAG.

    LABEL is the label of the DAG: short (training), or with its distribution (acme:training).

    Results go to standard output: metrics, or with --format json the document of the run, or with
    --format ndjson each event of it, when it happens. All else goes to standard error, and then
    what tasks print does too. The exit code is 0 if every task succeeded, 1 if one did not.
    """
    from gluepy.app import get_app
    from gluepy.launch import run_dag as run

    if more and not options["compare"]:
        raise click.UsageError(f"Got unexpected extra argument {more[0]!r}.")
    options["compare"] += more  # --compare A B, as Gluepy 1.6 has it
    if options["compare"] and show.form != "text":
        raise OptionClashError("--compare", f"--format {show.form}")
    request = _request(**options, is_debugged=show.is_debugged)
    if dry_run:
        form = "table" if show.form == "text" else "json"
        show_plan(
            label, request.selection, retry=request.retry, is_resume=request.resume, form=form
        )
        return 0
    show = show._replace(selected_by=selection_words(request.selection))
    result = run_and_show(lambda: run(get_app(), label, request), show)
    try:
        if show.form == "text":
            _print_metrics(result)
    except OutputError as error:
        warn(error.message)  # the run is over and recorded, and its result stands
    return exit_code_of(result.report)


def run_dag(  # noqa: PLR0913, PLR0917 - the signature of Gluepy 1.6
    label: str,
    retry: str | None = None,
    patch: str | Sequence[str] | None = None,
    from_task: str | None = None,
    task: str | Sequence[str] | None = None,
    local_patch: str | Sequence[str] | None = None,
    skip_eval: bool = False,  # noqa: FBT001, FBT002 - positional in Gluepy 1.6
    eval_only: bool = False,  # noqa: FBT001, FBT002 - positional in Gluepy 1.6
    compare: str | Sequence[str] | None = None,
) -> RunReport:
    """Run a DAG from Python, as ``gluepy dag`` does.

    Args:
        label: Of the DAG.
        retry: Folder or id of a run to run again in.
        patch: Files of parameters in the storage.
        from_task: Label of the first task to run.
        task: Labels of the only tasks to run.
        local_patch: Files of parameters on this machine.
        skip_eval: Leave out the evaluation tasks.
        eval_only: Leave out all others.
        compare: Runs to print the metrics of.

    Returns:
        How it ended.

    Raises:
        TaskFailedError: If a task did not succeed.
        GluepyError: If the run cannot begin.
        KeyboardInterrupt: If a signal stopped it.
    """
    from gluepy.app import get_app
    from gluepy.launch import run_dag as run

    request = _request(
        tasks=_as_tuple(task),
        from_task=from_task or "",
        retry=retry or "",
        patches=_as_tuple(patch),
        local_patches=_as_tuple(local_patch),
        skip_eval=skip_eval,
        eval_only=eval_only,
        compare=_as_tuple(compare),
    )
    result = run_and_show(lambda: run(get_app(), label, request))
    _print_metrics(result)
    _raise_unless_succeeded(result)
    return result.report


def _request(*, overrides: Iterable[str] = (), **options: Any) -> RunRequest:
    """Return what the options ask for together, if they do not contradict each other."""
    from gluepy.engine.request import RunRequest

    chosen = {name: options.pop(name) for name in SELECTING if name in options}
    return RunRequest(
        selection=selection_of(**chosen), overrides=merge_overrides(overrides), **options
    )


def _as_tuple(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _raise_unless_succeeded(result: RunResult) -> None:
    if result.report.status == "interrupted":
        raise KeyboardInterrupt
    for step in result.report.steps:
        end = step.outcome
        if end is not None and end.status not in ("succeeded", "skipped"):
            raise TaskFailedError(step.label, end.status, end.error, folder=result.run.location)


def _print_metrics(result: RunResult) -> None:
    """Print the metrics in the form of Gluepy 1.6, which other programs read."""
    if result.has_evaluated:
        lines = [f"metric:{name}={value}" for name, value in result.metrics.items()]
        print_result("\n".join(["=== GLUEPY METRICS ===", *lines, "=== END METRICS ==="]))
    if result.compared:
        print_result(_comparison({result.run.folder: result.metrics, **result.compared}))


def _comparison(runs: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table of metrics as tab-separated values, a run a line."""
    names = list(dict.fromkeys(name for metrics in runs.values() for name in metrics))
    lines = [["run_folder", *names]]
    for folder, metrics in runs.items():
        lines.append([folder, *(str(metrics[name]) if name in metrics else "" for name in names)])
    return "\n".join("\t".join(line) for line in lines)
