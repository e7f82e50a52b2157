from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import TaskOptionError
from gluepy.exec import Task
from gluepy.exec.policy import StepPolicy, backoff_s, policy_of, tags_of


class Fit(Task, abstract=True):
    retries = 2
    tags = ["slow", "ml", "slow"]


class FitMore(Fit, abstract=True):
    timeout_s = 5


def task(**attributes: Any) -> type[Task]:
    return type("Made", (Task,), attributes, abstract=True)


def test_task_says_how_it_is_carried_out() -> None:
    assert policy_of(Fit) == StepPolicy(retries=2, tags=("ml", "slow"))
    assert policy_of(task()) == StepPolicy()


def test_all_is_inherited() -> None:
    assert policy_of(FitMore) == StepPolicy(retries=2, timeout_s=5.0, tags=("ml", "slow"))


def test_table_is_stronger_than_the_class_and_options_than_the_table() -> None:
    table = {"fit": {"retries": 3, "retry_delay_s": 2, "tags": [], "executor": "threads"}}

    assert policy_of(Fit, table) == StepPolicy(3, 2.0, None, "threads", ())
    assert policy_of(Fit, table, retries=0, retry_delay_s=0, timeout_s=9) == StepPolicy(
        0, 0.0, 9.0, "threads", ()
    )
    assert policy_of(task(), table) == StepPolicy()


def test_later_globs_are_stronger_and_the_label_is_strongest() -> None:
    table: dict[str, dict[str, object]] = {
        "fit": {"retries": 1},
        "*": {"retries": 2, "timeout_s": 1},
        "f?t": {"retries": 3, "timeout_s": None, "executor": "processes"},
        "x*": {"executor": "no"},
    }

    assert policy_of(Fit, table) == StepPolicy(1, 1.0, None, "processes", ("ml", "slow"))


def test_numbers_of_numpy_are_numbers() -> None:
    policy = policy_of(task(retries=np.int64(2), timeout_s=np.float32(1.5)))

    assert policy == StepPolicy(retries=2, timeout_s=1.5)
    assert type(policy.retries) is int


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("retries", -1, "a whole number, 0 or more"),
        ("retries", True, "a whole number, 0 or more"),
        ("retries", 1.5, "a whole number, 0 or more"),
        ("retries", None, "a whole number, 0 or more"),
        ("retry_delay_s", -0.5, "a number of seconds, 0 or more"),
        ("retry_delay_s", "1", "a number of seconds, 0 or more"),
        ("retry_delay_s", math.inf, "a number of seconds, 0 or more"),
        ("timeout_s", 0, "a number of seconds greater than 0"),
        ("timeout_s", False, "a number of seconds greater than 0"),
        ("timeout_s", math.nan, "a number of seconds greater than 0"),
        ("timeout_s", 10**400, "a number of seconds greater than 0"),
        ("executor", None, "the name of an executor"),
        ("tags", "slow", "a list of words"),
        ("tags", {"slow": 1}, "a list of words"),
        ("tags", 5, "a list of words"),
        ("tags", [5], "a list of words"),
        ("tags", [" "], "a list of words"),
        ("tags", ["a\n"], "a list of words"),
    ],
)
def test_value_that_cannot_be_used_is_named_with_its_place(
    name: str, value: object, wanted: str
) -> None:
    with pytest.raises(TaskOptionError) as of_class:
        policy_of(task(**{name: value}))
    with pytest.raises(TaskOptionError) as of_table:
        policy_of(Fit, {"fi*": {name: value}})

    message = f": {name} is {value!r}, not {wanted}"
    assert str(of_class.value).endswith(message)
    assert ":Made" in str(of_class.value)
    assert str(of_table.value) == f"TASK_OPTIONS['fi*']{message}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "--retries: is -1, not a whole number, 0 or more"),
        ({"retry_delay_s": -1.0}, "--retry-delay: is -1.0, not a number of seconds, 0 or more"),
        ({"timeout_s": 0.0}, "--timeout: is 0.0, not a number of seconds greater than 0"),
    ],
)
def test_option_that_cannot_be_used_is_named(options: Any, message: str) -> None:
    with pytest.raises(TaskOptionError) as caught:
        policy_of(Fit, **options)

    assert str(caught.value) == message


def test_row_of_the_table_has_to_be_a_table() -> None:
    with pytest.raises(TaskOptionError) as caught:
        policy_of(Fit, {"fit": 3})  # type: ignore[dict-item]  # what a user may write

    assert str(caught.value) == "TASK_OPTIONS['fit']: is int, not a table of options"


def test_unknown_option_of_the_table_suggests_the_nearest() -> None:
    with pytest.raises(TaskOptionError) as caught:
        policy_of(Fit, {"fit": {"retry": 3}})

    assert str(caught.value) == "TASK_OPTIONS['fit']: has the option 'retry'"
    assert caught.value.hint == "Did you mean 'retries'?"


@given(
    st.integers(1, 10_000),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.randoms(use_true_random=False),
)
def test_wait_lies_between_nothing_and_the_limits(
    attempt: int, base: float, cap: float, rng: random.Random
) -> None:
    wait = backoff_s(attempt, rng, base_s=base, cap_s=cap)

    assert 0 <= wait <= min(cap, base * 2.0 ** min(attempt - 1, 100))


def test_longest_wait_doubles_until_the_cap() -> None:
    class Longest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    assert [backoff_s(attempt, Longest()) for attempt in range(1, 9)] == [
        *(1, 2, 4, 8, 16, 32, 60, 60)
    ]


def test_wait_before_the_first_failure_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="attempt is 0, not 1 or more"):
        backoff_s(0, random.Random(1))  # noqa: S311 - no secret


def test_tags_of_a_task_that_is_not_imported_are_those_of_the_table() -> None:
    table: dict[str, dict[str, object]] = {
        "f*": {"tags": ["b", "a"]},
        "fit": {"retries": 2},
        "other": {"tags": ["x"]},
    }

    assert tags_of("fit", ("own",), table) == ("a", "b")
    assert tags_of("load", ("own",), table) == ("own",)
