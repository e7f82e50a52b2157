"""Promises of storages: what is written comes back as it was."""

from __future__ import annotations

import io
from typing import Any

import pytest

from gluepy.exceptions import StorageReadError
from gluepy.files.storages import BaseStorage
from gluepy.testing._storage_base import StorageTests

__all__ = ["ContentTests"]

_BINARY = bytes(range(256)) * 4
_TEXT = "Grüße, 世界 🌍\r\nline\ttwo\n"


def _type_name(value: object) -> str:
    # An address in the name of a test would differ between the processes of pytest-xdist.
    return type(value).__name__


class ContentTests(StorageTests):
    """What is written comes back as it was."""

    @pytest.mark.parametrize(
        "content",
        [
            _BINARY,
            bytearray(_BINARY),
            memoryview(_BINARY),
            io.BytesIO(_BINARY),
            [_BINARY[:100], _BINARY[100:]],
        ],
        ids=["bytes", "bytearray", "memoryview", "stream", "iterable"],
    )
    def test_bytes_come_back_as_they_were(self, storage: BaseStorage, content: Any) -> None:
        storage.touch("a.bin", content)

        assert storage.open("a.bin") == _BINARY
        assert storage.open("a.bin", "rb") == _BINARY

    @pytest.mark.parametrize(
        "content",
        [_TEXT, io.StringIO(_TEXT, newline=""), [_TEXT[:5], _TEXT[5:]]],
        ids=["text", "stream", "iterable"],
    )
    def test_text_is_stored_as_utf8_and_comes_back_as_it_was(
        self, storage: BaseStorage, content: Any
    ) -> None:
        storage.touch("a.txt", content)

        assert storage.open("a.txt", "r") == _TEXT
        assert storage.open("a.txt") == _TEXT.encode("utf-8")

    @pytest.mark.parametrize("content", ["", b"", io.StringIO(), io.BytesIO(), []], ids=_type_name)
    def test_nothing_makes_an_empty_file(self, storage: BaseStorage, content: Any) -> None:
        storage.touch("empty", content)

        assert storage.isfile("empty")
        assert storage.open("empty") == b""
        assert storage.open("empty", "r") == ""

    def test_stream_is_read_from_its_beginning(self, storage: BaseStorage) -> None:
        text, data = io.StringIO(), io.BytesIO()
        text.write("all of it")
        data.write(b"all of it")

        storage.touch("a.txt", text)
        storage.touch("a.bin", data)

        assert storage.open("a.txt", "r") == "all of it"
        assert storage.open("a.bin") == b"all of it"

    def test_stream_that_cannot_be_rewound_is_read_from_where_it_stands(
        self, storage: BaseStorage
    ) -> None:
        storage.touch("a.txt", _Pipe(b"rest"))

        assert storage.open("a.txt") == b"rest"

    def test_stream_larger_than_a_chunk_is_stored_whole(self, storage: BaseStorage) -> None:
        content = b"0123456789abcdef" * (storage.MAX_CHUNK_SIZE // 16) + b"rest"

        storage.touch("large.bin", io.BytesIO(content))
        storage.cp("large.bin", "copy.bin")

        assert storage.open("large.bin") == content
        assert storage.open("copy.bin") == content

    def test_file_can_be_read_again_and_again(self, storage: BaseStorage) -> None:
        storage.touch("a.txt", "x")

        assert [storage.open("a.txt") for _ in range(3)] == [b"x", b"x", b"x"]

    def test_new_content_replaces_the_old(self, storage: BaseStorage) -> None:
        storage.touch("a.txt", "a long old content")
        storage.touch("a.txt", "new")

        assert storage.open("a.txt") == b"new"

    def test_private_file_is_read_by_its_owner(self, storage: BaseStorage) -> None:
        storage.touch("secret.yaml", "x", private=True)

        assert storage.open("secret.yaml") == b"x"

    @pytest.mark.parametrize("content", [None, 5, [5], object()], ids=_type_name)
    def test_what_is_no_content_is_a_type_error(self, storage: BaseStorage, content: Any) -> None:
        with pytest.raises(TypeError, match=r"^content is "):
            storage.touch("a.txt", content)

        assert self.all_files(storage) == []

    @pytest.mark.parametrize("mode", ["w", "wb", "a", "r+", ""])
    def test_mode_for_writing_is_refused(self, storage: BaseStorage, mode: Any) -> None:
        storage.touch("a.txt", "x")

        with pytest.raises(ValueError, match=r"^mode .* is none of 'rb', 'r', 'rt'"):
            storage.open("a.txt", mode)

    def test_bytes_that_are_no_text_are_refused_as_text(self, storage: BaseStorage) -> None:
        storage.touch("a.bin", b"\xff\xfe")

        with pytest.raises(StorageReadError, match=r"^cannot read 'a\.bin': it is no UTF-8 text"):
            storage.open("a.bin", "r")


class _Pipe:
    """A stream that can only be read onwards."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int, /) -> bytes:
        return self._stream.read(size)
