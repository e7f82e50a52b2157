"""What people read."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from gluepy_report import _text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, _text.NOTHING),
        (0, "0 s"),
        (0.0002, "200 µs"),
        (0.0124, "12 ms"),
        (0.00099996, "1 ms"),
        (0.9996, "1.0 s"),
        (3.14, "3.1 s"),
        (59.97, "1 min 00 s"),
        (121, "2 min 01 s"),
        (3900, "1 h 05 min"),
    ],
)
def test_duration_has_the_unit_that_people_say(seconds: float | None, shown: str) -> None:
    assert _text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        (3.0, "3"),
        (20.422276, "20.42"),
        (0.00001234, "1.234e-05"),
        (1234567, "1\u2009234\u2009567"),
        (1234.5, "1\u2009234"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        ("NaN", "NaN"),
        (True, "True"),
    ],
)
def test_number_has_four_figures_or_all_before_the_point(value: object, shown: str) -> None:
    assert _text.number(value) == shown


def test_moment_is_in_utc_and_what_is_none_stays() -> None:
    moment = "2026-11-22T10:40:12.5+02:00"

    assert _text.moment(moment) == "22 Nov 2026, 08:40:12"
    assert _text.date(moment) == "22 Nov, 08:40"
    assert [_text.moment(odd) for odd in (None, "", "soon", "0001-01-01T00:00:00+14:00")] == [
        *(_text.NOTHING, _text.NOTHING, "soon"),
        "0001-01-01T00:00:00+14:00",
    ]


def test_change_is_a_percentage_or_a_factor() -> None:
    assert [_text.change(ratio) for ratio in (None, 0.123, -0.5, 13.0)] == [
        *("", "+12 %", "\N{MINUS SIGN}50 %", "\N{MULTIPLICATION SIGN}14")
    ]


def test_small_change_is_not_said_to_be_none() -> None:
    assert [_text.change(ratio) for ratio in (0.0, 0.00195, -0.0123, 1e-9)] == [
        *("+0 %", "+0.2 %", "\N{MINUS SIGN}1.2 %", "< 0.1 %")
    ]


def test_what_cannot_be_seen_has_an_escape() -> None:
    assert _text.visible("a\x00\x1b[2J\u202eb\tc\nd") == r"a\x00\x1b[2J\u202eb" + "\tc\nd"
    assert _text.visible(7) == 7
    assert _text.visible(Markup("<b>\x00")) == Markup("<b>\x00")


def test_colours_of_a_terminal_are_left_out() -> None:
    assert _text.plain("\x1b[1;31mred\x1b[0m, \x1b[2J") == "red, \x1b[2J"


def test_value_is_json_and_text_without_quotes() -> None:
    assert [_text.value(one) for one in ("a", 1, None, True, {"é": [1]})] == [
        *("a", "1", "null", "true", '{"é": [1]}')
    ]


def test_only_a_long_id_is_cut() -> None:
    assert _text.short("32272a93-c30b-4597-b32d-499425d52023") == "32272a93"
    assert _text.short("nightly-1") == "nightly-1"


def test_leaves_have_dotted_names() -> None:
    assert list(_text.flatten({"a": {"b": {"c": 1}, "d": {}}, "e": [2]})) == [
        *(("a.b.c", 1), ("a.d", {}), ("e", [2]))
    ]
