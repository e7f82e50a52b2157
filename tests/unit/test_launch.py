"""From a label and what the user asks for to a run."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gluepy import VERSION
from gluepy.app import App, Options, get_app, set_app
from gluepy.engine.request import RunRequest, RunResult
from gluepy.exceptions import (
    ForeignRunError,
    InvalidPartitionsError,
    PluginLoadError,
    TaskOptionError,
    UnknownExecutorError,
    UnknownLabelError,
    UnknownPartitionError,
    UnknownRunError,
)
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.exec.plan import ALL, Selection
from gluepy.files.storages import default_storage
from gluepy.launch import plan_dag, run_dag, run_task
from gluepy.runs.journal import load_state
from gluepy.testing.distributions import write_distribution

TASKS = """\
from gluepy import DAG, Task
from gluepy.conf import default_context
from gluepy.files.storages import default_storage


class Load(Task):
    label = "load"
    tags = ["slow"]

    def run(self):
        default_storage.touch(default_storage.runpath("load.txt"), "loaded")


class Fit(Task):
    label = "fit"
    partitions = ["a", "b"]

    def run(self):
        if self.partition == default_context.get("bad"):
            raise ValueError("bad data")


class Start(Task):
    label = "start"

    def run(self):
        pass


class Training(DAG):
    label = "training"
    tasks = [Load, Fit]


class Other(DAG):
    label = "other"
    tasks = [Load]
"""

EXECUTORS = """\
from concurrent.futures import ThreadPoolExecutor

requests = []

def make(request):
    requests.append(request)
    executor = ThreadPoolExecutor(1)
    executor.in_process = True
    return executor
