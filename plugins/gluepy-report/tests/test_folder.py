"""A report takes the place of an older one, and of nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gluepy_report._errors import ForeignFolderError, UnwritableFolderError
from gluepy_report._folder import MANIFEST, write_folder

FILES = [("index.html", b"first"), ("runs/0b5e.html", b"run"), ("static/report.css", b"")]
MORE: dict[str, object] = {"made_at": "2026-11-22T10:40:12+00:00", "pages": []}


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files but the manifest, with their content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_report_is_written_where_nothing_is(tmp_path: Path) -> None:
    write_folder(tmp_path / "ci" / "report", FILES, MORE)

    assert tree(tmp_path / "ci" / "report") == dict(FILES)
    assert os.listdir(tmp_path / "ci") == ["report"]


def test_manifest_names_all_files(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES, MORE)

    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["schema"] == "gluepy.report/1"
    assert manifest["files"] == sorted(name for name, _ in FILES)


def test_older_report_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES, MORE)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "runs" / "mine.txt").write_text("mine too")

    write_folder(tmp_path, [("index.html", b"second"), ("dags/x.html", b"dag")], MORE)

    assert tree(tmp_path) == {
        "index.html": b"second",
        "dags/x.html": b"dag",
        "notes.txt": b"mine",
        "runs/mine.txt": b"mine too",
    }
    assert not (tmp_path / "static").exists()


def test_folder_of_others_is_refused_and_left(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_text("mine")

    with pytest.raises(ForeignFolderError, match="'a', 'b', 'c' and 1 more") as caught:
        write_folder(tmp_path, FILES, MORE)

    assert "nothing was changed" in caught.value.hint
    assert sorted(tree(tmp_path)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"schema": "other/1"}', "\udcff"])
def test_manifest_of_others_is_no_report(tmp_path: Path, manifest: str) -> None:
    (tmp_path / MANIFEST).write_bytes(manifest.encode("utf-8", "surrogateescape"))

    with pytest.raises(ForeignFolderError):
        write_folder(tmp_path, FILES, MORE)


def test_file_that_is_not_of_the_report_is_never_replaced(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES, MORE)
    (tmp_path / "plugins.html").write_text("mine")

    with pytest.raises(ForeignFolderError, match=r"'plugins\.html'"):
        write_folder(tmp_path, [*FILES, ("plugins.html", b"ours")], MORE)

    assert tree(tmp_path) == {**dict(FILES), "plugins.html": b"mine"}


def test_manifest_that_leads_out_of_the_folder_removes_nothing(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    folder = tmp_path / "report"
    write_folder(folder, FILES, MORE)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] += ["../outside.txt", str(outside), ""]
    (folder / MANIFEST).write_text(json.dumps(manifest))

    write_folder(folder, FILES, MORE)

    assert outside.read_text() == "mine"


def test_writing_that_ends_half_way_leaves_the_older_report(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES, MORE)

    def broken() -> Iterator[tuple[str, bytes]]:
        yield "index.html", b"second"
        raise RuntimeError("no page")

    with pytest.raises(RuntimeError, match="no page"):
        write_folder(tmp_path, broken(), MORE)

    assert tree(tmp_path) == dict(FILES)


def test_what_a_killed_report_has_left_goes(tmp_path: Path) -> None:
    left = tmp_path / ".gluepy-report-x"
    left.mkdir()
    (left / "index.html").write_text("half")

    write_folder(tmp_path, FILES, MORE)

    assert tree(tmp_path) == dict(FILES)


def test_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UnwritableFolderError, match="cannot be written to"):
        write_folder(tmp_path / "file" / "report", FILES, MORE)
