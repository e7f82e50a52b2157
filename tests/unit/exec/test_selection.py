from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import (
    CommandError,
    EmptyPlanError,
    NoStatesError,
    SelectionSyntaxError,
    UnknownSelectorError,
    UnknownStepError,
)
from gluepy.exec import DAG, TASK_REGISTRY, Task
from gluepy.exec.plan import Facts, Selection, gather_facts, make_plan
from gluepy.exec.registry import Source
from gluepy.exec.selection import EVERY, NONE, Choice


def task(label: str, **attributes: Any) -> type[Task]:
    return type(label, (Task,), {"label": label, **attributes}, abstract=True)


LOAD = task("load", tags=["io", "slow"])
CLEAN = task("clean", tags=["slow"])
TRAIN = task("train", partitions=["AA", "AB", "New York, NY"], tags=["ml"])
LATER = task("later", partitions=lambda _: ["x", "y"])
REPORT = task("report", tags=["io"])
SPACED = task("a b,c")
SCORE = task("score")


class Graph(DAG, abstract=True):
    tasks = {
        LOAD: [],
        CLEAN: [LOAD],
        TRAIN: [CLEAN],
        LATER: [CLEAN],
        REPORT: [TRAIN],
        SPACED: [],
    }
    eval_tasks = [SCORE]


AA, AB, NEW_YORK = "train[AA]", "train[AB]", "train[New York, NY]"
EVERY_TRAIN = [AA, AB, NEW_YORK]

SOURCES = {LOAD: ["acme-io", "project"], TRAIN: ["acme-ml"]}
STATES = {
    "load": "succeeded",
    "clean": "succeeded",
    AA: "failed",
    AB: "timed-out",
    "train[gone]": "failed",
    "later[x]": "failed",
    "report": "planned",
    "gone": "lost",
}
FACTS = Facts(sources_of=lambda task: SOURCES.get(task, []), states=STATES)


