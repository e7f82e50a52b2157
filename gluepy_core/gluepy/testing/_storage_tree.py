"""Promises of storages: looking, making folders, removing, copying."""

from __future__ import annotations

import pytest

from gluepy.exceptions import (
    FileExpectedError,
    FolderExpectedError,
    InvalidPathError,
    StorageError,
    StorageExistsError,
    StorageNotFoundError,
)
from gluepy.files.storages import BaseStorage
from gluepy.testing._storage_base import StorageTests

__all__ = ["CopyTests", "KindTests", "TreeTests"]


class TreeTests(StorageTests):
    """Files and folders are found, made and removed."""

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


class CopyTests(StorageTests):
    """Files and folders are copied."""

    def test_file_is_copied_and_the_original_stays(self, storage: BaseStorage) -> None:
        storage.touch("a.bin", b"\0\r\n\xff")

        storage.cp("a.bin", "b/c/d.bin")

        assert storage.open("b/c/d.bin") == b"\0\r\n\xff"
        assert storage.open("a.bin") == b"\0\r\n\xff"

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


class KindTests(StorageTests):
    """A wrong kind of thing at a path is an error of its own."""

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
