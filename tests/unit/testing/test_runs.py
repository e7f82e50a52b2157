from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest

from gluepy import DAG, RunReport, Task, hookimpl
from gluepy.conf import default_context, default_settings
from gluepy.engine.request import RunResult
from gluepy.exceptions import HookNameError
from gluepy.files.storages import default_storage
from gluepy.testing.runs import isolated


class EchoTask(Task):
    label = "runs-echo"

    def run(self) -> None:
        default_storage.touch("echo.txt", StringIO(f"{default_context.echo.text}"))


class EchoDAG(DAG):
    label = "runs-echo"
    tasks = (EchoTask,)


class Watch:
    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def after_dag(self, report: RunReport) -> None:
        self.seen.append(report.status)


class Broken:
    @hookimpl
    def after_dag(self) -> None:
        raise ValueError("broken")


class Misspelt:
    @hookimpl
    def after_dga(self) -> None:
        pass


def test_dag_runs_in_the_folder_of_the_test_with_its_plugins(
    gluepy_run: Callable[..., RunResult], tmp_path: Path
) -> None:
    watch = Watch()

    result = gluepy_run(EchoDAG, plugins=[watch], parameters={"echo": {"text": "hello"}})

    assert result.report.status == "succeeded"
    assert watch.seen == ["succeeded"]
    assert default_storage.open("echo.txt", mode="r") == "hello"
    assert (tmp_path / "data" / "echo.txt").read_text() == "hello"


def test_failing_task_is_a_report(gluepy_run: Callable[..., RunResult]) -> None:
    result = gluepy_run(EchoDAG)

    assert result.report.status == "failed"


def test_observer_that_raises_fails_the_test(gluepy_run: Callable[..., RunResult]) -> None:
    with pytest.raises(
        AssertionError, match=r"^plugin 'Broken' of this test: after_dag raised ValueError: broken$"
    ):
        gluepy_run(EchoDAG, plugins=[Broken()])


def test_misspelt_hook_fails_the_test(gluepy_run: Callable[..., RunResult]) -> None:
    with pytest.raises(HookNameError):
        gluepy_run(EchoDAG, plugins=[Misspelt()])


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_steps_are_carried_out_as_the_test_says(
    gluepy_run: Callable[..., RunResult], executor: str
) -> None:
    result = gluepy_run(
        EchoDAG, parameters={"echo": {"text": "hello"}}, executor=executor, workers=2
    )

    assert result.report.status == "succeeded"
    assert result.run.executor == executor


PLUGIN = """\
from gluepy import DAG, Task, hookimpl
from gluepy.files.storages import default_storage

class Far(Task):
    label = "far"

    def run(self):
        pass

class FarDAG(DAG):
    label = "far-dag"
    tasks = [Far]

class Mark:
    @hookimpl(wrapper=True)
    def around_task(self, task):
        default_storage.touch("mark.txt", task.label)
        yield
"""


def test_workers_of_other_processes_have_the_plugins_of_the_test(
    gluepy_run: Callable[..., RunResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "far_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    module = import_module("far_plugin")

    result = gluepy_run(module.FarDAG, plugins=[module.Mark()], executor="processes", workers=1)

    del sys.modules["far_plugin"]
    end = result.report.outcomes()["far"]
    assert (end.status, end.error) == ("succeeded", "")
    assert end.pid != os.getpid()
    assert default_storage.open("mark.txt", mode="r") == "far"


def test_environment_and_project_are_left_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = default_settings.STORAGE_ROOT
    monkeypatch.setenv("GLUEPY_STORAGE_ROOT", "/elsewhere")

    with isolated(tmp_path):
        assert default_settings.STORAGE_ROOT.startswith(str(tmp_path))

    assert before == default_settings.STORAGE_ROOT