def selected(*expressions: str, exclude: Sequence[str] = (), facts: Facts = FACTS) -> list[str]:
    selection = Selection(select=expressions, exclude=tuple(exclude))
    return list(make_plan(Graph, selection, facts=facts).labels)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("clean", ["clean"]),
        ("train", EVERY_TRAIN),
        (AB, [AB]),
        (NEW_YORK, [NEW_YORK]),
        ("a b,c", ["a b,c"]),
        ("load clean", ["load", "clean"]),
        ("  load   clean ", ["load", "clean"]),
        (f"load {NEW_YORK}", ["load", NEW_YORK]),
        ("+clean", ["load", "clean"]),
        ("report+", ["report", "score"]),
        ("+train[AB]", ["load", "clean", AB]),
        ("train[AB]+", [AB, "report", "score"]),
        ("+train[AB]+", ["load", "clean", AB, "report", "score"]),
        ("+clean+", ["load", "clean", *EVERY_TRAIN, "later", "report", "score"]),
        ("+score", ["load", "clean", *EVERY_TRAIN, "later", "report", "a b,c", "score"]),
        ("clean+,+report", ["clean", *EVERY_TRAIN, "report"]),
        ("+clean+,tag:io", ["load", "report"]),
        ("r*", ["report"]),
        ("??????", ["report"]),
        ("train[A*]", [AA, AB]),
        ("train[*", EVERY_TRAIN),
        ("*B]", [AB, "later"]),
        ("train[A*],*B]", [AB]),
        ("train[A*],train", [AA, AB]),
        ("+tr*,cl*", ["clean"]),
        ("+[x]*+,cl*", None),
        ("tag:slow", ["load", "clean"]),
        ("tag:slow,tag:io load", ["load"]),
        ("tag:?o", ["load", "report"]),
        ("tag:slow+,tag:ml", EVERY_TRAIN),
        ("source:acme_io", ["load"]),
        ("source:acme-*", ["load", *EVERY_TRAIN]),
        ("source:project", ["load"]),
        ("state:failed", [AA, "later"]),
        ("state:failed,train", [AA]),
        ("state:failed,train[?A]", [AA]),
        ("state:*ed,*", ["load", "clean", AA, "later", "report"]),
        ("state:timed-out+", [AB, "report", "score"]),
        ("state:succeeded", ["load", "clean"]),
    ],
)
def test_expression_means(expression: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(UnknownStepError):
            selected(expression)
        return

    assert selected(expression) == expected


def test_several_expressions_are_joined() -> None:
    assert selected("load", "clean") == ["load", "clean"]


def test_all_options_narrow_what_is_left() -> None:
    selection = Selection(
        from_task="clean",
        until_task="report",
        select=("tag:* clean",),
        exclude=("train[AA]", "report"),
    )

    assert make_plan(Graph, selection, facts=FACTS).labels == ("clean", AB, NEW_YORK)


def test_excluding_leaves_the_rest() -> None:
    assert selected("train clean+", exclude=["train[A*]", "tag:io", "score later"]) == [
        "clean",
        NEW_YORK,
    ]


@pytest.mark.parametrize("option", ["select", "exclude"])
@pytest.mark.parametrize(
    ("expression", "error", "message", "hint"),
    [
        (
            "laod",
            UnknownStepError,
            "{option} 'laod': DAG 'graph' has no such task",
            "Did you mean 'load'?",
        ),
        ("load q*", UnknownStepError, "{option} 'q*': DAG 'graph' has no such task", None),
        (
            "+train[AC]+",
            UnknownStepError,
            "{option} 'train[AC]': DAG 'graph' has no such task",
            "Did you mean 'train[AB]' or 'train[AA]'?",
        ),
        (
            "later[",
            UnknownStepError,
            "{option} 'later[': DAG 'graph' has no such task",
            "Did you mean 'later'?",
        ),
        (
            "colour:red",
            UnknownStepError,
            "{option} 'colour:red': DAG 'graph' has no such task",
            ...,
        ),
        (
            "tag:solw",
            UnknownSelectorError,
            "{option} 'tag:solw': no task of DAG 'graph' has such a tag",
            "Did you mean 'slow'?",
        ),
        (
            "source:zzz",
            UnknownSelectorError,
            "{option} 'source:zzz': no task of DAG 'graph' has such a source",
            "Its sources are: acme-io, acme-ml, project.",
        ),
        (
            "state:lost",
            UnknownSelectorError,
            "{option} 'state:lost': no task of DAG 'graph' has such a state",
            "Its states are: failed, planned, succeeded, timed-out.",
        ),
        ("", SelectionSyntaxError, "{option} '': an item of it is empty", ...),
        (" ", SelectionSyntaxError, "{option} ' ': an item of it is empty", ...),
        ("load,", SelectionSyntaxError, "{option} 'load,': an item of it is empty", ...),
        (
            "load, clean",
            SelectionSyntaxError,
            "{option} 'load, clean': an item of it is empty",
            ...,
        ),
        (
            "load,,clean",
            SelectionSyntaxError,
            "{option} 'load,,clean': an item of it is empty",
            ...,
        ),
        ("load +", SelectionSyntaxError, "{option} '+': an item of it is empty", ...),
        ("++", SelectionSyntaxError, "{option} '++': an item of it is empty", ...),
    ],
)
def test_item_that_means_nothing_is_one_sentence(
    option: str, expression: str, error: type[CommandError], message: str, hint: object
) -> None:
    wanted, unwanted = ((expression,), ()) if option == "select" else ((), (expression,))
    selection = Selection(select=wanted, exclude=unwanted)

    with pytest.raises(error) as caught:
        make_plan(Graph, selection, facts=FACTS)

    assert str(caught.value) == message.format(option=f"--{option}")
    assert hint in (None, ..., caught.value.hint)


def test_states_need_an_earlier_run() -> None:
    with pytest.raises(NoStatesError) as caught:
        selected("state:failed", facts=Facts())

    assert str(caught.value) == "--select 'state:failed': which run is meant is not known"


def test_word_that_no_task_has_says_so() -> None:
    with pytest.raises(UnknownSelectorError) as caught:
        selected("source:acme", facts=Facts())

    assert caught.value.hint == "None has any source."


def test_intersection_of_what_is_there_may_be_empty() -> None:
    with pytest.raises(EmptyPlanError, match="the options leave no task"):
        selected("load,report")


def test_literal_label_comes_before_what_its_signs_mean() -> None:
    odd = [task(label, partitions=partitions) for label, partitions in LABELS.items()]

    class Odd(DAG, abstract=True):
        tasks = odd

    def of(expression: str) -> tuple[str, ...]:
        return make_plan(Odd, Selection(select=(expression,))).labels

    assert of("c++") == ("c++",)
    assert of("+c++") == ("a*", "c++")
    assert of("a*") == ("a*",)
    assert of("p[*]") == ("p[*]",)
    assert of("p[?]") == ("p[*]", "p[a]")


LABELS: dict[str, list[str] | None] = {"a*": None, "c++": None, "ab": None, "p": ["*", "a"]}


# -- facts -------------------------------------------------------------------------------------


def test_facts_are_those_of_settings_and_registry() -> None:
    TASK_REGISTRY.sources_of = lambda cls: (Source("distribution", "acme", "1.0"),)

    class Known(Task):
        tags = ["slow"]

    facts = gather_facts({"kno*": {"tags": ["quick"]}}, {"known": "failed"})

    assert facts.tags_of(Known) == ("quick",)
    assert facts.sources_of(Known) == ("acme",)
    assert facts.sources_of(LOAD) == ()
    assert facts.states == {"known": "failed"}


# -- algebra -----------------------------------------------------------------------------------

STEPS = [f"t[{name}]" for name in ("a", "ab", "b", "ba", "*")]
CHOICES = st.builds(
    Choice,
    st.frozensets(st.sampled_from(STEPS)),
    st.frozensets(st.sampled_from([("t[a*]",), ("t[*b]",), ("t[a*]", "t[*b]"), ("t[?]",), ()])),
)


@given(CHOICES, CHOICES)
def test_choices_join_and_meet_as_sets_do(one: Choice, other: Choice) -> None:
    first, second = ({step for step in STEPS if each.allows(step)} for each in (one, other))

    assert {step for step in STEPS if one.joined(other).allows(step)} == first | second
    assert {step for step in STEPS if one.met(other).allows(step)} == first & second


def test_everything_and_nothing() -> None:
    assert EVERY.allows("t")
    assert not NONE.allows("t")
    assert NONE.joined(EVERY) == EVERY
    assert EVERY.met(EVERY) == EVERY


# -- the grammar against a naive evaluator -----------------------------------------------------

UPSTREAM: Mapping[str, Sequence[str]] = {
    "load": [],
    "clean": ["load"],
    "train": ["clean"],
    "later": ["clean"],
    "report": ["train"],
    "other": [],
    "score": ["later", "report", "other"],
}
STEPS_OF = {
    "train": [AA, AB],
    **{label: [label] for label in UPSTREAM if label != "train"},
}
TAGS = {"load": "io", "train": "ml", "report": "io"}


def plain() -> type[DAG]:
    classes = {
        label: task(
            label,
            tags=[TAGS[label]] if label in TAGS else [],
            partitions=["AA", "AB"] if label == "train" else None,
        )
        for label in UPSTREAM
    }

    class Plain(DAG, abstract=True):
        tasks = {classes[label]: [classes[one] for one in UPSTREAM[label]] for label in UPSTREAM}

    return Plain


WHAT = st.sampled_from(
    [*UPSTREAM, AA, AB, "*", "l*", "tr*", "train[*]", "*[A?]", "*B]", "?????", "tag:io", "tag:*"]
)
ITEMS = st.builds("".join, st.tuples(st.sampled_from(["", "+"]), WHAT, st.sampled_from(["", "+"])))
EXPRESSIONS = st.lists(st.lists(ITEMS, min_size=1, max_size=3), min_size=1, max_size=3)


@given(EXPRESSIONS)
def test_expressions_mean_what_a_naive_evaluator_says(words: list[list[str]]) -> None:
    expected = set[str]().union(
        *(set.intersection(*(naive_item(item) for item in items)) for items in words)
    )

    text = " ".join(",".join(items) for items in words)
    try:
        found = set(make_plan(plain(), Selection(select=(text,))).labels)
    except EmptyPlanError:
        found = set()

    assert found == expected


def naive_item(item: str) -> set[str]:
    what = item.removeprefix("+").removesuffix("+")
    chosen = naive_steps(what)
    tasks = {step.partition("[")[0] for step in chosen}
    more: Iterable[str] = ()
    if item.startswith("+"):
        more = {*more, *closure(tasks, lambda label: UPSTREAM[label])}
    if item.endswith("+"):
        more = {*more, *closure(tasks, naive_downstream)}
    return chosen.union(*(STEPS_OF[label] for label in more))


def naive_steps(what: str) -> set[str]:
    if what.startswith("tag:"):
        tagged = [label for label, tag in TAGS.items() if fnmatch.fnmatchcase(tag, what[4:])]
        return {step for label in tagged for step in STEPS_OF[label]}
    glob = what.replace("[", "[[]")
    return {
        step
        for label, steps in STEPS_OF.items()
        for step in steps
        if fnmatch.fnmatchcase(label, glob) or fnmatch.fnmatchcase(step, glob)
    }


def naive_downstream(label: str) -> list[str]:
    return [later for later, named in UPSTREAM.items() if label in named]


def closure(labels: Iterable[str], step: Callable[[str], Iterable[str]]) -> set[str]:
    nearest = {found for label in labels for found in step(label)}
    return nearest | closure(nearest, step) if nearest else nearest
