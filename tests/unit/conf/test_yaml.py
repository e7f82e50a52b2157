from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.conf._yaml import dump_yaml, ends_in_comment, load_yaml
from gluepy.exceptions import ContextError

INVALID = "is not valid YAML"
NO_TAG = "could not determine a constructor for the tag 'tag:yaml.org,2002:"
NO_VALUE = "holds a value that does not exist"


def test_document_becomes_plain_values() -> None:
    text = "a: {b: [1, 2.5, x, null, true]}\nday: 2026-11-22\nbase: &base {n: 1}\nother: *base\n"

    assert load_yaml(text, where="f") == {
        "a": {"b": [1, 2.5, "x", None, True]},
        "day": dt.date(2026, 11, 22),
        "base": {"n": 1},
        "other": {"n": 1},
    }


@pytest.mark.parametrize("text", ["", "# only a comment\n", b"", b"\xef\xbb\xbf"])
def test_empty_document_is_none(text: str | bytes) -> None:
    assert load_yaml(text, where="f") is None


def test_bytes_are_utf_8_with_or_without_a_mark() -> None:
    assert load_yaml("a: ä".encode(), where="f") == {"a": "ä"}
    assert load_yaml("a: ä".encode("utf-8-sig"), where="f") == {"a": "ä"}


def test_merge_key_is_overridden_by_the_mapping_itself() -> None:
    text = "base: &base {n: 1, m: 1}\nz: {a: &a {<<: *base, n: 2}}\nb: {<<: *a, m: 3}\n"

    loaded = load_yaml(text, where="f")

    assert loaded == {
        "base": {"n": 1, "m": 1},
        "z": {"a": {"n": 2, "m": 1}},
        "b": {"n": 2, "m": 3},
    }


def test_key_is_merged_once_however_long_its_name() -> None:
    text = "a: &a {nn: 1, x: 1}\nb: &b {nn: 2, y: 2, <<: *a}\nc: {<<: [*b, *a], z: 3}\n"

    assert load_yaml(text, where="f") == {
        "a": {"nn": 1, "x": 1},
        "b": {"nn": 2, "x": 1, "y": 2},
        "c": {"nn": 2, "x": 1, "y": 2, "z": 3},
    }


@pytest.mark.parametrize("value", ["1", "[1]", "[{a: 1}, 2]"])
def test_only_mappings_can_be_merged(value: str) -> None:
    with pytest.raises(ContextError, match="expected a mapping for merging, but found scalar"):
        load_yaml(f"a: {{<<: {value}}}", where="f")


def test_document_that_is_far_too_deep_is_refused() -> None:
    with pytest.raises(ContextError, match="is nested more than 100 deep"):
        load_yaml("[" * 1_000_000, where="f")


@pytest.mark.parametrize("text", ["1e-3", "-2E+4", "1.5e-3"])
def test_number_with_an_exponent_is_a_number(text: str) -> None:
    assert load_yaml(text, where="f") == float(text)


@pytest.mark.parametrize("text", ["12e5", "1e", "e-3", "1e-3x"])
def test_text_that_is_like_a_number_stays_text(text: str) -> None:
    assert load_yaml(text, where="f") == text


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("a: 1\nb: [1\n", "f:3:1", f"{INVALID}: did not find expected ',' or ']'"),
        ("a: b: c", "f:1:5", f"{INVALID}: mapping values are not allowed in this context"),
        ("a: 1\nb: 1\na: 2\n", "f:3:1", "the key 'a' is there twice"),
        ("- {x: 1, y: {z: 1, z: 1}}", "f:1:20", "the key 'z' is there twice"),
        ("a: *b", "f:1:4", f"{INVALID}: found undefined alias"),
        ("&a [*a]", "f:1:5", "contains itself"),
        ("&a {x: [*a]}", "f:1:9", "contains itself"),
        ("--- 1\n--- 2\n", "f:2:1", f"{INVALID}: but found another document"),
        ("{[1]: 2}", "f:1:2", f"{INVALID}: found unhashable key"),
        ("[" * 101, "f:1:101", "is nested more than 100 deep"),
        ("!!python/name:os.system", "f:1:1", f"{INVALID}: {NO_TAG}python/name:os.system'"),
        ("day: 2026-02-30", "f", f"{NO_VALUE}: day is out of range for month"),
        ("!!int x", "f", f"{NO_VALUE}: invalid literal for int() with base 10: 'x'"),
        (b"a: \xff", "f", "is not UTF-8 (byte 3)"),
        (b" " * (8 * 1024 * 1024 + 1), "f", "has more than 8 MiB"),
    ],
)
def test_document_is_refused(text: str | bytes, where: str, reason: str) -> None:
    with pytest.raises(ContextError) as caught:
        load_yaml(text, where="f")

    assert (caught.value.where, caught.value.reason) == (where, reason)


def test_control_characters_are_refused() -> None:
    with pytest.raises(ContextError, match=r"^f: is no text that YAML allows: "):
        load_yaml("a: \0", where="f")


def test_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    with pytest.raises(ContextError, match=r"^f:6:\d+: has more than 500000 values$"):
        load_yaml("\n".join(lines), where="f")


def test_bomb_of_merge_keys_is_refused() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9)]

    with pytest.raises(ContextError, match="has more than 500000 values"):
        load_yaml("\n".join(lines), where="f")


def test_anchored_scalar_counts_once_per_alias() -> None:
    assert load_yaml("a: &a x\nb: [*a, *a]\n", where="f") == {"a": "x", "b": ["x", "x"]}


def test_dump_keeps_order_and_letters_and_repeats_what_is_shared() -> None:
    shared = {"ü": [1]}

    assert dump_yaml({"b": shared, "a": shared}) == "b:\n  ü:\n  - 1\na:\n  ü:\n  - 1\n"


def test_dump_refuses_what_is_no_plain_value() -> None:
    with pytest.raises(TypeError, match=r"^YAML cannot hold <object object at 0x"):
        dump_yaml({"a": object()})


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.from_regex(r"[-+]?[0-9]+[eE][-+]?[0-9]+", fullmatch=True)
    | st.dates()
)


@given(
    st.recursive(
        scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
    )
)
def test_what_is_dumped_is_loaded_again(value: object) -> None:
    loaded = load_yaml(dump_yaml(value), where="f")

    assert loaded == value
    assert repr(loaded) == repr(value)


@given(st.text() | st.text(alphabet="a: -[]{}&*!|>'\"%@#?,\n<", max_size=60) | st.binary())
def test_any_text_is_loaded_or_refused(text: str | bytes) -> None:
    with contextlib.suppress(ContextError):
        load_yaml(text, where="f")


@pytest.mark.parametrize("text", ["#f", "x #f", "[1] # f", "'a' #", "# "])
def test_comment_at_the_end_is_seen(text: str) -> None:
    assert ends_in_comment(text)


@pytest.mark.parametrize("text", ["", "x#f", "'x #f'", "[1, '#']", "x ", '"ü"'])
def test_text_without_comment(text: str) -> None:
    assert not ends_in_comment(text)
