"""Which pages a report has, and the files that they become."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files as resources
from pathlib import Path

from gluepy.exceptions import GluepyError
from gluepy_report._errors import NothingToReportError
from gluepy_report._folder import write_folder
from gluepy_report._links import FolderLinks
from gluepy_report._pages import (
    Document,
    Page,
    compare_page,
    dag_page,
    overview_page,
    plugins_page,
    run_page,
    runs_page,
)
from gluepy_report._render import Renderer

__all__ = ["STATIC", "Report", "make_report"]

#: The files that all pages need.
STATIC = ("report.css", "icon.svg")


@dataclass
class Report:
    """All pages of a report.

    Attributes:
        pages: By file, from the root of the report.
    """

    pages: dict[str, Page] = field(default_factory=dict)

    def add(self, page: Page) -> None:
        """Put a page where its links lead to."""
        self.pages[FolderLinks.file_of(page.kind, page.name)] = page

    def write(self, folder: str | Path, renderer: Renderer) -> None:
        """Write all pages and their twins.

        Raises:
            ForeignFolderError: If the folder holds other things.
            UnwritableFolderError: If it cannot be written.
        """
        pages = [
            {"kind": page.kind, "name": page.name, "title": page.title, "file": file}
            for file, page in self.pages.items()
        ]
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        write_folder(folder, self._files(renderer), {"made_at": made_at, "pages": pages})

    def _files(self, renderer: Renderer) -> Iterator[tuple[str, bytes]]:
        for file, page in self.pages.items():
            links = FolderLinks(file, self.pages)
            yield file, _encoded(renderer.render(page, links))
            yield f"{file.removesuffix('.html')}.json", _encoded(to_json(page))
        for name in STATIC:
            content = resources("gluepy_report").joinpath("static", name).read_bytes()
            yield f"static/{name}", content


def to_json(page: Page) -> str:
    """Return the twin of a page as text."""
    return json.dumps(page.twin(), indent=1, ensure_ascii=False, default=str, allow_nan=False)


def _encoded(text: str) -> bytes:
    # Names of files may hold what is no character.
    return text.encode("utf-8", "backslashreplace")


def make_report(
    *, run: str = "", dag: str = "", compare: tuple[str, str] | None = None, number: int = 50
) -> Report:
    """Gather the pages of a report.

    Args:
        run: Only this run; empty for all.
        dag: Only this DAG and its runs; empty for all.
        compare: Two runs to set side by side.
        number: At most so many runs.

    Raises:
        GluepyError: If a run or a DAG that was asked for is not there.
    """
    report = Report()
    report.add(overview_page())
    report.add(plugins_page())
    if compare is not None:
        _add_comparison(report, *compare)
    if run:
        _add_run(report, run)
    else:
        _add_runs(report, dag, number)
    return report


def _add_comparison(report: Report, first: str, second: str) -> None:
    page = compare_page(first, second)
    report.add(page)
    for one in page.documents["diff"]["runs"]:
        report.add(run_page(one["run_id"]))


def _add_run(report: Report, run: str) -> None:
    page = run_page(run)
    report.add(page)
    shown = page.documents["run"]
    if shown["dag"]:
        report.add(dag_page(shown["dag"]))
    if "diff" in page.documents:
        report.add(compare_page(shown["previous"], shown["run_id"]))


def _add_runs(report: Report, dag: str, number: int) -> None:
    listing = runs_page(dag=dag, limit=number)
    report.add(listing)
    rows = listing.documents.get("runs", {}).get("runs", [])
    for row in rows:
        try:
            _add_row(report, row, {one["run_id"] for one in rows})
        except GluepyError as error:  # one damaged record costs its own page
            listing.problems.append(f"{row['run_id']}: {error.message}")
    for label in _labels(report, dag, rows):
        report.add(dag_page(label))


def _add_row(report: Report, row: Document, listed: Collection[str]) -> None:
    page = run_page(row["folder"])
    report.add(page)
    before = page.documents["run"]["previous"]
    if before in listed:
        report.add(compare_page(before, row["folder"]))


def _labels(report: Report, dag: str, rows: Iterable[Document]) -> list[str]:
    """Return the labels of the DAGs that get a page: those that are installed, and those that ran.

    Raises:
        NothingToReportError: If one was asked for that is neither.
    """
    listed = report.pages["index.html"].documents.get("list", {}).get("dags", [])
    names = [one["name"] for one in listed if dag in ("", one["name"], one["label"])]
    labels = list(dict.fromkeys([*names, *(row["dag"] for row in rows if row["dag"])]))
    if dag and not labels:
        raise NothingToReportError(dag)
    return labels
