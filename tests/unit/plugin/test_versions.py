"""Versions of distributions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from gluepy.plugin._versions import version_key

VERSIONS = st.builds(
    "{}{}{}{}".format,
    st.lists(st.integers(0, 20), min_size=1, max_size=4).map(
        lambda parts: ".".join(map(str, parts))
    ),
    st.sampled_from(["", "a1", "b2", "rc1", "rc12", "-alpha.2", "c3"]),
    st.sampled_from(["", ".post1", ".post2", "-r3"]),
    st.sampled_from(["", ".dev0", ".dev5"]),
)


@given(VERSIONS, VERSIONS)
def test_versions_are_ordered_as_pep_440_says(one: str, other: str) -> None:
    ours = (version_key(one) > version_key(other)) - (version_key(one) < version_key(other))
    theirs = (Version(one) > Version(other)) - (Version(one) < Version(other))

    assert ours == theirs


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9", "1.10"),
        ("1.0", "1!0.1"),
        ("1.0", "1.0+local"),
        ("unknown", "0.0.1.dev1"),
        ("x!1.0", "0.1"),
        ("", "0"),
        ("1.0-1", "1.0-2"),
    ],
)
def test_newer_version_has_the_greater_key(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


@given(st.text(), st.text())
def test_any_texts_can_be_ordered(one: str, other: str) -> None:
    assert sorted([one, other], key=version_key) == sorted([other, one], key=version_key) or (
        version_key(one) == version_key(other)
    )
