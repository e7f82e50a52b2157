"""What a stream of events says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio

from gluepy.exceptions import GluepyError
from gluepy_web._events import Look, follow

CHANGE, OVER = "event: change\ndata: \n\n", "event: over\ndata: \n\n"


def said(look: Callable[[str], Look], *, looks: int = 99, heartbeat_s: float = 99) -> list[str]:
    """Return what is said until somebody has looked so often."""
    left = looks

    async def is_gone() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    async def collect() -> list[str]:
        stream = follow(look, "0b5e", is_gone, heartbeat_s=heartbeat_s)
        first, *rest = [text async for text in stream]
        assert first == "retry: 2000\n\n"
        return rest

    # In a thread of its own: that of the tests has the event loop of the browser.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, collect).result()


def test_page_is_told_of_each_change_and_of_the_end() -> None:
    looks = iter(
        [
            *(Look(mark, is_live=True, is_over=False) for mark in (1, 1, 2)),
            Look(2, is_live=False, is_over=True),
        ]
    )

    assert said(lambda _: next(looks)) == [CHANGE, CHANGE, OVER]


def test_stream_ends_when_nobody_listens() -> None:
    assert said(lambda _: Look(1, is_live=True, is_over=False), looks=2) == [CHANGE]


def test_silence_has_a_heartbeat() -> None:
    told = said(lambda _: Look(1, is_live=False, is_over=False), looks=3, heartbeat_s=0.1)

    assert told == [CHANGE, ": still there\n\n", ": still there\n\n"]


def test_record_that_cannot_be_read_is_looked_at_again() -> None:
    looks = iter([Look(1, is_live=True, is_over=False), None, Look(2, is_live=True, is_over=True)])

    def look(_: str) -> Look:
        found = next(looks)
        if found is None:
            raise GluepyError("the storage is away")
        return found

    assert said(look) == [CHANGE, CHANGE, OVER]
