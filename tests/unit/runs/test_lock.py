from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gluepy.exceptions import RunLockedError, StorageWriteError
from gluepy.files.storages import BaseStorage
from gluepy.files.storages.local import LocalStorage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.runs.lock import (
    LockOwner,
    LockTiming,
    RunLock,
    _DiskLock,
    _read_disk,
    _try_lock,
    find_owner,
)
from gluepy.utils.loading import LazyProxy

FOLDER = "runs/a"
LOCK = f"{FOLDER}/lock"

HOLD = """
import sys
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.lock import RunLock

lock = RunLock.acquire(LocalStorage(sys.argv[1]), "runs/a")
print("held", flush=True)
sys.stdin.read()
lock.release()
"""

RACE = """
import os, sys, time
from gluepy.exceptions import RunLockedError
from gluepy.files.storages.local import LocalStorage
from gluepy.runs.lock import RunLock

storage = LocalStorage(sys.argv[1])
inside = storage.abspath("inside")
for _ in range(50):
    try:
        lock = RunLock.acquire(storage, "runs/a")
    except RunLockedError:
        continue
    os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
    time.sleep(0.002)
    os.unlink(inside)
    lock.release()
"""


class Clock:
    """A monotonic clock that moves when somebody waits, and does what is planned then."""

    def __init__(self, *, then: Callable[[float], None] = lambda _: None) -> None:
        self.now = 0.0
        self.then = then

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then(self.now)

    def timing(self) -> LockTiming:
        return LockTiming(sleep=self.sleep, monotonic=lambda: self.now)


