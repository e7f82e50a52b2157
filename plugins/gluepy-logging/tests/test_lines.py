"""One line of strict JSON, whatever it is made of."""

from __future__ import annotations

import json
import logging
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy_logging import JsonFormatter
from gluepy_logging._lines import render_line, render_moment

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


def parse(line: str) -> object:
    """Read JSON as strictly as the standard has it, without the NaN of Python."""
    return json.loads(line, parse_constant=pytest.fail)


@given(st.dictionaries(st.text(), ANYTHING))
def test_anything_is_one_line_of_ascii_and_strict_json(fields: dict[str, object]) -> None:
    line = render_line(fields)

    assert line.isascii()
    assert line.isprintable()
    assert isinstance(parse(line), dict)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-9, 9)))
def test_text_and_numbers_come_back_as_they_were(fields: dict[str, object]) -> None:
    assert parse(render_line(fields)) == fields


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_a_number_that_is_not_finite_is_its_name(value: float, text: str) -> None:
    assert parse(render_line({"value": value})) == {"value": text}


def test_line_ends_of_all_kinds_are_escaped() -> None:
    text = "a\nb\r\nc\x0bd\x85e\u2028f\u2029g\x1b[31m"

    line = render_line({text: text})

    assert len(line.splitlines()) == 1
    assert parse(line) == {text: text}


def test_half_a_surrogate_pair_is_shown_as_an_escape() -> None:
    assert parse(render_line({"path": "a\udcffb"})) == {"path": "a\\udcffb"}


def test_an_integer_that_no_reader_holds_is_text() -> None:
    assert parse(render_line({"big": 2**64})) == {"big": "18446744073709551616"}


def test_what_is_too_deep_or_goes_round_in_a_circle_is_text() -> None:
    circle: list[object] = []
    circle.append(circle)

    assert parse(render_line({"circle": circle})) == {"circle": [[[[["[[...]]"]]]]]}


def test_what_has_no_text_does_not_cost_the_line() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no")

    line = render_line({"a": Mute(), "b": 1})

    assert parse(line) == {"a": "<Mute whose text cannot be had: RuntimeError>", "b": 1}


def test_a_moment_is_in_utc_and_always_as_long() -> None:
    elsewhere = datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=2)))

    assert render_moment(elsewhere) == "2026-11-21T23:00:00.000000+00:00"
    assert datetime.fromisoformat(render_moment(elsewhere)).tzinfo is UTC


def test_formatter_gives_record_with_extra_and_traceback() -> None:
    error = KeyError("horizn")
    info = (KeyError, error, None)
    record = logging.LogRecord("acme", logging.ERROR, "/a.py", 7, "lost %s", ("it",), info)
    record.rows = math.nan
    record.stack_info = "Stack (most recent call last):"

    line = parse(JsonFormatter().format(record))

    assert isinstance(line, dict)
    assert datetime.fromisoformat(line.pop("timestamp")).timestamp() == pytest.approx(
        record.created, abs=1e-5
    )
    assert line.pop("traceback") == "KeyError: 'horizn'"
    assert line == {
        "event": "log",
        "level": "ERROR",
        "logger": "acme",
        "message": "lost it",
        "file": "/a.py",
        "line": 7,
        "pid": record.process,
        "thread": "MainThread",
        "stack": "Stack (most recent call last):",
        "extra": {"rows": "NaN"},
    }


def test_formatter_works_in_a_dict_config() -> None:
    from logging.config import dictConfig

    dictConfig(
        {
            "version": 1,
            "incremental": False,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "gluepy_logging.JsonFormatter"}},
            "handlers": {"mem": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {"acme.json": {"handlers": ["mem"]}},
        }
    )
    (handler,) = logging.getLogger("acme.json").handlers

    assert isinstance(handler.formatter, JsonFormatter)
    logging.getLogger("acme.json").removeHandler(handler)
