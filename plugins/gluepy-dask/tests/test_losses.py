"""What a cluster can lack or lose: a clear outcome each, and a run that can be resumed."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.conftest import Cluster, Pipelines

from gluepy.testing.commands import wait_until
from gluepy.testing.distributions import write_distribution

if TYPE_CHECKING:
    from pathlib import Path


def start(cluster: Cluster, pipelines: Pipelines, *options: str) -> None:
    """Start a scheduler and two workers that have all that is needed."""
    cluster.start_scheduler()
    for name in ("one", "two"):
        cluster.start_worker(name, *options, env=pipelines.env)
    pipelines.env["GLUEPY_DASK_ADDRESS"] = cluster.address


def wait_for_work(pipelines: Pipelines) -> None:
    """Wait until two steps work side by side."""
    wait_until(lambda: {words[1] for words in pipelines.notes("beat")} == {"AA", "BB"}, "work")


def is_silent(pipelines: Pipelines, within_s: float = 5.0) -> bool:
    """Return whether no step works any more."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        before = len(pipelines.notes("beat"))
        time.sleep(0.3)
        if len(pipelines.notes("beat")) == before:
            return True
    return False


class TestLosing:
    """What was there, and is no more."""

    def test_scheduler_that_dies_takes_the_steps_with_it_and_the_run_is_resumed(
        self, cluster: Cluster, pipelines: Pipelines
    ) -> None:
        start(cluster, pipelines)
        command = pipelines.start("dag", "training", "--executor", "dask")
        wait_for_work(pipelines)

        cluster.kill("scheduler")
        done = command.wait()

        assert done.code == 1, done.err
        assert pipelines.ends() == {
            "load": ["succeeded"],
            "train[AA]": ["lost"],
            "train[BB]": ["lost"],
        }
        assert f"the Dask scheduler at '{cluster.address}' was lost" in done.err
        assert "Start it again, with workers, and resume the run." in done.err
        assert "Traceback" not in done.err, done.err
        assert is_silent(pipelines)

        cluster.close()
        start(cluster, pipelines)
        pipelines.go_on()
        again = pipelines.dag("training", "--resume")

        assert again.code == 0, again.err
        assert pipelines.ends()["train[AA]"] == ["lost", "succeeded"]
        assert len(pipelines.notes("load")) == 1

    def test_worker_that_dies_costs_one_attempt_and_nobody_repeats_it_unasked(
        self, cluster: Cluster, pipelines: Pipelines
    ) -> None:
        start(cluster, pipelines, "--no-nanny")
        command = pipelines.start("dag", "training", "--executor", "dask", "--keep-going")
        wait_for_work(pipelines)
        (_, _, pid) = pipelines.notes("train")[0]

        os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda: "lost" in str(pipelines.ends()), "the loss")
        pipelines.go_on()
        done = command.wait()

        assert done.code == 1, done.err
        assert sorted(pipelines.ends().items()) == sorted(
            {
                "load": ["succeeded"],
                f"train[{pipelines.notes('train')[0][1]}]": ["lost"],
                f"train[{pipelines.notes('train')[1][1]}]": ["succeeded"],
            }.items()
        )
        assert "the Dask worker tcp://127.0.0.1:" in done.err
        assert len(pipelines.notes("train")) == 2

        again = pipelines.dag("training", "--resume")

        assert again.code == 0, again.err
        assert len(pipelines.notes("train")) == 3

    def test_run_ends_when_no_worker_is_left_for_too_long(
        self, cluster: Cluster, pipelines: Pipelines
    ) -> None:
        start(cluster, pipelines)
        cluster.kill("two")
        command = pipelines.start(
            *("dag", "training", "--executor", "dask", "-j", "2", "--keep-going"),
            GLUEPY_DASK_TIMEOUT_S="2",
        )
        wait_until(lambda: pipelines.notes("beat"), "work")

        cluster.kill("one")
        done = command.wait()

        assert done.code == 1, done.err
        assert pipelines.ends() == {
            "load": ["succeeded"],
            "train[AA]": ["lost"],
            "train[BB]": ["lost"],
        }
        assert f"the Dask scheduler at '{cluster.address}' has had no worker for 2 s" in done.err
        assert len(pipelines.notes("train")) == 1

    def test_two_runs_at_once_share_nothing(self, cluster: Cluster, pipelines: Pipelines) -> None:
        start(cluster, pipelines)
        pipelines.go_on()

        commands = [pipelines.start("dag", "training", "--executor", "dask") for _ in range(2)]
        codes = [command.wait().code for command in commands]

        assert codes == [0, 0]
        assert len(pipelines.notes("train")) == 4


