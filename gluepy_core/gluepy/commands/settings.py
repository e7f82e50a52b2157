"""``gluepy settings``: the settings, where each value came from, and what there is to set."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from gluepy.commands._output import format_option, print_document, print_result
from gluepy.commands._table import render_table

__all__ = ["command"]


class _SettingsGroup(click.Group):
    """Takes a word that is no command for the name of a setting, and shows it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the names of settings beside the commands."""
        from gluepy.commands._completion import complete_settings

        commands = super().shell_complete(ctx, incomplete)
        return [*commands, *complete_settings(ctx, show.params[0], incomplete)]


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from gluepy.commands._completion import complete_settings

    return complete_settings(ctx, param, incomplete)


@click.group("settings", cls=_SettingsGroup, invoke_without_command=True)
@format_option("table", "json")
@click.pass_context
def command(ctx: click.Context, /, *, form: str) -> None:
    """Show the settings and where each comes from; secrets are masked.

    `gluepy settings NAME` shows one of them, and `schema` what there is to set.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, name="", form=form)
    else:
        ctx.default_map = {"show": {"form": form}}


@command.command("show")
@click.argument("name", default="", shell_complete=_complete)
@format_option("table", "json")
def show(name: str, *, form: str) -> None:
    """Show the settings, or the one called NAME."""
    from gluepy.views.environment import settings_view

    document = settings_view(name)
    if form == "json":
        print_document(document)
        return
    rows = [(row["name"], _text(row["value"]), row["source"]) for row in document["settings"]]
    print_result(render_table(["SETTING", "VALUE", "FROM"], rows))


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of gluepy.toml and of [tool.gluepy], for editors."""
    from gluepy.views.environment import settings_schema

    print_document(settings_schema())


def _text(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else repr(value)
