"""From a page to its HTML."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from gluepy_report import _text
from gluepy_report._links import Links, file_name
from gluepy_report._pages import Page
from gluepy_report._present import PRESENTERS

__all__ = ["Renderer"]


class Renderer:
    """Makes HTML of pages.

    Args:
        project: What stands in the head of each page; the name of the project, or its folder.
        package: Whose folder ``templates`` is looked into first.
        now: What time it is.
    """

    def __init__(
        self,
        project: str = "",
        *,
        package: str = "gluepy_report",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._project = project
        self._package = package
        self._now = now

    def render(self, page: Page, links: Links, *, template: str = "", **more: Any) -> str:
        """Return a page as HTML.

        Args:
            page: The page.
            links: Where other pages are.
            template: Another one than that of the kind of page; without its ending.
            more: What its template needs beside that.
        """
        return self.render_template(
            template or page.kind,
            links,
            page=page,
            here=page.kind,
            title=page.title,
            **PRESENTERS[page.kind](page, self._now()),
            **more,
        )

    def render_template(self, name: str, links: Links, **variables: Any) -> str:
        """Return what a template makes of variables, in the frame that all pages have."""
        template = _environment(self._package).get_template(f"{name}.html")
        frame: Mapping[str, Any] = {
            "here": "",
            "links": links,
            "project": self._project,
            "made_at": self._now().isoformat(timespec="seconds"),
        }
        return template.render({**frame, **variables})


@cache
def _environment(package: str) -> Environment:
    own = PackageLoader("gluepy_report")
    environment = Environment(
        loader=own if package == "gluepy_report" else ChoiceLoader([PackageLoader(package), own]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_text.visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {name: getattr(_text, name) for name in _text.__all__}
    environment.filters |= {"anchor": file_name, "shell": shlex.join}
    return environment
