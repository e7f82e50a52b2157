from __future__ import annotations

import json
import os
import sys
import types

import pytest

from gluepy.commands._output import (
    can_draw,
    drawing_width,
    flush_results,
    note,
    print_error,
    print_json,
    print_result,
    warn,
)
from gluepy.exceptions import OutputError, UnknownHookError


def test_results_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_result("training")

    assert capsys.readouterr() == ("training\n", "")


def test_json_is_one_document_with_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    print_json("gluepy.list/1", {"dags": [], "odd": {1}})

    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"schema": "gluepy.list/1", "dags": [], "odd": "{1}"}
    assert captured.err == ""


def test_notes_and_warnings_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    note("read this")
    warn("care\nful")

    assert capsys.readouterr() == ("", "read this\nWarning: care\\nful\n")


def test_error_is_a_sentence_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(UnknownHookError("after_tsk", ["after_task"]))

    assert capsys.readouterr().err == (
        "Error: there is no hook 'after_tsk'\nHint: Did you mean 'after_task'?\n"
    )


def test_error_without_a_hint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = UnknownHookError("x", [])
    error.hint = ""

    print_error(error)

    assert capsys.readouterr().err == "Error: there is no hook 'x'\n"


def test_closed_standard_error_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/null", "w", encoding="utf-8") as closed:
        monkeypatch.setattr(sys, "stderr", closed)
    assert closed.closed

    note("lost")

    assert sys.stderr is None
    note("lost too")


def test_full_standard_output_is_an_error_and_python_ends_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OutputError, match="No space left on device"):
            print_result("training")

        flush_results()


def test_reader_that_leaves_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)

        print_result("training")
        flush_results()


def test_there_may_be_no_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    print_result("training")
    flush_results()


@pytest.mark.parametrize(("columns", "width"), [("20", 40), ("80", 80), ("500", 200)])
def test_drawings_are_neither_narrow_nor_endless(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert drawing_width() == width


@pytest.mark.parametrize(
    ("environ", "encoding", "is_drawn"),
    [
        ({"LC_ALL": "C"}, "utf-8", False),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "POSIX"}, "utf-8", False),
        ({"LC_ALL": "C.UTF-8"}, "utf-8", True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}, "utf-8", True),
        ({"LC_ALL": "de_DE"}, "latin-1", False),
        ({"LC_ALL": "de_DE"}, "nonsense", False),
        ({"LC_ALL": "de_DE"}, None, False),
    ],
)
def test_blocks_are_drawn_where_they_can_be(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], encoding: str | None, is_drawn: bool
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(encoding=encoding))

    assert can_draw() is is_drawn
