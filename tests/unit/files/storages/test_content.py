"""Content becomes chunks of bytes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.files.storages._content import iter_chunks


@given(st.text(), st.integers(min_value=1, max_value=5))
def test_text_stream_becomes_its_utf8_whatever_the_chunk(text: str, size: int) -> None:
    stream = io.StringIO(text, newline="")

    assert b"".join(iter_chunks(stream, size)) == text.encode("utf-8")


@given(st.binary(), st.integers(min_value=1, max_value=5))
def test_bytes_are_unchanged_whatever_the_chunk(content: bytes, size: int) -> None:
    assert b"".join(iter_chunks(io.BytesIO(content), size)) == content
    assert b"".join(iter_chunks(content, size)) == content


def test_stream_is_read_in_chunks() -> None:
    assert list(iter_chunks(io.BytesIO(b"abcde"), 2)) == [b"ab", b"cd", b"e"]


def test_iterable_may_mix_text_and_bytes() -> None:
    assert list(iter_chunks(["ä", b"b", bytearray(b"c")], 10)) == ["ä".encode(), b"b", b"c"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "content is text, bytes, a stream or an iterable of these, not NoneType"),
        (["a", 5], "content is made of text or bytes, not int"),
    ],
)
def test_what_is_no_content_is_refused_in_a_sentence(content: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        list(iter_chunks(content, 10))

    assert str(caught.value) == message
