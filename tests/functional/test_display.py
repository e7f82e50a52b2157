"""Runs as a person sees them: on terminals of several widths, in pipes, without Unicode."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

TIMEOUT_S = 60

SHOP = """\
import os, sys, time
from gluepy import DAG, EvaluationTask, Task
from gluepy.ops import default_mlops


class Load(Task):
    label = "load-with-a-label-that-is-much-longer-than-usual"

    def run(self):
        print("printed by", self.label[:4])
        time.sleep(0.8)


class Part(Task):
    label = "part"

    def partitions(self):
        return ["AA", "BB"]

    def run(self):
        print("printed by", self.partition)
        time.sleep(0.8)


class Measure(EvaluationTask):
    label = "measure"

    def run(self):
        default_mlops.log_metric("mape", 1.5)


class Main(DAG):
    label = "main"
    tasks = [Load, Part]
    eval_tasks = [Measure]


class Fail(Task):
    label = "fail"

    def run(self):
        horizon = 1
        for number in range(10):
            print("line", number)
        self.deeper(horizon)

    def deeper(self, horizon):
        import json
        try:
            json.loads("{")
        except ValueError:
            print(horizn)


class Bad(DAG):
    label = "bad"
    tasks = [Fail]


class Wait(Task):
    label = "wait"

    def run(self):
        print("waiting", flush=True)
        time.sleep(60)


class Waiting(DAG):
    label = "waiting"
    tasks = [Wait]


class Much(Task):
    label = "much"

    def run(self):
        for _ in range(50):
            print("x" * 1_000_000)


class MuchDAG(DAG):
    label = "much-dag"
    tasks = [Much]
