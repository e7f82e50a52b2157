"""Options that `gluepy dag` and `gluepy task` share, and what becomes of them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import click
from click.core import ParameterSource

from gluepy.commands._completion import complete_executors
from gluepy.commands._output import format_option, note, print_document, results_alone, warn
from gluepy.commands._setup import is_quiet, verbosity
from gluepy.commands._types import Seconds

if TYPE_CHECKING:
    from gluepy.engine.request import RunResult
    from gluepy.exec.records import RunReport
    from gluepy.plugin.manager import Hooks

__all__ = [
    "Show",
    "attempt_options",
    "display_options",
    "exit_code_of",
    "merge_overrides",
    "not_empty",
    "parameter_options",
    "run_and_show",
]

_DISPLAY = ("display", "gluepy-core")
_adding = threading.Lock()

F = TypeVar("F", bound=Callable[..., Any])


def parameter_options(function: F) -> F:
    """Add the options for parameters."""
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
        ]
    ):
        function = option(function)
    return function


class Show(NamedTuple):
    """How a run is shown.

    Attributes:
        tb: How much of a traceback to show.
        heartbeat_s: How often to tell of a step that goes on, where nothing is redrawn.
        form: ``text``, or ``json`` or ``ndjson`` for programs.
        is_debugged: Whether a debugger starts where a task fails.
        selected_by: The words of the command line that chose the steps.
    """

    tb: str = "short"
    heartbeat_s: float = 60.0
    form: str = "text"
    is_debugged: bool = False
    selected_by: Sequence[str] = ()


_USUAL = Show()


def display_options(function: F) -> F:
    """Add the options that say how a run is shown; they become the argument ``show``."""

    @functools.wraps(function)
    def with_show(**options: Any) -> Any:
        fields = {name: options.pop(name) for name in Show._fields if name in options}
        return function(show=Show(**fields), **options)

    shown = cast("F", with_show)
    for option in reversed(
        [
            click.option(
                "--tb",
                type=click.Choice(["short", "full", "line", "no"]),
                default="short",
                show_default=True,
                help="How much of the traceback of a failing task to show.",
            ),
            click.option(
                "--pdb", "is_debugged", is_flag=True, help="Start a debugger where a task fails."
            ),
            click.option(
                "--heartbeat",
                "heartbeat_s",
                metavar="SECONDS",
                type=Seconds(min=0),
                default=60.0,
                show_default="60",
                help="How often to tell that a step goes on, where no terminal shows it; 0: never.",
            ),
            format_option("text", "json", "ndjson"),
        ]
    ):
        shown = option(shown)
    return shown


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
                type=Seconds(min=0),
                help="Longest wait before the first retry; it doubles with each.",
            ),
            click.option(
                "--timeout",
                "timeout_s",
                metavar="SECONDS",
                type=Seconds(min=0, min_open=True),
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


def run_and_show(run: Callable[[], RunResult], show: Show = _USUAL) -> RunResult:
    """Run something while a person or a program looks on.

    With ``json``, the document of the run is printed in the end.

    Args:
        run: What to run.
        show: How.
    """
    from gluepy.app import get_app
    from gluepy.commands._events import EventStream

    if show.is_debugged:
        _refuse_clashes(show)
    if show.form == "text":
        return _run_with_display(run, show)
    with results_alone() as write:
        if show.form == "ndjson":
            get_app().hooks.add(EventStream(write), *EventStream.identity)
        result = _run_with_display(run, show)
    if show.form == "json":
        _print_run(result)
    return result


def _print_run(result: RunResult) -> None:
    from gluepy.exceptions import OutputError
    from gluepy.views import run_view

    try:
        print_document(run_view(result.run.folder))
    except OutputError as error:
        warn(error.message)  # the run is over and recorded, and its result stands


def _refuse_clashes(show: Show) -> None:
    from gluepy.commands._debugger import need_terminal
    from gluepy.exceptions import OptionClashError

    if show.form != "text":
        raise OptionClashError("--pdb", f"--format {show.form}")
    need_terminal()


def _run_with_display(run: Callable[[], RunResult], show: Show) -> RunResult:
    """Run something, and tell in the end which hooks were at fault."""
    from gluepy.app import get_app

    hooks = get_app().hooks
    # One is enough, however many runs this process makes: it shows them all.
    with _adding:
        shown_by = {(one.plugin, one.source) for one in hooks.implementations("before_dag")}
        if _DISPLAY not in shown_by:
            _add_display(hooks, show)
    result = run()
    for failure in hooks.failures:
        if failure.is_told:
            continue  # at the end of an earlier run of this process
        failure.is_told = True
        times = f" ({failure.times} times)" if failure.times > 1 else ""
        note(f"{failure.who}: hook {failure.hook!r} failed{times}: {failure.error}")
    return result


def _add_display(hooks: Hooks, show: Show) -> None:
    from gluepy.commands._display import RunDisplay

    display = RunDisplay(
        tb=show.tb,
        is_quiet=is_quiet(),
        verbosity=verbosity(),
        heartbeat_s=show.heartbeat_s,
        selected_by=show.selected_by,
    )
    hooks.add(display, *_DISPLAY)
    if show.is_debugged:
        from gluepy.commands._debugger import Debugger

        hooks.add(Debugger(display.held), *Debugger.identity)


def exit_code_of(report: RunReport) -> int:
    """Return 0 for a success, 1 for a failure, 128 and the signal for an interrupt."""
    if report.status == "interrupted":
        return 128 + report.signal
    return 0 if report.status == "succeeded" else 1
