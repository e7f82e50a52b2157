"""Drawings of a graph document: as text, Mermaid, DOT, and SVG."""

from gluepy.views.drawing.dot import draw_dot
from gluepy.views.drawing.mermaid import draw_mermaid
from gluepy.views.drawing.style import SVG_CSS
from gluepy.views.drawing.svg import draw_svg
from gluepy.views.drawing.text import draw_text

__all__ = ["SVG_CSS", "draw_dot", "draw_mermaid", "draw_svg", "draw_text"]
