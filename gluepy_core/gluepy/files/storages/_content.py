"""Content on its way into a storage: text, bytes, streams and iterables, as chunks of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, runtime_checkable

__all__ = ["Content", "Readable", "iter_chunks"]


@runtime_checkable
class Readable(Protocol):
    """A stream of text or bytes."""

    def read(self, size: int, /) -> str | bytes:
        """Return up to ``size`` characters or bytes; nothing at the end."""


#: What can be stored: text (as UTF-8), bytes, a stream, or an iterable of text or bytes.
Content: TypeAlias = (
    str | bytes | bytearray | memoryview | Readable | Iterable[str | bytes | bytearray]
)


def iter_chunks(content: Content, size: int) -> Iterator[bytes]:
    """Yield ``content`` as bytes.

    A stream that can be rewound is read from its beginning, wherever it stands: whoever has just
    filled a buffer means all of it.

    Args:
        content: See `Content`.
        size: Most to read from a stream at once.

    Raises:
        TypeError: If ``content`` is nothing that can be stored.
    """
    if isinstance(content, str | bytes | bytearray | memoryview):
        yield _to_bytes(content)
    elif isinstance(content, Readable):
        yield from _iter_stream(content, size)
    elif isinstance(content, Iterable):
        for chunk in content:
            yield _to_bytes(chunk)
    else:
        raise TypeError(
            f"content is text, bytes, a stream or an iterable of these, "
            f"not {type(content).__name__}"
        )


def _iter_stream(stream: Readable, size: int) -> Iterator[bytes]:
    seekable = getattr(stream, "seekable", None)
    if seekable is not None and seekable():
        stream.seek(0)  # type: ignore[attr-defined]  # seekable() has said so
    while chunk := stream.read(size):
        yield _to_bytes(chunk)


def _to_bytes(chunk: object) -> bytes:
    if isinstance(chunk, str):
        return chunk.encode("utf-8")
    if isinstance(chunk, bytes | bytearray | memoryview):
        return bytes(chunk)
    raise TypeError(f"content is made of text or bytes, not {type(chunk).__name__}")
