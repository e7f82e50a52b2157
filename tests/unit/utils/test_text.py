from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.utils.text import count, escape, format_duration


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain text, ü and 数据", "plain text, ü and 数据"),
        ("", ""),
        ("two\nlines\ttab", "two\\nlines\\ttab"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egnp", "\\u202egnp"),
        ("\udc80", "\\udc80"),
    ],
)
def test_control_characters_are_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@given(st.text())
def test_what_is_escaped_is_printable_and_stays_so(text: str) -> None:
    escaped = escape(text)

    assert escaped.isprintable()
    assert escape(escaped) == escaped


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (3.14, "3.1 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (121.2, "2 min 01 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (3900, "1 h 05 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_duration_is_as_people_say_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(min_value=0, max_value=1e6))
def test_no_unit_overflows(seconds: float) -> None:
    text = format_duration(seconds)

    assert not text.startswith(("1000 ms", "60.0 s", "60 min"))
    assert " 60 " not in text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks"), (-1, "-1 tasks")]
)
def test_things_are_counted(number: int, text: str) -> None:
    assert count(number, "task") == text
