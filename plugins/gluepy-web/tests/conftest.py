"""Projects with a server beside them, and Debian's chromium to see it with."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gluepy.testing import hostile
from gluepy.testing.commands import PATIENCE_S, Command, Commands, Done

expect.set_options(timeout=PATIENCE_S * 1000)

_PIPELINES = '''
import os, time
from gluepy import DAG, Task
from gluepy.ops import default_mlops


def wait_for(name):
    """Wait for a file beside the project, if the test wants that."""
    end = time.monotonic() + 60
    while os.environ.get("WAIT") and not os.path.exists(name):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


class Load(Task):
    label = "load"

    def run(self):
        wait_for("go-load")


class Train(Task):
    label = "train"

    def run(self):
        wait_for("go-train")
        print("trained", flush=True)
        if os.environ.get("FAIL"):
            raise ValueError("no rows are left")
        default_mlops.log_metric("mae", 20.5)


class Training(DAG):
    """Train the model."""

    label = "training"
    tasks = {Load: (), Train: (Load,)}
'''


class Answer(NamedTuple):
    """What a server said."""

    status: int
    headers: Message
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


#: Without proxies: everything here is on loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())


class Server:
    """``gluepy web`` in a process of its own."""

    def __init__(self, command: Command, address: str) -> None:
        self.command = command
        self.address = address.rstrip("/")

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path; redirections are not followed."""
        names = {name.replace("_", "-"): text for name, text in headers.items()}
        request = urllib.request.Request(self.address + path, headers=names, method=method)  # noqa: S310 - it is ours
        try:
            with _opener.open(request, timeout=PATIENCE_S) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Done:
        """Ask it to end, and wait until it has."""
        self.command.send(number)
        return self.command.wait()


class Project:
    """A folder with pipelines, in which ``gluepy`` is typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "gluepy.toml").write_text('installed_modules = ["pipelines", "hostile"]\n')
        (folder / "pipelines.py").write_text(_PIPELINES)
        (folder / "hostile.py").write_text(hostile.MODULE)
        self._commands = Commands(folder)

    def start(self, *words: str, **env: str) -> Command:
        """Type a command and return while it goes on."""
        return self._commands.start(*words, **env)

    def gluepy(self, *words: str, **env: str) -> Done:
        """Type a command and wait for its end."""
        return self._commands.run(*words, **env)

    def serve(self, *words: str, **env: str) -> Server:
        """Start a server on a free port, and wait until it listens."""
        command = self.start("web", "--port", "0", *words, **env)
        out = command.process.stdout
        assert out is not None
        ready, _, _ = select.select([out], [], [], PATIENCE_S)
        line = out.readline() if ready else ""
        if not re.match(r"http://\S+:\d+/\n", line):
            command.process.kill()
            pytest.fail(f"no server: {line} {command.wait().err}")
        return Server(command, line.strip())

    def ids(self) -> list[str]:
        """Return the ids of all runs, the latest first."""
        found = json.loads(self.gluepy("runs", "-n", "0", "-f", "json").out)
        return [run["run_id"] for run in found["runs"]]

    def close(self) -> None:
        self._commands.close(grace_s=10)  # so that what was measured is written


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    one = Project(tmp_path / "project")
    yield one
    one.close()


@pytest.fixture(scope="session")
def full_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with runs that succeeded, failed, and have hostile names."""
    one = Project(tmp_path_factory.mktemp("full") / "project")
    assert one.gluepy("dag", "training").code == 0
    assert one.gluepy("dag", "training", FAIL="1").code == 1
    assert one.gluepy("dag", hostile.MARKUP).code == 1
    for label in hostile.LABELS:
        assert one.gluepy("dag", label).code == 0
    yield one
    one.close()


@pytest.fixture(scope="session")
def server(full_project: Project) -> Server:
    return full_project.serve()


# -- browser ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        # Its sandbox needs a user that is not root.
        flags = (
            ["--no-sandbox", "--no-proxy-server"] if os.geteuid() == 0 else ["--no-proxy-server"]
        )
        one = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield one
        one.close()


class Tab:
    """A page, and what its console said: violations of the security policy among it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens a page, by the options of Playwright's contexts."""
    contexts = []

    def open_page(address: str, *, width: int = 1280, **options: Any) -> Tab:
        options = {"viewport": {"width": width, "height": 900}, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        one = Tab(context.new_page())
        one.page.goto(address)
        return one

    yield open_page
    for context in contexts:
        context.close()
