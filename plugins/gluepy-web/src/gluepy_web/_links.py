"""Addresses on the server."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

__all__ = ["JSON", "ServerLinks", "from_path", "to_path"]

#: The ending of a twin.
JSON = ".json"
_END = "~"


def to_path(name: str) -> str:
    """Return a name as the last part of a path.

    A name may be anything, also what ends as a twin does, or what browsers take for a folder.
    """
    is_odd = name.endswith((JSON, "/", _END)) or not name.strip(".")
    return quote(f"{name}{_END}" if is_odd else name, safe="", errors="surrogateescape")


def from_path(path: str) -> str:
    """Return the name that a path, decoded and without the ending of a twin, stands for."""
    return path.removesuffix(_END)


@dataclass(frozen=True)
class ServerLinks:
    """Addresses, each from the root of the server.

    Args:
        path: Of the page that is being made, quoted; empty if it has no twin.
        query: What stands behind it.
        stream: What tells of changes of the page; empty if nothing does.
    """

    path: str = ""
    query: str = ""
    stream: str = ""
    is_live: bool = True

    def overview(self) -> str:
        return "/"

    def runs(self, **filters: str | int) -> str:
        chosen = {name: value for name, value in filters.items() if value}
        return f"/runs?{urlencode(chosen)}" if chosen else "/runs"

    def run(self, run_id: str) -> str:
        return f"/runs/{to_path(run_id)}"

    def dag(self, label: str) -> str:
        return f"/dags/{to_path(label)}"

    def compare(self, first: str, second: str) -> str:
        return f"/compare?{urlencode({'a': first, 'b': second})}"

    def plugins(self) -> str:
        return "/plugins"

    def static(self, name: str) -> str:
        return f"/static/{name}"

    def twin(self) -> str:
        if not self.path:
            return ""
        path = "/index" if self.path == "/" else self.path
        return f"{path}{JSON}?{self.query}" if self.query else f"{path}{JSON}"

    def events(self) -> str:
        return self.stream
