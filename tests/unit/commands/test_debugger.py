"""``--pdb``."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from gluepy import DAG, SkipTask, Task, hookimpl
from gluepy.commands import cli
from gluepy.commands._debugger import Debugger, need_terminal
from gluepy.exceptions import DebuggerError
from gluepy.testing.runs import isolated, run_dag

Run = Callable[..., Result]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def dag_of(action: Callable[[], object]) -> type[DAG]:
    class Only(Task, abstract=True):
        label = "only"

        def run(self) -> None:
            horizon = 14  # noqa: F841 - to look at
            action()

    class Main(DAG, abstract=True):
        label = "main"
        tasks = [Only]

    return Main


def bad() -> None:
    depth = 3  # noqa: F841 - to look at
    raise ValueError("bad")


class Held:
    count = 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        self.count += 1
        yield


def debug(
    monkeypatch: pytest.MonkeyPatch,
    action: Callable[[], object],
    typed: str,
    *plugins: object,
) -> tuple[str, Held, str]:
    """Run a task under the debugger; return what was printed, and how the task ended."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    monkeypatch.setattr(sys, "stdout", screen := io.StringIO())
    held = Held()
    result = run_dag(dag_of(action), plugins=[Debugger(held), *plugins])
    return screen.getvalue(), held, result.report.outcomes()["only"].status


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    """Let tools that trace this process, such as coverage, go on after a debugger has ended."""
    trace = sys.gettrace()
    yield
    sys.settrace(trace)


@pytest.fixture(autouse=True)
def project(tmp_path: Path) -> Iterator[None]:
    with isolated(tmp_path):
        yield


def test_debugger_is_in_the_frame_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, held, status = debug(monkeypatch, bad, "p depth\nup\np horizon\nq\n")

    assert '-> raise ValueError("bad")' in screen
    assert "(Pdb) 3\n" in screen
    assert "(Pdb) 14\n" in screen
    assert held.count == 1
    assert status == "failed"


def test_debugger_leaves_tasks_alone_that_do_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def skip() -> None:
        raise SkipTask("no")

    assert debug(monkeypatch, lambda: None, "")[1:][1] == "succeeded"
    screen, held, status = debug(monkeypatch, skip, "")

    assert (screen, held.count, status) == ("", 0, "skipped")


class Failing:
    @hookimpl(wrapper=True)
    def around_task(self) -> Iterator[None]:
        yield
        raise KeyError("in the wrapper")


def test_debugger_is_in_the_wrapper_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, _, status = debug(monkeypatch, lambda: None, "q\n", Failing())

    assert '-> raise KeyError("in the wrapper")' in screen
    assert status == "failed"


def test_debugger_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    need_terminal()

    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(DebuggerError, match=r"^--pdb needs a terminal$"):
        need_terminal()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with pytest.raises(DebuggerError):
        need_terminal()


SHOP = """\
from gluepy import Task
class Bad(Task):
    label = "bad"
    def run(self): raise ValueError
"""


def test_command_starts_the_debugger(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "shop.py").write_text(SHOP)
    (folder / "gluepy.toml").write_text('installed_modules = ["shop"]\n')
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal("q\n"))
    monkeypatch.setattr(sys, "stdout", screen)

    code = cli.main(["--no-plugins", "task", "bad", "--pdb"], standalone_mode=False)

    assert code == 1
    assert "-> def run(self): raise ValueError" in screen.getvalue()


def test_debugger_needs_steps_in_this_thread(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "shop.py").write_text(SHOP)
    (folder / "gluepy.toml").write_text('installed_modules = ["shop"]\n')
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(sys, name, Terminal())

    with pytest.raises(DebuggerError, match="the executor 'threads' carries it out"):
        cli.main(
            ["--no-plugins", "task", "bad", "--pdb", "--executor", "threads"],
            standalone_mode=False,
        )

    assert not list(folder.glob("data/runs/**/*"))


def test_debugger_and_documents_clash(run: Run, folder: Path) -> None:
    (folder / "shop.py").write_text("from gluepy import Task\nclass A(Task): label = 'a'\n")
    (folder / "gluepy.toml").write_text('installed_modules = ["shop"]\n')

    result = run("task", "a", "--pdb", "-f", "json")

    assert result.exit_code == 2
    assert "--pdb and --format json contradict each other" in result.stderr
    assert run("task", "a", "--pdb").exit_code == 2