"""


@pytest.fixture
def shop(sandbox: Sandbox) -> Sandbox:
    del sandbox.env["TMPDIR"]  # the sockets of workers need short names
    sandbox.write({"shop.py": SHOP, "gluepy.toml": 'installed_modules = ["shop"]\n'})
    return sandbox


class Seen(NamedTuple):
    """What was written to a terminal, and how the command ended."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        """The lines that stand on the terminal in the end, without colours."""
        text = re.sub(r"\x1b\[\d*m", "", self.text).replace("\r\n", "\n")
        return [
            re.sub(r"^.*\r(?:\x1b\[K)?", "", line).replace("\x1b[K", "")
            for line in text.split("\n")
        ]

    @property
    def drawn(self) -> list[str]:
        """The lines that were drawn at the bottom."""
        return re.findall(r"\r\x1b\[K([^\r\n\x1b]+)\x1b\[K", self.text)


def on_terminal(
    sandbox: Sandbox,
    *words: str,
    columns: int = 80,
    env: Mapping[str, str] | None = None,
    interrupt_at: str = "",
    typed_at: Mapping[str, str] | None = None,
) -> Seen:
    """Run ``gluepy`` on a terminal of its own."""
    ours, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", str(sandbox.environment.gluepy), *words],
        cwd=sandbox.folder,
        env={**sandbox.env, "TERM": "xterm", **(env or {})},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    text, typed = "", dict(typed_at or {})
    end = time.monotonic() + TIMEOUT_S
    while select.select([ours], [], [], max(0.0, end - time.monotonic()))[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # nobody has it open any more
            break
        text += chunk.decode("utf-8", "replace")
        if interrupt_at and interrupt_at in text:
            os.write(ours, b"\x03")  # Ctrl-C
            interrupt_at = ""
        for awaited in [awaited for awaited in typed if awaited in text]:
            os.write(ours, typed.pop(awaited).encode())
    os.close(ours)
    return Seen(process.wait(timeout=TIMEOUT_S), text)


# -- terminals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["serial", "processes"])
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_run_on_a_terminal(shop: Sandbox, columns: int, executor: str) -> None:
    seen = on_terminal(shop, "dag", "main", "--executor", executor, columns=columns)

    assert seen.code == 0, seen.text
    steps = [line for line in seen.lines if re.match(r" +\d/\d ", line)]
    assert [line.split()[1] for line in steps] == ["done"] * 4
    assert all(len(line) < columns for line in steps)
    assert ("…" in steps[0]) == (columns < 80)
    begins = {line.index(line.split()[2]) for line in steps}
    assert len(begins) == 1
    assert seen.drawn
    assert all(len(line) < columns for line in seen.drawn)
    assert not any("so far" in line for line in seen.lines)
    for text in ("printed by load", "printed by AA", "printed by BB", "metric:mape=1.5"):
        assert text in seen.lines


def test_second_run_knows_how_long_steps_take(shop: Sandbox) -> None:
    on_terminal(shop, "dag", "main")

    seen = on_terminal(shop, "dag", "main", columns=120)

    assert any("of about 1 s" in line and "left" in line for line in seen.drawn)


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_terminal_without_unicode_gets_ascii(shop: Sandbox, env: dict[str, str]) -> None:
    seen = on_terminal(shop, "dag", "main", columns=60, env=env)

    assert seen.code == 0
    assert seen.text.isascii()
    assert "..." in "".join(seen.lines)


@pytest.mark.parametrize(
    ("words", "env", "has_color"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_on_a_terminal(
    shop: Sandbox, words: list[str], env: dict[str, str], has_color: bool
) -> None:
    seen = on_terminal(shop, *words, "dag", "bad", env=env)

    assert ("\x1b[31m" in seen.text) is has_color
    assert "FAILED" in seen.text


def test_interrupted_run_leaves_a_clean_terminal(shop: Sandbox) -> None:
    seen = on_terminal(shop, "dag", "waiting", interrupt_at="so far")

    assert seen.code == 130, seen.text
    assert any(re.match(r"  1/1 stopped +wait ", line) for line in seen.lines)
    assert seen.lines[-2] == "Go on:  gluepy dag waiting --resume"
    assert not any("so far" in line for line in seen.lines)


def test_quiet_run_draws_nothing(shop: Sandbox) -> None:
    seen = on_terminal(shop, "-q", "dag", "main")

    assert seen.drawn == []
    assert seen.lines[:3] == ["printed by load", "printed by AA", "printed by BB"]


def test_run_under_continuous_integration_draws_nothing(shop: Sandbox) -> None:
    seen = on_terminal(shop, "dag", "main", env={"CI": "true"})

    assert seen.drawn == []
    assert re.match(r"\d\d:\d\d:\d\d main  3 tasks", seen.lines[0])


def test_debugger_starts_where_the_task_failed(shop: Sandbox) -> None:
    typed = {"(Pdb) ": "p horizon\n", "p horizon\r\n1\r\n": "q\n"}

    seen = on_terminal(shop, "dag", "bad", "--pdb", typed_at=typed)

    assert seen.code == 1
    assert "-> print(horizn)" in seen.lines
    assert "1" in seen.lines
    assert "Fix it, then go on:  gluepy dag bad --resume" in seen.lines


def test_debugger_needs_steps_in_this_process(shop: Sandbox) -> None:
    seen = on_terminal(shop, "dag", "bad", "--pdb", "--executor", "processes")

    assert seen.code == 2
    assert seen.lines[0] == (
        "Error: --pdb cannot debug 'fail': the executor 'processes' carries it out"
    )


# -- pipes -----------------------------------------------------------------------------------------


def test_run_in_a_pipe_has_times_and_signs_of_life(shop: Sandbox) -> None:
    done = shop.gluepy("dag", "main", "--heartbeat", "0.3")

    assert done.code == 0
    lines = done.err.splitlines()
    timed = [line[9:] for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert timed[0].startswith("main  3 tasks  run ")
    assert timed[1].startswith("1/3 start     load-with")
    assert any(line.startswith("1/3 still     load-with") for line in timed)
    assert any(re.match(r"2/3 done      part\[AA\] ", line) for line in timed)
    assert not {"\r", "\x1b"} & set(done.err)


def test_colours_can_be_forced_in_a_pipe(shop: Sandbox) -> None:
    assert "\x1b[31m" in shop.gluepy("dag", "bad", env={"FORCE_COLOR": "1"}).err


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_failure_fits_on_a_screen(shop: Sandbox, executor: str) -> None:
    done = shop.gluepy("-q", "dag", "bad", "--executor", executor)

    assert done.code == 1
    lines = done.err.splitlines()
    assert len(lines) <= 20
    assert lines == [
        "Task 'fail' failed: NameError: name 'horizn' is not defined",
        "  because of JSONDecodeError: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)",
        "  shop.py:45 in run",
        "    self.deeper(horizon)",
        "  shop.py:52 in deeper",
        "    print(horizn)",
        "          ^^^^^^",
        "  printed last:",
        *(f"    line {number}" for number in range(5, 10)),
        "Hint: Did you mean 'horizon'?",
        lines[-2],
        "Fix it, then go on:  gluepy dag bad --resume",
    ]
    assert re.fullmatch(r"Log: data/runs/\S+/logs/fail\.log", lines[-2])
    log = (shop.folder / lines[-2].removeprefix("Log: ")).read_text()
    assert log.splitlines()[1:] == [f"line {number}" for number in range(10)]


def test_task_may_print_very_much(shop: Sandbox) -> None:
    done = shop.gluepy("dag", "much-dag")

    assert done.code == 0
    assert len(done.out) > 50_000_000
    (log,) = shop.folder.glob("data/runs/**/much.log")
    assert log.stat().st_size < 10_000_200


def test_what_a_killed_task_has_printed_is_in_its_log(shop: Sandbox) -> None:
    process = shop.start("dag", "waiting")
    try:
        end = time.monotonic() + TIMEOUT_S
        while not list(shop.folder.glob("data/runs/**/wait.log")):
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=TIMEOUT_S)

    (log,) = shop.folder.glob("data/runs/**/wait.log")
    assert log.read_text().splitlines()[1:] == ["waiting"]


def test_events_alone_stand_in_standard_output(shop: Sandbox) -> None:
    import json

    done = shop.gluepy("dag", "main", "-f", "ndjson", "--executor", "processes")

    assert done.code == 0
    assert {json.loads(line)["schema"] for line in done.out.splitlines()} == {"gluepy.event/1"}
    assert "printed by AA" in done.err


def test_reader_of_events_may_leave(shop: Sandbox) -> None:
    done = shop.execute("bash", "-c", "gluepy dag main -f ndjson | head -1; exit ${PIPESTATUS[0]}")

    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 1


def test_log_is_kept_where_standard_streams_are_closed(shop: Sandbox) -> None:
    done = shop.execute("bash", "-c", "gluepy dag bad >/dev/null 2>&-")

    assert done.code == 1
    assert list(Path(shop.folder).glob("data/runs/**/fail.log"))
