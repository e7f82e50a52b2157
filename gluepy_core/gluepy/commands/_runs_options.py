"""What the commands below ``gluepy runs`` have in common: their options, and where these stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gluepy.commands._completion import complete_dags, complete_runs
from gluepy.exceptions import UnknownCommandError

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage

__all__ = [
    "RunsGroup",
    "dag_option",
    "get_storage",
    "moment_before",
    "run_argument",
    "status_option",
    "to_age",
    "to_moment",
]

F = TypeVar("F", bound=Callable[..., Any])

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_STATUSES = ("running", "succeeded", "failed", "interrupted", "lost")
#: What tables say can be typed, too.
_BY_WORD = {"done": "succeeded", "stopped": "interrupted"}


class RunsGroup(click.Group):
    """Takes options of a command below it before its name, too: ``runs -f json show @last``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move the options that stand before the name of a command behind it."""
        place = self._place_of_command(args)
        if place is not None and args[place] in self.commands:
            args = [args[place], *args[:place], *args[place + 1 :]]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; suggest one for a typing error."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            known = [f"{self.name} {name}" for name in self.commands]
            raise UnknownCommandError(f"{self.name} {args[0]}", known)
        return super().resolve_command(ctx, args)

    def _place_of_command(self, args: list[str]) -> int | None:
        """Return where the first word stands that is neither an option nor the value of one."""
        commands = [self, *self.commands.values()]
        takes_value = {
            name
            for option in (param for command in commands for param in command.params)
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        words = enumerate(args)
        for place, word in words:
            if word in takes_value:
                next(words, None)
            elif not word.startswith("-"):
                return place
        return None


def get_storage() -> BaseStorage:
    """Return the storage of the project."""
    from gluepy.app import get_app
    from gluepy.files.storages import default_storage

    get_app().settings  # noqa: B018 - default_storage reads them
    return default_storage


def run_argument(name: str) -> Callable[[F], F]:
    """Add an argument that names a run."""
    return click.argument(name, shell_complete=complete_runs)


def dag_option(function: F) -> F:
    """Add the option for the DAG."""
    return click.option(
        "--dag",
        metavar="LABEL",
        default="",
        shell_complete=complete_dags,
        help="Only those of a DAG.",
    )(function)


def status_option(function: F) -> F:
    """Add the option for how runs stand."""
    return click.option(
        "--status",
        type=click.Choice([*_STATUSES, *_BY_WORD]),
        metavar="STATUS",
        callback=lambda ctx, param, value: _BY_WORD.get(value, value),
        help=f"Only those that stand so: {', '.join(_STATUSES)}.",
    )(function)


def to_moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Return the moment; a date without a zone is of this machine's."""
    if value is None:
        return None
    age = _age(value)
    if age is not None:
        return moment_before(age)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        reason = f"{value!r} is neither an age, such as 2h or 3d, nor a date."
        raise click.BadParameter(reason) from None


def moment_before(age: timedelta) -> datetime:
    """Return the moment that was so long ago; the first of all if that was before it."""
    now = datetime.now(UTC)
    beginning = datetime.min.replace(tzinfo=UTC)
    return now - age if age < now - beginning else beginning


def to_age(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    """Return the age."""
    if value is None:
        return None
    age = _age(value)
    if age is None:
        raise click.BadParameter(f"{value!r} is no age, such as 12h, 30d or 8w.")
    return age


def _age(value: str) -> timedelta | None:
    found = re.fullmatch(r"(\d{1,6})([smhdw])", value)
    return timedelta(seconds=int(found[1]) * _UNITS_S[found[2]]) if found else None
