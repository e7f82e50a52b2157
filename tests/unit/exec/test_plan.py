from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import (
    CyclicDAGError,
    EmptyPlanError,
    InvalidDAGError,
    UnknownPartitionError,
    UnknownStepError,
    UnknownUpstreamError,
)
from gluepy.exec import DAG, EvaluationTask, Task
from gluepy.exec.partitions import WHOLE
from gluepy.exec.plan import (
    Plan,
    PlannedTask,
    Selection,
    Step,
    make_plan,
    partitions_of,
    plan_task,
    steps_of,
    tasks_of,
)


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


def task(label: str, **attributes: Any) -> type[Task]:
    return type(label, (Task,), {"label": label, **attributes}, abstract=True)


def upstream(plan: Plan | Sequence[PlannedTask]) -> dict[str, list[str]]:
    """Return the labels that each task waits for."""
    tasks = plan.tasks if isinstance(plan, Plan) else plan
    return {one.label: [tasks[place].label for place in one.upstream] for one in tasks}


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


@pytest.mark.parametrize("tasks", ["abc", b"", None, {A}, A])
def test_tasks_that_are_no_list_are_an_error(tasks: object) -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of(tasks))

    kind = type(tasks).__name__
    assert str(caught.value) == f"DAG 'graph': tasks is {kind}, not a list or a mapping"


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


def test_plan_tells_what_each_task_waits_for() -> None:
    class First(Task, abstract=True):
        label = "first"

    class Second(Task, abstract=True):
        label = "second"
        partitions = ("x", "y")

    plan = Plan("d", (PlannedTask("first", First), PlannedTask("second", Second, (0,))))

    assert plan.upstream == {"first": (), "second": ("first",)}


def test_plan_can_be_pickled() -> None:
    plan = make_plan(Graph)

    assert pickle.loads(pickle.dumps(plan)) == plan  # noqa: S301 - our own


# -- graphs ------------------------------------------------------------------------------------


LOAD, CALENDAR, CLEAN, FIT, REPORT = map(task, ("load", "calendar", "clean", "fit", "report"))

DIAMOND: Mapping[type[Task], Iterable[type[Task]]] = {
    REPORT: [FIT, CLEAN],
    CALENDAR: (),
    LOAD: [],
    CLEAN: {LOAD, CALENDAR},
    FIT: [CLEAN, CLEAN],
}


def test_mapping_runs_each_task_after_those_it_names_and_else_in_its_order() -> None:
    plan = make_plan(dag_of(DIAMOND))

    assert plan.labels == ("calendar", "load", "clean", "fit", "report")
    assert upstream(plan) == {
        "calendar": [],
        "load": [],
        "clean": ["calendar", "load"],
        "fit": ["clean"],
        "report": ["clean", "fit"],
    }


def test_list_runs_each_task_after_the_one_before() -> None:
    assert upstream(make_plan(Graph)) == {"a": [], "b": ["a"], "c": ["b"], "score": ["c"]}


def test_evaluation_waits_for_all_that_nothing_else_waits_for() -> None:
    again = task("again")

    plan = make_plan(dag_of({A: [], B: [], C: [A]}, [Score, again]))

    assert upstream(plan)["score"] == ["b", "c"]
    assert upstream(plan)["again"] == ["score"]


def test_evaluation_can_be_a_graph_that_also_names_tasks() -> None:
    again, last = task("again"), task("last")

    plan = make_plan(dag_of([A, B], {last: [Score, again, A], Score: [A], again: []}))

    assert plan.labels == ("a", "b", "score", "again", "last")
    assert upstream(plan)["score"] == upstream(plan)["again"] == ["b"]
    assert upstream(plan)["last"] == ["score", "again"]


def test_dag_of_evaluations_alone_has_a_plan() -> None:
    assert make_plan(dag_of((), [Score])).labels == ("score",)
    assert make_plan(dag_of({}, {Score: ()})).labels == ("score",)


