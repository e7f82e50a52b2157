"""What importlib-metadata reads for us."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path

import pytest

from gluepy.plugin._metadata import (
    missing_requirements,
    read_archive,
    read_finder,
)
from gluepy.plugin._scan import Copy
from gluepy.testing.distributions import write_distribution

DAGS = {"gluepy.dags": {"training": "acme:Training"}}
TEXT = "[gluepy.dags]\ntraining = acme:Training\n"


class FakeDistribution(Distribution):
    """One that lives nowhere, as those of frozen applications do."""

    def __init__(self, name: str, text: str | None = TEXT) -> None:
        self.files_by_name = {"METADATA": f"Name: {name}\nVersion: 1.0\n", "entry_points.txt": text}

    def read_text(self, filename: str) -> str | None:
        return self.files_by_name.get(filename)

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


class UnreadableDistribution(FakeDistribution):
    def read_text(self, filename: str) -> str | None:
        if filename == "entry_points.txt":
            raise RuntimeError("the disk is gone")
        return super().read_text(filename)


class NamelessDistribution(FakeDistribution):
    def __init__(self) -> None:
        self.files_by_name = {"METADATA": "Summary: none\n", "entry_points.txt": TEXT}


class Finder:
    """A finder of somebody else."""

    def __init__(self, *distributions: Distribution, error: Exception | None = None) -> None:
        self.distributions = distributions
        self.error = error
        self.paths: list[list[str]] = []

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[Distribution]:
        self.paths.append(context.path)
        yield from self.distributions
        if self.error:
            raise self.error


WHERE = f"{Finder.__module__}.Finder"


def zip_of(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(folder.rglob("*")):
            target.write(path, path.relative_to(folder))
    return archive


def test_distributions_in_a_zip_file_are_read(tmp_path: Path) -> None:
    write_distribution(tmp_path / "a", "Acme_Forecast", "2.1", entry_points=DAGS)
    write_distribution(tmp_path / "a", "other")
    archive = zip_of(tmp_path / "a", tmp_path / "site.zip")

    ours, theirs = read_archive(str(archive))

    assert ours == Copy(
        "acme-forecast",
        "2.1",
        f"{archive}/Acme_Forecast-2.1.dist-info/entry_points.txt",
        TEXT.encode(),
    )
    assert (theirs.name, theirs.data) == ("other", b"")


def test_egg_folder_is_read(tmp_path: Path) -> None:
    info = tmp_path / "acme-1.0-py3.11.egg" / "EGG-INFO"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Name: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(TEXT)

    assert read_archive(str(info.parent)) == [
        Copy("acme", "1.0", f"{info}/entry_points.txt", TEXT.encode())
    ]


def test_a_file_that_is_no_archive_has_no_distributions(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.touch()

    assert read_archive(str(file)) == []


def test_damaged_distribution_in_an_archive_costs_only_itself(tmp_path: Path) -> None:
    write_distribution(tmp_path / "a", "good", entry_points=DAGS)
    write_distribution(tmp_path / "a", "latin", entry_points=b"[gluepy.dags]\n\xff = a:b\n")
    archive = zip_of(tmp_path / "a", tmp_path / "site.zip")

    good, latin = read_archive(str(archive))

    assert (good.name, good.problem) == ("good", "")
    assert latin.name == "latin"
    assert latin.problem.startswith("entry_points.txt cannot be read: UnicodeDecodeError: ")


def test_foreign_finder_is_asked_for_the_whole_path() -> None:
    finder = Finder(FakeDistribution("frozen"), FakeDistribution("b", None))

    copies = read_finder(finder, ["/one", "/two"])

    assert finder.paths == [["/one", "/two"]]
    assert copies == [Copy("b", "1.0", WHERE), Copy("frozen", "1.0", WHERE, TEXT.encode())]


def test_what_a_foreign_finder_gives_before_it_fails_is_kept() -> None:
    finder = Finder(FakeDistribution("frozen"), error=RuntimeError("no more"))

    copies = read_finder(finder, [])

    assert [(copy.name, copy.problem) for copy in copies] == [
        ("frozen", ""),
        (WHERE, "it cannot be read: RuntimeError: no more"),
    ]


def test_foreign_distribution_that_cannot_be_read_costs_only_itself() -> None:
    finder = Finder(UnreadableDistribution("bad"), FakeDistribution("good"), NamelessDistribution())

    problems = {copy.name: copy.problem for copy in read_finder(finder, [])}

    assert problems["good"] == ""
    assert problems["bad"] == "entry_points.txt cannot be read: RuntimeError: the disk is gone"
    assert problems[WHERE].startswith("METADATA cannot be read: ")


@pytest.mark.parametrize(
    ("module", "requirements"),
    [
        ("sklern", ["scikit-lern>=1", "nowhere[x]<3"]),
        ("nowhere.sub", ["nowhere[x]<3"]),
        ("plotter", ["acme-needs[plot]"]),
        ("pluggy", ["pluggy"]),
    ],
)
def test_what_is_missing_is_named_as_pip_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, requirements: list[str]
) -> None:
    write_distribution(
        tmp_path,
        "acme-needs",
        requires=(
            "scikit-lern>=1",
            "pluggy",
            "nowhere[x]<3",
            'plotter; extra == "plot"',
            'tomli; python_version < "3.0"',
        ),
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert missing_requirements("acme-needs", module) == requirements


def test_distribution_that_is_not_found_requires_nothing() -> None:
    assert missing_requirements("acme-nowhere", "sklern") == []


def test_distribution_that_requires_nothing_lacks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_distribution(tmp_path, "acme-plain")
    monkeypatch.syspath_prepend(tmp_path)

    assert missing_requirements("acme-plain", "sklern") == []
