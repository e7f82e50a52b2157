from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exec._globs import glob_matches, glob_may_match, is_glob


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("cl*", "clean", True),
        ("cl*", "CLEAN", False),
        ("cl?an", "clean", True),
        ("train[A*]", "train[AA]", True),
        ("train[A*]", "trainA", False),
        ("[ab]", "a", False),
        ("*", "", True),
        ("cle", "clean", False),
    ],
)
def test_glob_matches_the_whole_text_and_brackets_themselves(
    glob: str, text: str, expected: bool
) -> None:
    assert glob_matches(glob, text) is expected


def test_glob_has_a_sign_that_stands_for_others() -> None:
    assert is_glob("a*")
    assert is_glob("?")
    assert not is_glob("train[AA]")


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*", True),
        ("train[*]", True),
        ("tr*[A?]", True),
        ("*AA*", True),
        ("*]", True),
        ("train[A*", True),
        ("train[A?", True),
        ("train[AA]", True),
        ("train??A?", True),
        ("train[]", False),
        ("train[", False),
        ("train?", False),
        ("train", False),
        ("fit[*]", False),
        ("train[A[*", False),
        ("train[AA]x", False),
        ("", False),
    ],
)
def test_glob_may_match_partitions_that_are_not_known(glob: str, expected: bool) -> None:
    assert glob_may_match(glob, "train") is expected


GLOBS = st.text("ab[]*?", max_size=7)


@given(GLOBS, st.text("ab", min_size=1, max_size=2), st.text("ab", min_size=1, max_size=3))
def test_glob_that_matches_a_step_may_match_its_task(glob: str, task: str, name: str) -> None:
    if glob_matches(glob, f"{task}[{name}]"):
        assert glob_may_match(glob, task)


@given(GLOBS)
def test_glob_that_may_match_matches_some_step(glob: str) -> None:
    steps = (f"a[{''.join(name)}]" for size in range(1, 7) for name in product("ab", repeat=size))

    assert glob_may_match(glob, "a") == any(glob_matches(glob, step) for step in steps)