class TestLacking:
    """What a worker never had."""

    @pytest.fixture(autouse=True)
    def scheduler(self, cluster: Cluster, pipelines: Pipelines) -> None:
        cluster.start_scheduler()
        pipelines.env["GLUEPY_DASK_ADDRESS"] = cluster.address

    def test_worker_without_the_pipelines_fails_the_step_and_says_what_to_install(
        self, cluster: Cluster, pipelines: Pipelines
    ) -> None:
        cluster.start_worker("bare")

        done = pipelines.dag("loading")

        assert done.code == 1, done.err
        assert pipelines.ends() == {"load": ["failed"]}
        assert "cannot import 'acme_" in done.err
        assert "Hint: Install there what the task comes from: acme-pipelines 1.0." in done.err

        cluster.kill("bare")
        cluster.start_worker("better", env=pipelines.env)
        again = pipelines.dag("loading", "--resume")

        assert again.code == 0, again.err

    def test_worker_without_a_wrapper_fails_the_step_and_names_the_plugin(
        self, cluster: Cluster, pipelines: Pipelines, tmp_path: Path
    ) -> None:
        source = "from gluepy import hookimpl\n@hookimpl(wrapper=True)\ndef around_task(task):\n"
        write_distribution(
            tmp_path / "hooks",
            "acme-spans",
            entry_points={"gluepy.hooks": {"spans": "acme_spans"}},
            modules={"acme_spans": f"{source}    return (yield)\n"},
        )
        cluster.start_worker("bare", env=pipelines.env)
        path = f"{pipelines.site}{os.pathsep}{tmp_path / 'hooks'}"

        done = pipelines.dag("loading", PYTHONPATH=path)

        assert done.code == 1, done.err
        assert pipelines.ends() == {"load": ["failed"]}
        assert "acme-spans 1.0" in done.err
        assert "surrounds the tasks, and the worker on" in done.err
        assert not pipelines.notes("load")

        cluster.kill("bare")
        cluster.start_worker("better", env={"PYTHONPATH": path})
        again = pipelines.dag("loading", "--resume", PYTHONPATH=path)

        assert again.code == 0, again.err

    def test_worker_that_does_not_see_the_storage_fails_the_step_and_says_where_it_looked(
        self, cluster: Cluster, pipelines: Pipelines, tmp_path: Path
    ) -> None:
        # As a disk that is mounted on one machine, and not on the other.
        write_distribution(
            pipelines.site,
            "acme-mounts",
            modules={
                "acme_mounts": "import os\n"
                "from gluepy.files.storages.local import LocalStorage\n"
                "class Mounted(LocalStorage):\n"
                "    def __init__(self):\n"
                "        super().__init__(os.environ['MOUNT'])\n"
            },
        )
        pipelines.env["GLUEPY_STORAGE_BACKEND"] = "acme_mounts.Mounted"
        mount = str(pipelines.folder / "data")
        (tmp_path / "empty").mkdir()
        cluster.start_worker("blind", env={**pipelines.env, "MOUNT": str(tmp_path / "empty")})

        done = pipelines.dag("loading", MOUNT=mount)

        assert done.code == 1, done.err
        assert pipelines.ends() == {"load": ["failed"]}
        assert f"sees no run in '{tmp_path / 'empty'}" in done.err
        assert "STORAGE_ROOT has to be a place that all workers share" in done.err

        cluster.kill("blind")
        cluster.start_worker("better", env={**pipelines.env, "MOUNT": mount})
        again = pipelines.dag("loading", "--resume", MOUNT=mount)

        assert again.code == 0, again.err

    @pytest.mark.parametrize("package", ["gluepy", "gluepy_dask"])
    def test_worker_without_gluepy_loses_the_step_and_says_so(
        self, cluster: Cluster, pipelines: Pipelines, tmp_path: Path, package: str
    ) -> None:
        write_barrier(tmp_path / "barrier")
        env = {"PYTHONPATH": str(tmp_path / "barrier"), "BARRED": package}
        cluster.start_worker("bare", env=env)

        done = pipelines.dag("loading")

        assert done.code == 1, done.err
        assert pipelines.ends() == {"load": ["lost"]}
        assert (
            "a Dask worker cannot carry steps out: "
            f"ModuleNotFoundError: No module named '{package}'" in done.err
        )
        assert "pip install gluepy-dask" in done.err

        cluster.kill("bare")
        cluster.start_worker("better", env=pipelines.env)
        again = pipelines.dag("loading", "--resume")

        assert again.code == 0, again.err


def test_scheduler_needs_nothing_but_dask(
    cluster: Cluster, pipelines: Pipelines, tmp_path: Path
) -> None:
    write_barrier(tmp_path / "barrier")
    env = {"PYTHONPATH": str(tmp_path / "barrier"), "BARRED": "gluepy,gluepy_dask"}
    cluster.start_scheduler(env=env)
    cluster.start_worker("one", env=pipelines.env)

    done = pipelines.dag("loading", GLUEPY_DASK_ADDRESS=cluster.address)

    assert done.code == 0, done.err


def write_barrier(folder: Path) -> None:
    """Write what keeps a process from importing the packages that ``BARRED`` names."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Barrier:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in os.environ.get('BARRED', '').split(','):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Barrier())\n"
    )
