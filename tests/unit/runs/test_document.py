from __future__ import annotations

import enum
import json
import math
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.runs.document import to_json


class Color(str, enum.Enum):  # noqa: UP042 - the older way, which shows another text
    RED = "red"


class Rude:
    def __str__(self) -> str:
        raise ValueError("no")

    def item(self) -> object:
        raise OSError("no")


class Own:
    def item(self) -> Own:
        return self

    def __str__(self) -> str:
        return "own"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        (math.inf, "Infinity"),
        ("text", "text"),
        (Color.RED, "red"),
        (np.float64(0.5), 0.5),
        (np.int8(3), 3),
        (np.float32("nan"), "NaN"),
        (np.array([7]), 7),
        (np.array([1, 2]), "[1 2]"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
        (date(2026, 1, 1), "2026-01-01"),
        ({1: (2, {3})}, {"1": [2, [3]]}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Own(), "own"),
        (Rude(), "<Rude>"),
        pytest.param(10**5000, "<a number of 16610 bits>", id="huge"),
        (b"x", "b'x'"),
    ],
)
def test_any_value_has_a_form_in_json(value: object, expected: object) -> None:
    found = to_json(value)

    assert found == expected
    assert type(found) is type(expected)
    json.dumps(found, allow_nan=False)


def test_long_text_of_an_object_is_cut() -> None:
    class Long:
        def __str__(self) -> str:
            return "x" * 20_000

    assert to_json(Long()) == "x" * 10_000 + "..."


def test_value_without_end_becomes_text() -> None:
    endless: list[Any] = []
    endless.append(endless)

    assert json.dumps(to_json(endless)) == "[" * 50 + '"[[...]]"' + "]" * 50


def test_keys_are_text() -> None:
    assert to_json({Color.RED: 1, 2: 2, Rude(): 3}) == {"red": 1, "2": 2, "<Rude>": 3}


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [10, 600, 900, 5000])
def test_deep_value_is_valid_json(levels: int) -> None:
    text = json.dumps(to_json(deep(levels)))

    assert json.loads(text) is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_result_is_valid_json(value: object) -> None:
    json.loads(json.dumps(to_json(value), allow_nan=False))
