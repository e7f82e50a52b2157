from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from gluepy import Task
from gluepy.engine.schedule import Schedule
from gluepy.exec.plan import Plan, PlannedTask


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Return a plan of tasks with any dependencies on earlier ones, and up to three steps each."""
    tasks: list[PlannedTask] = []
    for place in range(draw(st.integers(1, 12))):
        upstream = draw(st.sets(st.integers(0, place - 1))) if place else set()
        names = tuple(map(str, range(draw(st.integers(0, 3)))))
        tasks.append(PlannedTask(f"t{place}", Task, tuple(sorted(upstream)), names))
    return Plan("any", tuple(tasks))


def steps_of(plan: Plan, place: int) -> int:
    return len(plan.tasks[place].partitions or ())


def open_all(schedule: Schedule, plan: Plan) -> list[int]:
    """Take all tasks that are ready, as the loop does, and return their places."""
    taken = []
    while (place := schedule.take()) is not None:
        taken.append(place)
        schedule.open(place, steps_of(plan, place))
    return taken


@given(plans(), st.integers())
def test_every_task_comes_once_and_after_all_that_it_waits_for(plan: Plan, seed: int) -> None:
    rng, schedule = random.Random(seed), Schedule(plan)  # noqa: S311 - no secret
    order: list[int] = []
    left: list[int] = []  # the place of the task of each step that is open
    while True:
        for place in open_all(schedule, plan):
            assert set(plan.tasks[place].upstream).isdisjoint(left)
            assert set(plan.tasks[place].upstream) <= set(order)
            order.append(place)
            left += [place] * steps_of(plan, place)
        assert schedule.is_complete == (not left)
        if not left:
            break
        schedule.note_success(left.pop(rng.randrange(len(left))))

    assert sorted(order) == list(range(len(plan.tasks)))


@given(plans(), st.data())
def test_plan_is_complete_only_if_every_step_has_succeeded(plan: Plan, data: st.DataObject) -> None:
    schedule = Schedule(plan)
    steps = [
        (place, number)
        for place in range(len(plan.tasks))
        for number in range(steps_of(plan, place))
    ]
    failing = data.draw(st.sets(st.sampled_from(steps))) if steps else set()
    opened: set[int] = set()
    while places := open_all(schedule, plan):
        opened |= set(places)
        for place in places:
            for number in range(steps_of(plan, place)):
                if (place, number) not in failing:
                    schedule.note_success(place)

    assert schedule.is_complete == (not failing)
    for place, task in enumerate(plan.tasks):
        has_failed = {up for up, _ in failing}
        assert (place in opened) == all(
            up in opened and up not in has_failed for up in task.upstream
        )


def test_tasks_that_are_ready_together_are_taken_in_the_order_of_the_plan() -> None:
    tasks = [PlannedTask(label, Task) for label in "abc"]
    schedule = Schedule(Plan("any", (*tasks, PlannedTask("d", Task, (0,)))))

    assert [schedule.take() for _ in range(4)] == [0, 1, 2, None]


def test_task_becomes_ready_with_the_last_step_that_it_waits_for() -> None:
    schedule = Schedule(Plan("any", (PlannedTask("a", Task), PlannedTask("b", Task, (0,)))))
    schedule.take()
    schedule.open(0, 2)
    seen = []

    for _ in range(2):
        schedule.note_success(0)
        seen.append((schedule.has_ready, schedule.take()))

    assert seen == [(False, None), (True, 1)]


def test_task_without_steps_is_complete_when_it_is_opened() -> None:
    schedule = Schedule(Plan("any", (PlannedTask("a", Task), PlannedTask("b", Task, (0,)))))
    schedule.take()

    schedule.open(0, 0)

    assert schedule.take() == 1
    assert not schedule.is_complete
