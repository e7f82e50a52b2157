from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gluepy.commands._table import render_table


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
