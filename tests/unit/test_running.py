"""`gluepy.run`: a DAG from Python, and what is known of its run afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gluepy
from gluepy.app import App, Options, get_app, set_app
from gluepy.exceptions import (
    OverrideError,
    TaskFailedError,
    UnknownLabelError,
    UnknownRunError,
    UnknownStepError,
)
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.testing.distributions import write_distribution

TASKS = """\
from gluepy import DAG, Task
from gluepy.conf import default_context
from gluepy.ops import default_mlops


class Load(Task):
    label = "load"

    def run(self):
        print("rows:", default_context.get("model", {}).get("rows", 10))


class Fit(Task):
    label = "fit"
    partitions = ["a", "b"]

    def run(self):
        default_mlops.log_metric("depth", default_context.get("model", {}).get("depth", 1))
        what = default_context.get("what", "")
        if what == "fail" and self.partition == "a":
            raise ValueError("no <b>data</b>")
        if what == "interrupt":
            raise KeyboardInterrupt


class Training(DAG):
    label = "training"
    tasks = [Load, Fit]
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = get_app()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLUEPY_SETTINGS_MODULE", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    (tmp_path / "site").mkdir()
    (tmp_path / "churn.py").write_text(TASKS)
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["churn"]\n')
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        DAG_REGISTRY.clear()
        TASK_REGISTRY.clear()
        set_app(App(Options(no_plugins=True)))
        yield tmp_path
    set_app(before)
    for name in ("churn", "acme_dags"):
        sys.modules.pop(name, None)


# -- how it ends -----------------------------------------------------------------------------------


def test_a_run_that_succeeds(project: Path) -> None:
    run = gluepy.run("training")

    assert (run.ok, run.status, run.dag) == (True, "succeeded", "training")
    assert list(run.outcomes) == ["load", "fit[a]", "fit[b]"]
    assert {outcome.status for outcome in run.outcomes.values()} == {"succeeded"}
    assert run.metrics == {"depth": 1.0}
    assert run.report.status == "succeeded"
    assert Path(run.folder).is_relative_to(project / "data" / "runs")
    assert Path(run.folder).name == run.run_id
    run.raise_on_failure()


def test_a_run_that_fails_says_so_and_raises_nothing() -> None:
    run = gluepy.run("training", set={"what": "fail"})

    assert (run.ok, run.status) == (False, "failed")
    assert run.outcomes["fit[a]"].error == "ValueError: no <b>data</b>"


def test_a_run_that_fails_raises_where_that_is_asked_for() -> None:
    with pytest.raises(TaskFailedError, match="no <b>data</b>") as caught:
        gluepy.run("training", set={"what": "fail"}, raise_on_failure=True)

    assert caught.value.label == "fit[a]"


def test_a_run_that_is_interrupted_interrupts_whoever_asked_for_it() -> None:
    with pytest.raises(KeyboardInterrupt, match=r"run \S+ was stopped; resume=True goes on"):
        gluepy.run("training", set={"what": "interrupt"})

    assert gluepy.run("training", resume=True, set={"what": ""}).ok


def test_a_request_that_cannot_be_met_is_an_error() -> None:
    with pytest.raises(UnknownLabelError, match="no DAG is labelled 'trainig'") as caught:
        gluepy.run("trainig")

    assert caught.value.__notes__ == ["Hint: Did you mean 'training'?"]


# -- what is asked for -----------------------------------------------------------------------------


