"""Values of metrics, and how they stand in a file."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import RunRecordError
from gluepy.ops.metrics import dump_metrics, load_metrics, to_metric


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (1.5, 1.5),
        (True, 1.0),
        (Fraction(1, 2), 0.5),
        (np.float32(0.5), 0.5),
        (np.float16(0.5), 0.5),
        (np.int8(-3), -3.0),
        (np.bool_(1), 1.0),
        (np.array(2.5), 2.5),
        (np.array([2.5]), 2.5),
        (pd.Series([1, 2]).mean(), 1.5),
        (math.inf, math.inf),
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_number_becomes_a_plain_float(value: Any, number: float) -> None:
    metric = to_metric("mape", value)

    assert metric == number
    assert type(metric) is float


@pytest.mark.parametrize(
    "value",
    [None, "1.2", b"1", [1], {}, 1j, Decimal(1), pd.NA, np.array([1, 2]), np.array([]), object],
    ids=repr,
)
def test_what_is_no_number_is_refused_in_a_sentence(value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        to_metric("mape", value)

    assert str(caught.value) == (
        f"the metric 'mape' needs a number, not {type(value).__name__} {value!r}"
    )


def test_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^the name of a metric is text, not int$"):
        to_metric(5, 1.0)  # type: ignore[arg-type]  # that is the point


def test_file_is_json_also_with_what_json_has_no_number_for() -> None:
    text = dump_metrics({"b": math.nan, "a": 1.5, "d": -math.inf, "c": math.inf, "ä": 2.0})

    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": 1.5,
        "b": "NaN",
        "c": "Infinity",
        "d": "-Infinity",
        "ä": 2.0,
    }
    assert list(json.loads(text)) == ["a", "b", "c", "d", "ä"]
    assert "ä" in text
    assert text.endswith("}\n")


@given(st.dictionaries(st.text(), st.floats()))
def test_metrics_come_back_as_they_were(metrics: dict[str, float]) -> None:
    loaded = load_metrics(dump_metrics(metrics), where="metrics.json")

    assert loaded.keys() == metrics.keys()
    for key, value in metrics.items():
        assert loaded[key] == value or (math.isnan(loaded[key]) and math.isnan(value))


def test_file_of_gluepy_16_can_be_read() -> None:
    loaded = load_metrics(b'{"mape": 1.25, "n": 3, "auc": NaN, "r2": null}', where="metrics.json")

    assert loaded["mape"] == 1.25
    assert loaded["n"] == 3.0
    assert math.isnan(loaded["auc"])
    assert math.isnan(loaded["r2"])


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "5", '{"a": "x"}', '{"a": [1]}', b"\xff", '{"a": {}}', "[" * 100_000],
    ids=lambda text: repr(text[:12]),
)
def test_damaged_file_is_an_error_that_names_it(text: str | bytes) -> None:
    with pytest.raises(RunRecordError, match=r"^runs/1/metrics\.json: it holds no metrics \("):
        load_metrics(text, where="runs/1/metrics.json")
