"""A run as a piece of HTML, for notebooks: how it ended, its graph, steps, and metrics."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gluepy.utils.text import count, escape, format_duration
from gluepy.views.drawing import draw_svg

if TYPE_CHECKING:
    from gluepy.engine.request import RunResult
    from gluepy.exec.records import StepReport

__all__ = ["draw_run_page"]

#: What is more is told by a number: a notebook keeps all that it shows.
_MAX_NODES = 300
_MAX_ROWS = 200

_SIGNS = {"succeeded": "✓", "failed": "✗", "timed-out": "✗", "lost": "✗", "interrupted": "❙❙"}

_CSS = """\
.gluepy-run { line-height: 1.4; }
.gluepy-run .graph { overflow: auto; max-height: 40em; margin: 0.5em 0; }
.gluepy-run table { border-collapse: collapse; margin: 0.5em 0; }
.gluepy-run th, .gluepy-run td { padding: 0.15em 0.8em; text-align: left; vertical-align: top; }
.gluepy-run .number { text-align: right; font-variant-numeric: tabular-nums; }
.gluepy-run .fact { opacity: 0.8; }
.gluepy-run .bad { color: #cf222e; }
.gluepy-run .good { color: #1a7f37; }
@media (prefers-color-scheme: dark) {
.gluepy-run .bad { color: #f85149; }
.gluepy-run .good { color: #3fb950; }
}
"""


def draw_run_page(result: RunResult, graph: Mapping[str, Any]) -> str:
    """Return a run as HTML, complete in itself, to stand within a page.

    Args:
        result: The run.
        graph: Of it, of the form ``gluepy.graph/1``.
    """
    return "\n".join(['<div class="gluepy-run">', f"<style>{_CSS}</style>", *_parts(result, graph)])


def _parts(result: RunResult, graph: Mapping[str, Any]) -> Iterator[str]:
    run, report = result.run, result.report
    took = format_duration(report.seconds)
    yield (
        f"<p><strong>{_text(run.dag)}</strong> {_status(report.status)} in {took}<br>"
        f'<span class="fact">run <code>{_text(run.run_id)}</code>'
        f" in <code>{_text(run.location)}</code></span></p>"
    )
    if len(graph["nodes"]) <= _MAX_NODES:
        yield f'<div class="graph">\n{draw_svg(graph)}</div>'
    rows = [_row(step) for step in report.steps[:_MAX_ROWS]]
    yield from _table("Steps", ["Step", "Status", "Took", "Why"], rows, number=2)
    if len(report.steps) > _MAX_ROWS:
        more = count(len(report.steps) - _MAX_ROWS, "more step")
        yield f'<p class="fact">and {more}: see <code>report</code></p>'
    if result.metrics:
        metrics = [[_text(name), f"{value:g}"] for name, value in sorted(result.metrics.items())]
        yield from _table("Metrics", ["Metric", "Value"], metrics, number=1)
    yield "</div>"


def _row(step: StepReport) -> list[str]:
    """Return the cells of a step, as HTML."""
    end = step.outcome
    if end is None:
        status = "done before" if step.is_done else "not run"
        return [_text(step.label), status, "", _text(step.reason)]
    why = end.error.partition("\n")[0] or end.reason
    return [_text(step.label), _status(end.status), format_duration(end.seconds), _text(why)]


def _table(
    caption: str, headers: Iterable[str], rows: Iterable[Sequence[str]], *, number: int
) -> Iterator[str]:
    """Return a table, without what it is about in words: its caption is for those who listen.

    Args:
        caption: What it is about.
        headers: Of its columns.
        rows: Cells, as HTML.
        number: The column, from 0, that holds numbers.
    """
    yield f'<table aria-label="{caption}">'
    cells = "".join(f'<th scope="col">{header}</th>' for header in headers)
    yield f"<thead><tr>{cells}</tr></thead><tbody>"
    for row in rows:
        cells = "".join(
            f'<td class="number">{cell}</td>' if place == number else f"<td>{cell}</td>"
            for place, cell in enumerate(row)
        )
        yield f"<tr>{cells}</tr>"
    yield "</tbody></table>"


def _status(status: str) -> str:
    name = "good" if status == "succeeded" else "fact" if status == "skipped" else "bad"
    sign = _SIGNS.get(status, "")
    return f'<span class="{name}">{sign} {status}</span>' if sign else status


def _text(text: str) -> str:
    return html.escape(escape(text))