"""

Launch = Callable[..., RunResult]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before, modules = get_app(), set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLUEPY_SETTINGS_MODULE", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    (tmp_path / "site").mkdir()
    (tmp_path / "churn.py").write_text(TASKS)
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        yield tmp_path
    set_app(before)
    for name in set(sys.modules) - modules:
        if not name.startswith("gluepy"):
            del sys.modules[name]


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def app(warnings: list[str]) -> App:
    # No plugins of this machine: only those that a test has installed.
    return set_app(App(Options(no_plugins=True), warn=warnings.append))


def configure(project: Path, toml: str) -> None:
    with (project / "gluepy.toml").open("a") as file:
        file.write(toml)


def steps(result: RunResult) -> dict[str, str]:
    return {label: end.status for label, end in result.report.outcomes().items()}


def document(result: RunResult) -> Any:
    return json.loads(default_storage.open(f"{result.run.folder}/run.json", "r"))


# -- plans -------------------------------------------------------------------------------------


def test_dag_is_planned_as_it_is_declared(app: App) -> None:
    planned = plan_dag(app, "training", ALL)

    assert planned.dag is DAG_REGISTRY["training"]
    assert planned.plan.dag == "training"
    assert planned.plan.labels == ("load", "fit[a]", "fit[b]")
    assert [str(source) for source in planned.sources] == ["project (churn)"]
    assert planned.earlier is None


def test_unknown_label_is_named(app: App) -> None:
    with pytest.raises(UnknownLabelError):
        plan_dag(app, "trainning", ALL)


def test_start_task_of_the_settings_runs_first(app: App, project: Path) -> None:
    configure(project, 'start_task = "churn.Start"\n')

    assert plan_dag(app, "other", ALL).plan.labels == ("start", "load")


def test_tags_of_the_settings_select(app: App, project: Path) -> None:
    configure(project, '[task_options.fit]\ntags = ["heavy"]\n')

    planned = plan_dag(app, "training", Selection(select=("tag:heavy",)))

    assert planned.plan.labels == ("fit[a]", "fit[b]")


def test_states_of_the_earlier_run_select(app: App) -> None:
    first = run_dag(app, "training", RunRequest(overrides={"bad": "b"}))

    planned = plan_dag(app, "training", Selection(select=("state:failed",)), retry=first.run.folder)

    assert planned.plan.labels == ("fit[b]",)


# -- earlier runs ------------------------------------------------------------------------------


def test_run_to_repeat_is_found_by_its_folder_or_id(app: App) -> None:
    first = run_dag(app, "training", RunRequest())

    for name in (first.run.folder, first.run.run_id, "@last"):
        earlier = plan_dag(app, "training", ALL, retry=name).earlier
        assert earlier is not None
        assert (earlier.folder, earlier.is_resume) == (first.run.folder, False)
        assert earlier.state.succeeded == {"load", "fit[a]", "fit[b]"}


def test_run_that_is_not_there_is_named(app: App) -> None:
    with pytest.raises(UnknownRunError):
        plan_dag(app, "training", ALL, retry="runs/1")


def test_run_of_another_dag_is_refused(app: App) -> None:
    other = run_dag(app, "other", RunRequest())

    with pytest.raises(ForeignRunError):
        run_dag(app, "training", RunRequest(retry=other.run.folder))


def test_last_unfinished_run_of_the_dag_is_resumed(app: App) -> None:
    failed = run_dag(app, "training", RunRequest(overrides={"bad": "b"}))
    run_dag(app, "training", RunRequest())
    run_dag(app, "other", RunRequest())

    result = run_dag(app, "training", RunRequest(resume=True, overrides={"bad": ""}))

    assert result.run.folder == failed.run.folder
    assert result.run.done == ("load", "fit[a]")
    assert steps(result) == {"fit[b]": "succeeded"}


def test_run_that_is_named_is_resumed(app: App) -> None:
    failed = run_dag(app, "training", RunRequest(overrides={"bad": "b"}))
    run_dag(app, "training", RunRequest(overrides={"bad": "a"}))
    request = RunRequest(retry=failed.run.run_id, resume=True, overrides={"bad": ""})

    assert run_dag(app, "training", request).run.folder == failed.run.folder


def test_complete_run_is_resumed_where_none_is_unfinished(app: App) -> None:
    first = run_dag(app, "training", RunRequest())

    result = run_dag(app, "training", RunRequest(resume=True))

    assert result.run.folder == first.run.folder
    assert result.report.status == "succeeded"
    assert steps(result) == {}


def test_without_any_run_to_resume_a_new_one_begins(app: App, warnings: list[str]) -> None:
    result = run_dag(app, "training", RunRequest(resume=True))

    assert not result.run.is_retry
    assert len(steps(result)) == 3
    assert warnings == ["there is no run of DAG 'training' to resume; a new one begins"]


def test_repeating_runs_all_of_it_again(app: App) -> None:
    first = run_dag(app, "training", RunRequest())

    result = run_dag(app, "training", RunRequest(retry=first.run.folder))

    assert result.run.is_retry
    assert len(steps(result)) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_steps_of_a_process_that_has_died_are_lost(app: App, project: Path) -> None:
    text = TASKS.replace('raise ValueError("bad data")', "import os; os._exit(0)")
    (project / "churn.py").write_text(text)
    child = os.fork()
    if not child:
        run_dag(app, "training", RunRequest(folder="runs/died", overrides={"bad": "a"}))
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0

    earlier = plan_dag(app, "training", ALL, is_resume=True).earlier

    assert earlier is not None
    assert earlier.folder == "runs/died"
    assert (earlier.state.status, earlier.state.steps["fit[a]"].status) == ("lost", "lost")


# -- one task ----------------------------------------------------------------------------------


def test_task_runs_alone(app: App) -> None:
    result = run_task(app, "load", RunRequest(folder="runs/nightly"))

    assert result.run.dag == ""
    assert steps(result) == {"load": "succeeded"}
    assert default_storage.open("runs/nightly/load.txt", "r") == "loaded"


def test_partition_of_a_task_runs_alone(app: App) -> None:
    assert steps(run_task(app, "fit[b]", RunRequest())) == {"fit[b]": "succeeded"}


def test_partition_that_a_task_does_not_have_is_named(app: App) -> None:
    with pytest.raises((InvalidPartitionsError, UnknownPartitionError)):
        run_task(app, "fit[c]", RunRequest())


# -- policies ----------------------------------------------------------------------------------


def test_settings_and_options_say_how_steps_are_carried_out(app: App, project: Path) -> None:
    configure(project, '[task_options."f*"]\nretries = 1\nretry_delay_s = 0\ntags = ["heavy"]\n')
    bad = RunRequest(overrides={"bad": "a"})
    once = RunRequest(overrides={"bad": "a"}, retries=0)

    folders = [run_dag(app, "training", request).run.folder for request in (bad, once)]

    states = [load_state(default_storage, folder) for folder in folders]
    assert [state.steps["fit[a]"].attempts for state in states] == [2, 1]


def test_option_that_there_is_not_is_named(app: App, project: Path) -> None:
    configure(project, "[task_options.fit]\nretrys = 1\n")

    with pytest.raises(TaskOptionError, match="retrys"):
        run_dag(app, "training", RunRequest())


# -- executors ---------------------------------------------------------------------------------


def install_executor(project: Path, distribution: str = "acme") -> None:
    write_distribution(
        project / "site",
        distribution,
        "1.0",
        entry_points={"gluepy.executors": {"cluster": f"{distribution}_executors:make"}},
        modules={f"{distribution}_executors": EXECUTORS},
    )


@pytest.mark.parametrize("name", ["cluster", "acme:cluster"])
def test_executor_of_a_distribution_carries_steps_out(app: App, project: Path, name: str) -> None:
    install_executor(project)

    result = run_dag(app, "training", RunRequest(executor=name, workers=3))

    (request,) = sys.modules["acme_executors"].requests
    assert result.report.status == "succeeded"
    assert result.run.executor == name
    assert (request.workers, request.modules) == (3, ("churn",))
    assert request.settings.get("EXECUTOR") == "serial"


def test_executor_that_two_offer_is_named_by_its_owner(app: App, project: Path) -> None:
    install_executor(project)
    install_executor(project, "zeta")

    with pytest.raises(UnknownExecutorError) as caught:
        run_dag(app, "training", RunRequest(executor="cluster"))

    assert "'acme:cluster'" in caught.value.hint
    assert run_dag(app, "training", RunRequest(executor="zeta:cluster")).report.status == (
        "succeeded"
    )


def test_executor_that_cannot_be_imported_is_named(app: App, project: Path) -> None:
    write_distribution(
        project / "site",
        "acme",
        "1.0",
        entry_points={"gluepy.executors": {"cluster": "acme_missing:make"}},
    )

    with pytest.raises(PluginLoadError, match="acme"):
        run_dag(app, "training", RunRequest(executor="cluster"))


@pytest.mark.parametrize(
    ("toml", "request_", "where"),
    [
        ("", RunRequest(executor="thread"), "--executor"),
        ('executor = "thread"\n', RunRequest(), "EXECUTOR in gluepy.toml"),
        ('[task_options.fit]\nexecutor = "thread"\n', RunRequest(), "a task"),
    ],
)
def test_unknown_executor_is_named_with_the_nearest(
    app: App, project: Path, toml: str, request_: RunRequest, where: str
) -> None:
    configure(project, toml)

    with pytest.raises(UnknownExecutorError) as caught:
        run_dag(app, "training", request_)

    assert caught.value.message == f"{where}: there is no executor 'thread'"
    assert caught.value.hint == "Did you mean 'threads'?"
    assert not (project / "data").exists()


# -- versions and sources ----------------------------------------------------------------------


def test_run_knows_the_distributions_that_it_involves(project: Path, warnings: list[str]) -> None:
    write_distribution(
        project / "site",
        "acme",
        "1.5",
        entry_points={
            "gluepy.dags": {"acme-dag": "acme_dags:Dag"},
            "gluepy.hooks": {"watch": "acme_dags"},
        },
        modules={
            "acme_dags": "from gluepy import DAG\nfrom churn import Load\n"
            "class Dag(DAG):\n    label = 'acme-dag'\n    tasks = [Load]\n"
        },
    )
    write_distribution(
        project / "site",
        "zeta",
        "2.0",
        entry_points={
            "gluepy.tasks": {"unused": "zeta_tasks:Task"},
            "gluepy.hooks": {"off": "zeta_tasks"},
        },
        modules={"zeta_tasks": ""},
    )
    app = set_app(App(Options(no_plugins=True, enable=("watch",)), warn=warnings.append))
    assert app.hooks is not None

    result = run_dag(app, "acme-dag", RunRequest())

    session = document(result)
    assert result.run.sources == ("acme 1.5",)
    assert json.dumps(session).count('"acme": "1.5"') >= 1
    assert json.dumps(session).count(f'"gluepy-core": "{VERSION}"') >= 1
    assert "zeta" not in json.dumps(session)
