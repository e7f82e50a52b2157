from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import InvalidPartitionsError
from gluepy.exec import Task
from gluepy.exec.partitions import (
    WHOLE,
    check_partitions,
    declared_partitions,
    split_label,
    step_label,
)

NAMES = st.text(st.characters(exclude_characters="[]", exclude_categories=("C", "Z")), min_size=1)


@given(NAMES, NAMES | st.just(""))
def test_label_of_a_step_can_be_taken_apart(task: str, partition: str) -> None:
    assert split_label(step_label(task, partition)) == (task, partition)


@pytest.mark.parametrize("label", ["clean", "clean[]", "clean[a", "a]", "clean]a["])
def test_label_without_a_partition_is_that_of_a_task(label: str) -> None:
    assert split_label(label) == (label, "")


@given(st.lists(NAMES | st.integers(), unique_by=str))
def test_names_become_texts_in_their_order(values: list[Any]) -> None:
    assert check_partitions("train", values) == tuple(map(str, values))


def test_names_may_come_from_numpy_or_one_by_one() -> None:
    words = check_partitions("train", np.array(["AA", "DL"]))

    assert words == ("AA", "DL")
    assert {type(word) for word in words} == {str}
    assert check_partitions("train", np.array([3, 1])) == ("3", "1")
    assert check_partitions("train", (f"{number}" for number in range(2))) == ("0", "1")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("AA", "has partitions of type str, not a list"),
        (None, "has partitions of type NoneType, not a list"),
        (7, "has partitions of type int, not a list"),
        ({"AA": 1}, "has partitions of type dict, not a list"),
        ({"AA"}, "has partitions of type set, not a list, which has no order"),
        (["AA", 1, "1"], "has the partition '1' twice"),
        ([True], "has the partition True, which is bool, not text or a whole number"),
        ([1.5], "has the partition 1.5, which is float, not text or a whole number"),
        ([None], "has the partition None, which is NoneType, not text or a whole number"),
        ([" "], "has the partition ' ', which is empty"),
        (["a\n"], r"has the partition 'a\n', which has a control character"),
        (["a]"], "has the partition 'a]', which has a bracket, which marks partitions in labels"),
        (["["], "has the partition '[', which has a bracket, which marks partitions in labels"),
        (
            ["a" * 201],
            f"has the partition '{'a' * 20}...', which has more than 200 characters",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(values: object, reason: str) -> None:
    with pytest.raises(InvalidPartitionsError) as caught:
        check_partitions("train", values)

    assert str(caught.value) == f"the task 'train' {reason}"


def declared(value: object) -> tuple[str, ...] | None:
    cls = type("Train", (Task,), {"partitions": value}, abstract=True)
    return declared_partitions(cls)


def test_declared_partitions_are_known_unless_something_makes_them() -> None:
    assert declared(None) is WHOLE
    assert declared(range(2)) == ("0", "1")
    assert declared(lambda _: []) is None
    assert declared(staticmethod(list)) is None
    assert declared(property(lambda _: [])) is None


@pytest.mark.parametrize("value", [5, {"a"}, iter("ab")])
def test_declared_partitions_have_to_be_a_list(value: object) -> None:
    with pytest.raises(InvalidPartitionsError):
        declared(value)
