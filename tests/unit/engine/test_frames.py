from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

from gluepy.engine.frames import describe_error, extract_frames, format_traceback
from gluepy.engine.signals import Stopped
from gluepy.exceptions import WrapperError
from gluepy.exec.records import Frame


def raised(function: object, *args: object) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it raises
        function(*args)  # type: ignore[operator]  # a function
    return caught.value


def fail(params: dict[str, int]) -> int:
    return params["horizn"] * 2


def recurse(depth: int) -> int:
    return recurse(depth + 1) + 1


def load(folder: Path, name: str, source: str) -> dict[str, object]:
    path = folder / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    namespace: dict[str, object] = {"__name__": name}
    exec(compile(source, str(path), "exec"), namespace)  # noqa: S102 - our own
    return namespace


def test_error_is_described_by_type_and_message() -> None:
    assert describe_error(KeyError("x")) == "KeyError: 'x'"
    assert describe_error(ValueError()) == "ValueError"


def test_causes_of_an_error_are_told_too() -> None:
    def chain() -> None:
        try:
            fail({})
        except KeyError as error:
            raise ValueError("no horizon") from error

    assert describe_error(raised(chain)) == "ValueError: no horizon\nbecause of KeyError: 'horizn'"


def test_context_of_an_error_is_told_unless_it_was_suppressed() -> None:
    def context() -> None:
        try:
            fail({})
        except KeyError:
            raise ValueError("again")  # noqa: B904 - that is the point

    def suppressed() -> None:
        try:
            fail({})
        except KeyError:
            raise ValueError("alone") from None

    assert describe_error(raised(context)).endswith("because of KeyError: 'horizn'")
    assert describe_error(raised(suppressed)) == "ValueError: alone"


def test_group_of_errors_tells_what_is_in_it() -> None:
    group = ExceptionGroup("two", [ValueError("a"), KeyError("b")])

    assert describe_error(group) == (
        "ExceptionGroup: two (2 sub-exceptions)\nbecause of ValueError: a\nbecause of KeyError: 'b'"
    )


def test_error_of_a_wrapper_is_told_once() -> None:
    error = WrapperError("plugin 'x' of acme 1", "around_task", "KeyError: 'y'")
    error.__cause__ = KeyError("y")
    error.__cause__.__cause__ = OSError("z")

    assert describe_error(error) == (
        "WrapperError: plugin 'x' of acme 1: its hook 'around_task' raised KeyError: 'y'\n"
        "because of OSError: z"
    )


def test_interrupt_is_told_by_its_signal() -> None:
    assert describe_error(Stopped("SIGINT")) == "SIGINT"
    assert describe_error(Stopped()) == "KeyboardInterrupt"


def test_long_chain_of_causes_is_cut() -> None:
    error: BaseException = ValueError("0")
    for number in range(20):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following

    assert len(describe_error(error).splitlines()) == 5


def test_long_message_is_cut_in_the_middle() -> None:
    text = describe_error(ValueError(f"begin{'x' * 100_000}end"))

    assert text.startswith("ValueError: begin")
    assert text.endswith("end")
    assert " characters ...] " in text
    assert len(text) < 20_000


def test_own_frame_has_its_place_and_source() -> None:
    frames = extract_frames(raised(fail, {}), home=__name__)

    last = frames[-1]
    assert last.file == __file__
    assert last.function == "fail"
    assert last.code == 'return params["horizn"] * 2'
    assert last.marker == "       ^^^^^^^^^^^^^^^^"
    assert last.origin == "user"


def test_marker_counts_characters_not_bytes(tmp_path: Path) -> None:
    module = load(tmp_path, "umlaut", 'def größe(x):\n    return "äöü" + x["ß"] + 1\n')

    frame = extract_frames(raised(module["größe"], {}), home="umlaut")[-1]

    start, end = frame.marker.index("^"), len(frame.marker)
    assert frame.code[start:end] == 'x["ß"]'


def test_whole_line_needs_no_marker(tmp_path: Path) -> None:
    module = load(tmp_path, "whole", "def run():\n    raise ValueError(1)\n")

    assert extract_frames(raised(module["run"]), home="whole")[-1].marker == ""


def test_expression_over_several_lines_has_no_marker(tmp_path: Path) -> None:
    module = load(tmp_path, "lines", "def run():\n    return (1 +\n        None)\n")

    assert extract_frames(raised(module["run"]), home="lines")[-1].marker == ""


def test_frame_without_source_is_kept() -> None:
    namespace: dict[str, object] = {}
    exec("def run():\n    raise ValueError", namespace)  # noqa: S102 - our own

    frame = extract_frames(raised(namespace["run"]), home="x")[-1]

    assert frame == Frame(file="<string>", line=2, function="run")


def test_frames_of_libraries_are_told_from_the_authors_own() -> None:
    frames = extract_frames(raised(json.loads, "{"), home=__name__)

    assert [(frame.origin, frame.package) for frame in frames[1:]] == [("library", "json")] * 3


def test_installed_pipeline_is_its_authors_own() -> None:
    frames = extract_frames(raised(json.loads, "{"), home="json.decoder")

    assert {frame.origin for frame in frames[1:]} == {"user"}


def test_frozen_modules_are_pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raises_at_import.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)

    frames = extract_frames(raised(import_module, "raises_at_import"), home="raises_at_import")

    assert ("library", "python") in {(frame.origin, frame.package) for frame in frames}
    assert (frames[-1].origin, frames[-1].code) == ("user", "1 / 0")


def test_our_own_frames_are_marked() -> None:
    from gluepy.utils.loading import import_string

    frames = extract_frames(raised(import_string, "x"), home=__name__)

    assert frames[-1].origin == "gluepy"


def test_endless_recursion_is_cut_in_the_middle() -> None:
    frames = extract_frames(raised(recurse, 0), home=__name__)

    assert len(frames) == 200
    assert frames[-1].function == "recurse"


def test_whole_traceback_is_that_of_python() -> None:
    text = format_traceback(raised(fail, {}))

    assert text.startswith("Traceback (most recent call last):")
    assert text.rstrip().endswith("KeyError: 'horizn'")
