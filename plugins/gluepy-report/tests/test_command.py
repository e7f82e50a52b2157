"""What ``gluepy report`` writes."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from html.parser import HTMLParser
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from tests.conftest import Project

from gluepy.testing import hostile
from gluepy.testing.distributions import write_distribution


class Links(HTMLParser):
    """All addresses in a page, and what a strict browser would not let it do."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.ids: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, text in attrs:
            if name in ("href", "src"):
                self.hrefs.append(text or "")
            if name == "id":
                self.ids.append(text or "")
            if name == "style" or name.startswith("on"):
                self.active.append(f"{tag} {name}")
        if tag in ("script", "style", "iframe", "img", "object", "embed", "base"):
            self.active.append(tag)


def read(page: Path) -> Links:
    found = Links()
    found.feed(page.read_text())
    return found


def schema_of(name: str, package: str = "gluepy_report") -> Draft202012Validator:
    text = resources(package).joinpath("schemas", f"{name}-1.json").read_text()
    return Draft202012Validator(json.loads(text), format_checker=FormatChecker())


def test_report_has_a_page_for_all_there_is(pages: Mapping[str, list[str]]) -> None:
    amounts = {kind: len(files) for kind, files in pages.items()}
    # Runs are compared with those before them; other pipelines may be installed.
    assert amounts.pop("dag") >= len(hostile.LABELS) + 2
    runs = len(hostile.LABELS) + 4
    assert amounts == {"overview": 1, "plugins": 1, "runs": 1, "run": runs, "compare": 2}
    files = [file for some in pages.values() for file in some]
    assert len({file.lower() for file in files}) == len(files)


def test_every_link_is_relative_and_leads_to_a_file(report: Path) -> None:
    for page in report.rglob("*.html"):
        for href in read(page).hrefs:
            target, _, anchor = href.partition("#")
            assert not re.match(r"[a-z]+:|/", target), href
            file = (page.parent / target).resolve() if target else page
            assert file.is_file(), f"{page}: {href}"
            assert file.is_relative_to(report.resolve())
            assert not anchor or anchor in read(file).ids, f"{page}: {href}"


def test_no_page_has_scripts_or_styles_in_it(report: Path) -> None:
    for page in report.rglob("*.html"):
        assert read(page).active == [], page


def test_ids_of_a_page_are_its_own(report: Path) -> None:
    for page in report.rglob("*.html"):
        ids = read(page).ids
        assert len(ids) == len(set(ids)), page


def test_every_page_has_a_twin_of_named_documents(
    report: Path, pages: Mapping[str, list[str]]
) -> None:
    validate = schema_of("page").validate
    for kind, files in pages.items():
        for file in files:
            twin = json.loads((report / file).with_suffix(".json").read_text())
            validate(twin)
            assert twin["kind"] == kind
            assert twin["problems"] == []
            for document in twin["documents"].values():
                name = document["schema"].removeprefix("gluepy.").removesuffix("/1")
                schema_of(name, "gluepy.views").validate(document)
    schema_of("report").validate(json.loads((report / "report.json").read_text()))


def run_pages(report: Path, status: str) -> list[tuple[str, dict[str, Any]]]:
    """Return text and document of the pages of runs that stand so."""
    found = []
    for file in sorted((report / "runs").glob("*.html")):
        document = json.loads(file.with_suffix(".json").read_text())["documents"]["run"]
        if (document["status"], document["dag"]) == (status, "training"):
            found.append((file.read_text(), document))
    return found


def test_page_of_a_failed_run_tells_why_and_what_to_type(report: Path) -> None:
    ((text, run),) = run_pages(report, "failed")
    words = re.sub(r"<[^>]*>", "", text)

    for told in (
        "train[BB]: failed after 2 attempts",
        "ValueError: no rows of BB are left",
        f"gluepy dag training --resume --retry {run['run_id']}",
        "training BB",
        "model.depth",
        "Different from the run before",
    ):
        assert told in words


def test_page_of_a_run_draws_graph_and_attempts(report: Path) -> None:
    ((text, _),) = run_pages(report, "failed")

    assert 'class="gluepy-graph"' in text
    assert len(re.findall(r'<rect class="failed"', text)) == 2
    assert 'aria-label="failed, ' in text


def test_page_of_a_dag_has_charts_of_times_and_metrics(report: Path) -> None:
    text = (report / "dags" / "training.html").read_text()

    assert "Train the model." in text
    assert len(re.findall(r'class="bar ', text)) == 3
    assert "mae from run to run" in text
    assert "loss from run to run" not in text  # never a number


def test_what_a_task_says_stays_text(report: Path) -> None:
    for page in report.rglob("*.html"):
        assert "<script>document" not in page.read_text()
        assert "<img" not in page.read_text()


def test_one_run_has_a_report_of_its_own(full_project: Project, tmp_path: Path) -> None:
    run_id = full_project.ids()[-2]

    report = full_project.report("--run", run_id[:8], "-o", str(tmp_path / "one"))

    assert [file.stem for file in (report / "runs").glob("*.html")] == [run_id]
    assert [file.stem for file in (report / "dags").glob("*.html")] == ["training"]
    assert len(list((report / "compare").glob("*.html"))) == 1


def test_one_dag_has_a_report_of_its_own(full_project: Project, tmp_path: Path) -> None:
    report = full_project.report("--dag", "training", "-n", "2", "-o", str(tmp_path / "one"))

    assert len(list((report / "runs").glob("*.html"))) == 2
    assert [file.stem for file in (report / "dags").glob("*.html")] == ["training"]


