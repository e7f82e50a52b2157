"""The table of what is tested where tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_every_place_in_the_table_is_there_and_every_module_is_in_it() -> None:
    text = (HERE / "README.md").read_text("utf-8")
    named = re.findall(r"`((?:tests/[\w/]+/)?(?:test_)?\w+\.py)[`:]|`(tests/[\w/]+/)`", text)
    places = [file or folder for file, folder in named]

    missing = [place for place in places if not ((ROOT if "/" in place else HERE) / place).exists()]

    assert missing == []
    assert {path.name for path in HERE.glob("test_*.py")} - {Path(__file__).name} <= set(places)
