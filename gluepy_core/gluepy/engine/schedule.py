"""Which tasks of a plan become ready, as the steps of others end."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from gluepy.exec.plan import Plan

__all__ = ["Schedule"]


class Schedule:
    """Keeps count of what each task of a plan waits for.

    A task becomes ready when all tasks upstream are complete; it is complete when all its steps
    have gone well. Tasks that are ready at the same time are taken in the order of the plan.

    Args:
        plan: What is to run.
    """

    def __init__(self, plan: Plan) -> None:
        self._waits_for = [len(task.upstream) for task in plan.tasks]
        self._downstream: list[list[int]] = [[] for _ in plan.tasks]
        for place, task in enumerate(plan.tasks):
            for upstream in task.upstream:
                self._downstream[upstream].append(place)
        self._steps_left = [0] * len(plan.tasks)
        self._ready = [place for place, count in enumerate(self._waits_for) if not count]
        heapify(self._ready)
        self._complete = 0

    @property
    def is_complete(self) -> bool:
        """Whether all tasks are complete."""
        return self._complete == len(self._waits_for)

    @property
    def has_ready(self) -> bool:
        """Whether a task is ready that was not taken yet."""
        return bool(self._ready)

    def take(self) -> int | None:
        """Return the place of a task that is ready, and was not taken before; None if none is."""
        return heappop(self._ready) if self._ready else None

    def open(self, place: int, steps: int) -> None:
        """Say how many steps of a task there are to do; without any it is complete."""
        self._steps_left[place] = steps
        if not steps:
            self._close(place)

    def note_success(self, place: int) -> None:
        """Note that a step of a task has gone well."""
        self._steps_left[place] -= 1
        if not self._steps_left[place]:
            self._close(place)

    def _close(self, place: int) -> None:
        self._complete += 1
        for later in self._downstream[place]:
            self._waits_for[later] -= 1
            if not self._waits_for[later]:
                heappush(self._ready, later)