def test_cycle_is_shown_as_a_path_in_the_order_of_a_run() -> None:
    with pytest.raises(CyclicDAGError) as caught:
        make_plan(dag_of({REPORT: [C], A: [], B: [A, FIT], C: [B], FIT: [C]}))

    assert str(caught.value) == "DAG 'graph': its tasks wait for each other: b -> c -> fit -> b"


def test_task_that_waits_for_itself_is_a_cycle() -> None:
    with pytest.raises(CyclicDAGError) as caught:
        make_plan(dag_of({A: [A]}))

    assert caught.value.path == ("a", "a")


def test_unknown_upstream_is_named() -> None:
    with pytest.raises(UnknownUpstreamError) as caught:
        make_plan(dag_of({A: [], B: [A, C]}))

    assert str(caught.value) == "DAG 'graph': 'b' runs after 'c', which is none of its tasks"


def test_upstream_of_the_same_label_is_another_class() -> None:
    with pytest.raises(InvalidDAGError, match="two of its tasks are labelled 'a': "):
        make_plan(dag_of({A: [], B: [task("a")]}))


@pytest.mark.parametrize("named", ["a", [], A(), None])
def test_upstream_that_is_no_task_is_named_with_its_place(named: object) -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of({A: [], B: [A, named]}))

    assert str(caught.value) == f"DAG 'graph': tasks[B][1] is {named!r}, not a Task class"


@pytest.mark.parametrize("named", ["a", A, None, iter([A]), {A: 1}])
def test_upstream_that_is_no_list_is_an_error(named: object) -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of({A: [], B: named}))

    kind = type(named).__name__
    assert str(caught.value) == f"DAG 'graph': tasks[B] is {kind}, not a list of tasks"


def test_upstream_may_be_any_other_collection() -> None:
    assert make_plan(dag_of({B: {A: 1}.keys(), A: ()})).labels == ("a", "b")


def test_key_that_is_no_task_is_named() -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of({"a": []}))

    assert str(caught.value) == "DAG 'graph': tasks has the key 'a', not a Task class"


def test_task_cannot_run_after_an_evaluation() -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(dag_of({A: [Score]}, [Score]))

    assert str(caught.value) == (
        "DAG 'graph': 'a' runs after 'score', which is an evaluation task, and those come last"
    )


@given(st.data())
def test_order_is_that_of_a_slow_reference(data: st.DataObject) -> None:
    names = data.draw(st.permutations(range(data.draw(st.integers(1, 8)))))
    tasks = {number: task(f"t{number}") for number in names}
    # Edges lead from smaller to greater numbers: there is no cycle whatever they are.
    edges = {
        number: data.draw(st.sets(st.sampled_from(range(number)))) if number else set[int]()
        for number in names
    }
    dag = dag_of({tasks[one]: [tasks[each] for each in edges[one]] for one in names})

    plan = make_plan(dag)

    assert plan.labels == tuple(f"t{number}" for number in slow_order(names, edges))
    assert upstream(plan) == {
        f"t{one}": sorted((f"t{each}" for each in edges[one]), key=plan.labels.index)
        for one in names
    }


def slow_order(declared: Sequence[int], edges: Mapping[int, set[int]]) -> list[int]:
    """Take, again and again, the first declared of those whose upstream is done."""
    order: list[int] = []
    while len(order) < len(declared):
        order.append(next(n for n in declared if n not in order and edges[n] <= set(order)))
    return order


@given(st.data())
def test_selection_keeps_the_order_between_those_that_stay(data: st.DataObject) -> None:
    tasks = [task(f"t{number}") for number in range(6)]
    edges = [
        data.draw(st.sets(st.sampled_from(range(number)))) if number else set[int]()
        for number in range(6)
    ]
    dag = dag_of({one: [tasks[each] for each in edges[n]] for n, one in enumerate(tasks)})
    kept = data.draw(st.sets(st.sampled_from(range(6)), min_size=1))

    plan = make_plan(dag, Selection(tasks=tuple(f"t{number}" for number in kept)))

    assert set(plan.labels) == {f"t{number}" for number in kept}
    for one in kept:
        found = before(upstream(plan), f"t{one}")
        assert found == {f"t{each}" for each in reached(edges, one) & kept}


