"""The fast reader of folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gluepy.plugin._scan import Copy, iter_entries, read_folder, split_stem
from gluepy.testing.distributions import write_distribution

DAGS = {"gluepy.dags": {"training": "acme:Training"}}


@pytest.mark.parametrize(
    ("stem", "name", "version"),
    [
        ("acme-1.0", "acme", "1.0"),
        ("Acme_Forecast.Big-1.0rc1", "acme-forecast-big", "1.0rc1"),
        ("acme-pipes-1.0", "acme-pipes", "1.0"),
        ("acme", "acme", ""),
        ("acme-unknown", "acme", "unknown"),
    ],
)
def test_name_and_version_are_in_the_name_of_the_folder(stem: str, name: str, version: str) -> None:
    assert split_stem(stem) == (name, version)


def test_folders_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("zeta", "alpha", "midway"):
        write_distribution(tmp_path, name, entry_points=DAGS)

    assert [copy.name for copy in read_folder(str(tmp_path))] == ["alpha", "midway", "zeta"]


def test_content_is_kept_only_where_it_has_our_groups(tmp_path: Path) -> None:
    ours = write_distribution(tmp_path, "a-ours", "2.0", entry_points=DAGS)
    theirs = write_distribution(tmp_path, "b", entry_points={"console_scripts": {"b": "b:main"}})
    none = write_distribution(tmp_path, "c")

    assert read_folder(str(tmp_path)) == [
        Copy("a-ours", "2.0", f"{ours}/entry_points.txt", (ours / "entry_points.txt").read_bytes()),
        Copy("b", "1.0", f"{theirs}/entry_points.txt"),
        Copy("c", "1.0", f"{none}/entry_points.txt"),
    ]


def test_what_pip_is_about_to_remove_and_other_folders_are_left_out(tmp_path: Path) -> None:
    write_distribution(tmp_path, "~cme", entry_points=DAGS)
    (tmp_path / "-1.0.dist-info").mkdir()
    (tmp_path / ".dist-info").mkdir()
    (tmp_path / "acme").mkdir()

    assert read_folder(str(tmp_path)) == []


def test_large_file_is_read_to_its_end(tmp_path: Path) -> None:
    tasks = {f"task-{number}": f"acme:Task{number}" for number in range(5_000)}
    info = write_distribution(tmp_path, "acme", entry_points={"gluepy.tasks": tasks})

    (copy,) = read_folder(str(tmp_path))

    assert copy.data == (info / "entry_points.txt").read_bytes()


def test_missing_metadata_are_a_problem(tmp_path: Path) -> None:
    info = write_distribution(tmp_path, "acme", entry_points=DAGS)
    (info / "METADATA").unlink()

    assert [copy.problem for copy in read_folder(str(tmp_path))] == ["METADATA is missing"]


def test_missing_record_is_none(tmp_path: Path) -> None:
    info = write_distribution(tmp_path, "acme", entry_points=DAGS)
    (info / "RECORD").unlink()

    assert [copy.problem for copy in read_folder(str(tmp_path))] == [""]


def test_file_that_cannot_be_read_is_a_problem_of_its_distribution(tmp_path: Path) -> None:
    write_distribution(tmp_path, "acme", entry_points=DAGS)
    broken = write_distribution(tmp_path, "broken")
    (broken / "entry_points.txt").mkdir()

    good, bad = read_folder(str(tmp_path))

    assert good.problem == ""
    assert bad.problem == "entry_points.txt cannot be read: Is a directory"


def test_metadata_that_are_a_file_have_no_entry_points(tmp_path: Path) -> None:
    (tmp_path / "old-1.0.egg-info").write_text("Name: old\n")

    assert read_folder(str(tmp_path)) == [
        Copy("old", "1.0", f"{tmp_path}/old-1.0.egg-info/entry_points.txt")
    ]


@pytest.mark.parametrize(
    ("folder", "header", "version", "problem"),
    [
        ("acme.egg-info", "Name: acme\nVersion: 3.1\n\nVersion: 4\n", "3.1", ""),
        ("acme-2.0-py3.11.egg-info", "Name: acme\n", "2.0", ""),
        ("acme.egg-info", "Name: acme\n", "", "PKG-INFO has no version"),
        ("acme.egg-info", None, "", "PKG-INFO is missing"),
    ],
)
def test_version_of_an_egg_info_folder_is_in_its_header(
    tmp_path: Path, folder: str, header: str | None, version: str, problem: str
) -> None:
    info = tmp_path / folder
    info.mkdir()
    (info / "entry_points.txt").write_text("[gluepy.dags]\ntraining = acme:Training\n")
    if header is not None:
        (info / "PKG-INFO").write_text(header)

    (copy,) = read_folder(str(tmp_path))

    assert (copy.name, copy.version, copy.problem) == ("acme", version, problem)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "archive.zip"
    file.touch()

    with pytest.raises(NotADirectoryError):
        read_folder(str(file))


def test_descriptors_are_closed(tmp_path: Path) -> None:
    write_distribution(tmp_path, "acme", entry_points=DAGS)
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []

    read_folder(str(tmp_path))

    assert before == (os.listdir("/proc/self/fd") if before else [])


def test_each_folder_of_the_path_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, link = tmp_path / "site", tmp_path / "link"
    site.mkdir()
    link.symlink_to(site)
    monkeypatch.chdir(site)
    path = [str(link), str(site), f"{site}/", "", str(tmp_path), str(tmp_path / "none"), "\0", None]

    assert list(iter_entries(path)) == [str(link), str(tmp_path)]


def test_empty_entry_is_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert list(iter_entries([""])) == ["."]
