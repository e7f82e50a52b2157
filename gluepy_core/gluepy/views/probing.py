"""Tries contributions, each in a process of its own with a limit of time, several at once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gluepy.plugin.known import Known, from_json

if TYPE_CHECKING:
    from gluepy.app import Options
    from gluepy.plugin.contributions import Contribution

__all__ = ["Trial", "Verdict", "run_trials"]

# What the process imports is found where this one finds it.
_CODE = """\
import json, sys
question = json.load(sys.stdin)
sys.path[:] = question["path"]
from gluepy.views._probe import answer
answer(question)
"""

_POLL_S = 0.01
_MAX_SHOWN = 200


class Trial(NamedTuple):
    """What is to be tried: a contribution, or a module of the project.

    Attributes:
        one: The contribution; None for a module.
        module: Its dotted name; empty for a contribution.
    """

    one: Contribution | None = None
    module: str = ""


class Verdict(NamedTuple):
    """How a trial ended.

    Attributes:
        trial: What was tried.
        problem: What is wrong, in words for a person; empty if nothing is.
        hint: What would mend it; empty where it was not said.
        end: How the process ended when that was not in order: ``takes longer than 30 s``.
        seconds: How long the import took.
        printed: The first line that it printed while it was imported.
        known: What the import has shown; None if it did not come so far.
    """

    trial: Trial
    problem: str = ""
    hint: str = ""
    end: str = ""
    seconds: float = 0.0
    printed: str = ""
    known: Known | None = None


class _Running(NamedTuple):
    trial: Trial
    process: subprocess.Popen[bytes]
    answer: Path
    output: Path
    started_s: float


def run_trials(
    options: Options, trials: Sequence[Trial], *, limit_s: float, at_once: int = 0
) -> list[Verdict]:
    """Try all, and return what came out in the order of the trials.

    Args:
        options: Of the app.
        trials: What to try.
        limit_s: How long each may take, in seconds; then its process is killed with its children.
        at_once: How many run at the same time; 0 for one per core.
    """
    at_once = at_once or os.cpu_count() or 1
    waiting = list(enumerate(trials))[::-1]
    running: dict[int, _Running] = {}
    verdicts: dict[int, Verdict] = {}
    with tempfile.TemporaryDirectory(prefix="gluepy-check-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    place, trial = waiting.pop()
                    running[place] = _start(options, trial, Path(folder, str(place)))
                for place, one in list(running.items()):
                    if _is_over(one, limit_s):
                        verdicts[place] = _verdict(running.pop(place), limit_s)
                time.sleep(_POLL_S)
        finally:
            for one in running.values():
                _kill(one.process)
    return [verdicts[place] for place in range(len(trials))]


def _start(options: Options, trial: Trial, folder: Path) -> _Running:
    folder.mkdir()
    answer, output = folder / "answer", folder / "output"
    question = {
        "path": sys.path,
        "options": options._asdict(),
        "module": trial.module,
        "contribution": trial.one,
        "answer": str(answer),
    }
    asked = folder / "question"
    asked.write_text(json.dumps(question), "utf-8")
    with asked.open("rb") as stdin, output.open("wb") as stdout:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _Running(trial, process, answer, output, time.monotonic())


def _is_over(one: _Running, limit_s: float) -> bool:
    return one.process.poll() is not None or time.monotonic() - one.started_s > limit_s


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _verdict(one: _Running, limit_s: float) -> Verdict:
    code = one.process.poll()
    _kill(one.process)
    found = _read_answer(one.answer)
    verdict = Verdict(one.trial, printed=_first_line(one.output))
    if found is None:
        return verdict._replace(end=_how_it_ended(code, limit_s))
    known = found["known"]
    return verdict._replace(
        problem=found["problem"],
        hint=found["hint"],
        end="" if code is not None else "leaves threads behind that keep the process from ending",
        seconds=found["seconds"],
        known=None if known is None else from_json(known),
    )


def _read_answer(path: Path) -> dict[str, Any] | None:
    """Return the answer; None if the process did not live to write it whole."""
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _how_it_ended(code: int | None, limit_s: float) -> str:
    if code is None:
        return f"takes longer than {limit_s:g} s"
    if code >= 0:
        return f"ends the process with the exit code {code}"
    with contextlib.suppress(ValueError):
        return f"crashes: the process was killed by {signal.Signals(-code).name}"
    return f"crashes: the process was killed by the signal {-code}"


def _first_line(path: Path) -> str:
    lines = path.read_text("utf-8", "replace").strip().splitlines()
    return lines[0][:_MAX_SHOWN] if lines else ""
