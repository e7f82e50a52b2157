from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import MergeTypeError
from gluepy.utils.dict import merge


def test_mappings_are_merged_at_any_depth_and_the_rest_is_replaced() -> None:
    a = {"s": {"x": 1, "y": {"z": 1}, "l": [1, 2]}, "only_a": 1}

    merged = merge(a, {"s": {"y": {"z": 2, "w": 3}, "l": [3]}, "only_b": {"k": 1}})

    assert merged is a
    assert a == {
        "s": {"x": 1, "y": {"z": 2, "w": 3}, "l": [3]},
        "only_a": 1,
        "only_b": {"k": 1},
    }


@pytest.mark.parametrize(
    ("old", "new"), [(1, 2.5), (2.5, 1), (None, "x"), ("x", None), (None, {"k": 1}), ({}, None)]
)
def test_types_that_may_meet(old: object, new: object) -> None:
    assert merge({"a": old}, {"a": new}) == {"a": new}


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (1, "x", "int and str"),
        ([1], {"k": 1}, "list and dict"),
        ({"k": 1}, 1, "dict and int"),
        (True, 1, "bool and int"),
        (1.0, False, "float and bool"),
    ],
)
def test_types_that_may_not_meet_are_named_with_their_path(
    old: object, new: object, names: str
) -> None:
    with pytest.raises(MergeTypeError) as caught:
        merge({"s": {"t": {"a": old}}}, {"s": {"t": {"a": new}}})

    assert str(caught.value) == f"cannot merge 's.t.a': {names} differ"
    assert isinstance(caught.value, TypeError)


def test_path_is_put_before_the_keys() -> None:
    with pytest.raises(MergeTypeError, match=r"'root\.section\.5'"):
        merge({5: 1}, {5: "x"}, ["root", "section"])  # type: ignore[dict-item]  # YAML has such keys


def test_new_keys_can_be_refused() -> None:
    with pytest.raises(KeyError, match=r"new key 's\.new' is not allowed"):
        merge({"s": {"a": 1}}, {"s": {"a": 2, "new": 1}}, None, False)


def test_new_keys_below_a_none_are_not_refused() -> None:
    assert merge({"s": None}, {"s": {"new": 1}}, allow_new_key=False) == {"s": {"new": 1}}


def test_later_merges_do_not_change_what_was_merged_before() -> None:
    b: dict[str, Any] = {"s": {"t": {"x": 1}}}
    a = merge({}, b)

    merge(a, {"s": {"t": {"x": 2}}})

    assert b == {"s": {"t": {"x": 1}}}


@pytest.mark.parametrize("key_is_there", [True, False])
def test_mappings_that_are_too_deep_are_refused(*, key_is_there: bool) -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"k": deep}

    with pytest.raises(ValueError, match=r"^mappings are nested more than 200 deep$"):
        merge(copy.deepcopy(deep) if key_is_there else {}, deep)


nested = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers()),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


@given(nested)
def test_merging_into_nothing_copies(b: dict[str, Any]) -> None:
    assert merge({}, b) == b


@given(nested)
def test_merging_twice_is_merging_once(b: dict[str, Any]) -> None:
    assert merge(merge({}, b), b) == b