Hold = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def hold(local: LocalStorage) -> Iterator[Hold]:
    """Start processes that hold the lock."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, local.root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def owner_of(storage: BaseStorage) -> dict[str, Any]:
    return dict(json.loads(storage.open(LOCK)))


def put(storage: BaseStorage, **content: Any) -> LockOwner:
    """Let another process hold the lock."""
    owner = LockOwner(
        **{
            "host": "there",
            "pid": 7,
            "started_at": "2026-11-22T10:40:12+00:00",
            "machine": "there",
            "token": "theirs",
            "beat_at": datetime.now(UTC).isoformat(),
            **content,
        }
    )
    storage.touch(LOCK, json.dumps(asdict(owner)))
    return owner


# -- one process -----------------------------------------------------------------------------------


def test_second_run_of_one_process_is_refused(storage: BaseStorage) -> None:
    lock = RunLock.acquire(storage, FOLDER)

    with pytest.raises(RunLockedError) as caught:
        RunLock.acquire(storage, FOLDER)
    lock.release()

    assert (caught.value.pid, caught.value.host) == (os.getpid(), lock.owner.host)
    assert caught.value.started_at == lock.owner.started_at


def test_lock_can_be_taken_again_after_its_end(storage: BaseStorage) -> None:
    lock = RunLock.acquire(storage, FOLDER)
    assert find_owner(storage, FOLDER) == lock.owner
    lock.beat()
    lock.release()
    lock.release()

    again = RunLock.acquire(storage, FOLDER)
    lock.release()  # of the first: it must not let go of the second

    assert find_owner(storage, FOLDER) == again.owner
    again.release()
    assert find_owner(storage, FOLDER) is None


def test_runs_in_other_folders_and_storages_are_not_in_the_way(tmp_path: Path) -> None:
    first, second = MemoryStorage(), MemoryStorage()
    places = [(first, "a"), (first, "b"), (second, "a"), (LocalStorage(tmp_path), "a")]

    locks = [RunLock.acquire(storage, folder) for storage, folder in places]

    assert len({lock.owner.token for lock in locks}) == 4
    for lock in locks:
        lock.release()


def test_proxy_of_a_storage_is_that_storage(storage: BaseStorage) -> None:
    proxy: Any = LazyProxy(lambda: storage)
    lock = RunLock.acquire(proxy, FOLDER)

    with pytest.raises(RunLockedError):
        RunLock.acquire(storage, FOLDER)
    lock.release()


def test_forked_child_neither_holds_nor_releases(local: LocalStorage) -> None:
    lock = RunLock.acquire(local, FOLDER)
    assert find_owner(local, FOLDER) is not None

    child = os.fork()
    if child == 0:
        lock.beat()
        lock.release()
        try:
            RunLock.acquire(local, FOLDER)
        except RunLockedError as error:
            os._exit(5 if error.pid == os.getppid() else 6)
        os._exit(7)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 5
    assert find_owner(local, FOLDER) == lock.owner
    lock.release()


def test_folder_that_cannot_be_written_is_an_error_of_the_storage(local: LocalStorage) -> None:
    local.mkdir(LOCK, make_parents=True)

    with pytest.raises(StorageWriteError, match="Is a directory"):
        RunLock.acquire(local, FOLDER)

    local.rm(LOCK, recursive=True)
    RunLock.acquire(local, FOLDER).release()


def test_disk_that_refuses_is_an_error_of_the_storage() -> None:
    with pytest.raises(StorageWriteError, match="cannot write '/dev/full'"):
        _DiskLock("/dev/full", LockOwner(), "/r")


def test_file_system_that_knows_no_locks_is_an_error_of_the_storage() -> None:
    with pytest.raises(StorageWriteError, match="cannot write 'lock': Bad file descriptor"):
        _try_lock(9999)


def test_lock_that_cannot_be_read_names_nobody(tmp_path: Path) -> None:
    assert _read_disk(str(tmp_path / "gone")) == LockOwner()


def test_forked_process_leaves_the_lock_alone(shared: MemoryStorage) -> None:
    lock = RunLock.acquire(shared, FOLDER, timing=Clock().timing())
    before = shared.open(LOCK)
    lock._pid += 1

    lock.beat()
    lock.release()

    assert shared.open(LOCK) == before
    lock._pid -= 1
    lock.release()


# -- processes -------------------------------------------------------------------------------------


def test_second_process_is_refused_within_two_seconds(local: LocalStorage, hold: Hold) -> None:
    other = hold()
    clock = Clock()

    with pytest.raises(RunLockedError) as caught:
        RunLock.acquire(local, FOLDER, timing=clock.timing())

    assert clock.now <= 2
    assert caught.value.pid == other.pid
    assert caught.value.exit_code == 4
    found = find_owner(local, FOLDER)
    assert found is not None
    assert found.pid == other.pid


def test_lock_of_a_killed_process_is_taken_at_once(local: LocalStorage, hold: Hold) -> None:
    other = hold()
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert find_owner(local, FOLDER) is None
    clock = Clock()

    lock = RunLock.acquire(local, FOLDER, timing=clock.timing())

    assert clock.now == 0
    assert owner_of(local)["pid"] == os.getpid()
    lock.release()
    assert local.open(LOCK) == b""


def test_stopped_process_keeps_its_lock(local: LocalStorage, hold: Hold) -> None:
    other = hold()
    other.send_signal(signal.SIGSTOP)

    with pytest.raises(RunLockedError):
        RunLock.acquire(local, FOLDER)


def test_two_processes_that_race_never_hold_it_both(local: LocalStorage) -> None:
    local.mkdir(FOLDER, make_parents=True)

    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, local.root], stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    errors = [racer.communicate(timeout=60)[1] for racer in racers]

    assert errors == ["", ""]
    assert [racer.returncode for racer in racers] == [0, 0]


def test_unreadable_lock_names_nobody(local: LocalStorage, hold: Hold) -> None:
    hold()
    Path(local.abspath(LOCK)).write_bytes(b"[]")

    with pytest.raises(RunLockedError, match=r"another process works in it$"):
        RunLock.acquire(local, FOLDER)


def test_lock_of_another_user_counts_as_held(local: LocalStorage) -> None:
    local.mkdir(FOLDER, make_parents=True)
    # What cannot be opened, whoever runs this test.
    Path(local.abspath(LOCK)).symlink_to("lock")

    assert find_owner(local, FOLDER) == LockOwner()


# -- a lock that was lost --------------------------------------------------------------------------


def test_lock_that_a_task_has_closed_is_taken_again(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    lock = RunLock.acquire(local, FOLDER)
    os.close(descriptor_of(LOCK))

    lock.beat()

    done = subprocess.run(
        [sys.executable, "-c", HOLD, local.root], capture_output=True, text=True, check=False
    )
    assert "RunLockedError" in done.stderr
    lock.release()


def test_lock_that_another_process_took_meanwhile_is_missed(
    local: LocalStorage, descriptor_of: Callable[[str], int], hold: Hold
) -> None:
    lock = RunLock.acquire(local, FOLDER)
    os.close(descriptor_of(LOCK))
    other = hold()

    with pytest.raises(RunLockedError) as caught:
        lock.beat()

    assert caught.value.pid == other.pid
    lock.release()


def test_lock_without_its_file_is_let_go_quietly(
    local: LocalStorage, descriptor_of: Callable[[str], int]
) -> None:
    lock = RunLock.acquire(local, FOLDER)
    os.close(descriptor_of(LOCK))

    lock.release()

    assert find_owner(local, FOLDER) is None


# -- storages that know no locks -------------------------------------------------------------------


def test_owner_that_gives_signs_of_life_is_refused_at_once(shared: MemoryStorage) -> None:
    put(shared)
    clock = Clock()

    with pytest.raises(RunLockedError) as caught:
        RunLock.acquire(shared, FOLDER, timing=clock.timing())

    assert clock.now == 0
    assert (caught.value.host, caught.value.pid) == ("there", 7)
    assert find_owner(shared, FOLDER) is not None


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1), None])
def test_owner_without_signs_of_life_is_watched_then_outlived(
    shared: MemoryStorage, jump: timedelta | None
) -> None:
    beat_at = (datetime.now(UTC) + jump).isoformat() if jump else "?"
    put(shared, beat_at=beat_at)
    clock = Clock()

    lock = RunLock.acquire(shared, FOLDER, timing=clock.timing())

    assert 15 <= clock.now < 18
    assert owner_of(shared)["token"] == lock.owner.token
    lock.release()
    assert find_owner(shared, FOLDER) is None


def test_owner_whose_clock_is_wrong_is_known_by_its_next_sign(shared: MemoryStorage) -> None:
    theirs = put(shared, beat_at="2001-01-01T00:00:00+00:00")

    def beat(now: float) -> None:
        if now > 4:
            put(shared, **asdict(replace(theirs, beat=1)))

    with pytest.raises(RunLockedError):
        RunLock.acquire(shared, FOLDER, timing=Clock(then=beat).timing())


def test_owner_that_ends_while_it_is_watched_makes_room(shared: MemoryStorage) -> None:
    put(shared, beat_at="2001-01-01T00:00:00+00:00")
    clock = Clock(then=lambda now: shared.touch(LOCK, b"") if now == 1 else None)

    RunLock.acquire(shared, FOLDER, timing=clock.timing()).release()

    assert clock.now < 5


def test_dead_process_of_this_machine_is_outlived_at_once(shared: MemoryStorage) -> None:
    mine = RunLock.acquire(shared, FOLDER, timing=Clock().timing())
    mine.release()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    put(shared, machine=mine.owner.machine, pid=child.pid)
    clock = Clock()
    assert find_owner(shared, FOLDER) is None

    lock = RunLock.acquire(shared, FOLDER, timing=clock.timing())

    assert clock.now == 0.5
    lock.release()


@pytest.mark.parametrize("pid", [1, 0])
def test_live_process_of_this_machine_is_not(shared: MemoryStorage, pid: int) -> None:
    mine = RunLock.acquire(shared, FOLDER, timing=Clock().timing())
    mine.release()
    put(shared, machine=mine.owner.machine, pid=pid)

    with pytest.raises(RunLockedError):
        RunLock.acquire(shared, FOLDER, timing=Clock().timing())


def test_slower_of_two_that_take_it_wins_and_the_other_sees_it(shared: MemoryStorage) -> None:
    slower: list[LockOwner] = []

    with pytest.raises(RunLockedError) as caught:
        RunLock.acquire(
            shared, FOLDER, timing=Clock(then=lambda _: slower.append(put(shared))).timing()
        )

    assert caught.value.host == "there"
    assert owner_of(shared)["token"] == slower[0].token


def test_sign_of_life_counts_up(shared: MemoryStorage) -> None:
    lock = RunLock.acquire(shared, FOLDER, timing=Clock().timing())
    assert lock.beat_s == 5

    lock.beat()
    lock.beat()

    assert owner_of(shared)["beat"] == 2
    lock.release()
    assert shared.open(LOCK) == b""


def test_lock_that_was_taken_over_is_neither_renewed_nor_released(shared: MemoryStorage) -> None:
    lock = RunLock.acquire(shared, FOLDER, timing=Clock().timing())
    theirs = put(shared)

    with pytest.raises(RunLockedError):
        lock.beat()
    lock.release()

    assert owner_of(shared)["token"] == theirs.token


def test_lock_that_was_removed_is_missed(shared: MemoryStorage) -> None:
    lock = RunLock.acquire(shared, FOLDER, timing=Clock().timing())
    shared.rm(LOCK)

    with pytest.raises(RunLockedError):
        lock.beat()
    lock.release()
