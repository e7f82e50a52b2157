"""Gluepy in a real notebook: a kernel of Jupyter that runs cell by cell."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

# The libraries that talk to kernels warn of their own ways.
pytestmark = pytest.mark.filterwarnings("ignore")

TASKS = """\
import time
from gluepy import DAG, Task
from gluepy.conf import default_context


class Load(Task):
    label = "load"

    def run(self):
        print("loaded")


class Fit(Task):
    label = "fit"

    def run(self):
        if default_context.get("bad"):
            raise ValueError("no <data>")


class Slow(Task):
    label = "slow"

    def run(self):
        print("begun", flush=True)
        time.sleep(60)


class Stubborn(Task):
    label = "stubborn"

    def run(self):
        print("begun", flush=True)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            try:
                time.sleep(0.01)
            except KeyboardInterrupt:
                print("no", flush=True)


class Training(DAG):
    label = "training"
    tasks = [Load, Fit]


class Waiting(DAG):
    label = "waiting"
    tasks = [Slow]


class Resisting(DAG):
    label = "resisting"
    tasks = [Stubborn]
"""

OWN = """\
from gluepy import DAG, Task

class One(Task):
    label = "one"
    def run(self):
        print("{word}")

class Own(DAG):
    label = "own"
    tasks = [One]
