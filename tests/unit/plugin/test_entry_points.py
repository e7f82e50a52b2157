"""Reading of ``entry_points.txt``."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importlib_metadata import EntryPoint, Sectioned

from gluepy.exceptions import InvalidLabelError
from gluepy.exec._label import check_label
from gluepy.plugin._entry_points import (
    canonical_value,
    has_groups,
    parse,
    split_plain,
    why_no_target,
)

LINES = st.one_of(
    st.sampled_from(
        ["[gluepy.dags]", "[gluepy.tasks]", "[console_scripts]", "", "# note = x", "]"]
    ),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "  "]),
        st.text(st.sampled_from("ab-_. :é\u2028"), max_size=6),
        st.sampled_from(["=", " = ", " =", ""]),
        st.sampled_from(["acme:Dag", "acme.dags:A.b", "acme : x [gpu]", "acme", "a=b", "é:É", ""]),
    ),
)
FILES = st.builds(
    lambda lines, end: end.join(lines), st.lists(LINES), st.sampled_from(["\n", "\r\n", "\n\n"])
)


@given(FILES)
def test_files_are_read_as_importlib_metadata_reads_them(text: str) -> None:
    try:
        ours = parse(text.encode())
    except ValueError:
        return  # what is refused has its own tests
    pairs = Sectioned.section_pairs(text)  # type: ignore[no-untyped-call]  # theirs
    theirs = [(pair.name, pair.value.name, pair.value.value) for pair in pairs]

    assert ours == [one for one in theirs if "gluepy." in one[0]]


@given(FILES)
def test_plain_files_are_divided_as_they_are_parsed(text: str) -> None:
    lines = split_plain(text.encode())
    if any(other for *_, other in lines) or not any(group for _, _, group, _ in lines):
        return
    found, current = [], ""
    for name, value, group, _ in lines:
        current = group or current
        if name and current and "gluepy." in current:
            found.append((current, name, value))

    if lines[0][2]:
        assert found == parse(text.encode())
    for _, name, value in found:
        assert check_label(name, "test") == name
        assert canonical_value(value) == value


@given(st.text())
def test_values_are_valid_where_importlib_metadata_says_so(value: str) -> None:
    match = EntryPoint.pattern.fullmatch(value)

    assert bool(canonical_value(value)) == bool(match)


@given(st.binary())
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    found = []
    with contextlib.suppress(ValueError):
        found = parse(data)

    assert all("gluepy." in group for group, _, _ in found)


def test_name_of_a_plain_line_is_fit_for_a_label_and_others_are_left_to_a_closer_look() -> None:
    (plain,) = split_plain(b"a" * 100 + b" = acme:Dag")
    (odd,) = split_plain(b"a" * 101 + b" = acme:Dag")

    assert check_label(plain[0], "test")
    assert odd[3]


def test_bytes_that_are_not_ascii_need_a_closer_look() -> None:
    assert split_plain("[gluepy.dags]\né = a:b".encode()) == [
        ("", "", "", "bytes that are not ASCII")
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[gluepy.dags]\ntraining\n", "line 2 is no 'name = module:object': 'training'"),
        (b"[gluepy.dags\na = b:c\n", "line 1 is no 'name = module:object': '[gluepy.dags'"),
        (b"\na = gluepy.x:y\n", "line 2 stands before the first [group]: 'a = gluepy.x:y'"),
        (b"\xef\xbb\xbf[gluepy.dags]\n", "it begins with a byte order mark"),
        (b"[gluepy.dags]\n\xff = a:b", "it is not UTF-8: byte 14"),
        ("[gluepy.dags]\na = b:c".encode("utf-16"), "it is UTF-16, not UTF-8"),
        ("[gluepy.dags]\na = b:c".encode("utf-16-le"), "it is UTF-16, not UTF-8"),
        ("[gluepy.dags]\na = b:c".encode("utf-16-be"), "it is UTF-16, not UTF-8"),
    ],
)
def test_malformed_file_is_refused_with_line_and_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        parse(data)

    assert str(caught.value) == reason
    assert has_groups(data)


def test_file_without_our_groups_is_known_at_once() -> None:
    assert not has_groups(b"[console_scripts]\nx = y:z\n")
    assert not has_groups("[console_scripts]".encode("utf-16"))


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("acme", "acme"),
        ("acme.dags:Training", "acme.dags:Training"),
        ("acme.dags : Training [gpu, plot] ", "acme.dags:Training"),
        ("acme:Outer.Inner", "acme:Outer.Inner"),
        ("acme dags", ""),
        ("acme:", ""),
        ("", ""),
    ],
)
def test_canonical_value_has_no_spaces_and_no_extras(value: str, canonical: str) -> None:
    assert canonical_value(value) == canonical


@pytest.mark.parametrize(
    ("kind", "target", "reason"),
    [
        ("dag", "acme:Dag", ""),
        ("hook", "acme.hooks", ""),
        ("dag", "acme.dags", "names a module; write 'module:object'"),
        ("hook", "", "is no 'module:object'"),
    ],
)
def test_only_a_hook_plugin_may_be_a_module(kind: str, target: str, reason: str) -> None:
    assert why_no_target(kind, target) == reason


def test_label_rules_are_not_looser_here_than_there() -> None:
    with pytest.raises(InvalidLabelError):
        check_label("-x", "test")
    assert split_plain(b"-x = a:b")[0][3]
