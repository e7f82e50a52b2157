"""What a person sees of a run, on a terminal and elsewhere."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gluepy import DAG, RunInfo, RunReport, Task, TaskInfo, TaskOutcome
from gluepy.commands._display import RunDisplay
from gluepy.engine.output import capture
from gluepy.exec.records import Frame, Outcome, StepReport
from gluepy.files.storages import default_storage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.logs import LogFolder
from gluepy.testing.commands import wait_until
from gluepy.testing.runs import isolated, run_dag
from gluepy.utils.loading import scoped

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RUN = RunInfo(
    run_id="k3f",
    dag="training",
    folder="runs/2026/11/22/k3f",
    location="/data/runs/2026/11/22/k3f",
    steps=("load-raw", "clean", "report"),
    started_at=NOW,
    host="h",
    pid=1,
)
TASK = TaskInfo(label="clean", task="churn.tasks:Clean", index=2)
OWN = Frame("churn/tasks.py", 13, "run", 'return params["horizn"]', "       ^^^^^^^^^^^^^^^^")

Display = Callable[..., RunDisplay]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    with isolated(tmp_path):
        yield tmp_path


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture
def make() -> Iterator[Display]:
    """Make displays, and stop them in the end."""
    made: list[RunDisplay] = []

    def display(**options: object) -> RunDisplay:
        made.append(RunDisplay(**options))  # type: ignore[arg-type]  # by name
        return made[-1]

    yield display
    for one in made:
        one.stop()


def outcome(status: Outcome, **rest: object) -> TaskOutcome:
    done = TaskOutcome(status=status, seconds=0.3, started_at=NOW, host="h", pid=1)
    return replace(done, **rest)  # type: ignore[arg-type]  # fields by name


FAILED = outcome("failed", error="KeyError: 'horizn'", frames=(OWN,))


def without_times(text: str) -> str:
    """Return lines without the time of day, which each has that tells what is going on."""
    return re.sub(r"^\d\d:\d\d:\d\d ", "@ ", text, flags=re.M)


def show(display: RunDisplay, run: RunInfo, task: TaskInfo, end: TaskOutcome) -> None:
    display.before_dag(run=run)
    display.before_task(task=task, run=run)
    display.after_task(task=task, run=run, outcome=end)
    place = run.steps.index(task.label)
    ends = [outcome("succeeded")] * place + [end] + [None] * (len(run.steps) - place - 1)
    is_good = ends[-1] is not None and end.status in ("succeeded", "skipped")
    report = RunReport(
        status="succeeded" if is_good else "failed",
        seconds=0.85,
        steps=tuple(map(StepReport, run.steps, ends)),
    )
    display.after_dag(run=run, report=report)


@pytest.fixture
def shown(make: Display, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Show a run of one attempt where no terminal is, and return what was printed."""

    def text(
        task: TaskInfo = TASK, end: TaskOutcome = FAILED, run: RunInfo = RUN, **options: object
    ) -> str:
        show(make(**options), run, task, end)
        captured = capsys.readouterr()
        assert captured.out == ""
        return without_times(captured.err)

    return text


# -- where no terminal is --------------------------------------------------------------------------


def test_failing_run_is_shown_with_the_command_that_goes_on(shown: Callable[..., str]) -> None:
    assert shown() == (
        "@ training  3 tasks  run k3f  /data/runs/2026/11/22/k3f\n"
        "@ 2/3 start     clean\n"
        "@ 2/3 FAILED    clean                 300 ms\n"
        "@ 3/3 not run   report\n"
        "\n"
        "Task 'clean' failed: KeyError: 'horizn'\n"
        "  churn/tasks.py:13 in run\n"
        '    return params["horizn"]\n'
        "           ^^^^^^^^^^^^^^^^\n"
        "Run folder: /data/runs/2026/11/22/k3f\n"
        "\n"
        "1 done, 1 failed, 1 not run in 850 ms\n"
        "Fix it, then go on:  gluepy dag training --resume\n"
    )


def test_partitions_are_no_tasks(shown: Callable[..., str]) -> None:
    run = replace(RUN, steps=("load-raw", "clean[A]", "clean[B]"))

    text = shown(replace(TASK, label="clean[A]"), run=run)

    assert text.startswith("@ training  2 tasks, 3 steps  run k3f  ")


