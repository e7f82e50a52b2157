"""Promises of storages: every name works, and nothing leads out of the root."""

from __future__ import annotations

import pytest

from gluepy.exceptions import InvalidPathError, PathOutsideRootError, StorageNotFoundError
from gluepy.files.storages import BaseStorage
from gluepy.testing._storage_base import StorageTests, calls_of

__all__ = ["LinkTests", "PathTests"]

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


class PathTests(StorageTests):
    """Every name works, and no path leads out of the root."""

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

        for call in calls_of(storage, path):
            with pytest.raises(PathOutsideRootError) as caught:
                call()
            assert repr(path) in str(caught.value)
        assert self.all_files(storage) == ["a/x"]

    def test_sibling_whose_name_begins_like_the_root_is_outside(self, storage: BaseStorage) -> None:
        path = f"{storage.abspath('.')}-evil/x"

        for call in calls_of(storage, path):
            with pytest.raises(PathOutsideRootError):
                call()

    @pytest.mark.parametrize("path", ["a\0b", "\0", "/a\0", "a/\ud800"], ids=ascii)
    def test_name_that_no_file_can_have_is_refused(self, storage: BaseStorage, path: str) -> None:
        for call in calls_of(storage, path):
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
                storage.open(path)  # type: ignore[call-overload]  # that is the point


class LinkTests(StorageTests):
    """No link leads out of the root."""

    def link(self, storage: BaseStorage, target: str, path: str) -> None:
        """Put a link at ``path`` that leads to ``target``.

        Args:
            storage: The storage.
            target: As the link holds it: relative to the folder of the link, or absolute.
            path: Relative to the root.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method 'link'")

    def test_link_out_of_the_root_is_refused_by_every_method(
        self, storage: BaseStorage, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        outside = tmp_path_factory.mktemp("outside")
        (outside / "secret").write_text("secret")
        storage.touch("a/x", "inside")
        self.link(storage, str(outside), "folder")
        self.link(storage, str(outside / "secret"), "file")

        for path in ("folder", "folder/secret", "folder/new", "file"):
            for call in calls_of(storage, path, but="rm" if "/" not in path else ""):
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
