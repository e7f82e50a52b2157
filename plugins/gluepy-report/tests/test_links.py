"""Names of files, and the ways between them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy_report._links import FolderLinks, file_name


@pytest.mark.parametrize("name", ["training", "flight-delays", "32272a93-c30b-4597", "0"])
def test_plain_name_is_its_file(name: str) -> None:
    assert file_name(name) == name


@given(st.text(min_size=1, max_size=300))
def test_file_name_is_safe_and_short(name: str) -> None:
    assert re.fullmatch(
        r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?-?(?:\.[a-f0-9]{12})?", file_name(name)
    )


@given(st.lists(st.text(alphabet="aA-_ ./<&\x00é", min_size=1, max_size=6), unique=True))
def test_two_names_have_two_files_on_disks_without_case_too(names: list[str]) -> None:
    files = [file_name(name).lower() for name in names]

    assert len(set(files)) == len(names)


def test_surrogate_in_a_name_has_a_file() -> None:
    assert file_name("\udcff") != file_name("\udcfe")


def test_links_are_relative_and_lead_only_to_pages_that_are_there() -> None:
    there = ["index.html", "runs/0b5e.html", "dags/training.html"]
    links = FolderLinks("runs/0b5e.html", there)

    assert links.overview() == "../index.html"
    assert links.dag("training") == "../dags/training.html"
    assert links.run("0b5e") == "../runs/0b5e.html"
    assert links.static("report.css") == "../static/report.css"
    assert links.twin() == "0b5e.json"
    assert {links.runs(), links.plugins(), links.run("77aa"), links.compare("a", "b")} == {""}
    assert (links.events(), links.is_live) == ("", False)
    assert FolderLinks("index.html", there).dag("training") == "dags/training.html"