def test_run_below_the_current_folder_is_told_by_its_relative_path(
    shown: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    text = shown(run=replace(RUN, location=str(tmp_path / "data" / "k3f")))

    assert text.startswith("@ training  3 tasks  run k3f  data/k3f\n")


def test_time_in_front_is_that_of_the_clock_on_the_wall(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    before = datetime.now().astimezone().strftime("%H:%M:%S")

    make().before_dag(run=RUN)

    after = datetime.now().astimezone().strftime("%H:%M:%S")
    assert capsys.readouterr().err[:8] in {before, after}


def test_successful_run_needs_no_advice(shown: Callable[..., str]) -> None:
    run = replace(RUN, steps=("clean",))

    text = shown(replace(TASK, index=1), outcome("succeeded"), run)

    assert text.endswith("@ 1/1 done      clean                 300 ms\n\n1 done in 850 ms\n")


def test_skipped_step_has_its_reason(shown: Callable[..., str]) -> None:
    run = replace(RUN, steps=("load-raw", "clean"))

    text = shown(TASK, outcome("skipped", reason="nothing\nnew"), run)

    assert "@ 2/2 skipped   clean                 300 ms  nothing\\nnew\n" in text
    assert "Fix it" not in text


def test_quiet_run_tells_only_why_it_failed_and_how_to_go_on(shown: Callable[..., str]) -> None:
    assert shown(is_quiet=True, tb="no") == (
        "Task 'clean' failed: KeyError: 'horizn'\n"
        "Run folder: /data/runs/2026/11/22/k3f\n"
        "Fix it, then go on:  gluepy dag training --resume\n"
    )


def test_quiet_run_that_succeeds_is_silent(shown: Callable[..., str]) -> None:
    run = replace(RUN, steps=("clean",))

    assert shown(TASK, outcome("succeeded"), run, is_quiet=True) == ""


def test_more_is_told_when_that_is_asked_for(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    display = make(verbosity=1)

    display.on_metric(run=RUN, task=TASK, name="rows", value=3.0)
    display.on_metric(run=RUN, task=None, name="mape", value=0.125)
    display.after_task(task=TASK, run=RUN, outcome=outcome("succeeded"))
    display.after_task(task=TASK, run=RUN, outcome=outcome("lost", pid=0, host=""))

    assert without_times(capsys.readouterr().err).splitlines() == [
        "@ 2/3 logged    clean             rows = 3",
        "@     logged                      mape = 0.125",
        "@ 2/3 done      clean                 300 ms  in process 1 on h",
        "@ 2/3 lost      clean                 300 ms",
    ]


def test_metrics_are_not_told_as_a_rule(make: Display, capsys: pytest.CaptureFixture[str]) -> None:
    make().on_metric(run=RUN, task=TASK, name="rows", value=3.0)

    assert capsys.readouterr().err == ""


def test_task_without_a_dag_goes_on_alone(shown: Callable[..., str]) -> None:
    text = shown(run=replace(RUN, dag="", steps=("clean",)))

    assert text.startswith("@ clean  1 task  run k3f")
    assert text.endswith("go on:  gluepy task clean --run runs/2026/11/22/k3f\n")


def test_command_that_goes_on_is_quoted_for_a_shell(shown: Callable[..., str]) -> None:
    text = shown(run=replace(RUN, dag="Train Model"))

    assert text.endswith("gluepy dag 'Train Model' --resume\n")


def test_labels_cannot_command_the_terminal(shown: Callable[..., str]) -> None:
    label = "a\x1b[2J"

    assert "\x1b" not in shown(replace(TASK, label=label), run=replace(RUN, steps=(label,)))


def test_interrupted_run_can_go_on(make: Display, capsys: pytest.CaptureFixture[str]) -> None:
    done, stopped = StepReport("load-raw", outcome("succeeded")), StepReport("clean")
    report = RunReport(status="interrupted", seconds=1.0, steps=(done, stopped), signal=2)

    make().after_dag(run=replace(RUN, steps=("load-raw", "clean")), report=report)

    assert capsys.readouterr().err.endswith("\nGo on:  gluepy dag training --resume\n")


def test_selection_of_the_first_run_is_part_of_the_command_that_goes_on(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    display = make(selected_by=["--select", "tag:slow +fit"])
    report = RunReport(status="failed", seconds=1.0, steps=(StepReport("clean", FAILED),))

    for run in (RUN, replace(RUN, run_id="inner", dag="other")):
        display.before_dag(run=run)
    for run in (replace(RUN, run_id="inner", dag="other"), RUN):
        display.after_dag(run=run, report=report)

    advice = [line for line in capsys.readouterr().err.splitlines() if "go on" in line]
    assert advice == [
        "Fix it, then go on:  gluepy dag other --resume",
        "Fix it, then go on:  gluepy dag training --select 'tag:slow +fit' --resume",
    ]


def test_run_that_is_resumed_says_what_is_done_and_what_has_changed(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    run = replace(RUN, done=("load-raw", "clean"), changes=("acme 1.0 -> 1.1",))
    display = make()

    display.before_dag(run=run)
    display.after_dag(
        run=run,
        report=RunReport(
            status="succeeded",
            seconds=0.85,
            steps=(
                *(StepReport(label, is_done=True) for label in run.done),
                StepReport("report", outcome("succeeded")),
            ),
        ),
    )

    assert without_times(capsys.readouterr().err).splitlines()[1:] == [
        "@ 2 done before",
        "@ other than before: acme 1.0 -> 1.1",
        "",
        "1 done, 2 done before in 850 ms",
    ]


def test_step_that_did_not_run_says_why(make: Display, capsys: pytest.CaptureFixture[str]) -> None:
    steps = (
        StepReport("load-raw", FAILED),
        StepReport("clean", reason="it needs 'load-raw'"),
        StepReport("report[a]"),
    )

    make().after_dag(run=RUN, report=RunReport(status="failed", seconds=1.0, steps=steps))

    shown = without_times(capsys.readouterr().err)
    assert "@ 2/3 not run   clean             it needs 'load-raw'\n" in shown
    assert "@ 3/3 not run   report[a]\n" in shown


def test_attempts_of_a_step_are_shown_each(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 1.0, 2.0, 3.25])
    display = make(clock=lambda: next(clock), heartbeat_s=0)
    run = replace(RUN, steps=("clean",))
    first, second = replace(TASK, index=1), replace(TASK, index=1, attempt=2)

    display.before_task(task=first, run=run)
    display.after_task(task=first, run=run, outcome=FAILED)
    display.before_task(task=second, run=run)
    display.after_task(task=second, run=run, outcome=outcome("succeeded"))
    display.after_dag(
        run=run,
        report=RunReport(
            status="succeeded", seconds=1.0, steps=(StepReport("clean", outcome("succeeded")),)
        ),
    )

    assert without_times(capsys.readouterr().err) == (
        "@ 1/1 start     clean\n"
        "@ 1/1 FAILED    clean                 300 ms\n"
        "@ 1/1 start     clean             attempt 2, after 1.2 s\n"
        "@ 1/1 done      clean                 300 ms  attempt 2\n"
        "\n"
        "1 done in 1.0 s\n"
    )


def test_step_that_failed_is_explained_though_another_was_tried_again(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    display = make(is_quiet=True)
    other = replace(TASK, label="report", index=3)
    report = RunReport(status="failed", seconds=1.0, steps=(StepReport("clean", FAILED),))

    display.after_task(task=TASK, run=RUN, outcome=FAILED)
    display.after_task(task=other, run=RUN, outcome=outcome("lost", error="it died"))
    display.after_task(task=other, run=RUN, outcome=outcome("succeeded"))
    display.after_dag(run=RUN, report=report)

    shown = capsys.readouterr().err
    assert shown.startswith("Task 'clean' failed: KeyError: 'horizn'\n")
    assert "report" not in shown


def test_of_several_failures_the_last_is_told_at_length(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    display = make(is_quiet=True)
    other = replace(TASK, label="report", index=3)
    report = RunReport(status="failed", seconds=1.0, steps=(StepReport("clean", FAILED),))

    display.after_task(task=other, run=RUN, outcome=outcome("lost", error="it died"))
    display.after_task(task=TASK, run=RUN, outcome=FAILED)
    display.after_dag(run=RUN, report=report)

    assert capsys.readouterr().err.splitlines()[:3] == [
        "Task 'report' was lost: it died",
        "Task 'clean' failed: KeyError: 'horizn'",
        "  churn/tasks.py:13 in run",
    ]


def test_log_and_what_it_ends_in_are_part_of_the_report(
    shown: Callable[..., str], folder: Path
) -> None:
    log = LogFolder(default_storage, RUN.folder).open("clean", 1)
    default_storage.mkdir(RUN.folder, make_parents=True)
    log.write("from the log\n")
    log.close()
    place = folder / "data" / RUN.folder / "logs" / "clean.log"

    text = shown(end=outcome("lost", error="it died"))

    assert f"  printed last:\n    from the log\nLog: {place}\n" in text


def test_what_the_task_could_tell_itself_is_not_looked_for(shown: Callable[..., str]) -> None:
    default_storage.mkdir(RUN.folder, make_parents=True)
    log = LogFolder(default_storage, RUN.folder).open("clean", 1)
    log.write("from the log\n")
    log.close()

    text = shown(end=replace(FAILED, output="told"))

    assert "  printed last:\n    told\n" in text


def test_log_that_cannot_be_read_hides_no_failure(shown: Callable[..., str], folder: Path) -> None:
    logs = folder / "data" / RUN.folder / "logs"
    logs.parent.mkdir(parents=True)
    logs.symlink_to(folder.parent)

    assert "Run folder: /data/runs/2026/11/22/k3f\n" in shown()


def test_task_alone_whose_record_failed_goes_on_with_itself(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    run = replace(RUN, dag="", steps=("clean",))
    steps = (StepReport("clean", outcome("succeeded")),)

    make().after_dag(run=run, report=RunReport(status="failed", seconds=1.0, steps=steps))

    shown = capsys.readouterr().err
    assert shown.endswith("go on:  gluepy task clean --run runs/2026/11/22/k3f\n")


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("timed-out", "@ 2/3 TIMED OUT clean                 300 ms\n"),
        ("lost", "@ 2/3 lost      clean                 300 ms\n"),
        ("interrupted", "@ 2/3 stopped   clean                 300 ms\n"),
    ],
)
def test_every_way_to_end_has_its_word(
    shown: Callable[..., str], status: Outcome, line: str
) -> None:
    assert line in shown(end=outcome(status, error="why"))


def test_columns_make_room_for_partitions_that_become_known(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    display = make()
    label = "clean[a-partition-of-some-length]"

    display.after_task(task=replace(TASK, label=label), run=RUN, outcome=outcome("succeeded"))
    display.after_task(task=replace(TASK, label="report"), run=RUN, outcome=outcome("succeeded"))

    first, second = capsys.readouterr().err.splitlines()
    assert first.index("300 ms") == second.index("300 ms")
    assert label in first


def test_step_that_takes_long_gives_signs_of_life(
    make: Display, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    display = make(clock=lambda: now[0], heartbeat_s=0.02)
    heard: list[str] = []

    def hear() -> str:
        heard.append(capsys.readouterr().err)
        return without_times("".join(heard))

    display.before_dag(run=RUN)
    display.before_task(task=TASK, run=RUN)
    now[0] = 65.0
    wait_until(
        lambda: "2/3 still     clean             1 min 05 s\n" in hear(), "a sign", within_s=30
    )
    time.sleep(0.1)  # the clock stands still, and nothing is to be told
    display.after_task(task=TASK, run=RUN, outcome=outcome("succeeded"))
    display.before_task(task=replace(TASK, attempt=2), run=RUN)
    now[0] = 66.0
    wait_until(
        lambda: "2/3 still     clean                  1.0 s\n" in hear(), "a sign", within_s=30
    )

    assert hear().count("still") == 2


def test_step_gives_no_signs_of_life_if_nobody_wants_them(make: Display) -> None:
    before = threading.active_count()

    make(heartbeat_s=0).before_dag(run=RUN)

    assert threading.active_count() == before


@pytest.mark.parametrize("value", ["true", "1"])
def test_under_continuous_integration_nothing_is_redrawn(
    make_terminal: MakeTerminal, make: Display, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    terminal = make_terminal()
    monkeypatch.setenv("CI", value)

    make().before_dag(run=RUN)

    assert re.match(r"\d\d:\d\d:\d\d training", terminal.read("k3f\n"))


def test_run_without_an_end_is_forgotten_when_the_display_stops(make: Display) -> None:
    before = threading.active_count()
    display = make()
    display.before_dag(run=RUN)
    display.before_dag(run=replace(RUN, run_id="other"))

    display.stop()

    assert threading.active_count() == before


# -- on a terminal ---------------------------------------------------------------------------------


class Terminal:
    """A terminal in the place of standard output and error; what is written to it can be read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, encoding: str, columns: int) -> None:
        import pty
        import termios

        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        self.descriptor = theirs
        self.streams = [
            os.fdopen(os.dup(theirs), "w", encoding=encoding, buffering=1) for _ in range(2)
        ]
        os.close(theirs)
        monkeypatch.setattr(sys, "stdout", self.streams[0])
        monkeypatch.setattr(sys, "stderr", self.streams[1])
        self._captured = contextlib.ExitStack()
        self._captured.enter_context(capture())  # as a run does
        self.text = ""

    def resize(self, columns: int) -> None:
        import termios

        termios.tcsetwinsize(self.streams[0].fileno(), (24, columns))

    def read(self, awaited: str) -> str:
        """Return all that was written, as soon as ``awaited`` is there."""
        import select

        end = time.monotonic() + 30
        while awaited not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self._ours], [], [], 0.1)[0]:
                text = os.read(self._ours, 65536).decode().replace("\r\n", "\n")
                self.text += re.sub(r"\x1b\[\d+m", "", text)  # no colours
        return self.text

    def close(self) -> None:
        self._captured.close()
        for stream in self.streams:
            stream.close()
        os.close(self._ours)


@pytest.fixture
def make_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminal]]:
    made = []
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def terminal(encoding: str = "utf-8", columns: int = 80) -> Terminal:
        made.append(Terminal(monkeypatch, encoding, columns))
        return made[-1]

    yield terminal
    for one in made:
        one.close()


@pytest.fixture
def make_dag() -> Callable[[Callable[[], object]], type[DAG]]:
    """Make a DAG of one task, which does what it is given."""

    def make(action: Callable[[], object]) -> type[DAG]:
        class Only(Task, abstract=True):
            label = "only"

            def run(self) -> None:
                action()

        class Main(DAG, abstract=True):
            label = "main"
            tasks = [Only]

        return Main

    return make


MakeDAG = Callable[[Callable[[], object]], type[DAG]]
MakeTerminal = Callable[..., Terminal]


def seen(text: str) -> list[str]:
    """Return the lines that stand on a terminal in the end."""
    return [re.sub(r".*\r\x1b\[K", "", line).replace("\x1b[K", "") for line in text.split("\n")]


def test_line_at_the_bottom_tells_what_is_going_on_and_is_wiped(
    make_terminal: MakeTerminal, make: Display, make_dag: MakeDAG
) -> None:
    terminal = make_terminal()
    run_dag(make_dag(lambda: terminal.read("so far")), plugins=[make()])

    text = terminal.read("1 done in")
    assert re.search(r"\r\x1b\[K  1/1 running   only  +\d+ ms    .* so far\x1b\[K", text)
    shown = seen(text)
    assert re.match(r"main  1 task  run \S+$", shown[0])
    assert re.match(r"  /\S+$", shown[1])  # it does not fit into the line before
    assert re.match(r"  1/1 done      only  +\d+ ms$", shown[2])
    assert shown[3] == ""
    assert shown[4].startswith("1 done in")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_line_fits_the_terminal(make_terminal: MakeTerminal, make: Display, columns: int) -> None:
    terminal = make_terminal(columns=columns)
    display, label = make(), f"a-{'very-' * 20}long-label"
    run = replace(RUN, steps=(label,))
    task = replace(TASK, label=label, index=1)

    display.before_dag(run=run)
    display.before_task(task=task, run=run)
    drawn = terminal.read("running").rpartition("\n")[2].replace("\r\x1b[K", "")
    display.after_task(task=task, run=run, outcome=outcome("succeeded"))
    line = next(line for line in seen(terminal.read(" done ") + "") if " done " in line)

    assert len(drawn.partition("\x1b")[0]) < columns
    assert len(line) < columns
    assert "…" in line


def test_terminal_without_unicode_gets_ascii(
    make_terminal: MakeTerminal, make: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = make_terminal(encoding="ascii", columns=60)
    display, label = make(), f"a-{'very-' * 20}long-label"
    run = replace(RUN, steps=(label,))

    display.before_dag(run=run)
    display.before_task(task=replace(TASK, label=label, index=1), run=run)

    assert "..." in terminal.read("running").rpartition("\n")[2]


def test_line_makes_way_for_what_a_task_prints(
    make_terminal: MakeTerminal, make: Display, make_dag: MakeDAG
) -> None:
    terminal = make_terminal()

    def action() -> None:
        terminal.read("running")
        print("printed")

    run_dag(make_dag(action), plugins=[make()])

    assert "printed" in seen(terminal.read("1 done in"))


def test_line_makes_way_for_handlers_that_were_there_before(
    make_terminal: MakeTerminal, make: Display, make_dag: MakeDAG
) -> None:
    terminal = make_terminal()
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("shop.of.a.test")
    logger.addHandler(handler)

    def action() -> None:
        terminal.read("running")
        logger.warning("logged")

    try:
        run_dag(make_dag(action), plugins=[make()])
    finally:
        logger.removeHandler(handler)

    assert "logged" in seen(terminal.read("1 done in"))


def test_text_that_does_not_end_is_left_alone(
    make_terminal: MakeTerminal, make: Display, make_dag: MakeDAG
) -> None:
    terminal = make_terminal()

    def action() -> None:
        terminal.read("running")
        print("50%", end="", flush=True)
        begin = len(terminal.read("50%"))
        time.sleep(0.6)
        assert "running" not in terminal.text[begin:]

    run_dag(make_dag(action), plugins=[make()])

    shown = seen(terminal.read("1 done in"))
    assert "50%" in shown
    assert any(line.startswith("  1/1 done ") for line in shown)


def test_line_that_the_terminal_has_broken_is_wiped_whole(
    make_terminal: MakeTerminal, make: Display
) -> None:
    terminal = make_terminal()
    display = make()
    display.before_dag(run=RUN)
    display.before_task(task=TASK, run=RUN)
    terminal.read("so far")

    terminal.resize(30)
    display.after_task(task=TASK, run=RUN, outcome=outcome("succeeded"))

    assert re.search(r"\r\x1b\[\dA\x1b\[J", terminal.read(" done "))


def test_start_of_a_step_is_told_on_a_terminal_when_more_is_asked_for(
    make_terminal: MakeTerminal, make: Display
) -> None:
    terminal = make_terminal()
    display = make(verbosity=1)

    display.before_dag(run=RUN)
    display.before_task(task=TASK, run=RUN)

    assert "  2/3 start     clean\n" in terminal.read("clean\n")


def test_nothing_is_drawn_while_the_terminal_is_held(
    make_terminal: MakeTerminal, make: Display
) -> None:
    terminal = make_terminal()
    display = make()
    display.before_dag(run=RUN)
    display.before_task(task=TASK, run=RUN)
    terminal.read("so far")

    with display.held():
        begin = len(terminal.read("so far"))
        time.sleep(0.6)
        held = terminal.text[begin:]

    assert "running" not in held


def test_display_without_a_line_has_nothing_to_hold(make: Display) -> None:
    with make().held():
        pass


def test_terminal_that_is_gone_ends_no_run(
    make_terminal: MakeTerminal, make: Display, make_dag: MakeDAG
) -> None:
    terminal = make_terminal()

    def action() -> None:
        terminal.read("running")
        terminal.streams[1].close()
        time.sleep(0.4)

    result = run_dag(make_dag(action), plugins=[make()])

    assert result.report.status == "succeeded"


def test_expected_time_is_that_of_earlier_runs(
    make_terminal: MakeTerminal, make: Display, make_dag: MakeDAG
) -> None:
    terminal = make_terminal()
    run_dag(make_dag(lambda: time.sleep(0.6)))

    run_dag(make_dag(lambda: terminal.read("of about 1 s")), plugins=[make()])

    assert ", about 1 s left" in terminal.text


def test_past_runs_are_not_asked_for_where_that_takes_long(
    make_terminal: MakeTerminal, make: Display
) -> None:
    terminal = make_terminal()
    display = make()

    with scoped(default_storage, MemoryStorage("m")):
        display.before_dag(run=RUN)
    display.before_task(task=TASK, run=RUN)

    assert "of about" not in terminal.read("so far")


def test_index_of_runs_that_cannot_be_read_ends_nothing(
    make_terminal: MakeTerminal, make: Display, folder: Path
) -> None:
    terminal = make_terminal()
    (folder / "data").mkdir()
    (folder / "data" / "runs").symlink_to(folder.parent)
    display = make()

    display.before_dag(run=RUN)
    display.before_task(task=TASK, run=RUN)

    assert "of about" not in terminal.read("so far")
