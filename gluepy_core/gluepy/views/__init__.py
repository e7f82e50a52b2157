"""What a person may want to see, as documents: dicts that JSON can hold.

The command line shows them as text or JSON, other interfaces in their own way. The form of each is
named in its ``schema``, and described in the folder ``schemas`` of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gluepy.views.catalogue import list_view
    from gluepy.views.checks import check_view
    from gluepy.views.classes import show_view
    from gluepy.views.diff import diff_view
    from gluepy.views.drawing import SVG_CSS, draw_dot, draw_mermaid, draw_svg, draw_text
    from gluepy.views.environment import (
        hooks_view,
        plugins_view,
        settings_schema,
        settings_view,
        trace_view,
    )
    from gluepy.views.graph import graph_view, run_graph_view
    from gluepy.views.plans import plan_view
    from gluepy.views.runs import history_view, logs_view, run_view, runs_view, timings_view
    from gluepy.views.support import environment_view

__all__ = [
    "SVG_CSS",
    "check_view",
    "diff_view",
    "draw_dot",
    "draw_mermaid",
    "draw_svg",
    "draw_text",
    "environment_view",
    "graph_view",
    "history_view",
    "hooks_view",
    "list_view",
    "logs_view",
    "plan_view",
    "plugins_view",
    "run_graph_view",
    "run_view",
    "runs_view",
    "settings_schema",
    "settings_view",
    "show_view",
    "timings_view",
    "trace_view",
]

# Imported at first use: nobody needs all of them.
_HOMES = {
    "SVG_CSS": "gluepy.views.drawing",
    "check_view": "gluepy.views.checks",
    "diff_view": "gluepy.views.diff",
    "draw_dot": "gluepy.views.drawing",
    "draw_mermaid": "gluepy.views.drawing",
    "draw_svg": "gluepy.views.drawing",
    "draw_text": "gluepy.views.drawing",
    "environment_view": "gluepy.views.support",
    "graph_view": "gluepy.views.graph",
    "history_view": "gluepy.views.runs",
    "hooks_view": "gluepy.views.environment",
    "list_view": "gluepy.views.catalogue",
    "logs_view": "gluepy.views.runs",
    "plan_view": "gluepy.views.plans",
    "plugins_view": "gluepy.views.environment",
    "run_graph_view": "gluepy.views.graph",
    "run_view": "gluepy.views.runs",
    "runs_view": "gluepy.views.runs",
    "settings_schema": "gluepy.views.environment",
    "settings_view": "gluepy.views.environment",
    "show_view": "gluepy.views.classes",
    "timings_view": "gluepy.views.runs",
    "trace_view": "gluepy.views.environment",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