def reached(edges: Sequence[set[int]], place: int) -> set[int]:
    return edges[place].union(*(reached(edges, one) for one in edges[place]))


def before(graph: Mapping[str, Sequence[str]], label: str) -> set[str]:
    return set(graph[label]).union(*(before(graph, one) for one in graph[label]))


def test_whatever_has_nothing_before_it_waits_for_the_start_task() -> None:
    plan = make_plan(dag_of(DIAMOND), Selection(tasks=("clean", "fit")), start=Start)

    assert upstream(plan) == {"start": [], "clean": ["start"], "fit": ["clean"]}


def test_start_task_cannot_be_one_of_the_dag() -> None:
    with pytest.raises(InvalidDAGError) as caught:
        make_plan(Graph, start=B)

    assert str(caught.value) == "DAG 'graph': its task 'b' is the start task, too"


# -- partitions --------------------------------------------------------------------------------


class Train(Task, abstract=True):
    partitions = ["AA", 7]


class Later(Task, abstract=True):
    def partitions(self) -> list[str]:
        return ["x", "y", "z"]


PARTED = dag_of([A, Train, Later], [Score])


def test_partitions_are_a_step_each() -> None:
    plan = make_plan(dag_of([A, Train]))

    assert plan.steps == (
        Step("a", A),
        Step("train[AA]", Train, "AA"),
        Step("train[7]", Train, "7"),
    )
    assert upstream(plan) == {"a": [], "train": ["a"]}


def test_task_of_unknown_partitions_stands_as_one_step() -> None:
    plan = make_plan(PARTED)

    later = plan.tasks[2]
    assert later.partitions is None
    assert plan.labels == ("a", "train[AA]", "train[7]", "later", "score")
    assert partitions_of(later) == ("x", "y", "z")
    assert later.steps(partitions_of(later))[0] == Step("later[x]", Later, "x")


def test_known_partitions_are_not_made_again() -> None:
    assert partitions_of(make_plan(PARTED).tasks[1]) == ("AA", "7")
    assert partitions_of(make_plan(PARTED).tasks[0]) == WHOLE


def test_property_can_make_partitions() -> None:
    class Computed(Task, abstract=True):
        @property
        def partitions(self) -> tuple[str, ...]:
            return ("a", "b")

    assert partitions_of(make_plan(dag_of([Computed])).tasks[0]) == ("a", "b")


def test_what_a_method_for_partitions_raises_is_left_as_it_is() -> None:
    class Broken(Task, abstract=True):
        def partitions(self) -> list[str]:
            raise LookupError("no file")

    with pytest.raises(LookupError, match="no file"):
        partitions_of(make_plan(dag_of([Broken])).tasks[0])


def test_task_without_any_partition_has_no_step() -> None:
    assert make_plan(dag_of([A, task("none", partitions=[])])).labels == ("a",)


@pytest.mark.parametrize("selection", [Selection(), Selection(tasks=("none",))])
def test_plan_without_any_step_is_an_error(selection: Selection) -> None:
    with pytest.raises(EmptyPlanError, match="its tasks have no partitions"):
        make_plan(dag_of([task("none", partitions=[])]), selection)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"tasks": ("train",)}, ("train[AA]", "train[7]")),
        ({"tasks": ("train[7]", "a")}, ("a", "train[7]")),
        ({"from_task": "train[7]"}, ("train[7]", "later", "score")),
        ({"until_task": "train[7]"}, ("a", "train[7]")),
        ({"from_task": "train[AA]", "until_task": "train[AA]"}, ("train[AA]",)),
        ({"until_task": "later[x]", "from_task": "train"}, ("train[AA]", "train[7]", "later")),
        ({"exclude": ("train[AA]",)}, ("a", "train[7]", "later", "score")),
        ({"exclude": ("train",), "skip_eval": True}, ("a", "later")),
    ],
)
def test_partitions_can_be_selected(selection: Any, expected: Sequence[str]) -> None:
    assert make_plan(PARTED, Selection(**selection)).labels == expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, "xyz"),
        ({"tasks": ("later[y]",)}, "y"),
        ({"tasks": ("later[y]", "later")}, "xyz"),
        ({"tasks": ("later[z]", "later[x]"), "exclude": ("later[x]",)}, "z"),
        ({"select": ("later[?]",), "exclude": ("later[x]", "*[y]")}, "z"),
        ({"select": ("later[q*]",)}, ""),
        ({"exclude": ("later[q*]",)}, "xyz"),
        # What is asked for and taken away again need not be there.
        ({"tasks": ("later[x]", "later[q]"), "exclude": ("*[q]",)}, "x"),
    ],
)
def test_selection_holds_for_partitions_that_become_known_later(
    selection: Any, expected: str
) -> None:
    planned = next(
        one for one in make_plan(PARTED, Selection(**selection)).tasks if one.task is Later
    )

    assert partitions_of(planned) == tuple(expected)


