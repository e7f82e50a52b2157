from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.commands._table import render_facts, render_table, wrap


def test_columns_are_aligned_and_the_last_is_not_padded() -> None:
    table = render_table(["DAG", "PACKAGE"], [("training", "acme"), ("x", "acme-forecast")])

    assert table.splitlines() == [
        "DAG       PACKAGE",
        "training  acme",
        "x         acme-forecast",
    ]


def test_numbers_can_be_aligned_to_the_right() -> None:
    table = render_table(["N", "WHAT"], [(5, "a"), (10, "b")], right=[0])

    assert table.splitlines() == [" N  WHAT", " 5  a", "10  b"]


def test_empty_headers_are_left_out() -> None:
    assert render_table(["", ""], [("a", "b")]) == "a  b"
    assert render_table(["", ""], []) == ""


def test_table_without_rows_has_its_headers() -> None:
    assert render_table(["DAG", "PACKAGE"], []) == "DAG  PACKAGE"


def test_control_characters_are_escaped() -> None:
    assert render_table(["", ""], [("a\nb", "\x1b[2J"), ("c", "d")]).splitlines() == [
        "a\\nb  \\x1b[2J",
        "c     d",
    ]


@given(st.lists(st.tuples(st.text(), st.text(), st.text())))
def test_table_has_one_line_per_row(rows: list[tuple[str, str, str]]) -> None:
    lines = render_table(["A", "B", "C"], rows).split("\n")

    assert len(lines) == len(rows) + 1
    assert all(line.isprintable() and line == line.rstrip() for line in lines)


def test_facts_stand_after_their_names_and_empty_ones_are_left_out() -> None:
    text = render_facts([("tasks", ["load", "fit <- load"]), ("tags", [""]), ("why", ["a\x1bb"])])

    assert text.splitlines() == [
        "  tasks     load",
        "            fit <- load",
        "  why       a\\x1bb",
    ]


def test_long_texts_are_wrapped_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    words = " ".join(["word"] * 12)
    as_file = wrap(words, 10)
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "40")

    assert as_file == [words]
    assert wrap("short", 10) == ["short"]
    assert wrap(words, 10) == [" ".join(["word"] * 6)] * 2
    assert wrap(words, 39) == [" ".join(["word"] * 4)] * 3


class Terminal(io.StringIO):
    """Stands for a terminal."""

    def isatty(self) -> bool:
        return True


def test_characters_that_take_two_columns_count_twice() -> None:
    table = render_table(["", "", ""], [("日本", "ü", 1), ("a", "bcd", 10)], right=[1])

    assert table.splitlines() == ["日本    ü  1", "a     bcd  10"]
