"""From the global options to the app of this process."""

from __future__ import annotations

import click

from gluepy.commands._output import note, use_color, warn

__all__ = ["COLORS", "is_quiet", "set_up", "verbosity"]

#: The values of ``--color`` and what click makes of them.
COLORS = {"auto": None, "always": True, "never": False}

_VERBOSE = 2


def set_up(ctx: click.Context) -> None:
    """Make the app that the options of the group ask for the one of this process."""
    from gluepy.app import App, Options, set_app

    params = ctx.params
    options = Options(
        folder=params.get("project") or "",
        settings_module=params.get("settings") or "",
        enable=tuple(params.get("plugin") or ()),
        block=tuple(params.get("no_plugin") or ()),
        no_plugins=bool(params.get("no_plugins")),
        strict_plugins=bool(params.get("strict_plugins")),
        trace_hooks=bool(params.get("trace_hooks")),
    )
    use_color(color=_color(params.get("color") or "auto"))
    _log_more(params.get("verbose") or 0)
    builtin = getattr(ctx.command, "built_in", ())
    set_app(App(options, warn=warn, trace=note, builtin_commands=builtin))


def is_quiet() -> bool:
    """Return whether only results and errors are to be printed."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and bool(ctx.find_root().params.get("quiet"))


def verbosity() -> int:
    """Return how much more than usual is to be printed."""
    ctx = click.get_current_context(silent=True)
    return 0 if ctx is None else int(ctx.find_root().params.get("verbose") or 0)


def _color(choice: str) -> bool | None:
    """Return whether to colour: as the option says, else NO_COLOR and FORCE_COLOR, else click."""
    import os

    if choice != "auto":
        return COLORS[choice]
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def _log_more(verbosity: int) -> None:
    if not verbosity:
        return
    import logging

    level = logging.DEBUG if verbosity >= _VERBOSE else logging.INFO
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
