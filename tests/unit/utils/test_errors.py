from __future__ import annotations

import json
from typing import Any

import pytest

from gluepy.utils.errors import location_of, reason_of
from gluepy.utils.loading import import_string


def caught(code: str, file: str, **names: object) -> BaseException:
    """Return what code raises that stands in a file."""
    try:
        run(code, file, **names)
    except BaseException as error:  # noqa: BLE001 - tests raise anything
        # Without the frames of this module, which would be the user's own.
        first = error.__traceback__
        assert first is not None
        assert first.tb_next is not None
        return error.with_traceback(first.tb_next.tb_next)
    raise AssertionError("nothing was raised")


def run(code: str, file: str, **names: object) -> dict[str, Any]:
    exec(compile(code, file, "exec"), names)  # noqa: S102 - code of these tests
    return names


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("horizon"), "KeyError: 'horizon'"),
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (ValueError(), "ValueError"),
        (SystemExit(3), "SystemExit: 3"),
        (SyntaxError("never closed", ("f.py", 3, 1, "(")), "SyntaxError: never closed"),
    ],
)
def test_reason_is_one_line(error: BaseException, reason: str) -> None:
    assert reason_of(error) == reason


def test_error_that_cannot_tell_its_text_has_a_reason() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    assert reason_of(MuteError()) == "MuteError: <exception str() failed>"


def test_location_is_the_innermost_line_of_the_users_own() -> None:
    error = caught("def f():\n    json.loads('{')\nf()\n", "/own.py", json=json)

    assert location_of(error) == "/own.py:2"


def test_frames_of_gluepy_are_left_out() -> None:
    error = caught("\nimport_string('x')\n", "/own.py", import_string=import_string)

    assert location_of(error) == "/own.py:2"


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_users_own_goes_before_a_library(folder: str) -> None:
    library = run("def fail():\n    return 1 / 0\n", f"/lib/{folder}/lib.py")

    error = caught("\nfail()\n", "/own.py", fail=library["fail"])

    assert location_of(error) == "/own.py:2"


def test_library_is_named_when_nothing_else_is_there() -> None:
    error = caught("\n1 / 0\n", "/lib/site-packages/lib.py")

    assert location_of(error) == "/lib/site-packages/lib.py:2"


def test_syntax_error_is_where_it_stands() -> None:
    error = SyntaxError("never closed", ("/own.py", 3, 1, "("))

    assert location_of(error) == "/own.py:3"


def test_syntax_error_of_no_file_is_where_it_is_raised() -> None:
    error = caught("\nraise SyntaxError('x')\n", "/own.py")

    assert location_of(error) == "/own.py:2"


def test_location_may_be_unknown() -> None:
    assert location_of(ValueError("never raised")) == ""
