"""The only place that prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from gluepy.exceptions import GluepyError, OutputError
from gluepy.utils.text import escape

__all__ = [
    "flush_results",
    "format_option",
    "note",
    "print_error",
    "print_json",
    "print_result",
    "use_color",
    "warn",
]

F = TypeVar("F", bound=Callable[..., Any])

# Errors are printed after click has left the context that would know it.
_color: bool | None = None


def use_color(*, color: bool | None) -> None:
    """Colour what is printed from now on; None leaves it to whether a terminal reads it."""
    global _color  # noqa: PLW0603 - one process, one command line
    _color = color


def print_result(text: str) -> None:
    """Print what the user asked for, on standard output."""
    with _reader_may_leave():
        click.echo(text, color=_color)


def format_option(*forms: str) -> Callable[[F], F]:
    """Add ``--format`` to a command, as the argument ``form``; the first form is the default."""
    return click.option(
        "-f",
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="Form of the output.",
    )


def print_json(schema: str, content: dict[str, object]) -> None:
    """Print one JSON document on standard output.

    Args:
        schema: Name and version of its form: ``gluepy.list/1``.
        content: The rest of the document; what JSON does not know is written as text.
    """
    import json

    document = {"schema": schema, **content}
    print_result(json.dumps(document, indent=2, default=str, allow_nan=False))


def flush_results() -> None:
    """Write out what still waits in the buffer of standard output, such as a task's prints."""
    with _reader_may_leave():
        if sys.stdout is not None:
            sys.stdout.flush()


@contextlib.contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Go on when nobody reads standard output any more, as after ``| head``.

    That is no error, and a run that succeeded must not end as one that failed.

    Raises:
        OutputError: If standard output cannot be written for another reason, such as a full disk.
    """
    try:
        yield
    except OSError as error:
        # What waits in the buffer would fail again when Python ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(error.strerror or str(error)) from error


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
