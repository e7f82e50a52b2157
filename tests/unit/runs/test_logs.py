from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gluepy.exceptions import StorageWriteError
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.logs import (
    MAX_BYTES,
    LogFolder,
    LogText,
    StepLog,
    log_path,
    read_attempt,
    read_log,
)

RUN = "runs/r"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["local", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> BaseStorage:
    made = LocalStorage(tmp_path) if request.param == "local" else MemoryStorage("m")
    made.mkdir(RUN, make_parents=True)
    return made


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    made = LocalStorage(tmp_path)
    made.mkdir(RUN, make_parents=True)
    return made


def open_log(storage: BaseStorage, label: str = "clean", attempt: int = 1) -> StepLog:
    return LogFolder(storage, RUN).open(label, attempt)


def without_headers(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("===")]


def test_log_has_the_attempt_and_what_was_printed(storage: BaseStorage) -> None:
    log = open_log(storage)
    log.write("hello\n")
    log.write(b"caf\xc3\xa9 \xff")
    log.close()

    text, size, is_cut = read_log(storage, RUN, "clean")
    header, *lines = text.splitlines()
    assert header.startswith("=== attempt 1, 20")
    assert header.endswith("Z ===")
    assert lines == ["hello", "café \ufffd"]
    assert size == len(text.encode()) - 2  # a byte that is no text takes three as a character
    assert not is_cut


def test_each_attempt_follows_the_one_before(storage: BaseStorage) -> None:
    for attempt in (1, 2):
        log = open_log(storage, attempt=attempt)
        log.write(f"try {attempt}")
        log.close()

    assert without_headers(read_log(storage, RUN, "clean").text) == ["try 1", "try 2"]


@pytest.mark.parametrize("text", ["", b""])
def test_step_that_prints_nothing_has_no_log(storage: BaseStorage, text: str | bytes) -> None:
    log = open_log(storage)
    log.write(text)
    log.close()

    assert read_log(storage, RUN, "clean") == LogText("", 0, is_cut=False)
    assert storage.ls(RUN) == ([], [])
    assert log.tail() == ""


def test_last_lines_of_a_log_can_be_read_alone(storage: BaseStorage) -> None:
    log = open_log(storage)
    log.write("1\n2\n3\n")
    log.close()

    assert read_log(storage, RUN, "clean", tail=2).text == "2\n3\n"
    assert read_log(storage, RUN, "clean", tail=2).is_cut
    assert read_log(storage, RUN, "clean", tail=0).text == ""
    assert not read_log(storage, RUN, "clean", tail=9).is_cut


def test_what_is_printed_outlives_a_kill_at_once(local: LocalStorage) -> None:
    log = open_log(local)

    log.write("whole line\npart")

    assert without_headers(read_log(local, RUN, "clean").text) == ["whole line", "part"]


def test_only_the_owner_may_read_a_log(local: LocalStorage) -> None:
    log = open_log(local)
    log.write("x\n")

    path = local.local_path(f"{RUN}/{log_path('clean')}")
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_attempt_that_prints_without_end_is_cut(storage: BaseStorage) -> None:
    log = open_log(storage)
    for _ in range(3):
        log.write("x" * (MAX_BYTES // 2) + "\n")
    log.write("the end\n")
    log.close()

    text, size, _ = read_log(storage, RUN, "clean")
    assert text.endswith("\n=== more than 10,000,000 bytes: the rest is lost ===\n")
    assert size < MAX_BYTES + 200
    assert log.tail().endswith("the end")


def test_line_that_does_not_end_is_written_in_the_end(storage: BaseStorage) -> None:
    log = open_log(storage)
    log.write("y" * 9000)
    log.write("z")
    log.close()

    (line,) = without_headers(read_log(storage, RUN, "clean").text)
    assert line == "y" * 9000 + "z"


def test_tail_is_the_last_lines_and_not_too_many() -> None:
    log = open_log(MemoryStorage("m"))
    log.write("".join(f"line {number}\n" for number in range(100)))

    assert log.tail().splitlines() == [f"line {number}" for number in range(80, 100)]


def test_tail_begins_with_a_whole_line() -> None:
    log = open_log(MemoryStorage("m"))
    log.write("a" * 3000 + "\n" + "b" * 3000 + "\nend\n")

    assert log.tail() == "b" * 3000 + "\nend"


def test_tail_of_one_long_line_is_its_end() -> None:
    log = open_log(MemoryStorage("m"))
    log.write("a" * 9000)

    assert log.tail() == "a" * 4096


def test_threads_of_a_step_write_whole_lines(local: LocalStorage) -> None:
    log = open_log(local)

    def write(name: str) -> None:
        for number in range(200):
            log.write(f"{name} {number}\n")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    lines = without_headers(read_log(local, RUN, "clean").text)
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abc" for number in range(200))


def test_what_comes_after_the_end_is_dropped(storage: BaseStorage) -> None:
    log = open_log(storage)
    log.write("x\n")
    log.close()

    log.write("late\n")

    assert "late" not in read_log(storage, RUN, "clean").text


def test_task_may_close_the_file_of_its_log(local: LocalStorage, tmp_path: Path) -> None:
    log = open_log(local)
    log.write("before\n")

    _close_files_in(local)
    with (tmp_path / "other.txt").open("w"):
        log.write("after\n")
        log.close()

    assert without_headers(read_log(local, RUN, "clean").text) == ["before", "after"]
    assert (tmp_path / "other.txt").read_text() == ""


def _close_files_in(storage: LocalStorage) -> None:
    """Close all descriptors of this process that lead into a storage."""
    for number in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if path.startswith(storage.root):
            os.close(int(number))


def test_file_that_was_closed_last_does_no_harm(local: LocalStorage) -> None:
    log = open_log(local)
    log.write("x\n")
    _close_files_in(local)

    log.close()

    assert without_headers(read_log(local, RUN, "clean").text) == ["x"]


def test_log_that_cannot_be_written_fails_nothing(local: LocalStorage) -> None:
    local.touch(f"{RUN}/logs", "a file stands in the way")
    log = open_log(local)

    log.write("x\n")
    log.close()

    assert log.tail() == "x"


class Refusing(MemoryStorage):
    def touch(self, *args: object, **kwargs: object) -> None:
        raise StorageWriteError("x", "no")


def test_storage_that_refuses_fails_nothing() -> None:
    log = open_log(Refusing("m"))
    log.write("x\n")

    log.close()

    assert log.tail() == "x"


def test_process_that_was_forked_off_does_not_repeat_what_waits(local: LocalStorage) -> None:
    log = open_log(local)
    log.write("begun ")

    log.forked()
    log.write("by a child\n")

    assert without_headers(read_log(local, RUN, "clean").text) == ["by a child"]


@pytest.mark.parametrize(
    ("label", "path"),
    [
        ("clean", "logs/clean.log"),
        ("train[AA]", "logs/train[AA].log"),
        ("train[2026, a+b]", "logs/train[2026, a+b].log"),
        ("a/../b c", "logs/a%2F..%2Fb c.log"),
        ("..", "logs/%2E%2E.log"),
        ('\\:*?"<>|%\n', "logs/%5C%3A%2A%3F%22%3C%3E%7C%25%0A.log"),
        ("a.b", "logs/a.b.log"),
        ("\xe9", "logs/%C3%A9.log"),
        ("\udcff", "logs/%ED%B3%BF.log"),
    ],
)
def test_log_is_named_after_its_step(label: str, path: str) -> None:
    assert log_path(label) == path


def test_long_labels_have_logs_of_their_own() -> None:
    one, other = (log_path("x" * 500 + end) for end in "ab")

    assert one != other
    assert len(one) < 200


# -- one attempt -----------------------------------------------------------------------------------


@pytest.fixture
def twice(storage: BaseStorage) -> BaseStorage:
    for attempt in (1, 2):
        log = open_log(storage, attempt=attempt)
        log.write(f"try {attempt}\n")
        log.close()
    return storage


def test_what_the_last_attempt_has_printed_can_be_read_alone(twice: BaseStorage) -> None:
    assert read_attempt(twice, RUN, "clean", attempt=2, since=LONG_AGO) == "try 2\n"


def test_attempt_that_has_printed_nothing_gets_nothing_of_another(twice: BaseStorage) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    assert read_attempt(twice, RUN, "clean", attempt=3, since=LONG_AGO) == ""
    assert read_attempt(twice, RUN, "clean", attempt=2, since=later) == ""
    assert read_attempt(twice, RUN, "other", attempt=1, since=LONG_AGO) == ""


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("=== attempt 1, x ===\n", "=== attempt 1, x ===\n"),
        ("=== attempt 1, 2026-99-01T00:00:00Z ===\nx\n", ""),
    ],
)
def test_task_can_print_what_looks_like_the_beginning_of_an_attempt(
    storage: BaseStorage, printed: str, text: str
) -> None:
    log = open_log(storage)
    log.write(printed)
    log.close()

    assert read_attempt(storage, RUN, "clean", attempt=1, since=LONG_AGO) == text
