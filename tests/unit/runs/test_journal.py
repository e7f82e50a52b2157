from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import DamagedRecordError, StorageWriteError
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.journal import (
    DiskJournal,
    Journal,
    has_journal,
    journal_location,
    open_journal,
    parse_lines,
    read_journal,
)

FOLDER = "runs/a"
FILE = f"{FOLDER}/journal.jsonl"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
events = st.lists(st.fixed_dictionaries({"event": st.text(), "value": values}), max_size=6)


def line(number: int) -> str:
    return f'{{"event":"e","n":{number}}}\n'


def numbers(storage: MemoryStorage | LocalStorage) -> list[int]:
    return [event["n"] for event in read_journal(storage, FOLDER).events]


def begin(storage: MemoryStorage | LocalStorage, **rest: Any) -> Journal:
    return open_journal(storage, FOLDER, read_journal(storage, FOLDER), **rest)


def write(storage: MemoryStorage | LocalStorage, *content: int) -> None:
    journal = begin(storage)
    for number in content:
        journal.append(line(number))
    journal.flush()
    journal.close()


# -- reading ---------------------------------------------------------------------------------------


@given(events, st.integers(min_value=0), st.integers(min_value=0, max_value=5000))
def test_journal_torn_at_any_byte_reads_as_its_beginning(
    written: list[dict[str, Any]], cut: int, nuls: int
) -> None:
    lines = [json.dumps(event).encode() + b"\n" for event in written]
    data = b"".join(lines)
    torn = data[: cut % (len(data) + 1)]
    whole = torn.count(b"\n")

    found, good = parse_lines(torn + b"\0" * nuls, where="j")

    assert found == written[:whole]
    assert good == sum(map(len, lines[:whole]))


def test_line_behind_nuls_at_the_end_is_dropped_with_them() -> None:
    data = line(1).encode()

    assert parse_lines(data + b"\0" * 100 + b'"x"}\n', where="j") == (
        [{"event": "e", "n": 1}],
        len(data),
    )


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"garbage", r"it is no JSON \(Expecting value.*\)"),
        (b"", r"it is no JSON \(.*\)"),
        (b"\xff", r"it is no JSON \(.*\)"),
        (b"[" * 100_000, r"it is no JSON \(.*recursion.*\)"),
        (b"[]", "it is no event"),
        (b'{"event": 1}', "it is no event"),
        (b"\0\0", r"it is no JSON \(.*\)"),
    ],
)
def test_damaged_line_before_a_good_one_is_an_error(bad: bytes, reason: str) -> None:
    data = line(1).encode() + bad + b"\n" + line(2).encode()

    with pytest.raises(DamagedRecordError, match=f"^/x/j: line 2 is damaged: {reason}$"):
        parse_lines(data, where="/x/j")


def test_whole_line_of_garbage_at_the_end_is_no_torn_line() -> None:
    with pytest.raises(DamagedRecordError, match="line 2 is damaged"):
        parse_lines(line(1).encode() + b"garbage\n", where="j")


def test_folder_without_a_journal_has_no_events(local: LocalStorage) -> None:
    assert read_journal(local, FOLDER) == ([], 0, False)
    assert not has_journal(local, FOLDER)
    assert journal_location(local, FOLDER) == f"{local.root}/{FILE}"


# -- on a disk -------------------------------------------------------------------------------------


def test_lines_are_there_as_soon_as_they_are_appended(local: LocalStorage) -> None:
    journal = begin(local)

    journal.append(line(1))

    assert numbers(local) == [1]
    assert has_journal(local, FOLDER)
    assert Path(local.abspath(FILE)).stat().st_mode & 0o777 == 0o600
    journal.close()


def test_torn_line_is_cut_off_before_the_next_is_written(local: LocalStorage) -> None:
    local.touch(FILE, line(1) + '{"event":')

    write(local, 2)

    assert local.open(FILE, "r") == line(1) + line(2)


def test_damaged_journal_is_left_as_it_is(local: LocalStorage) -> None:
    local.touch(FILE, "garbage\n" + line(1))

    with pytest.raises(DamagedRecordError):
        begin(local)

    assert local.open(FILE, "r") == "garbage\n" + line(1)


def test_journal_that_leads_out_of_the_root_is_refused(local: LocalStorage, tmp_path: Path) -> None:
    local.mkdir(FOLDER, make_parents=True)
    tmp_path.joinpath("outside").write_text("")
    Path(local.abspath(FILE)).symlink_to(tmp_path / "outside")

    with pytest.raises(ValueError, match="leads out of the storage root"):
        begin(local)