def test_any_two_runs_can_be_compared(full_project: Project, tmp_path: Path) -> None:
    first, second = full_project.ids()[0], full_project.ids()[-1]

    report = full_project.report("--compare", first, second, "-n", "0", "-o", str(tmp_path / "two"))

    (page,) = (report / "compare").glob("*.html")
    assert "What is different" in page.read_text()
    assert {file.stem for file in (report / "runs").glob("*.html")} == {first, second}


def test_report_of_nothing_says_how_to_begin(project: Project) -> None:
    report = project.report()

    assert "Nothing has run yet" in (report / "index.html").read_text()
    assert "There are no such runs." in (report / "runs.html").read_text()


def test_damaged_record_costs_its_own_page(project: Project) -> None:
    for _ in range(2):
        assert project.gluepy("dag", "a-b").code == 0
    (first, *_) = project.ids()
    (journal,) = project.folder.glob(f"data/runs/*/*/*/{first}/journal.jsonl")
    journal.write_text("{}\n{}\n")

    report = project.report()

    assert len(list((report / "runs").glob("*.html"))) == 1
    twin = json.loads((report / "runs.json").read_text())
    assert len(twin["problems"]) == 1
    assert "A part of this page is missing" in (report / "runs.html").read_text()


def test_damaged_record_of_the_run_before_costs_the_comparison(project: Project) -> None:
    for _ in range(2):
        assert project.gluepy("dag", "a-b").code == 0
    last, before = project.ids()
    (journal,) = project.folder.glob(f"data/runs/*/*/*/{before}/journal.jsonl")
    journal.write_text("{}\n{}\n")

    report = project.report("--run", last)

    text = (report / "runs" / f"{last}.html").read_text()
    assert "A part of this page is missing" in text
    assert not (report / "compare").exists()


def test_plugin_that_cannot_be_imported_is_broken_on_its_page(project: Project) -> None:
    entry_points = {"gluepy.hooks": {"veto": "acme:plugin"}}
    module = {"acme": "raise SystemExit(7)"}
    write_distribution(project.folder, "acme", entry_points=entry_points, modules=module)

    done = project.gluepy("report", PYTHONPATH=str(project.folder))

    assert done.code == 0
    assert (
        "broken: its import calls sys.exit(7)"
        in (project.folder / "report" / "plugins.html").read_text()
    )


def test_hooks_of_the_last_run_that_ended_are_timed(project: Project) -> None:
    assert "No run has ended yet." in (project.report() / "plugins.html").read_text()
    assert project.gluepy("dag", "a-b").code == 0

    text = (project.report() / "plugins.html").read_text()

    assert "What each plugin took in the last run that ended" in text


def test_dag_that_cannot_be_imported_keeps_its_history(project: Project) -> None:
    assert project.gluepy("dag", "a-b").code == 0
    (project.folder / "gluepy.toml").write_text("")

    report = project.report()

    text = (report / "dags" / "a-b.html").read_text()
    assert "It cannot be loaded" in text
    assert "As it was in the last run." in text
    assert "no longer installed" in (report / "index.html").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--run", "nope"], "RUN 'nope': there is no such run"),
        (["--compare", "a", "b"], "'a': there is no such run"),
        (["--dag", "nope"], "no DAG is labelled 'nope', and none of that label has run"),
        (["-o", "."], "the folder '.' holds what is not of a report"),
    ],
)
def test_mistake_is_one_sentence(project: Project, words: list[str], sentence: str) -> None:
    before = sorted(project.folder.iterdir())

    done = project.gluepy("report", *words)

    assert done.code == 2
    assert sentence in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert sorted(project.folder.iterdir()) == before


def test_second_report_takes_the_place_of_the_first(project: Project) -> None:
    assert project.gluepy("dag", "a-b").code == 0
    project.report()
    assert project.gluepy("dag", "a-b").code == 0

    report = project.report("-n", "1")

    assert [file.stem for file in (report / "runs").glob("*.html")] == [project.ids()[0]]


def test_logs_of_steps_that_failed_go_before_others(project: Project) -> None:
    (project.folder / "pipelines.py").write_text(_MANY)
    assert project.gluepy("dag", "many", "--keep-going").code == 1

    report = project.report()

    (page,) = (report / "runs").glob("*.html")
    text = page.read_text()
    assert text.count('<details id="log-') == 20
    assert "Log of part[59]" in text
    assert "not of all steps" in text


_MANY = """
from gluepy import DAG, Task


class Part(Task):
    label = "part"
    partitions = [str(number) for number in range(60)]

    def run(self):
        print("part", self.partition)
        if self.partition == "59":
            raise ValueError


class Many(DAG):
    label = "many"
    tasks = [Part]
"""


def test_report_is_shown_in_the_browser(project: Project, tmp_path: Path) -> None:
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    opener.chmod(0o755)

    path = f"{opener.parent}{os.pathsep}{os.environ['PATH']}"
    assert project.gluepy("report", "--open", PATH=path).code == 0

    index = project.folder / "report" / "index.html"
    for _ in range(500):
        if (tmp_path / "opened").exists() and (tmp_path / "opened").read_text():
            break
        time.sleep(0.02)
    assert (tmp_path / "opened").read_text().strip() in (str(index), index.as_uri())
