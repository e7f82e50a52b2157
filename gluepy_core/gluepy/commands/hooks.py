"""``gluepy hooks``: which plugin implements which hook, in calling order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from gluepy.commands._completion import complete_dags, complete_hooks, complete_runs
from gluepy.commands._output import format_option, note, print_document, print_result
from gluepy.commands._setup import is_quiet
from gluepy.commands._table import render_table
from gluepy.commands._timings import render_timings, sum_up
from gluepy.exceptions import OptionClashError

__all__ = ["command"]

_WHY = {
    "first": "asked to be first",
    "in order": "the project's first, then by name",
    "last": "asked to be last",
}


@click.command("hooks")
@click.argument("name", default="", shell_complete=complete_hooks)
@click.option(
    "--trace",
    metavar="DAG",
    default="",
    shell_complete=complete_dags,
    help="Show which calls a run of this DAG would make; nothing is run.",
)
@click.option(
    "--timings",
    metavar="RUN",
    default="",
    shell_complete=complete_runs,
    help="Show what each implementation cost in a run.",
)
@format_option("table", "json")
def command(name: str, *, trace: str, timings: str, form: str) -> None:
    """Show who implements each hook, in calling order; all hook plugins are imported.

    NAME selects one hook.
    """
    if timings:
        if trace:
            raise OptionClashError("--trace", "--timings")
        _show_timings(timings, name, form)
        return
    from gluepy.views.environment import hooks_view, trace_view

    document = trace_view(trace, name) if trace else hooks_view(name)
    if form == "json":
        print_document(document)
    elif trace:
        rows = _trace_rows(document["calls"])
        print_result(render_table(["#", "HOOK", "STEP", "CALLS"], rows, right=[0]))
        _remark(
            "If all goes well, in one process. on_metric is called whenever a metric is logged."
        )
    else:
        headers = ["HOOK", "ORDER", "PLUGIN", "PACKAGE", "WHY"]
        print_result(render_table(headers, list(_rows(document["hooks"]))))
        _remark("Observers run in the coordinating process; around_task runs where the task does.")


def _show_timings(run: str, name: str, form: str) -> None:
    from gluepy.views import timings_view

    document = timings_view(run, name)
    if form == "json":
        print_document(document)
        return
    print_result(render_timings(document))
    _remark(sum_up(document, name))


def _remark(text: str) -> None:
    if not is_quiet():
        note(text)


def _rows(hooks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[object, ...]]:
    for hook in hooks:
        for place, one in enumerate(hook["implementations"], start=1):
            name = hook["name"] if place == 1 else ""
            yield name, place, one["plugin"], one["package"], _WHY[one["position"]]
        if not hook["implementations"]:
            yield hook["name"], "-", "-", "-", ""


def _trace_rows(calls: Sequence[Mapping[str, Any]]) -> Iterator[tuple[object, ...]]:
    for number, call in enumerate(calls, start=1):
        who = [f"{one['plugin']} ({one['package']})" for one in call["implementations"]]
        yield number, call["hook"], call["step"], ", ".join(who) or "-"
