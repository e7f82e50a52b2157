"""How drawn graphs look: their style sheet, and the signs of outcomes."""

from __future__ import annotations

__all__ = ["SIGNS", "SVG_CSS"]

#: A sign for each outcome, as a path in a square of 14, so that no font has to have it.
SIGNS = {
    "succeeded": "M2 7.5 5.5 11 12 3.5",
    "failed": "M3 3 11 11M11 3 3 11",
    "timed-out": "M7 1.5a5.5 5.5 0 1 0 .1 0M7 4V7.3L9.3 9",
    "lost": "M4 5a3 3 0 1 1 4.3 2.7Q7 8.4 7 9.5M7 12v.5",
    "interrupted": "M4.5 3V11M9.5 3V11",
    "running": "M4 2.5 11 7 4 11.5Z",
    "planned": "M3.5 7h.2M7 7h.2M10.5 7h.2",
    "skipped": "M2.5 3 7 7 2.5 11M7.5 3 12 7 7.5 11",
}

#: One set of rules for light and one for dark: not every program that shows SVG knows variables.
_RULES = """\
.gluepy-graph .ground {{ fill: {ground}; }}
.gluepy-graph .edge {{ stroke: {line}; }}
.gluepy-graph .tip {{ fill: {line}; }}
.gluepy-graph .box {{ fill: {box}; stroke: {line}; }}
.gluepy-graph .label {{ fill: {text}; }}
.gluepy-graph .note {{ fill: {muted}; }}
.gluepy-graph .sign {{ stroke: {muted}; }}
.gluepy-graph .is-succeeded .box {{ fill: {green_box}; stroke: {green}; }}
.gluepy-graph .is-succeeded .sign {{ stroke: {green}; }}
.gluepy-graph .is-failed .box {{ fill: {red_box}; stroke: {red}; }}
.gluepy-graph .is-failed .sign {{ stroke: {red}; }}
.gluepy-graph .is-stopped .box {{ fill: {yellow_box}; stroke: {yellow}; }}
.gluepy-graph .is-stopped .sign {{ stroke: {yellow}; }}
.gluepy-graph .is-running .box {{ fill: {blue_box}; stroke: {blue}; }}
.gluepy-graph .is-running .sign {{ stroke: {blue}; }}
"""

_LIGHT = {
    "ground": "#ffffff",
    "line": "#8c959f",
    "box": "#f6f8fa",
    "text": "#1f2328",
    "muted": "#57606a",
    "green": "#1a7f37",
    "green_box": "#dafbe1",
    "red": "#cf222e",
    "red_box": "#ffebe9",
    "yellow": "#9a6700",
    "yellow_box": "#fff8c5",
    "blue": "#0969da",
    "blue_box": "#ddf4ff",
}

_DARK = {
    "ground": "#0d1117",
    "line": "#6e7681",
    "box": "#161b22",
    "text": "#e6edf3",
    "muted": "#9da7b3",
    "green": "#3fb950",
    "green_box": "#12261e",
    "red": "#f85149",
    "red_box": "#2d1517",
    "yellow": "#d29922",
    "yellow_box": "#272115",
    "blue": "#58a6ff",
    "blue_box": "#121d2f",
}

_SHAPES = """\
.gluepy-graph text { font-family: system-ui, "DejaVu Sans", sans-serif; text-anchor: middle; }
.gluepy-graph .label { font-size: 13px; }
.gluepy-graph .note { font-size: 11px; }
.gluepy-graph .edge { fill: none; stroke-width: 1.3; }
.gluepy-graph .box { stroke-width: 1.2; }
.gluepy-graph .is-evaluation .box { stroke-dasharray: 5 3; }
.gluepy-graph .is-planned .box { stroke-dasharray: 2 3; }
.gluepy-graph .sign { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.gluepy-graph a:hover .box, .gluepy-graph a:focus .box { stroke-width: 2.5; }
.gluepy-graph a .label { text-decoration: underline; }
"""

#: The style sheet of every drawn graph; all of it is about what is inside ``svg.gluepy-graph``.
SVG_CSS = (
    _SHAPES
    + _RULES.format(**_LIGHT)
    + "@media (prefers-color-scheme: dark) {\n"
    + _RULES.format(**_DARK)
    + "}\n"
)
