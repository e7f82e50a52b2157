"""Paths become keys, or are refused."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import InvalidPathError, PathOutsideRootError
from gluepy.files.storages._paths import is_within, iter_parents, join_key, to_key

ROOT = "/srv/data"

names = st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable() and "/" not in text)
parts = st.one_of(st.sampled_from(["", ".", "..", "a", "b"]), names)
paths = st.lists(parts, max_size=8).map("/".join)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("a/b", "a/b"),
        ("", ""),
        (".", ""),
        ("a/..", ""),
        ("a/", "a"),
        (" a ", " a "),
        ("..a/b..", "..a/b.."),
        ("/srv/data", ""),
        ("/srv/data/", ""),
        ("//srv//data/a", "a"),
        ("/srv/x/../data/a", "a"),
        ("/real/data/a", "a"),
        ("~/a", "~/a"),
        ("a\\..\\..\\b", "a\\..\\..\\b"),
        (PurePosixPath("a/b"), "a/b"),
    ],
)
def test_path_inside_the_root_becomes_a_key(path: str, key: str) -> None:
    assert to_key(path, ROOT, "/real/data") == key


def test_path_outside_the_root_is_refused_in_a_sentence() -> None:
    with pytest.raises(PathOutsideRootError) as caught:
        to_key("/srv/data-evil/x", ROOT)

    assert str(caught.value) == (
        "the path '/srv/data-evil/x' leads out of the storage root '/srv/data'"
    )
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a\0b", "it holds a NUL character"),
        ("\ud800", "it cannot be written in UTF-8"),
        ("a/.gluepy-tmp-1/b", "names with '.gluepy-tmp-' are for unfinished files"),
    ],
)
def test_name_that_cannot_be_is_refused_in_a_sentence(path: str, reason: str) -> None:
    with pytest.raises(InvalidPathError) as caught:
        to_key(path, ROOT)

    assert str(caught.value) == f"the path {path!r} cannot be used: {reason}"


@given(paths)
def test_key_never_leaves_the_root(path: str) -> None:
    try:
        key = to_key(path, ROOT)
    except PathOutsideRootError:
        assert not is_within(posixpath.normpath(posixpath.join(ROOT, path)), ROOT) or ".." in path
        return

    full = posixpath.normpath(posixpath.join(ROOT, key))
    assert full == ROOT or full.startswith(ROOT + "/")
    assert ".." not in key.split("/")


@given(paths)
def test_key_of_a_key_is_the_key(path: str) -> None:
    try:
        key = to_key(path, ROOT)
    except PathOutsideRootError:
        return

    assert to_key(key, ROOT) == key
    assert to_key(posixpath.join(ROOT, key), ROOT) == key


@pytest.mark.parametrize(
    ("folder", "name", "key"), [("a", "b", "a/b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")]
)
def test_keys_are_joined(folder: str, name: str, key: str) -> None:
    assert join_key(folder, name) == key


@pytest.mark.parametrize(
    ("key", "folder", "within"),
    [("a/b", "a", True), ("a", "a", True), ("ab", "a", False), ("a", "", True), ("", "a", False)],
)
def test_folder_holds_itself_and_what_is_below(key: str, folder: str, within: bool) -> None:
    assert is_within(key, folder) is within


def test_parents_come_nearest_first() -> None:
    assert list(iter_parents("a/b/c")) == ["a/b", "a"]
    assert list(iter_parents("")) == []
