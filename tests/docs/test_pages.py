"""Tutorials, how-to guides and README do what they say, when a reader follows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("tutorial/*.md")), *sorted(DOCS.glob("how-to/*.md"))]

# Pages install packages with pip.
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_reader_gets_what_the_page_shows(page: Path, read_page: Callable[[Path], None]) -> None:
    read_page(page)
