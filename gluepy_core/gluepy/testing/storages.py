# ruff: noqa: D102 - the names of the tests are the promises, and say all of it
"""The conformance suite of storages: what every backend promises, as tests to inherit.

A distribution that brings a storage shows with it that the storage can stand in for any other::

    from gluepy.testing.storages import StorageSuite

    class TestS3Storage(StorageSuite):
        @pytest.fixture
        def storage(self):
            with empty_bucket() as url:
                yield S3Storage(url)

The names of the tests are the promises.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gluepy.exceptions import (
    FileExpectedError,
    FolderExpectedError,
    InvalidPathError,
    PathOutsideRootError,
    StorageError,
    StorageExistsError,
    StorageNotFoundError,
    StorageReadError,
)
from gluepy.files.storages import BaseStorage

__all__ = ["StorageSuite"]

_BINARY = bytes(range(256)) * 4
_TEXT = "Grüße, 世界 🌍\r\nline\ttwo\n"
_NAMES = (
    "with space",
    "Grüße.txt",
    "世界",
    "🌍",
    "a'b\"c",
    "semi;colon:plus+",
    "-dash",
    "%41",
    ".dot",
)
_OUTSIDE = ("..", "../x", "a/../../x", "a/b/../../../x", "./../x", "/etc/passwd", "/", "//etc/x")


class StorageSuite:
    """Tests that every storage passes; inherit it and define the fixture `storage`."""

    # -- what an heir defines ------------------------------------------------------------------

    @pytest.fixture
    def storage(self) -> Any:
        """Give an empty storage; it may ``yield`` it and clean up."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture 'storage'")

    def link(self, storage: BaseStorage, target: str, path: str) -> None:
        """Put a link at ``path`` that leads to ``target``; override it where there are links.

        Args:
            storage: The storage.
            target: As the link holds it: relative to the folder of the link, or absolute.
            path: Relative to the root.
        """
        pytest.skip(f"{type(storage).__name__} has no links")

    def all_files(self, storage: BaseStorage) -> list[str]:
        """Return the paths of all files, sorted; override it to show what `ls` hides."""
        return sorted(_iter_files(storage, "."))

    # -- content -------------------------------------------------------------------------------

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

    @pytest.mark.parametrize("content", ["", b"", io.StringIO(), io.BytesIO(), []], ids=repr)
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

    @pytest.mark.parametrize("content", [None, 5, [5], object()], ids=repr)
    def test_what_is_no_content_is_a_type_error(self, storage: BaseStorage, content: Any) -> None:
        with pytest.raises(TypeError, match=r"^content is "):
            storage.touch("a.txt", content)

        assert self.all_files(storage) == []

    @pytest.mark.parametrize("mode", ["w", "wb", "a", "r+", ""])
    def test_mode_for_writing_is_refused(self, storage: BaseStorage, mode: str) -> None:
        storage.touch("a.txt", "x")

        with pytest.raises(ValueError, match=r"^mode .* is none of 'rb', 'r', 'rt'"):
            storage.open("a.txt", mode)

    def test_bytes_that_are_no_text_are_refused_as_text(self, storage: BaseStorage) -> None:
        storage.touch("a.bin", b"\xff\xfe")

        with pytest.raises(StorageReadError, match=r"^cannot read 'a\.bin': it is no UTF-8 text"):
            storage.open("a.bin", "r")

    # -- names ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", _NAMES)
    def test_any_name_works_for_files_and_folders(self, storage: BaseStorage, name: str) -> None:
        storage.touch(f"{name}/{name}", "x")

        assert storage.ls() == ([], [name])
        assert storage.ls(name) == ([name], [])
        assert storage.open(f"{name}/{name}") == b"x"

    @pytest.mark.parametrize(
        "path", ["a/b.txt", "./a/b.txt", "a//b.txt", "a/./b.txt", "a/c/../b.txt"]
    )
    def test_one_file_has_many_spellings(self, storage: BaseStorage, path: str) -> None:
        storage.touch(path, "x")

        assert storage.ls("a/") == (["b.txt"], [])
        assert storage.open(path) == b"x"
        assert storage.relpath(path) == "a/b.txt"
        assert storage.abspath(path) == storage.abspath("a/b.txt")

    def test_absolute_path_inside_the_root_is_the_same_file(self, storage: BaseStorage) -> None:
        storage.touch(storage.abspath("a/b.txt"), "x")

        assert storage.open("a/b.txt") == b"x"
        assert storage.relpath(storage.abspath("a/b.txt")) == "a/b.txt"
        assert storage.ls(storage.abspath("a")) == (["b.txt"], [])
        assert storage.relpath(storage.abspath(".")) == "."

    def test_location_names_the_file(self, storage: BaseStorage) -> None:
        assert storage.location("a/b.txt").endswith("a/b.txt")

    @pytest.mark.parametrize("path", _OUTSIDE)
    def test_path_out_of_the_root_is_refused_by_every_method(
        self, storage: BaseStorage, path: str
    ) -> None:
        storage.touch("a/x", "inside")

        for call in _calls(storage, path):
            with pytest.raises(PathOutsideRootError) as caught:
                call()
            assert repr(path) in str(caught.value)
        assert self.all_files(storage) == ["a/x"]

    def test_sibling_whose_name_begins_like_the_root_is_outside(self, storage: BaseStorage) -> None:
        path = f"{storage.abspath('.')}-evil/x"

        for call in _calls(storage, path):
            with pytest.raises(PathOutsideRootError):
                call()

    @pytest.mark.parametrize("path", ["a\0b", "\0", "/a\0", "a/\ud800"], ids=ascii)
    def test_name_that_no_file_can_have_is_refused(self, storage: BaseStorage, path: str) -> None:
        for call in _calls(storage, path):
            with pytest.raises(InvalidPathError):
                call()

    @pytest.mark.parametrize("path", ["a.txt/", "folder/a.txt/"])
    def test_file_name_that_ends_like_a_folder_is_refused(
        self, storage: BaseStorage, path: str
    ) -> None:
        with pytest.raises(InvalidPathError, match="it names a folder, not a file"):
            storage.touch(path, "x")

        assert self.all_files(storage) == []

    def test_path_that_is_no_text_is_a_type_error(self, storage: BaseStorage) -> None:
        for path in (b"a.txt", 5, None):
            with pytest.raises(TypeError):
                storage.open(path)  # type: ignore[arg-type]  # that is the point

    # -- links ---------------------------------------------------------------------------------

    def test_link_out_of_the_root_is_refused_by_every_method(
        self, storage: BaseStorage, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        outside = tmp_path_factory.mktemp("outside")
        (outside / "secret").write_text("secret")
        storage.touch("a/x", "inside")
        self.link(storage, str(outside), "folder")
        self.link(storage, str(outside / "secret"), "file")

        for path in ("folder", "folder/secret", "folder/new", "file"):
            for call in _calls(storage, path, but="rm" if "/" not in path else ""):
                with pytest.raises(PathOutsideRootError):
                    call()
        assert [path.name for path in outside.iterdir()] == ["secret"]
        assert (outside / "secret").read_text() == "secret"

    def test_link_out_of_the_root_is_shown_and_can_be_removed(
        self, storage: BaseStorage, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        outside = tmp_path_factory.mktemp("outside")
        (outside / "secret").write_text("secret")
        storage.mkdir("a")
        self.link(storage, str(outside), "a/folder")
        self.link(storage, str(outside), "link")

        assert storage.ls("a") == (["folder"], [])
        storage.rm("link")
        storage.rm("a", recursive=True)

        assert storage.ls() == ([], [])
        assert (outside / "secret").read_text() == "secret"

    def test_folder_with_a_link_out_of_the_root_is_not_copied(
        self, storage: BaseStorage, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        outside = tmp_path_factory.mktemp("outside")
        (outside / "secret").write_text("secret")
        storage.touch("a/x", "inside")
        self.link(storage, str(outside / "secret"), "a/y")

        with pytest.raises(PathOutsideRootError):
            storage.cp("a", "b", recursive=True)

        assert not storage.isfile("b/x")

    def test_link_inside_the_root_is_followed(self, storage: BaseStorage) -> None:
        storage.touch("data/x", "old")
        self.link(storage, "data", "folder")
        self.link(storage, "data/x", "file")

        storage.touch("file", "new")
        storage.touch("folder/y", "more")

        assert storage.ls() == (["file"], ["data", "folder"])
        assert storage.open("data/x") == b"new"
        assert storage.ls("folder") == (["x", "y"], [])

    def test_link_inside_the_root_is_removed_and_its_target_stays(
        self, storage: BaseStorage
    ) -> None:
        storage.touch("data/x", "x")
        self.link(storage, "data", "link")

        storage.rm("link")

        assert storage.ls() == ([], ["data"])
        assert storage.ls("data") == (["x"], [])

    def test_link_to_nothing_or_itself_is_nothing(self, storage: BaseStorage) -> None:
        self.link(storage, "gone", "broken")
        self.link(storage, "loop", "loop")

        assert storage.ls() == ([], [])
        for path in ("broken", "loop"):
            assert not storage.exists(path)
            with pytest.raises(StorageNotFoundError):
                storage.open(path)
            storage.rm(path)
            with pytest.raises(StorageNotFoundError):
                storage.rm(path)

    # -- looking -------------------------------------------------------------------------------

    def test_root_is_always_there(self, storage: BaseStorage) -> None:
        for path in ("", ".", "./", storage.abspath(".")):
            assert storage.exists(path)
            assert storage.isdir(path)
            assert not storage.isfile(path)
            assert storage.ls(path) == ([], [])

    def test_files_and_folders_are_told_apart(self, storage: BaseStorage) -> None:
        storage.touch("a/b.txt", "x")

        assert storage.exists("a")
        assert storage.isdir("a")
        assert not storage.isfile("a")
        assert storage.exists("a/b.txt")
        assert storage.isfile("a/b.txt")
        assert not storage.isdir("a/b.txt")

    @pytest.mark.parametrize("path", ["c", "a/c", "a/b", "a/b.txt/c", "n" * 300])
    def test_what_is_not_there_does_not_exist(self, storage: BaseStorage, path: str) -> None:
        storage.touch("a/b.txt", "x")

        assert not storage.exists(path)
        assert not storage.isfile(path)
        assert not storage.isdir(path)

    def test_ls_names_files_and_folders_in_sorted_order(self, storage: BaseStorage) -> None:
        for name in ("b", "a", "C", "ä", "10", "9", "d/x", "e/y/z", "aa/x"):
            storage.touch(name, name)

        assert storage.ls() == (["10", "9", "C", "a", "b", "ä"], ["aa", "d", "e"])
        assert storage.ls("e") == ([], ["y"])

    def test_ls_of_a_folder_does_not_show_its_siblings(self, storage: BaseStorage) -> None:
        storage.touch("a/x", "x")
        storage.touch("ab/y", "y")

        assert storage.ls("a") == (["x"], [])

    # -- folders -------------------------------------------------------------------------------

    def test_folder_is_made_and_may_be_empty(self, storage: BaseStorage) -> None:
        storage.mkdir("a")

        assert storage.isdir("a")
        assert storage.ls("a") == ([], [])

    def test_folder_that_is_there_is_left_as_it_is(self, storage: BaseStorage) -> None:
        storage.touch("a/x", "x")

        storage.mkdir("a")
        storage.mkdir("a", make_parents=True)
        storage.mkdir(".")

        assert storage.ls("a") == (["x"], [])

    def test_folder_needs_its_parent_unless_told_otherwise(self, storage: BaseStorage) -> None:
        with pytest.raises(StorageNotFoundError, match="'a/b'"):
            storage.mkdir("a/b/c")
        assert not storage.exists("a")

        storage.mkdir("a/b/c", make_parents=True)

        assert storage.isdir("a/b/c")

    def test_file_makes_the_folders_on_the_way_to_it(self, storage: BaseStorage) -> None:
        storage.touch("a/b/c/d.txt", "x")

        assert storage.ls("a/b") == ([], ["c"])

    # -- removing ------------------------------------------------------------------------------

    def test_file_is_removed_and_its_folder_stays(self, storage: BaseStorage) -> None:
        storage.touch("a/x", "x")

        storage.rm("a/x")

        assert not storage.exists("a/x")
        assert storage.isdir("a")

    def test_file_is_removed_with_recursive_too(self, storage: BaseStorage) -> None:
        storage.touch("a/x", "x")

        storage.rm("a/x", recursive=True)

        assert storage.ls("a") == ([], [])

    def test_folder_is_removed_with_all_that_is_in_it_and_nothing_else(
        self, storage: BaseStorage
    ) -> None:
        for name in ("a/x", "a/b/y", "a/b/c/z", "ab/x", "a.txt"):
            storage.touch(name, name)
        storage.mkdir("a/empty")

        storage.rm("a", recursive=True)

        assert not storage.exists("a")
        assert storage.ls() == (["a.txt"], ["ab"])
        assert storage.ls("ab") == (["x"], [])

    @pytest.mark.parametrize("path", ["a", "empty"])
    def test_folder_is_not_removed_unless_told(self, storage: BaseStorage, path: str) -> None:
        storage.touch("a/x", "x")
        storage.mkdir("empty")

        with pytest.raises(FileExpectedError) as caught:
            storage.rm(path)

        assert caught.value.hint == "Pass recursive=True to remove it."
        assert storage.ls() == ([], ["a", "empty"])
        assert storage.ls("a") == (["x"], [])

    @pytest.mark.parametrize("path", ["", ".", "a/.."])
    def test_root_is_never_removed(self, storage: BaseStorage, path: str) -> None:
        storage.touch("x", "x")

        with pytest.raises(InvalidPathError, match="the root of a storage cannot be removed"):
            storage.rm(path, recursive=True)

        assert storage.ls() == (["x"], [])

    # -- copying -------------------------------------------------------------------------------

    def test_file_is_copied_and_the_original_stays(self, storage: BaseStorage) -> None:
        storage.touch("a.bin", _BINARY)

        storage.cp("a.bin", "b/c/d.bin")

        assert storage.open("b/c/d.bin") == _BINARY
        assert storage.open("a.bin") == _BINARY

    def test_folder_is_copied_with_all_that_is_in_it(self, storage: BaseStorage) -> None:
        for name in ("a/x", "a/b/y", "a/b/c/z"):
            storage.touch(name, name)
        storage.mkdir("a/empty")

        storage.cp("a", "copy/of/a", recursive=True)

        assert storage.ls("copy/of/a") == (["x"], ["b", "empty"])
        assert storage.open("copy/of/a/b/c/z") == b"a/b/c/z"
        assert storage.open("a/b/c/z") == b"a/b/c/z"

    def test_folder_is_not_copied_unless_told(self, storage: BaseStorage) -> None:
        storage.touch("a/x", "x")

        with pytest.raises(FileExpectedError) as caught:
            storage.cp("a", "b")

        assert caught.value.hint == "Pass recursive=True to copy it."
        assert not storage.exists("b")

    def test_file_is_replaced_by_a_copy_only_if_told(self, storage: BaseStorage) -> None:
        storage.touch("a", "new")
        storage.touch("b", "old")

        with pytest.raises(StorageExistsError, match="'b'"):
            storage.cp("a", "b")
        assert storage.open("b") == b"old"
        storage.cp("a", "b", overwrite=True)

        assert storage.open("b") == b"new"

    def test_file_that_is_in_the_way_is_found_before_anything_is_copied(
        self, storage: BaseStorage
    ) -> None:
        for name in ("a/1", "a/2", "a/3"):
            storage.touch(name, "new")
        storage.touch("b/3", "old")

        with pytest.raises(StorageExistsError, match="'b/3'"):
            storage.cp("a", "b", recursive=True)

        assert storage.ls("b") == (["3"], [])
        assert storage.open("b/3") == b"old"

    def test_folders_are_merged(self, storage: BaseStorage) -> None:
        for name in ("a/1", "a/x/2", "b/1", "b/x/3"):
            storage.touch(name, name)

        storage.cp("a", "b", recursive=True, overwrite=True)

        assert storage.ls("b/x") == (["2", "3"], [])
        assert storage.open("b/1") == b"a/1"
        assert storage.open("b/x/3") == b"b/x/3"

    @pytest.mark.parametrize("dest", ["a", "a/b", "a/b/c/../../d"])
    def test_folder_is_not_copied_into_itself(self, storage: BaseStorage, dest: str) -> None:
        storage.touch("a/x", "x")

        with pytest.raises(InvalidPathError, match="'a' would lie in its own copy"):
            storage.cp("a", dest, recursive=True, overwrite=True)

        assert storage.ls("a") == (["x"], [])

    def test_root_is_not_copied_into_itself(self, storage: BaseStorage) -> None:
        storage.touch("x", "x")

        with pytest.raises(InvalidPathError):
            storage.cp(".", "backup", recursive=True)

    def test_folder_is_copied_out_of_itself(self, storage: BaseStorage) -> None:
        storage.touch("a/b/x", "x")

        storage.cp("a/b", "a", recursive=True)

        assert storage.ls("a") == (["x"], ["b"])

    def test_folder_can_be_copied_to_the_root(self, storage: BaseStorage) -> None:
        storage.touch("a/x", "x")

        storage.cp("a", ".", recursive=True)

        assert storage.ls() == (["x"], ["a"])

    def test_file_copied_onto_itself_stays(self, storage: BaseStorage) -> None:
        storage.touch("a", "x")

        with pytest.raises(StorageExistsError):
            storage.cp("a", "./a")
        storage.cp("a", "./a", overwrite=True)

        assert storage.open("a") == b"x"

    # -- errors --------------------------------------------------------------------------------

    def test_what_is_not_there_is_a_storage_error_and_a_file_not_found_error(
        self, storage: BaseStorage
    ) -> None:
        storage.touch("a/b.txt", "x")

        for path in ("c", "a/c", "a/b.txt/c"):
            for call in (storage.open, storage.ls, storage.rm, lambda name: storage.cp(name, "d")):
                with pytest.raises(StorageNotFoundError) as caught:
                    call(path)
                assert isinstance(caught.value, StorageError)
                assert isinstance(caught.value, FileNotFoundError)
                assert str(caught.value).startswith(f"there is no {path!r} in the storage (")
        assert not storage.exists("d")

    def test_folder_in_the_place_of_a_file(self, storage: BaseStorage) -> None:
        storage.touch("a/x", "x")
        storage.touch("b", "b")

        for call in (
            lambda: storage.open("a"),
            lambda: storage.open("."),
            lambda: storage.touch("a", "x"),
            lambda: storage.touch("", "x"),
            lambda: storage.cp("b", "a", overwrite=True),
            lambda: storage.cp("b", ".", overwrite=True),
        ):
            with pytest.raises(FileExpectedError, match=r"is a folder, not a file$") as caught:
                call()
            assert isinstance(caught.value, IsADirectoryError)
        assert self.all_files(storage) == ["a/x", "b"]

    def test_file_in_the_place_of_a_folder(self, storage: BaseStorage) -> None:
        storage.touch("a", "a")
        storage.touch("b/a/y", "y")
        storage.touch("c/d", "d")

        for call in (
            lambda: storage.ls("a"),
            lambda: storage.touch("a/x", "x"),
            lambda: storage.touch("a/x/y", "x"),
            lambda: storage.mkdir("a/x", make_parents=True),
            lambda: storage.mkdir("a/x"),
            lambda: storage.cp("c/d", "a/x"),
            lambda: storage.cp("b", "a", recursive=True, overwrite=True),
            lambda: storage.cp("b", ".", recursive=True, overwrite=True),
            lambda: storage.cp("c", "a/x", recursive=True),
        ):
            with pytest.raises(
                FolderExpectedError, match=r"^'a' is a file, not a folder$"
            ) as caught:
                call()
            assert isinstance(caught.value, NotADirectoryError)
        assert self.all_files(storage) == ["a", "b/a/y", "c/d"]

    def test_folder_is_not_made_over_a_file(self, storage: BaseStorage) -> None:
        storage.touch("a", "a")

        with pytest.raises(StorageExistsError) as caught:
            storage.mkdir("a", make_parents=True)

        assert isinstance(caught.value, FileExistsError)
        assert storage.open("a") == b"a"

    # -- atomicity -----------------------------------------------------------------------------

    @pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt, MemoryError])
    def test_content_that_fails_leaves_the_old_file(
        self, storage: BaseStorage, error: type[BaseException]
    ) -> None:
        storage.touch("a/old", "old")

        for path in ("a/old", "a/new"):
            with pytest.raises(error, match=r"^halfway$"):
                storage.touch(path, _failing(error))

        assert storage.open("a/old") == b"old"
        assert self.all_files(storage) == ["a/old"]

    def test_content_that_fails_at_once_leaves_the_old_file(self, storage: BaseStorage) -> None:
        storage.touch("a", "old")

        with pytest.raises(UnicodeEncodeError):
            storage.touch("a", "\ud800")

        assert storage.open("a") == b"old"
        assert self.all_files(storage) == ["a"]

    def test_file_that_is_being_written_is_not_seen(self, storage: BaseStorage) -> None:
        storage.touch("a/old", "old")
        seen = []

        def content() -> Iterator[bytes]:
            yield b"new"
            seen.append((storage.ls("a"), storage.open("a/old"), storage.exists("a/new")))
            yield b"er"

        storage.touch("a/old", content())
        storage.touch("a/new", content())

        assert seen == [((["old"], []), b"old", False), ((["old"], []), b"newer", False)]
        assert self.all_files(storage) == ["a/new", "a/old"]

    def test_content_may_read_the_file_that_it_replaces(self, storage: BaseStorage) -> None:
        storage.touch("a", "1")

        storage.touch("a", (chunk for chunk in (b"0", storage.open("a"))))

        assert storage.open("a") == b"01"

    def test_readers_see_the_old_or_the_new_file_and_nothing_else(
        self, storage: BaseStorage
    ) -> None:
        versions = [letter * 100_000 for letter in (b"a", b"b")]
        storage.touch("x", versions[0])
        done = threading.Event()
        seen: set[Any] = set()

        def read() -> None:
            while not done.is_set():
                seen.add(storage.open("x"))
                assert storage.ls() == (["x"], [])

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(read)
            for turn in range(40):
                storage.touch("x", [versions[turn % 2][:50_000], versions[turn % 2][50_000:]])
            done.set()
            reader.result()

        assert seen <= set(versions)
        assert self.all_files(storage) == ["x"]

    def test_two_writers_leave_one_whole_file(self, storage: BaseStorage) -> None:
        versions = [letter * 50_000 for letter in (b"a", b"b")]

        def write(content: bytes) -> None:
            for _ in range(20):
                storage.touch("new/x", content)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, versions))

        assert storage.open("new/x") in versions
        assert self.all_files(storage) == ["new/x"]


