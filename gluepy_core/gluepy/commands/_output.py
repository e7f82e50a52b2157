"""The only place that prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys

import click

from gluepy.exceptions import GluepyError
from gluepy.utils.text import escape

__all__ = ["note", "print_error", "print_json", "print_result", "use_color", "warn"]

# Errors are printed after click has left the context that would know it.
_color: bool | None = None


def use_color(*, color: bool | None) -> None:
    """Colour what is printed from now on; None leaves it to whether a terminal reads it."""
    global _color  # noqa: PLW0603 - one process, one command line
    _color = color


def print_result(text: str) -> None:
    """Print what the user asked for, on standard output."""
    click.echo(text, color=_color)


def print_json(schema: str, content: dict[str, object]) -> None:
    """Print one JSON document on standard output.

    Args:
        schema: Name and version of its form: ``gluepy.list/1``.
        content: The rest of the document; what JSON does not know is written as text.
    """
    import json

    document = {"schema": schema, **content}
    click.echo(json.dumps(document, indent=2, default=str, allow_nan=False))


def note(text: str = "") -> None:
    """Print something that is not the result, on standard error.

    A standard error that is closed or full never ends a run: the text is lost then.
    """
    try:
        click.echo(text, err=True, color=_color)
    except (OSError, ValueError):
        sys.stderr = None


def warn(text: str) -> None:
    """Print a warning, on standard error."""
    note(f"{click.style('Warning:', fg='yellow')} {escape(text)}")


def print_error(error: GluepyError) -> None:
    """Print what went wrong and what to do next, on standard error."""
    note(f"{click.style('Error:', fg='red', bold=True)} {escape(error.message)}")
    if error.hint:
        note(f"Hint: {escape(error.hint)}")
