"""``gluepy settings``: the settings, and where each value came from."""

from __future__ import annotations

import click

from gluepy.commands._output import format_option, print_json, print_result
from gluepy.commands._table import render_table

__all__ = ["command"]


@click.command("settings")
@click.argument("name", default="")
@format_option("table", "json")
def command(name: str, *, form: str) -> None:
    """Show the settings and where each comes from; secrets are masked.

    NAME selects one setting.
    """
    from gluepy.app import get_app

    settings = get_app().settings
    values = settings.masked()
    name = name.upper()
    if name:
        settings.source_of(name)
        values = {name: values[name]}
    if form == "json":
        content = [
            {"name": key, "value": value, "source": settings.source_of(key)}
            for key, value in values.items()
        ]
        print_json("gluepy.settings/1", {"settings": content})
        return
    rows = [(key, _text(value), settings.source_of(key)) for key, value in values.items()]
    print_result(render_table(["SETTING", "VALUE", "FROM"], rows))


def _text(value: object) -> str:
    return "-" if value is None else str(value) if isinstance(value, str) else repr(value)
