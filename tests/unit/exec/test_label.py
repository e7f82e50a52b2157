from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import InvalidLabelError
from gluepy.exec._label import check_label, label_of, where_is


class Parent:
    label = "parent"


class Child(Parent):
    pass


def test_label_is_the_one_of_the_class_body() -> None:
    assert label_of(Parent) == "parent"


def test_label_of_the_parent_is_not_inherited() -> None:
    assert label_of(Child) == "child"


@pytest.mark.parametrize("label", ["training", "forecast-training", "Train Model", "a.b", "größe"])
def test_labels_of_old_projects_are_accepted(label: str) -> None:
    assert check_label(label, "here") == label


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (3, "is int, not text"),
        (None, "is NoneType, not text"),
        ("", "is empty"),
        ("  ", "is empty"),
        ("x" * 201, "has more than 200 characters"),
        ("a\nb", "has a control character"),
        ("a\x1b[31m", "has a control character"),
        ("acme:training", "has a colon, which divides distribution and label"),
        ("train[AA]", "has a bracket, which marks partitions"),
        ("train]", "has a bracket, which marks partitions"),
        ("-training", "begins with a hyphen, as options do"),
    ],
)
def test_label_that_cannot_be_typed_is_refused(label: object, reason: str) -> None:
    with pytest.raises(InvalidLabelError) as caught:
        check_label(label, "acme.dags:A")

    assert caught.value.reason == reason
    assert str(caught.value).startswith("acme.dags:A: the label ")


@given(st.text())
def test_every_text_is_accepted_as_it_is_or_refused(label: str) -> None:
    try:
        accepted = check_label(label, "here")
    except InvalidLabelError:
        return

    assert accepted == label


def test_place_of_a_class_has_file_and_line() -> None:
    assert where_is(Parent).startswith(f"{__name__}:Parent ({__file__}:")


def test_place_of_a_class_without_source_is_its_name() -> None:
    made = type("Made", (), {"__module__": "nowhere"})

    assert where_is(made) == "nowhere:Made"
