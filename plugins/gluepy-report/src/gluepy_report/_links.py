"""Where pages are: in a folder, or on a server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

__all__ = ["FolderLinks", "Links", "file_name"]

_LONGEST = 60
_HASH_LENGTH = 12


class Links(Protocol):
    """Answers with the address of a page as the page that is being made has to write it.

    An empty address says that there is no such page here; then its name stands there unlinked.
    """

    @property
    def is_live(self) -> bool:
        """Whether the pages come from a server that goes on answering."""
        ...

    def overview(self) -> str:
        """Return where the first page is."""
        ...

    def runs(self, **filters: str | int) -> str:
        """Return where the list of runs is, with only those that the filters let through."""
        ...

    def run(self, run_id: str) -> str:
        """Return where the page of a run is."""
        ...

    def dag(self, label: str) -> str:
        """Return where the page of a DAG is."""
        ...

    def compare(self, first: str, second: str) -> str:
        """Return where two runs are compared."""
        ...

    def plugins(self) -> str:
        """Return where the page of plugins and hooks is."""
        ...

    def static(self, name: str) -> str:
        """Return where a file that all pages need is."""
        ...

    def twin(self) -> str:
        """Return where this page is as JSON."""
        ...

    def events(self) -> str:
        """Return what tells when this page has become another; empty if nothing does."""
        ...


def file_name(name: str) -> str:
    """Return a file name, without ending, for a label or an id: safe, short, and its own.

    A name of small letters, digits and single hyphens is kept. Of any other, what can be kept is,
    with a hash of the whole, so that no two names share a file, on disks without case neither.
    """
    kept = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST]
    if kept == name:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{kept}.{digest}" if kept else digest


@dataclass(frozen=True)
class FolderLinks:
    """Relative addresses between the files of a report.

    Args:
        here: The file, from the root of the report: ``runs/0b5e.html``.
        there: All pages that the report has.
    """

    here: str
    there: Collection[str]
    is_live: bool = False

    def overview(self) -> str:
        return self._to("index.html")

    def runs(self, **filters: str | int) -> str:
        return self._to("runs.html")

    def run(self, run_id: str) -> str:
        return self._to(self.file_of("run", run_id))

    def dag(self, label: str) -> str:
        return self._to(self.file_of("dag", label))

    def compare(self, first: str, second: str) -> str:
        return self._to(self.file_of("compare", f"{first} {second}"))

    def plugins(self) -> str:
        return self._to("plugins.html")

    def static(self, name: str) -> str:
        return f"{self._up()}static/{name}"

    def twin(self) -> str:
        return self.here.rpartition("/")[2].removesuffix(".html") + ".json"

    def events(self) -> str:
        return ""

    @staticmethod
    def file_of(kind: str, name: str) -> str:
        """Return the file of a page, from the root of the report."""
        if kind in _SINGLE:
            return _SINGLE[kind]
        return f"{_FOLDERS[kind]}/{file_name(name)}.html"

    def _to(self, file: str) -> str:
        return f"{self._up()}{file}" if file in self.there else ""

    def _up(self) -> str:
        return "../" * self.here.count("/")


_SINGLE = {"overview": "index.html", "runs": "runs.html", "plugins": "plugins.html"}
_FOLDERS = {"run": "runs", "dag": "dags", "compare": "compare"}
