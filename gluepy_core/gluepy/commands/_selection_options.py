"""Options that choose steps of a DAG, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gluepy.commands._completion import complete_steps
from gluepy.commands._run_options import not_empty
from gluepy.exceptions import OptionClashError

if TYPE_CHECKING:
    from gluepy.exec.selection import Selection

__all__ = ["SELECTING", "selection_of", "selection_options", "selection_words"]

#: The arguments that `selection_options` adds.
SELECTING = (
    "tasks",
    "from_task",
    "until_task",
    "select",
    "exclude",
    "skip_eval",
    "eval_only",
)

F = TypeVar("F", bound=Callable[..., Any])


def selection_options(function: F) -> F:
    """Add the options that choose steps of a DAG, as arguments of `selection_of`."""
    for option in reversed(
        [
            click.option(
                "--task",
                "tasks",
                metavar="LABEL",
                multiple=True,
                shell_complete=complete_steps,
                help="Run only this task; give it again for more.",
            ),
            click.option(
                "--from-task",
                metavar="LABEL",
                default="",
                callback=not_empty,
                shell_complete=complete_steps,
                help="Run this task and those after it.",
            ),
            click.option(
                "--until-task",
                metavar="LABEL",
                default="",
                callback=not_empty,
                shell_complete=complete_steps,
                help="Run this task and those before it.",
            ),
            click.option(
                "--select",
                metavar="EXPR",
                multiple=True,
                shell_complete=complete_steps,
                help="Run what is selected: 'clean+', '+fit', 'tr*', 'tag:slow', 'state:failed'.",
            ),
            click.option(
                "--exclude",
                metavar="EXPR",
                multiple=True,
                shell_complete=complete_steps,
                help="Leave out what is selected, in the same words.",
            ),
            click.option("--skip-eval", is_flag=True, help="Leave out the evaluation tasks."),
            click.option("--eval-only", is_flag=True, help="Run only the evaluation tasks."),
        ]
    ):
        function = option(function)
    return function


def selection_of(
    *,
    tasks: tuple[str, ...] = (),
    from_task: str = "",
    until_task: str = "",
    select: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    skip_eval: bool = False,
    eval_only: bool = False,
) -> Selection:
    """Return what the options ask for together.

    Raises:
        OptionClashError: If they contradict each other.
    """
    from gluepy.exec.selection import Selection

    if skip_eval and eval_only:
        raise OptionClashError("--skip-eval", "--eval-only")
    for option, value in (("--from-task", from_task), ("--until-task", until_task)):
        if tasks and value:
            raise OptionClashError("--task", option)
    return Selection(
        tasks=tasks,
        from_task=from_task,
        until_task=until_task,
        skip_eval=skip_eval,
        eval_only=eval_only,
        select=select,
        exclude=exclude,
    )


def selection_words(selection: Selection) -> list[str]:
    """Return the words of a command line that select the same."""
    words = []
    for option, values in (
        ("--task", selection.tasks),
        ("--from-task", [selection.from_task]),
        ("--until-task", [selection.until_task]),
        ("--select", selection.select),
        ("--exclude", selection.exclude),
    ):
        for value in values:
            words += [option, value] if value else []
    flags = (("--skip-eval", selection.skip_eval), ("--eval-only", selection.eval_only))
    return [*words, *(option for option, is_set in flags if is_set)]
