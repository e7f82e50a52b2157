"""Tells browsers, by server-sent events, that what they show has changed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import anyio
from starlette.concurrency import run_in_threadpool

from gluepy import views
from gluepy.exceptions import GluepyError

__all__ = ["Look", "Watch", "follow"]

#: How often is looked.
POLL_S = 0.5
#: What goes on changes by itself: bars grow.
_TICK_S = 5.0
#: So many runs of a list are looked at.
_LISTED = 50

_JOURNAL = "journal.jsonl"


class Look(NamedTuple):
    """What was seen.

    Attributes:
        mark: Another one when something has changed.
        is_live: Whether something goes on.
        is_over: Whether nothing can change any more.
    """

    mark: object
    is_live: bool
    is_over: bool


class Watch:
    """Looks at runs for all who ask; for two who ask at nearly the same time, once."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, Look]] = {}
        self._journals: dict[str, str] = {}
        self._lock = threading.Lock()

    def look(self, run: str) -> Look:
        """Return how a run stands, or, without one, how the list of runs does."""
        with self._lock:
            at, seen = self._seen.get(run, (0.0, None))
            if seen is None or time.monotonic() - at > POLL_S / 2:
                seen = self._look_at_run(run) if run else _look_at_list()
                self._seen[run] = time.monotonic(), seen
            if seen.is_over:
                self._seen.pop(run)
                self._journals.pop(run, None)
            return seen

    def _look_at_run(self, run: str) -> Look:
        found = views.runs_view(query=run, status="running", limit=_LISTED)["runs"]
        row = next((row for row in found if row["run_id"] == run), None)
        if row is None:
            return Look((), is_live=False, is_over=True)
        return Look((row["started_at"], self._progress(run)), is_live=True, is_over=False)

    def _progress(self, run: str) -> object:
        """Return what is another after each event; the record is read if nothing else tells."""
        if run not in self._journals:
            self._journals[run] = os.path.join(views.run_view(run)["location"], _JOURNAL)
        try:
            status = os.stat(self._journals[run])
        except OSError:  # it is in a storage that is no disk
            steps = views.run_view(run)["steps"]
            return [(step["status"], step["attempts"]) for step in steps.values()]
        return status.st_size, status.st_mtime_ns


def _look_at_list() -> Look:
    found = views.runs_view(limit=_LISTED)
    mark = [(row["folder"], row["status"], row["done"], row["total"]) for row in found["runs"]]
    is_live = any(row["status"] == "running" for row in found["runs"])
    return Look((found["total"], mark), is_live, is_over=False)


async def follow(
    look: Callable[[str], Look],
    run: str,
    is_gone: Callable[[], Awaitable[bool]],
    *,
    heartbeat_s: float = 15.0,
) -> AsyncIterator[str]:
    """Yield the text of a stream of events until nothing can change, or nobody listens.

    Args:
        look: Looks at a run, or at the list.
        run: The id of a run; empty for the list.
        is_gone: Whether nobody listens any more, or the server ends.
        heartbeat_s: A line after so many seconds of silence keeps proxies from closing the
            connection.
    """
    yield "retry: 2000\n\n"
    # The page may be older than the first look.
    before: object = None
    told_at = written_at = time.monotonic()
    while not await is_gone():
        seen = await run_in_threadpool(_try_to, look, run)
        now = time.monotonic()
        if seen.is_over:
            yield "event: over\ndata: \n\n"
            return
        if seen.mark != before or (seen.is_live and now - told_at > _TICK_S):
            yield "event: change\ndata: \n\n"
            told_at = written_at = now
        elif now - written_at > heartbeat_s:
            yield ": still there\n\n"
            written_at = now
        before = seen.mark
        await anyio.sleep(POLL_S)


def _try_to(look: Callable[[str], Look], run: str) -> Look:
    """Look; what cannot be read now may be readable later, and the page says what is wrong."""
    try:
        return look(run)
    except GluepyError as error:
        return Look(error.message, is_live=False, is_over=False)