def test_full_disk_takes_no_part_of_a_line(tmp_path: Path) -> None:
    code = f"""
import resource, sys
from gluepy.exceptions import StorageWriteError
from gluepy.runs.journal import DiskJournal

open({str(tmp_path / "j")!r}, "w").close()
journal = DiskJournal({str(tmp_path / "j")!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (110, {resource.RLIM_INFINITY}))
try:
    while True:
        journal.append('{{"event":"e","n":1}}\\n')
except StorageWriteError as error:
    print(error)
try:
    journal.append('{{"event":"e","n":2}}\\n')
except StorageWriteError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, ({resource.RLIM_INFINITY},) * 2)
journal.append('{{"event":"e","n":3}}\\n')
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.count("there is no room for the whole line") == 2
    found, good = parse_lines((tmp_path / "j").read_bytes(), where="j")
    assert [event["n"] for event in found] == [1, 1, 1, 1, 1, 3]
    assert good == 6 * len(line(1))


def test_disk_that_refuses_is_an_error_of_the_storage() -> None:
    journal = DiskJournal("/dev/full")

    with pytest.raises(StorageWriteError, match="cannot write '/dev/full': No space left"):
        journal.append(line(1))
    journal.close()


def test_disk_that_cannot_sync_is_not_trusted_any_more(tmp_path: Path) -> None:
    # A device can be written and not synced.
    journal = DiskJournal("/dev/null", always=True)

    for _ in range(2):
        with pytest.raises(StorageWriteError, match="cannot write '/dev/null'"):
            journal.append(line(1))
    journal.close()


def test_missing_file_is_an_error_of_the_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageWriteError, match="No such file"):
        DiskJournal(str(tmp_path / "j"))


def test_journal_is_opened_again_when_a_task_has_closed_it(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    journal = begin(local)
    journal.append(line(1))

    os.closerange(descriptor_of(FILE), descriptor_of(FILE) + 1)
    journal.append(line(2))

    assert numbers(local) == [1, 2]
    journal.close()


def test_journal_that_is_closed_is_opened_again_also_by_a_line_that_does_not_look(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    journal = begin(local)

    os.closerange(descriptor_of(FILE), descriptor_of(FILE) + 1)
    journal.append(line(1), looks=False)
    journal.append(line(2), looks=False)

    assert numbers(local) == [1, 2]
    journal.close()


def test_journal_that_is_closed_and_gone_cannot_be_written(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    journal = begin(local)

    os.closerange(descriptor_of(FILE), descriptor_of(FILE) + 1)
    local.rm(FILE)

    with pytest.raises(StorageWriteError, match="No such file"):
        journal.append(line(1), looks=False)
    journal.close()


def test_journal_gets_a_number_that_no_other_file_gets_by_chance(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    journal = begin(local)

    assert descriptor_of(FILE) >= 100
    journal.close()


def test_journal_gets_another_number_where_few_files_may_be_open(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (90, hard))
    try:
        journal = begin(local)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert 3 <= descriptor_of(FILE) < 90
    journal.close()


def test_other_file_that_got_its_number_is_not_written(
    local: LocalStorage, descriptor_of: Callable[[str], int], tmp_path: Path
) -> None:
    journal = begin(local)
    number = descriptor_of(FILE)

    with tmp_path.joinpath("other").open("wb") as other:
        os.dup2(other.fileno(), number)
        journal.append(line(1))
        journal.sync()
        journal.close()

    assert numbers(local) == [1]
    assert tmp_path.joinpath("other").read_bytes() == b""
    os.close(number)


def test_journal_that_was_removed_is_missed(local: LocalStorage) -> None:
    journal = begin(local)
    local.rm(FOLDER, recursive=True)

    with pytest.raises(StorageWriteError, match="it was removed while the run was in progress"):
        journal.append(line(1))


def test_file_in_the_place_of_the_journal_is_not_written(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    journal = begin(local)
    number = descriptor_of(FILE)
    Path(local.abspath(FILE)).rename(local.abspath("aside"))
    local.touch(FILE, "mine")
    os.close(number)

    for _ in range(2):
        with pytest.raises(StorageWriteError, match="another file has taken its place"):
            journal.append(line(1))

    assert local.open(FILE, "r") == "mine"
    journal.close()


def test_nothing_is_written_after_the_end(local: LocalStorage) -> None:
    journal = begin(local)
    journal.close()
    journal.close()

    with pytest.raises(StorageWriteError, match="the journal is closed"):
        journal.append(line(1))


def test_journal_that_cannot_be_cut_is_closed(tmp_path: Path) -> None:
    tmp_path.joinpath("j").touch()
    journal = DiskJournal(str(tmp_path / "j"))

    with pytest.raises(StorageWriteError, match="Invalid argument"):
        journal.cut(-1)
    with pytest.raises(StorageWriteError, match="the journal is closed"):
        journal.append(line(1))


def test_nothing_follows_a_line_that_could_not_be_taken_back(tmp_path: Path) -> None:
    tmp_path.joinpath("j").touch()
    journal = DiskJournal(str(tmp_path / "j"))

    with pytest.raises(StorageWriteError):
        journal._take_back(journal._descriptor, 1)  # there is less in it
    with pytest.raises(StorageWriteError, match="there is no room for the whole line"):
        journal.append(line(1))
    journal.close()


def test_sync_and_flush_do_no_harm(local: LocalStorage) -> None:
    journal = begin(local, sync="always")

    journal.append(line(1))
    journal.flush()
    journal.sync()

    assert numbers(local) == [1]
    journal.close()


# -- elsewhere -------------------------------------------------------------------------------------


class FailingStorage(MemoryStorage):
    """Fails to write when it is told to, before or after it has written."""

    fails = ""

    def touch(self, *args: Any, **kwargs: Any) -> None:
        if self.fails == "before":
            raise StorageWriteError("x", "no")
        super().touch(*args, **kwargs)
        if self.fails == "after":
            raise StorageWriteError("x", "no answer")


def test_each_flush_is_one_object() -> None:
    storage = MemoryStorage()
    journal = begin(storage)

    journal.append(line(1))
    journal.append(line(2))
    journal.flush()
    journal.flush()
    journal.append(line(3))
    journal.sync()
    journal.close()

    assert storage.ls(f"{FOLDER}/journal")[0] == ["000001.jsonl", "000002.jsonl"]
    assert numbers(storage) == [1, 2, 3]
    assert journal_location(storage, FOLDER) == "memory://runs/a/journal"


def test_next_session_goes_on_with_the_next_object() -> None:
    storage = MemoryStorage()
    write(storage, 1)

    write(storage, 2)

    assert storage.ls(f"{FOLDER}/journal")[0] == ["000001.jsonl", "000002.jsonl"]
    assert numbers(storage) == [1, 2]


@pytest.mark.parametrize("fails", ["before", "after"])
def test_flush_that_failed_is_tried_again_and_nothing_is_there_twice(fails: str) -> None:
    storage = FailingStorage()
    journal = begin(storage)
    journal.append(line(1))
    storage.fails = fails

    with pytest.raises(StorageWriteError):
        journal.flush()
    storage.fails = ""
    journal.append(line(2))
    journal.flush()

    assert numbers(storage) == [1, 2]


def test_missing_object_is_named() -> None:
    storage = MemoryStorage()
    storage.touch(f"{FOLDER}/journal/000001.jsonl", line(1))
    storage.touch(f"{FOLDER}/journal/000003.jsonl", line(3))

    with pytest.raises(DamagedRecordError, match=r"'000002\.jsonl' before it is missing"):
        read_journal(storage, FOLDER)


def test_object_before_the_last_is_whole() -> None:
    storage = MemoryStorage()
    storage.touch(f"{FOLDER}/journal/000001.jsonl", line(1) + "{")
    storage.touch(f"{FOLDER}/journal/000002.jsonl", line(2))

    with pytest.raises(DamagedRecordError, match="line 2 is damaged: it is cut short"):
        read_journal(storage, FOLDER)


def copy(source: MemoryStorage | LocalStorage, target: MemoryStorage | LocalStorage) -> None:
    """Copy a run folder as a person does: what is there in addition stays."""
    for folder in (FOLDER, f"{FOLDER}/journal"):
        for name in source.ls(folder)[0] if source.isdir(folder) else []:
            target.touch(f"{folder}/{name}", source.open(f"{folder}/{name}"))


def test_run_goes_on_wherever_its_folder_is_copied(local: LocalStorage) -> None:
    bucket = MemoryStorage()

    write(bucket, 1)
    write(bucket, 2)
    copy(bucket, local)
    write(local, 3)
    copy(local, bucket)
    write(bucket, 4)
    copy(bucket, local)
    write(local, 5)

    assert numbers(local) == [1, 2, 3, 4, 5]
    assert local.ls(FOLDER) == (["journal.jsonl"], [])
    assert numbers(bucket) == [1, 2, 3, 4]
    assert bucket.ls(FOLDER) == ([], ["journal"])


def test_journal_from_a_disk_becomes_an_object(local: LocalStorage) -> None:
    bucket = MemoryStorage()
    write(local, 1, 2)

    copy(local, bucket)
    write(bucket, 3)

    assert bucket.ls(f"{FOLDER}/journal")[0] == ["000001.jsonl", "000002.jsonl"]
    assert numbers(bucket) == [1, 2, 3]


def test_two_forms_that_contradict_each_other_are_refused(local: LocalStorage) -> None:
    local.touch(FILE, line(1) + line(2))
    local.touch(f"{FOLDER}/journal/000001.jsonl", line(3))

    with pytest.raises(DamagedRecordError, match="it contradicts the folder 'journal' beside it"):
        read_journal(local, FOLDER)
