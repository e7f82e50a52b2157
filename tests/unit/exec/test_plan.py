from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import EmptyPlanError, InvalidDAGError, UnknownStepError
from gluepy.exec import DAG, EvaluationTask, Task
from gluepy.exec.plan import Selection, make_plan


class A(Task, abstract=True):
    pass


class B(Task, abstract=True):
    pass


class C(Task, abstract=True):
    pass


class Score(EvaluationTask, abstract=True):
    pass


class Start(Task, abstract=True):
    pass


class Graph(DAG, abstract=True):
    tasks = [A, B, C]
    eval_tasks = [Score]


def dag_of(tasks: Any, evaluation: Any = ()) -> type[DAG]:
    class Made(Graph, abstract=True):
        label = "graph"

    Made.tasks, Made.eval_tasks = tasks, evaluation
    return Made


def labels(**selection: Any) -> Sequence[str]:
    return make_plan(Graph, Selection(**selection)).labels


def test_plan_has_all_steps_in_order_and_evaluation_last() -> None:
    plan = make_plan(Graph)

    assert plan.dag == "graph"
    assert plan.labels == ("a", "b", "c", "score")
    assert [step.is_evaluation for step in plan.steps] == [False, False, False, True]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"tasks": ("b",)}, ("b",)),
        ({"tasks": ("c", "a")}, ("a", "c")),
        ({"from_task": "b"}, ("b", "c", "score")),
        ({"until_task": "b"}, ("a", "b")),
        ({"from_task": "b", "until_task": "c"}, ("b", "c")),
        ({"skip_eval": True}, ("a", "b", "c")),
        ({"eval_only": True}, ("score",)),
        ({"tasks": ("score",), "eval_only": True}, ("score",)),
    ],
)
def test_selection_leaves_steps_out(selection: dict[str, Any], expected: Sequence[str]) -> None:
    assert labels(**selection) == expected


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (
            {"from_task": "c", "until_task": "a"},
            "nothing of DAG 'graph' would run: 'a' comes before 'c'",
        ),
        (
            {"eval_only": True, "until_task": "b"},
            "nothing of DAG 'graph' would run: it has no evaluation tasks in what was selected",
        ),
        (
            {"tasks": ("score",), "skip_eval": True},
            "nothing of DAG 'graph' would run: the options leave no task",
        ),
    ],
)
def test_empty_selection_says_why(selection: dict[str, Any], message: str) -> None:
    with pytest.raises(EmptyPlanError) as caught:
        labels(**selection)

    assert str(caught.value) == message


def test_dag_without_tasks_is_an_error() -> None:
    with pytest.raises(EmptyPlanError, match=r"it has no tasks$"):
        make_plan(dag_of([]))


@pytest.mark.parametrize(
    ("selection", "option"),
    [
        ({"tasks": ("a", "scor")}, "--task"),
        ({"from_task": "scor"}, "--from-task"),
        ({"until_task": "scor"}, "--until-task"),
    ],
)
def test_unknown_task_names_its_option_and_the_nearest_step(
    selection: dict[str, Any], option: str
) -> None:
    with pytest.raises(UnknownStepError) as caught:
        labels(**selection)

    assert str(caught.value) == f"{option} 'scor': DAG 'graph' has no such task"
    assert caught.value.hint == "Did you mean 'score'?"


def test_unknown_task_that_is_like_none_lists_them_all() -> None:
    with pytest.raises(UnknownStepError) as caught:
        labels(tasks=("zzzzz",))

    assert caught.value.hint == "Its tasks are: a, b, c, score."


def test_start_task_runs_before_what_was_selected() -> None:
    plan = make_plan(Graph, Selection(from_task="c"), start=Start)

    assert plan.labels == ("start", "c", "score")


def test_same_task_twice_is_an_error() -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of([A, B, A]))

    assert str(caught.value) == "DAG 'graph': the task 'a' stands in it twice"


def test_two_tasks_of_one_label_are_both_named() -> None:
    class Twin(Task, abstract=True):
        label = "a"

    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of([A], [Twin]))

    assert "two of its tasks are labelled 'a': " in str(caught.value)
    assert "<locals>.Twin (" in str(caught.value)


@pytest.mark.parametrize("tasks", ["abc", None, {A: []}, {A}, A])
def test_tasks_that_are_no_list_are_an_error(tasks: object) -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of(tasks))

    assert str(caught.value) == f"DAG 'graph': tasks is {type(tasks).__name__}, not a list"


@pytest.mark.parametrize("task", ["a", A(), int, None])
def test_what_is_no_task_class_is_named_with_its_place(task: object) -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of([A], [Score, task]))

    assert str(caught.value) == f"DAG 'graph': eval_tasks[1] is {task!r}, not a Task class"


def test_tasks_that_cannot_be_read_are_an_error() -> None:
    class Computed(DAG, abstract=True):
        @property
        def tasks(self) -> Sequence[type[Task]]:  # type: ignore[override]  # computed
            raise LookupError("no calendar")

    with pytest.raises(InvalidDAGError) as caught:
        make_plan(Computed)

    assert str(caught.value) == "DAG 'computed': tasks cannot be read: LookupError: no calendar"


def test_dag_that_cannot_be_made_is_an_error() -> None:
    class Greedy(DAG, abstract=True):
        def __init__(self, size: int) -> None: ...

    with pytest.raises(InvalidDAGError) as caught:
        make_plan(Greedy)

    assert str(caught.value).startswith("DAG 'greedy': it cannot be made: TypeError: ")


def test_plan_can_be_pickled() -> None:
    plan = make_plan(Graph)

    assert pickle.loads(pickle.dumps(plan)) == plan  # noqa: S301 - our own


@given(
    st.sets(st.sampled_from(["a", "b", "c", "score"])),
    st.sampled_from(["", "a", "b", "c", "score"]),
    st.sampled_from(["", "a", "b", "c", "score"]),
    st.booleans(),
    st.booleans(),
)
def test_selection_never_adds_or_reorders(
    tasks: set[str], first: str, last: str, skip: bool, only: bool
) -> None:
    every = ("a", "b", "c", "score")
    try:
        chosen = labels(
            tasks=tuple(sorted(tasks)),
            from_task=first,
            until_task=last,
            skip_eval=skip,
            eval_only=only,
        )
    except EmptyPlanError:
        return

    assert list(chosen) == [label for label in every if label in chosen]
    assert not tasks or set(chosen) <= tasks
    assert not (skip and "score" in chosen)
    assert not (only and set(chosen) - {"score"})