def test_parameters_are_set_by_dotted_key() -> None:
    run = gluepy.run("training", set={"model.depth": 3, "model.rows": 5, "other": {"a": 1}})

    assert run.metrics == {"depth": 3.0}
    assert run.logs("load").endswith("rows: 5\n")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model..depth": 3}, "--set 'model..depth': 'model..depth' is no key"),
        ({"": 3}, "--set '': '' is no key"),
        ({"model": 1, "model.depth": 3}, "--set 'model.depth': "),
        ({"gluepy.run_id": "x"}, "--set 'gluepy': "),
    ],
)
def test_parameters_that_cannot_be_set_are_an_error(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(OverrideError) as caught:
        gluepy.run("training", set=values)

    assert str(caught.value).startswith(message)


def test_patches_come_from_the_storage_and_from_this_machine(project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "deep.yaml").write_text("model: {depth: 7, rows: 1}")
    (project / "few.yaml").write_text("model: {rows: 2}")

    run = gluepy.run("training", patch="deep.yaml", local_patch=["few.yaml"])

    assert run.metrics == {"depth": 7.0}
    assert run.logs("load").endswith("rows: 2\n")


def test_tasks_are_chosen() -> None:
    assert list(gluepy.run("training", task="load").outcomes) == ["load"]
    assert list(gluepy.run("training", task=["fit[b]"]).outcomes) == ["fit[b]"]
    assert list(gluepy.run("training", select="load").outcomes) == ["load"]
    assert list(gluepy.run("training", exclude="load").outcomes) == ["fit[a]", "fit[b]"]


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_steps_are_carried_out_elsewhere(executor: str) -> None:
    run = gluepy.run("training", executor=executor, workers=2)

    assert run.ok
    assert run.logs("load").endswith("rows: 10\n")


def test_going_on_after_a_failure() -> None:
    run = gluepy.run("training", set={"what": "fail"}, keep_going=True)

    assert run.outcomes["fit[b]"].status == "succeeded"


def test_resuming_leaves_out_what_has_succeeded() -> None:
    failed = gluepy.run("training", set={"what": "fail"})

    run = gluepy.run("training", resume=True, set={"what": ""})

    assert run.run_id == failed.run_id
    assert "load" not in run.outcomes
    assert run.ok


def test_running_again_in_the_folder_of_a_run() -> None:
    first = gluepy.run("training")

    run = gluepy.run("training", retry=first.run_id[:8])

    assert run.run_id == first.run_id
    assert "load" in run.outcomes
    with pytest.raises(UnknownRunError):
        gluepy.run("training", retry="nothing")


# -- by class --------------------------------------------------------------------------------------


def test_a_dag_may_be_named_by_its_class() -> None:
    get_app().load_registries()

    assert gluepy.run(DAG_REGISTRY["training"]).dag == "training"


def test_the_class_says_which_dag_is_meant_where_its_label_does_not(project: Path) -> None:
    write_distribution(
        project / "site",
        "acme",
        entry_points={"gluepy.dags": {"training": "acme_dags:Training"}},
        modules={"acme_dags": TASKS.replace("tasks = [Load, Fit]", "tasks = [Load]")},
    )
    set_app(App(Options(no_plugins=True)))
    get_app().load_registries()

    run = gluepy.run(DAG_REGISTRY["acme:training"])

    assert run.dag == "acme:training"
    assert list(run.outcomes) == ["load"]


def test_a_class_that_was_replaced_stands_for_the_one_that_replaced_it() -> None:
    def define() -> type[gluepy.DAG]:
        class Quick(gluepy.DAG):
            label = "quick"
            tasks = [TASK_REGISTRY["load"]]

        return Quick

    get_app().load_registries()
    old, new = define(), define()

    assert old is not new
    assert gluepy.run(old).ok


# -- what is known afterwards ----------------------------------------------------------------------


def test_logs_of_a_step_that_printed_nothing_are_empty() -> None:
    assert gluepy.run("training").logs("fit[a]") == ""


def test_logs_of_an_unknown_step_are_an_error() -> None:
    run = gluepy.run("training")

    with pytest.raises(UnknownStepError, match="step 'fit': DAG 'training' has no such task"):
        run.logs("fit")


def test_graph_says_how_each_task_stands() -> None:
    run = gluepy.run("training", set={"what": "fail"})

    assert run.graph["edges"] == [["load", "fit"]]
    assert [node["status"] for node in run.graph["nodes"]] == ["succeeded", "failed"]


def test_plain_form_tells_the_essentials() -> None:
    run = gluepy.run("training", set={"what": "fail"})

    text = repr(run)

    assert text.startswith("<Run of training: failed, 1 of 3 done in ")
    assert text.endswith(f", id {run.run_id}>")


def test_rich_form_has_status_graph_steps_and_metrics() -> None:
    run = gluepy.run("training", set={"what": "fail"})

    page = run._repr_html_()

    assert '<svg xmlns="http://www.w3.org/2000/svg" class="gluepy-graph"' in page
    assert run.run_id in page
    assert "no &lt;b&gt;data&lt;/b&gt;" in page
    assert "depth" in page


def test_what_a_run_knows_outlives_the_app() -> None:
    run = gluepy.run("training")

    set_app(App(Options(no_plugins=True, folder="/")))

    assert run.logs("load").endswith("rows: 10\n")
    assert run.graph["run_id"] == run.run_id


# -- in a script -----------------------------------------------------------------------------------


def test_a_script_runs_the_dag_of_its_project_and_hears_of_broken_plugins(project: Path) -> None:
    write_distribution(
        project / "site", "acme", entry_points={"gluepy.hooks": {"acme": "acme_hooks"}}
    )
    (project / "script.py").write_text(
        "import gluepy\nprint(gluepy.run('training', set={'model.depth': 2}).metrics)\n"
    )
    code = f"import sys; sys.path.insert(0, {str(project / 'site')!r}); sys.path.insert(0, '.')"

    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import script"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GLUEPY_PLUGINS_ALLOW": "acme"},
    )

    assert done.stdout.splitlines()[-1] == "{'depth': 2.0}"
    assert "acme" in done.stderr
    assert "the run goes on without it" in done.stderr
