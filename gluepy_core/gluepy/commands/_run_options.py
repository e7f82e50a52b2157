"""Options that `gluepy dag` and `gluepy task` share, and what becomes of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from gluepy.commands._completion import complete_executors
from gluepy.commands._output import note
from gluepy.commands._setup import is_quiet

if TYPE_CHECKING:
    from gluepy.engine.request import RunResult
    from gluepy.exec.records import RunReport

__all__ = [
    "attempt_options",
    "exit_code_of",
    "merge_overrides",
    "not_empty",
    "parameter_options",
    "run_with_display",
]

_DISPLAY = ("display", "gluepy-core")
_adding = threading.Lock()

F = TypeVar("F", bound=Callable[..., Any])


def parameter_options(function: F) -> F:
    """Add the options for parameters and for the display of a failure."""
    for option in reversed(
        [
            click.option(
                "-p",
                "--patch",
                "patches",
                metavar="FILE",
                multiple=True,
                help="Merge a YAML file of the storage into the context.",
            ),
            click.option(
                "-lp",
                "--local-patch",
                "local_patches",
                metavar="FILE",
                multiple=True,
                help="Merge a YAML file of this machine into the context.",
            ),
            click.option(
                "--set",
                "overrides",
                metavar="KEY=VALUE",
                multiple=True,
                help="Set one parameter: --set model.depth=4.",
            ),
            click.option(
                "--tb",
                type=click.Choice(["short", "full", "line", "no"]),
                default="short",
                show_default=True,
                help="How much of the traceback of a failing task to show.",
            ),
        ]
    ):
        function = option(function)
    return function


def attempt_options(function: F) -> F:
    """Add the options that say how steps are carried out."""
    for option in reversed(
        [
            click.option(
                "--executor",
                metavar="NAME",
                default="",
                callback=not_empty,
                shell_complete=complete_executors,
                help="What carries steps out: serial, threads, processes, or a plugin's.",
            ),
            click.option(
                "-j",
                "--workers",
                metavar="N",
                type=click.IntRange(min=1),
                help="How many steps run at once.",
            ),
            click.option(
                "--retries",
                metavar="N",
                type=click.IntRange(min=0),
                help="How often to try a step again that failed.",
            ),
            click.option(
                "--retry-delay",
                "retry_delay_s",
                metavar="SECONDS",
                type=click.FloatRange(min=0),
                help="Longest wait before the first retry; it doubles with each.",
            ),
            click.option(
                "--timeout",
                "timeout_s",
                metavar="SECONDS",
                type=click.FloatRange(min=0, min_open=True),
                help="Longest time of one attempt at a step.",
            ),
        ]
    ):
        function = option(function)
    return function


def not_empty(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse an empty value, which is mostly that of a variable of the shell that is not set.

    Raises:
        BadParameter: If the option was given without anything in it.
    """
    is_given = ctx.get_parameter_source(param.name or "") is not ParameterSource.DEFAULT
    if is_given and not value.strip():
        raise click.BadParameter("it is empty.", ctx, param)
    return value


def merge_overrides(texts: Iterable[str]) -> Mapping[str, Any]:
    """Return what all ``--set`` say together.

    Raises:
        OverrideError: If one cannot be read, or two contradict each other in type.
    """
    from gluepy.conf.context import parse_override
    from gluepy.exceptions import MergeTypeError, OverrideError
    from gluepy.utils.dict import merge

    together: dict[str, Any] = {}
    for text in texts:
        try:
            merge(together, parse_override(text))
        except MergeTypeError as error:
            raise OverrideError(text, error.message) from error
    return together


def run_with_display(
    run: Callable[[], RunResult], *, tb: str, selected_by: Sequence[str] = ()
) -> RunResult:
    """Run something while a person looks on, and tell in the end which hooks were at fault.

    Args:
        run: What to run.
        tb: How much of a traceback to show.
        selected_by: The words of the command line that chose its steps.
    """
    from gluepy.app import get_app
    from gluepy.commands._display import RunDisplay

    hooks = get_app().hooks
    # One is enough, however many runs this process makes: it shows them all.
    with _adding:
        shown_by = {(one.plugin, one.source) for one in hooks.implementations("before_dag")}
        if _DISPLAY not in shown_by:
            display = RunDisplay(tb=tb, is_quiet=is_quiet(), selected_by=selected_by)
            hooks.add(display, *_DISPLAY)
    result = run()
    for failure in hooks.failures:
        if failure.is_told:
            continue  # at the end of an earlier run of this process
        failure.is_told = True
        times = f" ({failure.times} times)" if failure.times > 1 else ""
        note(f"{failure.who}: hook {failure.hook!r} failed{times}: {failure.error}")
    return result


def exit_code_of(report: RunReport) -> int:
    """Return 0 for a success, 1 for a failure, 128 and the signal for an interrupt."""
    if report.status == "interrupted":
        return 128 + report.signal
    return 0 if report.status == "succeeded" else 1