"""


class Cell(NamedTuple):
    """What a cell has shown.

    Attributes:
        out: What was printed on standard output.
        err: What was printed on standard error.
        result: Its value, by MIME type.
        error: The exception that it ended with; empty if none.
    """

    out: str
    err: str
    result: dict[str, str]
    error: str


class Notebook:
    """A kernel that runs cells."""

    def __init__(self, folder: Path) -> None:
        from jupyter_client.manager import start_new_kernel

        # With this variable, a kernel does not show what its child processes print.
        environ = {name: os.environ[name] for name in os.environ if name != "PYTEST_CURRENT_TEST"}
        self._manager, self._client = start_new_kernel(cwd=str(folder), env=environ)

    def run(self, code: str, on_output: Callable[[str], None] = lambda _: None) -> Cell:
        """Run a cell; ``on_output`` is told whatever it prints meanwhile."""
        printed = {"stdout": "", "stderr": ""}
        result: dict[str, str] = {}
        error = ""

        def take(message: dict[str, Any]) -> None:
            nonlocal error
            content = message["content"]
            if message["msg_type"] == "stream":
                printed[content["name"]] += content["text"]
                on_output(content["text"])
            elif message["msg_type"] == "execute_result":
                result.update(content["data"])
            elif message["msg_type"] == "error":
                error = f"{content['ename']}: {content['evalue']}"

        self._client.execute_interactive(code, output_hook=take, timeout=100)
        return Cell(printed["stdout"], printed["stderr"], result, error)

    def interrupt(self, word: str) -> Callable[[str], None]:
        """Return what interrupts the kernel, as its button does, when a word is printed."""

        def look(text: str) -> None:
            if word in text:
                threading.Timer(0.2, self._manager.interrupt_kernel).start()

        return look

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel()


@pytest.fixture(autouse=True)
def event_loop() -> Iterator[None]:
    """Close the event loop that those libraries leave open, before another test hears of it."""
    from jupyter_core.utils import ensure_event_loop

    yield
    ensure_event_loop().close()
    asyncio.set_event_loop(None)
    gc.collect()


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("GLUEPY_SETTINGS_MODULE", raising=False)
    project = tmp_path / "project"
    (project / "notebooks").mkdir(parents=True)
    (project / "churn.py").write_text(TASKS)
    (project / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    opened = Notebook(project / "notebooks")
    yield opened
    opened.close()


# -- a whole notebook ------------------------------------------------------------------------------


def test_a_notebook_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "churn.py").write_text(TASKS)
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    cells = [
        "%load_ext gluepy",
        "%gluepy graph training",
        "import gluepy\nrun = gluepy.run('training', set={'bad': True})\nrun",
        "assert not run.ok\nassert run.logs('load').endswith('loaded\\n')",
        "again = gluepy.run('training', resume=True, set={'bad': False})\nassert again.ok",
    ]
    notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]  # nbformat has no types for it
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {
                    "id": f"c{place}",
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": cell,
                }
                for place, cell in enumerate(cells)
            ],
        }
    )

    NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(tmp_path)}}).execute()

    shown = [cell.outputs for cell in notebook.cells]
    assert shown[1][0].text == "load -> fit\n"
    page = shown[2][-1].data["text/html"]
    assert "<svg" in page
    assert "ValueError: no &lt;data&gt;" in page
    assert shown[2][-1].data["text/plain"].startswith("<Run of training: failed")


# -- the magic -------------------------------------------------------------------------------------


def test_magic_runs_a_command_and_its_result_is_the_exit_code(notebook: Notebook) -> None:
    notebook.run("%load_ext gluepy")

    listed = notebook.run("%gluepy list --dags")
    ran = notebook.run("%gluepy dag training")
    failed = notebook.run("code = %gluepy dag training --set bad=true\ncode")
    unknown = notebook.run("%gluepy dag nothing")
    unread = notebook.run("%gluepy dag 'training")

    assert "training" in listed.out
    assert (ran.result["text/plain"], ran.out) == ("0", "loaded\n")
    assert "2 done" in ran.err
    assert (failed.result["text/plain"], failed.error) == ("1", "")
    assert "ValueError: no <data>" in failed.err
    assert unknown.result["text/plain"] == "2"
    assert "no DAG is labelled 'nothing'" in unknown.err
    assert unread.result["text/plain"] == "2"
    assert "No closing quotation" in unread.err


def test_options_of_a_magic_are_of_its_command_alone(notebook: Notebook, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "gluepy.toml").write_text("")
    notebook.run("%load_ext gluepy\nimport gluepy")

    before = notebook.run("gluepy.run('training').folder")
    elsewhere = notebook.run(f"%gluepy -C {other} runs -f json")
    after = notebook.run("gluepy.run('training').folder")

    folder = str(tmp_path / "project" / "data")
    assert '"runs": []' in elsewhere.out
    assert folder in before.result["text/plain"]
    assert folder in after.result["text/plain"]


def test_magic_can_be_taken_away(notebook: Notebook) -> None:
    notebook.run("%load_ext gluepy")

    notebook.run("%unload_ext gluepy")

    assert "`%gluepy` not found" in notebook.run("%gluepy list").err


# -- cells that define classes ---------------------------------------------------------------------


def test_cells_that_define_classes_can_be_run_again(notebook: Notebook) -> None:
    notebook.run("%load_ext gluepy\nimport gluepy")
    notebook.run(OWN.format(word="first"))
    first = notebook.run("gluepy.run('own').ok")
    notebook.run(OWN.format(word="second"))
    second = notebook.run("gluepy.run(Own, executor='threads').ok")
    third = notebook.run("%gluepy dag own")

    assert (first.out, first.result["text/plain"]) == ("first\n", "True")
    assert (second.out, second.result["text/plain"]) == ("second\n", "True")
    assert (third.out, third.result["text/plain"]) == ("second\n", "0")


def test_other_processes_run_what_a_module_defines_and_refuse_what_a_cell_does(
    notebook: Notebook,
) -> None:
    notebook.run("import gluepy")
    notebook.run(OWN.format(word="x"))

    module = notebook.run("gluepy.run('training', executor='processes').ok")
    cell = notebook.run("gluepy.run('own', executor='processes').ok")

    assert module.result["text/plain"] == "True"
    assert cell.error == (
        "ExecutorError: the executor 'processes' runs steps in other processes, which cannot "
        "import the task 'one': it was defined in a notebook or at a prompt"
    )


# -- interrupts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_an_interrupt_ends_the_run_and_not_the_kernel(notebook: Notebook, executor: str) -> None:
    notebook.run("import gluepy\nx = 1")

    stopped = notebook.run(
        f"gluepy.run('waiting', executor={executor!r})\nx = 2", notebook.interrupt("begun")
    )

    assert stopped.error.startswith("KeyboardInterrupt: run ")
    assert notebook.run("x").result["text/plain"] == "1"
    assert notebook.run("gluepy.run('training').ok").result["text/plain"] == "True"


def test_an_interrupt_of_a_magic_is_its_exit_code(notebook: Notebook) -> None:
    notebook.run("%load_ext gluepy")

    stopped = notebook.run("%gluepy dag waiting", notebook.interrupt("begun"))

    assert stopped.result["text/plain"] == "130"
    assert notebook.run("1 + 1").result["text/plain"] == "2"


def test_a_second_interrupt_does_not_end_the_kernel_either(notebook: Notebook) -> None:
    notebook.run("import gluepy\nx = 1")
    interrupts = [notebook.interrupt("begun"), notebook.interrupt("no")]

    def look(text: str) -> None:
        for interrupt in interrupts:
            interrupt(text)

    stopped = notebook.run("gluepy.run('resisting', executor='threads')", look)

    assert stopped.error.startswith("KeyboardInterrupt")
    assert notebook.run("x").result["text/plain"] == "1"
