"""The only place that prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import click

from gluepy.exceptions import GluepyError, OutputError
from gluepy.utils.text import escape

__all__ = [
    "ask",
    "can_ask",
    "can_draw",
    "drawing_width",
    "flush_results",
    "format_option",
    "note",
    "print_document",
    "print_error",
    "print_json",
    "print_result",
    "results_alone",
    "terminal_width",
    "use_color",
    "warn",
    "wipe_line",
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


def print_document(document: Mapping[str, object]) -> None:
    """Print a document, which says of which form it is, on standard output."""
    import json

    print_result(json.dumps(document, indent=2, default=str, allow_nan=False))


def terminal_width() -> int | None:
    """Return how many columns the terminal has that reads the results; None if none does."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def drawing_width() -> int:
    """Return how many columns a drawing may have, also where no terminal reads it."""
    import shutil

    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 200)


def can_draw(stream: Any = None) -> bool:
    """Return whether a stream can show block characters; by default, the one of results."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    # Python writes UTF-8 there all the same; but who asks for this locale wants ASCII.
    if next((name for name in names if name), "") in {"C", "POSIX"}:
        return False
    try:
        "\u2588\u2026".encode(getattr(stream or sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def can_ask() -> bool:
    """Return whether somebody sits at a terminal who can be asked something."""
    return all(one is not None and one.isatty() for one in (sys.stdin, sys.stderr))


def ask(question: str) -> bool:
    """Ask the person at the terminal, and return whether the answer is yes."""
    return click.confirm(question, err=True)


def flush_results() -> None:
    """Write out what still waits in the buffer of standard output, such as a task's prints."""
    with _reader_may_leave():
        if sys.stdout is not None:
            sys.stdout.flush()


@contextlib.contextmanager
def results_alone() -> Iterator[Callable[[str], None]]:
    """Let nothing else stand in standard output while the block runs.

    What tasks, their processes and plugins print there goes to standard error.

    Yields:
        What prints a line of results at once. It raises nothing: a run does not end because nobody
        reads it.
    """
    from gluepy.plugin._aside import output_aside

    lock = threading.Lock()
    is_read = sys.stdout is not None

    def write(line: str) -> None:
        nonlocal is_read
        with lock:
            if not is_read:
                return
            try:
                stream.write(f"{line}\n")
                stream.flush()
            except (OSError, ValueError) as error:
                is_read = False
                if not isinstance(error, BrokenPipeError):
                    reason = getattr(error, "strerror", None) or str(error)
                    warn(OutputError(reason).message)

    with _copy_of(sys.stdout) as stream, output_aside():
        yield write


@contextlib.contextmanager
def _copy_of(stream: Any) -> Iterator[Any]:
    """Give a stream with a descriptor of its own, where there is one, while the block runs."""
    try:
        stream.flush()
        descriptor = os.dup(stream.fileno())
    except (AttributeError, OSError, ValueError):
        yield stream
        return
    copy = os.fdopen(descriptor, "w", encoding="ascii", errors="backslashreplace")
    try:
        yield copy
    finally:
        with contextlib.suppress(OSError):  # what could not be written is told
            copy.close()


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
        with _unrecorded():
            click.echo(text, err=True, color=_color)
    except (OSError, ValueError):
        sys.stderr = None


def _unrecorded() -> contextlib.AbstractContextManager[None]:
    """Keep what is printed out of the logs of steps."""
    # Importing it would take longer than listing does; where nobody has, no step can be running.
    output = sys.modules.get("gluepy.engine.output")
    return contextlib.nullcontext() if output is None else output.unrecorded()


def wipe_line() -> None:
    """Wipe the line of progress that a process which has died has left on the terminal."""
    from gluepy.engine.output import WIPE, is_terminal

    if is_terminal(sys.stderr):
        click.echo(WIPE, nl=False, err=True)


def warn(text: str) -> None:
    """Print a warning, on standard error."""
    note(f"{click.style('Warning:', fg='yellow')} {escape(text)}")


def print_error(error: GluepyError) -> None:
    """Print what went wrong and what to do next, on standard error."""
    note(f"{click.style('Error:', fg='red', bold=True)} {escape(error.message)}")
    if error.hint:
        note(f"Hint: {escape(error.hint)}")
