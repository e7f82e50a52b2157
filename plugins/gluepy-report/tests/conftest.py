"""A project with runs of all kinds, the report of it, and Debian's chromium to read it with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gluepy.testing import hostile
from gluepy.testing.commands import Commands, Done

#: Everything is over long before this; only what hangs reaches it. In milliseconds.
expect.set_options(timeout=60_000)

_PIPELINES = '''
import os, time
from gluepy import DAG, Task
from gluepy.ops import default_mlops


class Load(Task):
    label = "load"

    def run(self):
        default_mlops.log_metric("rows", 1234567)
        default_mlops.log_param("source", "db")
        time.sleep(0.05)


class Train(Task):
    label = "train"
    partitions = ["AA", "BB"]
    retries = 1
    retry_delay_s = 0.01

    def run(self):
        print("training", self.partition)
        if os.environ.get("FAIL") and self.partition == "BB":
            raise ValueError("no rows of BB are left")
        default_mlops.log_metric("mae", 20.5 if os.environ.get("FAIL") else 21)
        default_mlops.log_metric("loss", float("nan"))


class Check(Task):
    """Looks at what came out."""

    label = "check"
    tags = ["slow"]

    def run(self):
        pass


class Training(DAG):
    """Train the model."""

    label = "training"
    tasks = {Load: (), Train: (Load,)}
    eval_tasks = [Check]
'''


class Project:
    """A folder with pipelines, in which ``gluepy`` is typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "gluepy.toml").write_text('installed_modules = ["pipelines", "hostile"]\n')
        (folder / "pipelines.py").write_text(_PIPELINES)
        (folder / "hostile.py").write_text(hostile.MODULE)
        self._commands = Commands(folder)

    def gluepy(self, *words: str, **env: str) -> Done:
        """Type a command and wait for its end."""
        return self._commands.run(*words, **env)

    def report(self, *words: str) -> Path:
        """Write a report that must succeed, and return its folder."""
        done = self.gluepy("report", *words)
        assert done.code == 0, done.err
        return self.folder / Path(done.out.strip()).parent

    def ids(self) -> list[str]:
        """Return the ids of all runs, the latest first."""
        found = json.loads(self.gluepy("runs", "-n", "0", "-f", "json").out)
        return [run["run_id"] for run in found["runs"]]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def full_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with runs that succeeded, failed, were resumed, and have hostile names."""
    one = Project(tmp_path_factory.mktemp("full") / "project")
    assert one.gluepy("dag", "training").code == 0
    assert one.gluepy("dag", "training", "--set", "model.depth=3", FAIL="1").code == 1
    assert one.gluepy("dag", "training", "--resume").code == 0
    assert one.gluepy("dag", "training", "--set", "model.depth=4", FAIL="1").code == 1
    assert one.gluepy("dag", hostile.MARKUP).code == 1
    for label in hostile.LABELS:
        assert one.gluepy("dag", label).code == 0
    return one


@pytest.fixture(scope="session")
def report(full_project: Project) -> Path:
    """The report of that project."""
    return full_project.report()


Twin = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def pages(report: Path) -> Mapping[str, list[str]]:
    """The files of all pages, by kind."""
    found: dict[str, list[str]] = {}
    for page in json.loads((report / "report.json").read_text())["pages"]:
        found.setdefault(page["kind"], []).append(page["file"])
    return found


# -- browser ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        # Its sandbox needs a user that is not root.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        one = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield one
        one.close()


Tab = Callable[..., Page]


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """Opens a page, by the options of Playwright's contexts."""
    contexts = []

    def open_page(address: str, *, width: int = 1280, **options: Any) -> Page:
        options = {"viewport": {"width": width, "height": 900}, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
