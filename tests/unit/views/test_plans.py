"""The document that says what would run; the command ``gluepy plan`` tests the rest of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gluepy.exec.plan import ALL, Selection
from gluepy.files.storages import default_storage
from gluepy.views import plan_view

Checked = Callable[[dict[str, Any]], dict[str, Any]]
RecordRun = Callable[..., str]

DAGS = """\
from gluepy import DAG, Task
class Load(Task): ...
class Fit(Task):
    partitions = ["a", "b"]
class Training(DAG):
    label = "training"
    tasks = {Load: [], Fit: [Load]}
"""


def write_project(folder: Path) -> None:
    (folder / "churn.py").write_text(DAGS)
    (folder / "gluepy.toml").write_text('installed_modules = ["churn"]\nplugins_allow = []\n')


def test_new_run_has_no_earlier_one(site: Path, checked: Checked, monkeypatch: Any) -> None:
    monkeypatch.delenv("GLUEPY_PLUGINS_ALLOW")
    write_project(Path.cwd())

    document = checked(plan_view("training", ALL))

    assert (document["mode"], document["run"], document["expected_s"]) == ("new", None, None)
    assert [one["label"] for one in document["steps"]] == ["load", "fit[a]", "fit[b]"]


def test_expected_times_are_those_of_the_steps_to_run(
    site: Path, record_run: RecordRun, checked: Checked, monkeypatch: Any
) -> None:
    monkeypatch.delenv("GLUEPY_PLUGINS_ALLOW")
    write_project(Path.cwd())
    plan_view("training", ALL)
    record_run(default_storage, "one", {"load": "succeeded", "fit[a]": "succeeded"})

    resumed = checked(plan_view("training", ALL, is_resume=True))
    chosen = checked(plan_view("training", Selection(tasks=("load",)), retry="@last"))

    assert [one["do"] for one in resumed["steps"]] == ["skip", "skip", "run"]
    assert (resumed["mode"], resumed["expected_s"]) == ("resume", None)
    assert (chosen["mode"], chosen["expected_s"]) == ("retry", 1.5)
    assert chosen["run"]["status"] == "succeeded"
