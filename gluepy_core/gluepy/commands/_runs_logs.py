"""``gluepy runs logs``: what the steps of a run have printed and logged."""

from __future__ import annotations

import re
import time

import click

from gluepy.commands._output import format_option, note, print_document, print_result
from gluepy.commands._runs_options import get_storage, run_argument
from gluepy.commands._setup import is_quiet
from gluepy.exceptions import OptionClashError
from gluepy.utils.text import escape

__all__ = ["logs"]

#: So often a run in progress is looked at, in seconds.
_LOOK_S = 0.5

# Colours and the like, as many libraries print them.
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


@click.command("logs")
@run_argument("run")
@click.argument("task", default="")
@click.option(
    "-n",
    "--tail",
    metavar="N",
    type=click.IntRange(min=0),
    help="Only the last N lines of each step.",
)
@click.option(
    "--follow", "is_following", is_flag=True, help="Print what comes, until the run ends."
)
@format_option("text", "json")
def logs(run: str, task: str, *, tail: int | None, is_following: bool, form: str) -> None:
    """Print what the steps of a run have printed and logged.

    RUN is the id of a run or the beginning of one, a run folder, @last, @last-failed, or @-2 for
    the one before the last. TASK selects a task, or one of its partitions: train[AA].
    """
    from gluepy.views import logs_view

    if is_following and form == "json":
        raise OptionClashError("--follow", "--format json")
    document = logs_view(run, task, tail)
    if form == "json":
        print_document(document)
        return
    if is_following:
        # By its id, as @last may soon be another.
        _follow(document["run_id"] if run.startswith("@") else run, task, tail)
        return
    printer = _Printer()
    for one in document["logs"]:
        printer.show(one["step"], one["text"])
    if not document["logs"] and not is_quiet():
        note("Nothing was printed.")


def _follow(run: str, task: str, tail: int | None) -> None:
    """Print what is there and what comes, until the run ends."""
    from gluepy.runs.folder import get_run_folder
    from gluepy.runs.lock import find_owner
    from gluepy.views import logs_view

    storage = get_storage()
    folder = get_run_folder(storage, run, option="RUN")
    printer = _Printer()
    # How much of the text of each step was printed, or passed over.
    known: dict[str, int] = {
        one["step"]: -1 for one in logs_view(run, task, tail=0)["logs"] if tail is not None
    }
    is_live = True
    while is_live:
        start = time.monotonic()
        # Asked first: when nobody works there any more, the look after it is the last.
        is_live = find_owner(storage, folder) is not None
        for one in logs_view(run, task)["logs"]:
            step, text = one["step"], one["text"]
            # The beginning of a line that is being written waits for its end.
            end = text.rfind("\n") + 1 if is_live else len(text)
            begin = known.get(step, 0)
            if begin < 0:
                begin = _tail_of(text[:end], tail or 0)
            printer.show(step, text[begin:end])
            known[step] = end
        if is_live:
            # A folder that takes long to read is looked at less often.
            time.sleep(max(_LOOK_S, time.monotonic() - start))


def _tail_of(text: str, number: int) -> int:
    """Return where the last lines of a text begin."""
    lines = text.splitlines(keepends=True)
    return len("".join(lines[: max(len(lines) - number, 0)]))


class _Printer:
    """Prints lines of several steps, each headed by its step where another's came before."""

    def __init__(self) -> None:
        self._step: str | None = None

    def show(self, step: str, text: str) -> None:
        if not text:
            return
        if step != self._step:
            between = "" if self._step is None else "\n"
            print_result(f"{between}{click.style(f'==> {escape(step)} <==', bold=True)}")
            self._step = step
        print_result("\n".join(map(_shown, text.removesuffix("\n").split("\n"))))


def _shown(line: str) -> str:
    """Return a line as a terminal shows it in the end, without what could command the terminal."""
    plain = _STYLE.sub("", line).rstrip("\r").rpartition("\r")[2]
    return "\t".join(map(escape, plain.split("\t")))