def test_partition_that_was_asked_for_and_never_comes_is_an_error() -> None:
    [planned] = make_plan(PARTED, Selection(tasks=("later[q]", "later[x]"))).tasks

    with pytest.raises(UnknownPartitionError) as caught:
        partitions_of(planned)

    assert str(caught.value) == "the task 'later' has no partition 'q'"
    assert caught.value.hint == "Its partitions are: x, y, z."


def test_unknown_partition_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UnknownStepError) as caught:
        make_plan(PARTED, Selection(tasks=("train[AB]",)))

    assert caught.value.hint == "Did you mean 'train[AA]' or 'train[7]'?"


@pytest.mark.parametrize("label", ["a[AA]", "train[]", "train[AA", "nothing[AA]", "none[x]"])
def test_what_is_no_step_is_unknown(label: str) -> None:
    dag = dag_of([A, Train, task("none", partitions=[])])

    with pytest.raises(UnknownStepError):
        make_plan(dag, Selection(tasks=(label,)))


def test_all_partitions_excluded_is_an_empty_plan() -> None:
    with pytest.raises(EmptyPlanError, match="the options leave no task"):
        make_plan(dag_of([Train]), Selection(exclude=("train[AA]", "train[7]")))


def test_plan_with_unknown_partitions_can_be_pickled() -> None:
    plan = make_plan(PARTED, Selection(tasks=("later[x]",)))

    assert pickle.loads(pickle.dumps(plan)) == plan  # noqa: S301 - our own


def test_task_that_runs_alone_has_a_plan() -> None:
    assert plan_task("acme:a", A).steps == (Step("acme:a", A),)
    assert plan_task("train", Train).labels == ("train[AA]", "train[7]")
    assert plan_task("train", Train, "7").labels == ("train[7]",)
    assert partitions_of(plan_task("acme:later", Later, "y").tasks[0]) == ("y",)


@pytest.mark.parametrize("cls", [A, Train])
def test_partition_of_a_task_alone_has_to_be_there(cls: type[Task]) -> None:
    with pytest.raises(UnknownPartitionError, match="has no partition 'q'"):
        plan_task(cls.label, cls, "q")


# -- whole DAGs --------------------------------------------------------------------------------


def test_all_steps_of_a_dag_can_be_listed() -> None:
    assert [step.label for step in steps_of(PARTED)] == list(make_plan(PARTED).labels)
    assert tasks_of(PARTED) == make_plan(PARTED).tasks
    assert steps_of(dag_of([])) == []


def test_selected_evaluations_know_that_they_are() -> None:
    assert make_plan(Graph, Selection(tasks=("score",))).steps[0].is_evaluation


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"from_task": "load", "until_task": "calendar"}, "'calendar' comes before 'load'"),
        ({"from_task": "calendar", "until_task": "load"}, "'load' does not come after 'calendar'"),
        ({"from_task": "fit", "select": ("load",)}, "the options leave no task"),
        ({"eval_only": True, "select": ("load",)}, "the options leave no task"),
    ],
)
def test_empty_selection_of_a_graph_says_why(selection: Any, message: str) -> None:
    with pytest.raises(EmptyPlanError) as caught:
        make_plan(dag_of(DIAMOND), Selection(**selection))

    assert str(caught.value) == f"nothing of DAG 'graph' would run: {message}"


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
