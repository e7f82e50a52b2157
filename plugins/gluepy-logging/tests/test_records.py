"""Log records of tasks carry run and task, and nothing else changes."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gluepy import RunInfo, SettingsInfo, TaskInfo
from gluepy_logging import LoggingPlugin

Read = Callable[[], list[dict[str, object]]]

logger = logging.getLogger("acme.tasks")


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.all: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append(record)

    def marks(self) -> list[tuple[str, str, str, int] | None]:
        return [mark_of(record) for record in self.all]


def mark_of(record: logging.LogRecord) -> tuple[str, str, str, int] | None:
    mark = [value for name, value in vars(record).items() if name.startswith("gluepy_")]
    return tuple(mark) or None


def around(plugin: LoggingPlugin, run: RunInfo, task: TaskInfo) -> contextlib.ExitStack:
    """Enter the wrapper as the core does."""
    stack = contextlib.ExitStack()
    stack.enter_context(contextlib.contextmanager(plugin.around_task)(task=task, run=run))
    return stack


@contextlib.contextmanager
def bare_logging() -> Iterator[logging.Logger]:
    """Take all handlers away, as in a process where nobody has configured logging.

    Not a fixture: pytest adds its own handlers after the fixtures are set up.
    """
    root = logging.root
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    try:
        yield root
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture
def records() -> Iterator[Records]:
    handler = Records()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture
def unconfigured() -> LoggingPlugin:
    """As in a worker process that has never called ``configure``."""
    return LoggingPlugin()


def test_records_carry_run_and_task_only_while_it_runs(
    unconfigured: LoggingPlugin, records: Records, run: RunInfo, task: TaskInfo
) -> None:
    logger.warning("before")
    with around(unconfigured, run, task):
        logger.warning("inside")
    logger.warning("after")

    assert records.marks() == [None, ("0b5e", "training", "train", 3), None]


def test_the_record_factory_is_put_back(
    unconfigured: LoggingPlugin, run: RunInfo, task: TaskInfo
) -> None:
    before = logging.getLogRecordFactory()

    def fail_within() -> None:
        with around(unconfigured, run, task):
            assert logging.getLogRecordFactory() is not before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_within()

    assert logging.getLogRecordFactory() is before


def test_a_record_factory_of_the_project_stays_in_charge(
    unconfigured: LoggingPlugin, records: Records, run: RunInfo, task: TaskInfo
) -> None:
    original = logging.getLogRecordFactory()

    def theirs(*args: object, **kwargs: object) -> logging.LogRecord:
        record = ours(*args, **kwargs)
        record.theirs = True
        return record

    with around(unconfigured, run, task):
        ours = logging.getLogRecordFactory()
        logging.setLogRecordFactory(theirs)
    logger.warning("after")
    with around(unconfigured, run, task):
        logger.warning("inside")

    assert logging.getLogRecordFactory() is theirs
    logging.setLogRecordFactory(original)
    after, inside = records.all
    assert vars(after)["theirs"]
    assert mark_of(after) is None
    assert vars(inside)["theirs"]
    assert mark_of(inside) == ("0b5e", "training", "train", 3)


def test_a_run_within_a_task_has_its_own(
    unconfigured: LoggingPlugin,
    records: Records,
    run: RunInfo,
    other_run: RunInfo,
    task: TaskInfo,
) -> None:
    with around(unconfigured, run, task):
        with around(LoggingPlugin(), other_run, replace(task, label="score", attempt=1)):
            logger.warning("inner")
        logger.warning("outer")

    assert records.marks() == [
        ("77aa", "scoring", "score", 1),
        ("0b5e", "training", "train", 3),
    ]


def test_tasks_side_by_side_in_threads_are_told_apart(
    unconfigured: LoggingPlugin, records: Records, run: RunInfo, task: TaskInfo
) -> None:
    together = threading.Barrier(4)
    before = logging.getLogRecordFactory()

    def work(number: int) -> None:
        with around(unconfigured, run, replace(task, label=f"task-{number}")):
            together.wait(10)
            logger.warning("%d", number)
            together.wait(10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    told = {record.getMessage(): vars(record)["gluepy_task"] for record in records.all}
    assert told == {str(number): f"task-{number}" for number in range(4)}
    assert logging.getLogRecordFactory() is before


def test_a_thread_that_the_only_task_started_belongs_to_it(
    unconfigured: LoggingPlugin, records: Records, run: RunInfo, task: TaskInfo
) -> None:
    with around(unconfigured, run, task), ThreadPoolExecutor(1) as pool:
        pool.submit(logger.warning, "inside").result()

    assert records.marks() == [("0b5e", "training", "train", 3)]


def test_a_thread_that_is_older_than_the_task_belongs_to_nobody(
    unconfigured: LoggingPlugin, records: Records, run: RunInfo, task: TaskInfo
) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with around(unconfigured, run, task):
            pool.submit(logger.warning, "beside").result()

    assert records.marks() == [None]


def test_the_wrapper_hands_on_what_the_inner_ones_return(
    unconfigured: LoggingPlugin, run: RunInfo, task: TaskInfo
) -> None:
    wrapper = unconfigured.around_task(task, run)
    next(wrapper)

    with pytest.raises(StopIteration) as stopped:
        wrapper.send("inner")

    assert stopped.value.value == "inner"


def test_records_of_tasks_are_lines_beside_the_events(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, task: TaskInfo
) -> None:
    logger.warning("before")
    with around(plugin, run, task):
        logger.warning("rows: %d", 7, extra={"task": "theirs"})
    logger.warning("after")

    (line,) = read_lines()
    assert line["event"] == "log"
    assert (line["run_id"], line["dag"], line["task"], line["attempt"]) == (
        "0b5e",
        "training",
        "train",
        3,
    )
    assert line["message"] == "rows: 7"
    assert line["extra"] == {"task": "theirs"}


def test_records_of_others_meanwhile_are_no_lines(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, task: TaskInfo
) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with around(plugin, run, task):
            pool.submit(logger.warning, "beside").result()

    assert read_lines() == []


@pytest.mark.parametrize("flag", [False, "false", "0", "No", "off"])
def test_records_can_be_left_out(
    plugin: LoggingPlugin,
    read_lines: Read,
    log_file: object,
    run: RunInfo,
    task: TaskInfo,
    flag: object,
) -> None:
    plugin.configure(SettingsInfo((("JSONLOG", str(log_file)), ("JSONLOG_RECORDS", flag))))

    with around(plugin, run, task):
        logger.warning("inside")

    assert read_lines() == []


def test_tasks_within_tasks_write_each_record_once(
    plugin: LoggingPlugin, read_lines: Read, run: RunInfo, other_run: RunInfo, task: TaskInfo
) -> None:
    with around(plugin, run, task):
        with around(plugin, other_run, task):
            logger.warning("inner")
        logger.warning("outer")

    assert [(line["message"], line["dag"]) for line in read_lines()] == [
        ("inner", "scoring"),
        ("outer", "training"),
    ]


def test_a_record_that_cannot_be_written_does_not_disturb_the_task(
    plugin: LoggingPlugin,
    capsys: pytest.CaptureFixture[str],
    run: RunInfo,
    task: TaskInfo,
) -> None:
    plugin.configure(SettingsInfo((("JSONLOG", "/dev/full"),)))

    with around(plugin, run, task):
        logger.warning("inside")

    assert "Traceback" not in capsys.readouterr().err


def test_warnings_still_reach_the_last_resort(
    plugin: LoggingPlugin,
    read_lines: Read,
    capsys: pytest.CaptureFixture[str],
    run: RunInfo,
    task: TaskInfo,
) -> None:
    last_resort = logging.lastResort
    logger.setLevel(logging.INFO)

    with bare_logging(), around(plugin, run, task):
        logger.info("told to nobody else")
        logger.warning("seen")
    logger.setLevel(logging.NOTSET)

    assert [line["message"] for line in read_lines()] == ["told to nobody else", "seen"]
    assert capsys.readouterr().err == "seen\n"
    assert logging.lastResort is last_resort


def test_a_task_may_still_configure_logging(
    plugin: LoggingPlugin,
    capsys: pytest.CaptureFixture[str],
    run: RunInfo,
    task: TaskInfo,
) -> None:
    with bare_logging() as root:
        with around(plugin, run, task):
            logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
            logger.info("as the task wants it")
        handlers = len(root.handlers)

    assert capsys.readouterr().err == "INFO as the task wants it\n"
    assert handlers == 1


def test_a_last_resort_that_was_taken_away_is_not_brought_back(
    plugin: LoggingPlugin,
    read_lines: Read,
    run: RunInfo,
    task: TaskInfo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)

    with bare_logging():
        with around(plugin, run, task):
            logging.lastResort = None
        assert logging.lastResort is None
        with around(plugin, run, task):
            logger.warning("lost")
        assert logging.lastResort is None

    assert read_lines() == []
