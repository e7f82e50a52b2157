"""The top of the command line: its global options, and how they set up the app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from gluepy.commands._group import GluepyGroup
from gluepy.commands._output import print_result, warn
from gluepy.commands._setup import COLORS, set_up

__all__ = ["cli"]


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if not value or ctx.resilient_parsing:
        return
    import sys

    from gluepy import VERSION

    python = ".".join(map(str, sys.version_info[:3]))
    set_up(ctx)
    print_result("\n".join([f"gluepy {VERSION} (Python {python})", *_distributions()]))
    ctx.exit()


def _distributions() -> Iterable[str]:
    """Return the distributions that contribute something, with their versions."""
    from gluepy.app import get_app
    from gluepy.exceptions import GluepyError

    try:
        contributions = get_app().contributions
    except GluepyError as error:
        warn(str(error))  # the version must be told most of all when something is broken
        return []
    return sorted({one.source for one in contributions if one.state != "shadowed"})


def _print_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    if not value or ctx.resilient_parsing:
        return
    set_up(ctx)
    print_result(ctx.get_help())
    ctx.exit()


def _complete_plugins(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    from gluepy.commands._completion import complete_plugins  # only a shell needs it

    return complete_plugins(ctx, param, incomplete)


@click.group(
    cls=GluepyGroup,
    add_help_option=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.option(
    "-C",
    "--project",
    metavar="DIR",
    default="",
    is_eager=True,
    help="Use the project in or above DIR.",
)
@click.option(
    "--settings", metavar="MODULE", default="", is_eager=True, help="Use this settings module."
)
@click.option(
    "--plugin",
    metavar="NAME",
    multiple=True,
    is_eager=True,
    shell_complete=_complete_plugins,
    help="Use a plugin although it is switched off.",
)
@click.option(
    "--no-plugin",
    metavar="NAME",
    multiple=True,
    is_eager=True,
    shell_complete=_complete_plugins,
    help="Do not use a plugin, or anything of a distribution.",
)
@click.option(
    "--no-plugins", is_flag=True, is_eager=True, help="Use no hook plugins of distributions."
)
@click.option(
    "--strict-plugins", is_flag=True, is_eager=True, help="Fail when a plugin cannot be loaded."
)
@click.option(
    "--trace-hooks",
    is_flag=True,
    is_eager=True,
    help="Print every call of a hook with its plugin and time.",
)
@click.option("-v", "--verbose", count=True, is_eager=True, help="Log more; twice for everything.")
@click.option("-q", "--quiet", is_flag=True, is_eager=True, help="Print results and errors only.")
@click.option(
    "--color",
    type=click.Choice(list(COLORS)),
    default="auto",
    is_eager=True,
    help="Colour the output.  [default: auto]",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version, and those of plugins.",
)
@click.option(
    "-h",
    "--help",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_help,
    help="Show this message.",
)
@click.pass_context
def cli(ctx: click.Context, /, **_: Any) -> None:
    """Run and browse pipelines made of DAGs and Tasks."""
    if ctx.invoked_subcommand is None:
        print_result(ctx.get_help())
    elif isinstance(ctx.command, GluepyGroup):
        ctx.command.begin(ctx)
