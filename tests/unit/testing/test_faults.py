"""The storage that fails keeps all promises when it does not, and fails as it says when it does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gluepy.exceptions import StorageError, StorageReadError, StorageWriteError
from gluepy.files.storages.memory import MemoryStorage
from gluepy.testing.faults import Fault, FaultyStorage
from gluepy.testing.storages import StorageSuite


class TestFaultyStorageWithoutFaults(StorageSuite):
    @pytest.fixture
    def storage(self) -> FaultyStorage:
        return FaultyStorage(MemoryStorage(), rate=0)


CHANGES: dict[str, Callable[[FaultyStorage], None]] = {
    "write": lambda storage: storage.touch("a/new", "x"),
    "make-folder": lambda storage: storage.mkdir("new"),
    "remove-file": lambda storage: storage.rm("a/x"),
    "remove-folder": lambda storage: storage.rm("a", recursive=True),
    "copy-file": lambda storage: storage.cp("a/x", "copy"),
}


class OnlyChangesFail(FaultyStorage):
    """Fails at every change, and at no look."""

    def _draw(self, operation: str, key: str) -> str | None:  # type: ignore[override]  # wider
        return None if operation == "look" else super()._draw(operation, key)


def filled() -> MemoryStorage:
    storage = MemoryStorage()
    storage.touch("a/x", "old")
    return storage


def tree(storage: MemoryStorage) -> dict[str, bytes | None]:
    return dict(storage._entries)


@pytest.mark.parametrize("operation", CHANGES)
def test_change_fails_before_it_is_done_or_is_done_and_reported_as_failed(operation: str) -> None:
    before, done = filled(), filled()
    CHANGES[operation](OnlyChangesFail(done, rate=0))
    seen = {}

    for seed in range(20):
        inner = filled()
        storage = OnlyChangesFail(inner, rate=1, seed=seed)
        with pytest.raises(StorageWriteError, match="a fault was injected"):
            CHANGES[operation](storage)
        (fault,) = storage.faults
        assert fault.operation == operation
        seen[fault.moment] = tree(inner)

    assert seen == {"before": tree(before), "after": tree(done)}


@pytest.mark.parametrize(
    "look",
    [
        lambda storage: storage.exists("a/x"),
        lambda storage: storage.open("a/x"),
        lambda storage: storage.ls("a"),
        lambda storage: storage.rm("a/x"),
    ],
)
def test_look_fails(look: Callable[[FaultyStorage], object]) -> None:
    storage = FaultyStorage(filled(), rate=1)

    with pytest.raises(StorageReadError, match="a fault was injected"):
        look(storage)


def test_reading_and_listing_fail_too() -> None:
    storage = OnlyChangesFail(filled(), rate=1)

    with pytest.raises(StorageReadError):
        storage.open("a/x")
    with pytest.raises(StorageReadError):
        storage.ls("a")

    assert storage.faults == [Fault("read", "a/x", "before"), Fault("list", "a", "before")]


def faults_of(*, seed: int, rate: float = 0.01, operations: int = 5000) -> list[Fault]:
    storage = FaultyStorage(MemoryStorage(), rate=rate, seed=seed)
    for number in range(operations):
        try:
            storage.exists(str(number))
        except StorageError:
            pass
    assert storage.operations == operations
    return storage.faults


def test_one_operation_in_a_hundred_fails_unless_told_otherwise() -> None:
    assert 20 <= len(faults_of(seed=1)) <= 80
    assert 400 <= len(faults_of(seed=1, rate=0.1)) <= 600


def test_same_seed_fails_at_the_same_places() -> None:
    assert faults_of(seed=7) == faults_of(seed=7)
    assert faults_of(seed=7) != faults_of(seed=8)


def test_storage_can_be_made_well_again() -> None:
    storage = FaultyStorage(filled(), rate=1)
    with pytest.raises(StorageReadError):
        storage.open("a/x")

    storage.rate = 0

    assert storage.open("a/x") == b"old"


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_rate_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match=r"^rate .* is not from 0 to 1$"):
        FaultyStorage(MemoryStorage(), rate=rate)


def test_location_is_that_of_the_storage() -> None:
    inner = MemoryStorage()

    assert FaultyStorage(inner, rate=1).location("a") == inner.location("a")