class _Pipe:
    """A stream that can only be read onwards."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int, /) -> bytes:
        return self._stream.read(size)


def _calls(storage: BaseStorage, path: str, *, but: str = "") -> list[Any]:
    """Return a call of every method that takes a path."""
    calls: dict[str, list[Any]] = {
        "look": [
            lambda: storage.exists(path),
            lambda: storage.isfile(path),
            lambda: storage.isdir(path),
            lambda: storage.ls(path),
            lambda: storage.open(path),
        ],
        "change": [
            lambda: storage.touch(path, "x"),
            lambda: storage.mkdir(path, make_parents=True),
            lambda: storage.cp(path, "copy", recursive=True),
            lambda: storage.cp("a/x", path, overwrite=True),
        ],
        "rm": [lambda: storage.rm(path), lambda: storage.rm(path, recursive=True)],
    }
    return [call for kind, group in calls.items() if kind != but for call in group]


def _iter_files(storage: BaseStorage, folder: str) -> Iterator[str]:
    files, folders = storage.ls(folder)
    yield from (storage.relpath(f"{folder}/{name}") for name in files)
    for name in folders:
        yield from _iter_files(storage, f"{folder}/{name}")


def _failing(error: type[BaseException]) -> Iterator[bytes]:
    yield b"half of it"
    raise error("halfway")
