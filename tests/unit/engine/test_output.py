"""What steps print and log goes where it went before, and into the log of the step."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from gluepy import DAG, Task, hookimpl
from gluepy.engine.output import (
    WIPE,
    StepOutput,
    behind,
    capture,
    forget_steps,
    guard_terminal,
    is_terminal,
    mind_others,
    unrecorded,
)
from gluepy.files.storages import default_storage
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.logs import LogFolder, read_log
from gluepy.testing.runs import isolated, run_dag

RUN = "runs/r"

Logs = Callable[[str], list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> LogFolder:
    storage = LocalStorage(tmp_path)
    storage.mkdir(RUN, make_parents=True)
    return LogFolder(storage, RUN)


@pytest.fixture
def logged(folder: LogFolder) -> Logs:
    """Return the lines of a log, without that of the attempt."""
    return lambda label: read_log(folder.storage, RUN, label).text.splitlines()[1:]


@pytest.fixture(autouse=True)
def no_guard() -> Iterator[None]:
    yield
    guard_terminal(None)


def in_thread(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


# -- standard streams ------------------------------------------------------------------------------


def test_what_a_step_prints_is_seen_and_logged(
    folder: LogFolder, logged: Logs, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture(), StepOutput(folder, "a", 1):
        print("out")
        print("err", file=sys.stderr)
        sys.stdout.writelines(["x\n", "y\n"])

    assert logged("a") == ["out", "err", "x", "y"]
    assert capsys.readouterr() == ("out\nx\ny\n", "err\n")


def test_bytes_that_a_step_prints_are_seen_and_logged(
    folder: LogFolder, logged: Logs, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with capture(), StepOutput(folder, "a", 1):
        sys.stdout.buffer.write(b"one\n")
        assert sys.stdout.buffer is sys.stdout.buffer
        sys.stdout.buffer.write(bytearray(b"two\n"))
        text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=True)
        text.write("thr\u00e9e\n")
        text.detach()
        sys.stdout.flush()

    assert logged("a") == ["one", "two", "thr\u00e9e"]
    assert capfdbinary.readouterr().out == b"one\ntwo\nthr\xc3\xa9e\n"


def test_what_cannot_be_printed_fails_as_ever(folder: LogFolder, logged: Logs) -> None:
    with (
        capture(),
        StepOutput(folder, "a", 1),
        pytest.raises(TypeError, match=r"must be str|string argument expected"),
    ):
        sys.stdout.write(5)  # type: ignore[arg-type]  # on purpose

    assert logged("a") == []


def test_streams_are_put_back(folder: LogFolder) -> None:
    before = sys.stdout, sys.stderr

    with capture():
        assert sys.stdout is not before[0]
        assert behind(sys.stdout) is before[0]
        with capture():
            assert behind(sys.stdout) is before[0]
        assert sys.stdout is not before[0]

    assert (sys.stdout, sys.stderr) == before
    assert behind(sys.stdout) is before[0]


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], Path]:
    """Let standard output lead into a file, as it does without a terminal."""

    def begin() -> Path:
        file = tmp_path / "out.txt"
        monkeypatch.setattr(sys, "stdout", file.open("w", encoding="utf-8"))
        return file

    return begin


@pytest.mark.parametrize("is_unbuffered", [False, True])
def test_lines_of_threads_are_not_torn(
    folder: LogFolder,
    piped: Callable[[], Path],
    *,
    is_unbuffered: bool,
) -> None:
    file, before = piped(), sys.getswitchinterval()
    sys.stdout.reconfigure(write_through=is_unbuffered)  # type: ignore[union-attr]  # a file

    def speak(name: str) -> None:
        for number in range(300):
            print(name, number)

    sys.setswitchinterval(1e-6)
    try:
        with capture(), StepOutput(folder, "a", 1):
            threads = [threading.Thread(target=speak, args=(name,)) for name in "abcd"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    sys.stdout.close()

    expected = sorted(f"{name} {number}" for name in "abcd" for number in range(300))
    assert sorted(file.read_text().splitlines()) == expected
    log = read_log(folder.storage, RUN, "a").text.splitlines()[1:]
    assert sorted(log) == expected


def test_each_part_of_a_line_is_seen_at_once_without_a_buffer(
    folder: LogFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("wb", buffering=0) as raw:
        # As PYTHONUNBUFFERED makes it.
        stream = io.TextIOWrapper(cast("Any", raw), write_through=True)
        monkeypatch.setattr(sys, "stdout", stream)
        with capture(), StepOutput(folder, "a", 1):
            print("one", end="")
            seen = (tmp_path / "out").read_text()
        stream.detach()

    assert seen == "one"


def test_text_without_an_end_is_there_when_it_is_flushed_or_the_step_ends(
    folder: LogFolder, logged: Logs, piped: Callable[[], Path]
) -> None:
    file = piped()

    with capture():
        with StepOutput(folder, "a", 1):
            print("one ", end="", flush=True)
            assert file.read_text() == "one "
            print("two", end="")
        with StepOutput(folder, "b", 1):
            in_thread(lambda: print("of a thread", end=""))
        print("x" * 9000, end="")
    sys.stdout.close()

    assert file.read_text() == "one two" + "x" * 9000 + "of a thread"
    assert logged("a") == ["one two"]


def test_text_that_nobody_reads_does_not_end_a_step(
    folder: LogFolder, logged: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = open(os.devnull, "w")  # noqa: SIM115 - closed by the step
    monkeypatch.setattr(sys, "stdout", stream)

    with capture(), StepOutput(folder, "a", 1):
        print("kept", end="")
        stream.close()

    assert logged("a") == ["kept"]


def test_stream_is_the_same_in_all_but_writing(folder: LogFolder) -> None:
    real = sys.stdout

    with capture():
        assert isinstance(sys.stdout, type(real))
        assert sys.stdout.encoding == real.encoding
        assert sys.stdout.isatty() == real.isatty()
        with pytest.raises(AttributeError):
            getattr(sys.stdout, "nothing")  # noqa: B009 - which types do not know


def test_captures_may_end_in_any_order(folder: LogFolder, logged: Logs) -> None:
    real = sys.stdout
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    first.enter_context(capture())
    second.enter_context(capture())
    first.close()

    with StepOutput(folder, "a", 1):
        print("x")
    second.close()

    assert logged("a") == ["x"]
    assert sys.stdout is real


def test_stream_that_was_closed_stays_so(
    folder: LogFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    with capture(), StepOutput(folder, "a", 1):
        print("x")

    assert sys.stdout is None


def test_task_may_put_a_stream_of_its_own_there(
    folder: LogFolder, logged: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # put back in the end

    with capture(), StepOutput(folder, "a", 1):
        with contextlib.redirect_stdout(io.StringIO()) as inner:
            print("inner")
        print("seen")
        sys.stdout = mine
        print("mine")

    assert inner.getvalue() == "inner\n"
    assert logged("a") == ["seen"]
    assert sys.stdout is mine
    assert mine.getvalue() == "mine\n"


def test_stand_in_that_a_task_has_kept_serves_the_next_run(folder: LogFolder, logged: Logs) -> None:
    with capture():
        kept = sys.stdout

    print("nobody's", file=kept)
    with capture(), StepOutput(folder, "a", 1):
        print("x", file=kept)

    assert logged("a") == ["x"]


def test_output_between_steps_is_in_no_log(folder: LogFolder, tmp_path: Path) -> None:
    with capture():
        print("between")
        with StepOutput(folder, "a", 1) as step, unrecorded():
            print("of ours")

    assert step.log is None
    assert not list((tmp_path / RUN).iterdir())


def test_threads_count_for_the_only_step_that_runs(folder: LogFolder, logged: Logs) -> None:
    with capture(), StepOutput(folder, "a", 1):
        in_thread(lambda: print("of a thread"))

    assert logged("a") == ["of a thread"]


def test_threads_count_for_no_step_while_several_run(folder: LogFolder) -> None:
    with capture(), StepOutput(folder, "a", 1) as one, StepOutput(folder, "b", 1) as other:
        in_thread(lambda: print("whose?"))

    assert (one.log, other.log) == (None, None)


def test_steps_in_threads_have_logs_of_their_own(folder: LogFolder, logged: Logs) -> None:
    both = threading.Barrier(2, timeout=30)

    def step(label: str) -> None:
        with StepOutput(folder, label, 1):
            both.wait()
            print(label)
            both.wait()

    with capture():
        threads = [threading.Thread(target=step, args=(label,)) for label in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert (logged("a"), logged("b")) == (["a"], ["b"])


def test_steps_of_another_process_are_forgotten(folder: LogFolder) -> None:
    with capture(), StepOutput(folder, "a", 1) as step:
        forget_steps()
        in_thread(lambda: print("x"))

    assert step.log is None


def test_process_that_a_task_forks_prints_into_the_log(folder: LogFolder, logged: Logs) -> None:
    with capture(), StepOutput(folder, "a", 1):
        print("parent", flush=True)
        pid = os.fork()
        if not pid:
            print("child", flush=True)
            os._exit(0)
        os.waitpid(pid, 0)

    assert logged("a") == ["parent", "child"]


def test_process_that_is_forked_before_a_word_can_print(folder: LogFolder, logged: Logs) -> None:
    guard_terminal(Guard())
    with capture(), StepOutput(folder, "a", 1):
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            print("child", flush=True)
            os._exit(0)
        os.waitpid(pid, 0)

    assert logged("a") == ["child"]


# -- logging ---------------------------------------------------------------------------------------


@pytest.fixture
def logger() -> logging.Logger:
    """A logger that no handler listens to, as in a process without a set-up."""
    return logging.Logger("shop.test", logging.DEBUG)  # noqa: LOG001 - one that pytest does not know


def test_record_that_nobody_prints_is_in_the_log(
    folder: LogFolder, logged: Logs, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture(), StepOutput(folder, "a", 1):
        logger.debug("too small")
        logger.info("hello %s", "you")

    assert logged("a") == ["INFO shop.test: hello you"]
    assert capsys.readouterr().err == ""


def test_record_is_printed_as_ever_and_is_in_the_log_once(
    folder: LogFolder, logged: Logs, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture(), StepOutput(folder, "a", 1):
        logger.warning("careful")

    assert logged("a") == ["careful"]  # by logging.lastResort
    assert capsys.readouterr().err == "careful\n"


def test_handler_that_a_task_makes_prints_its_records(
    folder: LogFolder, logged: Logs, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture(), StepOutput(folder, "a", 1):
        logger.addHandler(logging.StreamHandler())
        logger.info("once")

    assert logged("a") == ["once"]
    assert capsys.readouterr().err == "once\n"


def test_handlers_that_a_run_finds_are_left_alone(
    folder: LogFolder, logged: Logs, logger: logging.Logger
) -> None:
    stream = io.StringIO()
    logger.addHandler(logging.StreamHandler(stream))

    with capture(), StepOutput(folder, "a", 1):
        assert not logging.getLogger("other").handlers
        logger.info("both")

    assert stream.getvalue() == "both\n"
    assert logged("a") == ["INFO shop.test: both"]


def test_records_between_steps_are_in_no_log(
    folder: LogFolder, logger: logging.Logger, tmp_path: Path
) -> None:
    with capture():
        logger.info("between")

    assert not list((tmp_path / RUN).iterdir())


def test_record_whose_arguments_do_not_fit_fails_nothing(
    folder: LogFolder, logged: Logs, logger: logging.Logger
) -> None:
    with capture(), StepOutput(folder, "a", 1):
        logger.info("%d", "no number")
        print("on")

    assert logged("a") == ["on"]


def test_handler_that_logs_itself_is_in_the_log_once(
    folder: LogFolder, logged: Logs, logger: logging.Logger
) -> None:
    class Printing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print(record.getMessage())
            if record.getMessage() == "outer":
                logger.debug("inner")

    logger.addHandler(Printing())

    with capture(), StepOutput(folder, "a", 1):
        logger.info("outer")

    assert logged("a") == ["outer", "inner"]


def test_logging_is_as_before_in_the_end() -> None:
    before = logging.Logger.callHandlers

    with capture(), capture():
        assert logging.Logger.callHandlers is not before

    assert logging.Logger.callHandlers is before


def test_others_may_watch_logging_too(
    folder: LogFolder, logged: Logs, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.Logger, "callHandlers", logging.Logger.callHandlers)
    seen = []

    with capture():
        ours = logging.Logger.callHandlers

        def watch(self: logging.Logger, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())
            ours(self, record)

        logging.Logger.callHandlers = watch  # type: ignore[method-assign]  # as others do
    with capture(), StepOutput(folder, "a", 1):
        logger.info("x")

    assert seen == ["x"]
    assert logged("a") == ["INFO shop.test: x"]


# -- terminals -------------------------------------------------------------------------------------


class Guard:
    def __init__(self) -> None:
        self.calls: list[object] = []

    def write(self, stream: Any, data: str | bytes) -> Any:
        self.calls.append(data)
        return stream.write(data)

    def make_way(self) -> None:
        self.calls.append("way")

    def end_text(self) -> None:
        self.calls.append("end")


def test_guard_sees_all_that_is_printed_and_logged(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    guard = Guard()
    guard_terminal(guard)

    with capture():
        sys.stdout.write("out")
        sys.stderr.write("err")
        logger.info("logged")

    assert guard.calls == ["out", "err", "way"]
    assert capsys.readouterr() == ("out", "err")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ByteTerminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in the place of the standard streams."""
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_line_of_another_process_is_wiped_before_each_text(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = use_terminal(monkeypatch)
    mind_others()
    mind_others()

    with capture():
        assert sys.stdout.write("one\n") == 4
        sys.stdout.write("")
        sys.stdout.write("two ")
        sys.stdout.write("three")
        logger.info("in the middle")
        sys.stdout.write("\r50%\n")
        logger.info("seen by others")

    assert screen.getvalue() == (f"{WIPE}one\n{WIPE}two {WIPE}two three{WIPE}\r50%\n{WIPE}\r")


def test_text_that_stands_open_ends_with_its_step(
    folder: LogFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = use_terminal(monkeypatch)
    mind_others()

    with capture():
        for text in ("x.", "ended\n"):
            with StepOutput(folder, "a", 1):
                sys.stdout.write(text)

    assert screen.getvalue() == f"{WIPE}x.{WIPE}x.\n{WIPE}ended\n"


def test_open_text_that_is_wider_than_the_terminal_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = use_terminal(monkeypatch)
    mind_others()

    with capture():
        sys.stdout.write("x" * 200)
        sys.stdout.write("y")

    assert screen.getvalue() == f"{WIPE}{'x' * 200}y"


@pytest.mark.parametrize("text", ["open", b"open"])
def test_text_that_stands_open_ends_where_other_lines_come(
    folder: LogFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | bytes
) -> None:
    both = tmp_path / "both"
    mind_others()

    with both.open("a") as out, both.open("a") as err:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with capture(), StepOutput(folder, "a", 1):
            stream: Any = sys.stdout if isinstance(text, str) else sys.stdout.buffer
            stream.write(text)

    assert both.read_text() == "open\n"


def test_results_are_not_touched_where_no_other_lines_come(
    folder: LogFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    mind_others()

    with results.open("a") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with capture(), StepOutput(folder, "a", 1):
            sys.stdout.write("open")

    assert results.read_text() == "open"


def test_bytes_wipe_the_line_of_another_process_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    mind_others()
    stream, terminal = io.StringIO(), ByteTerminal()
    setattr(stream, "buffer", terminal)  # noqa: B010 - as text streams of Python have one
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", terminal)

    with capture():
        sys.stdout.buffer.write(b"x\n")

    assert terminal.getvalue() == WIPE.encode() + b"x\n"


def test_nothing_is_wiped_where_no_terminal_is(
    capsys: pytest.CaptureFixture[str], logger: logging.Logger
) -> None:
    mind_others()

    with capture():
        print("plain")
        logger.info("x")

    assert capsys.readouterr() == ("plain\n", "")


def test_terminal_is_one_that_can_redraw(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = use_terminal(monkeypatch)
    closed = Terminal()
    closed.close()

    assert is_terminal(screen)
    assert not is_terminal(None)
    assert not is_terminal(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_terminal(screen)


# -- whole runs ------------------------------------------------------------------------------------


class Noisy(Task, abstract=True):
    label = "noisy"

    def run(self) -> None:
        print("printed")
        raise ValueError("bad")


class NoisyDAG(DAG, abstract=True):
    label = "noisy-dag"
    tasks = [Noisy]


class Talking:
    @hookimpl
    def before_task(self) -> None:
        print("by an observer")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    with isolated(tmp_path):
        yield tmp_path


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_outcome_has_the_last_lines_that_the_task_printed(project: Path, executor: str) -> None:
    result = run_dag(NoisyDAG, plugins=[Talking()], executor=executor)

    end = result.report.outcomes()["noisy"]
    assert end.output == "printed"
    assert read_log(default_storage, result.run.folder, "noisy").text.splitlines()[1:] == [
        "printed"
    ]


class Outer(Task, abstract=True):
    label = "outer"

    def run(self) -> None:
        print("before")
        run_dag(NoisyDAG)
        print("after")


class OuterDAG(DAG, abstract=True):
    label = "outer-dag"
    tasks = [Outer]


def test_run_within_a_task_has_logs_of_its_own(project: Path) -> None:
    result = run_dag(OuterDAG)

    assert read_log(default_storage, result.run.folder, "outer").text.splitlines()[1:] == [
        "before",
        "after",
    ]


def test_runs_at_once_in_threads_have_logs_of_their_own(project: Path) -> None:
    results = []

    def one() -> None:
        with isolated(project):
            results.append(run_dag(NoisyDAG, plugins=[Talking()]))

    threads = [threading.Thread(target=one) for _ in range(4)]
    before = sys.stdout
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sys.stdout is before
    storage = LocalStorage(project / "data")
    for result in results:
        assert read_log(storage, result.run.folder, "noisy").text.splitlines()[1:] == ["printed"]
    assert len(results) == 4


def test_secrets_that_a_task_prints_are_no_part_of_its_outcome(project: Path) -> None:
    class Leaky(Task, abstract=True):
        label = "leaky"

        def run(self) -> None:
            print("password=hunter2")
            raise ValueError

    class Main(DAG, abstract=True):
        label = "main"
        tasks = [Leaky]

    end = run_dag(Main).report.outcomes()["leaky"]

    assert end.output == "password=***"
