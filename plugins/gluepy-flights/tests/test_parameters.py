from __future__ import annotations

import pytest

from gluepy.exceptions import ContextError
from gluepy_flights.parameters import Parameters, get_parameters


def test_defaults_hold_where_the_context_lacks_the_section() -> None:
    assert get_parameters({}) == Parameters()


def test_section_overrides_single_defaults() -> None:
    parameters = get_parameters({"flights": {"trees": 7, "learning_rate": 1, "data_folder": "/x"}})

    assert parameters == Parameters(trees=7, learning_rate=1, data_folder="/x")


def test_unknown_parameter_suggests_the_nearest_one() -> None:
    with pytest.raises(
        ContextError, match=r"^flights.tress: there is no such parameter$"
    ) as caught:
        get_parameters({"flights": {"tress": 7}})

    assert caught.value.hint == "Did you mean 'trees'?"


def test_parameter_unlike_any_other_lists_all() -> None:
    with pytest.raises(ContextError) as caught:
        get_parameters({"flights": {"xyz": 7}})

    assert caught.value.hint.startswith("There are: data_folder, first_test_month, notice_h,")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (3, "flights: is 3, not a section with parameters"),
        ({"trees": "7"}, "flights.trees: is '7', not a whole number"),
        ({"trees": 7.0}, "flights.trees: is 7.0, not a whole number"),
        ({"trees": True}, "flights.trees: is True, not a whole number"),
        ({"trees": 0}, "flights.trees: is 0; it must be from 1 to 10000"),
        ({"learning_rate": "x"}, "flights.learning_rate: is 'x', not a number"),
        (
            {"learning_rate": float("nan")},
            "flights.learning_rate: is nan; it must be from 0.001 to 1",
        ),
        ({"data_folder": 5}, "flights.data_folder: is 5, not text"),
        ({"notice_h": 0}, "flights.notice_h: is 0; it must be from 1 to 24"),
        ({"first_test_month": 1}, "flights.first_test_month: is 1; it must be from 2 to 12"),
        ({"flights_per_leaf": 0}, "flights.flights_per_leaf: is 0; it must be at least 1"),
    ],
)
def test_value_that_cannot_be_used_is_named(section: object, message: str) -> None:
    with pytest.raises(ContextError) as caught:
        get_parameters({"flights": section})

    assert str(caught.value) == message
