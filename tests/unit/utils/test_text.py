from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.utils.text import (
    cells,
    count,
    escape,
    format_about,
    format_age,
    format_duration,
    format_size,
    pad,
    shorten,
)


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


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (13_000_000, "13 MB"),
        (2_500_000_000, "2.5 GB"),
        (7_000_000_000_000_000, "7,000 TB"),
    ],
)
def test_sizes_have_two_digits_or_three(size: int, text: str) -> None:
    assert format_size(size) == text


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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7200, "2 h ago"),
        (86_400 * 3 + 5, "3 d ago"),
    ],
)
def test_age_is_in_its_largest_unit(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.1, "1 s"), (1.4, "1 s"), (59.4, "59 s"), (59.6, "1 min 00 s")]
)
def test_estimate_is_not_too_exact(seconds: float, text: str) -> None:
    assert format_about(seconds) == text


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("caf\u00e9", 4), ("cafe\u0301", 4), ("数据", 4)]
)
def test_columns_of_a_text_are_those_of_a_terminal(text: str, width: int) -> None:
    assert cells(text) == width
    assert pad(text, 6) == text + " " * (6 - width)


@pytest.mark.parametrize(
    ("text", "width", "mark", "shortened"),
    [
        ("features", 8, "…", "features"),
        ("features", 7, "…", "fea…res"),
        ("features", 6, "…", "fea…es"),
        ("features", 6, "...", "fe...s"),
        ("features", 3, "...", "..."),
        ("features", 2, "...", ".."),
        ("features", 0, "…", ""),
        ("数据数据数据", 7, "…", "数…据"),
    ],
)
def test_text_is_shortened_in_the_middle(text: str, width: int, mark: str, shortened: str) -> None:
    assert shorten(text, width, mark=mark) == shortened


@given(st.text(), st.integers(0, 30))
def test_shortened_text_fits(text: str, width: int) -> None:
    assert cells(shorten(escape(text), width)) <= width
