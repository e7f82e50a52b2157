"""A folder of HTML about pipelines and their runs; gluepy-web serves the same pages live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gluepy_report._command import command
    from gluepy_report._links import Links
    from gluepy_report._pages import (
        Page,
        compare_page,
        dag_page,
        overview_page,
        plugins_page,
        run_page,
        runs_page,
    )
    from gluepy_report._render import Renderer

__all__ = [
    "Links",
    "Page",
    "Renderer",
    "command",
    "compare_page",
    "dag_page",
    "overview_page",
    "plugins_page",
    "run_page",
    "runs_page",
]

# Imported at first use: the command needs no template engine for its help.
_HOMES = {"Links": "_links", "Renderer": "_render", "command": "_command"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, '_pages')}"), name)
    globals()[name] = value
    return value
