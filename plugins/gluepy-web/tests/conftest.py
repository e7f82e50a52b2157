"""Projects with a server beside them, and Debian's chromium to see it with."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

#: Everything is over long before this, in seconds; only what hangs reaches it.
PATIENCE_S = 60.0

expect.set_options(timeout=PATIENCE_S * 1000)

PAYLOAD = "<script>document.body.remove()</script><img src=x onerror=document.body.remove()>"

_PIPELINES = '''
import os, time
from gluepy import DAG, Task
from gluepy.ops import default_mlops

PAYLOAD = "<script>document.body.remove()</script><img src=x onerror=document.body.remove()>"


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


class Hostile(Task):
    label = PAYLOAD

    def run(self):
        print(PAYLOAD)
        default_mlops.log_metric(PAYLOAD, 1)
        raise ValueError(PAYLOAD)


class HostileDag(DAG):
    __doc__ = PAYLOAD
    label = PAYLOAD
    tasks = [Hostile]


class Nothing(Task):
    label = "nothing"

    def run(self):
        pass
'''

#: Labels that are no plain part of a path.
ODD = ("a/b", "a b", "../up", "é.json", "..", "end/", "tilde~", "q?a=1#x", "x" * 200)

_ODD_DAG = """

class Odd{number}(DAG):
    label = {label!r}
    tasks = [Nothing]
"""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


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

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
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
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Done(self.process.returncode, out, err)


class Project:
    """A folder with pipelines, in which ``gluepy`` is typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        odd = [_ODD_DAG.format(number=number, label=label) for number, label in enumerate(ODD)]
        (folder / "gluepy.toml").write_text('installed_modules = ["pipelines"]\n')
        (folder / "pipelines.py").write_text("".join([_PIPELINES, *odd]))
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Type a command and return while it goes on."""
        process = subprocess.Popen(
            [sys.executable, "-m", "gluepy", *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def gluepy(self, *words: str, **env: str) -> Done:
        """Type a command and wait for its end."""
        process = self.start(*words, **env)
        out, err = process.communicate(timeout=PATIENCE_S)
        return Done(process.returncode, out, err)

    def serve(self, *words: str, **env: str) -> Server:
        """Start a server on a free port, and wait until it listens."""
        process = self.start("web", "--port", "0", *words, **env)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
        line = process.stdout.readline() if ready else ""
        if not re.match(r"http://\S+:\d+/\n", line):
            process.kill()
            pytest.fail(f"no server: {line} {process.communicate()[1]}")
        return Server(process, line.strip())

    def ids(self) -> list[str]:
        """Return the ids of all runs, the latest first."""
        found = json.loads(self.gluepy("runs", "-n", "0", "-f", "json").out)
        return [run["run_id"] for run in found["runs"]]

    def close(self) -> None:
        for process in self._processes:
            process.terminate()  # so that what was measured is written
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


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
    assert one.gluepy("dag", PAYLOAD).code == 1
    for label in ODD:
        assert one.gluepy("dag", label).code == 0
    yield one
    one.close()


@pytest.fixture(scope="session")
def server(full_project: Project) -> Server:
    return full_project.serve()


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE_S:g} s for {what}")
        time.sleep(0.02)


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
