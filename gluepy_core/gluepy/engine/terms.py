"""What the loop is told of a run, and what it notes of tasks and attempts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gluepy.engine.messages import Logged
from gluepy.engine.pools import Pool
from gluepy.exec.plan import Step
from gluepy.exec.policy import StepPolicy
from gluepy.exec.records import TaskInfo, TaskOutcome

__all__ = ["Attempt", "Item", "OpenTask", "Terms"]


@dataclass(slots=True, eq=False)
class OpenTask:
    """A task of the plan that has become ready, and what all its steps have in common."""

    place: int
    name: str
    index: int
    policy: StepPolicy
    pool: Pool[Item]
    sources: tuple[str, ...]
    are_partitions_planned: bool
    labels: tuple[str, ...]
    failed: str = ""  # the label of a step that failed for good


#: A step that waits its turn: the place of its task in the plan, its own place within the task, and
#: the attempt, which make the order; the step and its task.
Item = tuple[int, int, int, Step, OpenTask]


@dataclass(slots=True, eq=False)
class Attempt:
    """An attempt that an executor carries out."""

    item: Item
    task: TaskInfo
    started_at: datetime
    start: float
    is_timed_out: bool = False

    @property
    def pool(self) -> Pool[Item]:
        """What carries it out."""
        return self.item[4].pool


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a plan is to be carried out.

    Attributes:
        pools: The executors by name.
        policies: How the steps of each task of the plan are carried out.
        carry_out: Carries a step out in this thread.
        key: Of the run, for assignments.
        setup: For workers in other processes; see `Assignment`.
        done: Labels of steps that are not to run again.
        expansions: Partitions that are known from before, by the label of the task.
        keep_going: After a failure, run all that does not depend on it.
        sources_of: Says where a task came from.
        track: Is told what tasks log, for the tracking backend.
    """

    pools: Mapping[str, Pool[Item]]
    policies: Sequence[StepPolicy]
    carry_out: Callable[[TaskInfo], TaskOutcome]
    key: str
    setup: bytes = b""
    done: Collection[str] = ()
    expansions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep_going: bool = False
    sources_of: Callable[[type], tuple[str, ...]] = lambda _: ()
    track: Callable[[Logged], None] = lambda _: None
