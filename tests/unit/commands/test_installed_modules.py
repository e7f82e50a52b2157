from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.commands._installed_modules import listed_modules, with_module


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("INSTALLED_MODULES = []", 'INSTALLED_MODULES = ["new"]'),
        ("INSTALLED_MODULES = [ ]\n", 'INSTALLED_MODULES = [ "new"]\n'),
        ("INSTALLED_MODULES = ['a']\n", "INSTALLED_MODULES = ['a', \"new\"]\n"),
        ("INSTALLED_MODULES = ['a', ]\n", "INSTALLED_MODULES = ['a', \"new\", ]\n"),
        ("INSTALLED_MODULES: list[str] = []\n", 'INSTALLED_MODULES: list[str] = ["new"]\n'),
        (
            "INSTALLED_MODULES = [\n    'a',  # first\n]\nX = 1\n",
            "INSTALLED_MODULES = [\n    'a',  # first\n    \"new\",\n]\nX = 1\n",
        ),
        (
            "INSTALLED_MODULES = [\n    'a'  # first, and last\n]\n",
            "INSTALLED_MODULES = [\n    'a',  # first, and last\n    \"new\",\n]\n",
        ),
        (
            "INSTALLED_MODULES = [\r\n  'a',\r\n]\r\n",
            "INSTALLED_MODULES = [\r\n  'a',\r\n  \"new\",\r\n]\r\n",
        ),
        (
            "INSTALLED_MODULES = ['a',\n]\n",
            "INSTALLED_MODULES = ['a',\n    \"new\",\n]\n",
        ),
        (
            "INSTALLED_MODULES = [\n    'a'\n    , ]\n",
            "INSTALLED_MODULES = [\n    'a', \"new\"\n    , ]\n",
        ),
        (
            "ä = 'ö'; INSTALLED_MODULES = ['ü']  # ß\n",
            "ä = 'ö'; INSTALLED_MODULES = ['ü', \"new\"]  # ß\n",
        ),
    ],
)
def test_module_is_added_and_all_else_stays(before: str, after: str) -> None:
    assert with_module(before.encode(), "new") == after.encode()


@pytest.mark.parametrize(
    "source",
    [
        "",
        "X = ['a']",
        "INSTALLED_MODULES = ('a',)",
        "INSTALLED_MODULES = ['a'] + OTHERS",
        "INSTALLED_MODULES = [name]",
        "INSTALLED_MODULES = ['a', 1]",
        "INSTALLED_MODULES = ['a']\nINSTALLED_MODULES = ['b']",
        "INSTALLED_MODULES = ['a']\nINSTALLED_MODULES += ['b']",
        "if DEBUG:\n    INSTALLED_MODULES = ['a']",
        "X = INSTALLED_MODULES = ['a']",
        "INSTALLED_MODULES: list[str]",
        "INSTALLED_MODULES = [",
        "INSTALLED_MODULES = ['a']\0",
    ],
)
def test_list_that_is_not_plain_is_left_to_a_person(source: str) -> None:
    assert with_module(source.encode(), "new") is None
    assert listed_modules(source.encode()) is None


@pytest.mark.parametrize("source", [b"\xef\xbb\xbfINSTALLED_MODULES = ['a']", "".encode("utf-16")])
def test_file_that_would_be_damaged_is_left_to_a_person(source: bytes) -> None:
    assert with_module(source, "new") is None


def test_listed_modules_are_those_of_the_list() -> None:
    assert listed_modules(b"INSTALLED_MODULES = ['a', 'b']") == ["a", "b"]


_names = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
_gap = st.sampled_from(["", " ", "\n", "\n    ", "  # a, [b]\n"])


@given(st.data(), st.lists(_names, max_size=4), _names)
def test_any_layout_gains_exactly_one_module(
    data: st.DataObject, names: list[str], new: str
) -> None:
    parts = [f"{data.draw(_gap)}{name!r}{data.draw(_gap)}" for name in names]
    comma = data.draw(st.sampled_from([",", ""])) if names else ""
    text = f"A = 1\nINSTALLED_MODULES = [{','.join(parts)}{comma}{data.draw(_gap)}]  # end\nB = 2\n"

    changed = with_module(text.encode(), new)

    assert changed is not None
    assert listed_modules(changed) == [*names, new]
    assert ast.literal_eval(ast.parse(changed).body[0].value) == 1  # type: ignore[attr-defined]  # an assignment
    assert changed.decode().startswith("A = 1\nINSTALLED_MODULES = [")
    assert changed.decode().endswith("]  # end\nB = 2\n")
    assert changed.decode().count("# a, [b]") == text.count("# a, [b]")
