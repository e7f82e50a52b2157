"""The document that lists DAGs and tasks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gluepy.app import App, get_app, set_app
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.files.storages import default_storage
from gluepy.testing.distributions import write_distribution
from gluepy.views import list_view

Checked = Callable[[dict[str, Any]], dict[str, Any]]
RecordRun = Callable[..., str]

ACME = """\
from gluepy import DAG, Task

class Load(Task):
    label = "load"
    tags = ["io"]

class Fit(Task):
    label = "fit"

class Training(DAG):
    label = "training"
    tasks = [Load, Fit]

class Scoring(DAG):
    label = "scoring"
    tasks = [Load]
"""

ENTRY_POINTS = {
    "gluepy.dags": {"scoring": "acme:Scoring", "training": "acme:Training"},
    "gluepy.tasks": {"fit": "acme:Fit", "load": "acme:Load"},
}


MORE = {
    "gluepy.dags": {**ENTRY_POINTS["gluepy.dags"], "nightly": "acme_more:Nightly"},
    "gluepy.tasks": {**ENTRY_POINTS["gluepy.tasks"], "alone": "acme_more:Alone"},
}


@pytest.fixture(autouse=True)
def acme(site: Path) -> None:
    write_distribution(site, "acme", entry_points=ENTRY_POINTS, modules={"acme": ACME})
    Path("gluepy.toml").touch()


def rows(document: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in document[kind]}


def import_and_forget(*labels: str) -> None:
    """Do as a command does that imports DAGs, and then begin another process, as it were."""
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        app = get_app()
        app.load_registries()
        for label in labels:
            assert DAG_REGISTRY[label].label == label
        app.keep_notes()
    set_app(App())


def test_nothing_is_known_of_what_was_never_imported(checked: Checked) -> None:
    document = checked(list_view())

    training = rows(document, "dags")["training"]
    assert (training["tasks"], training["tags"]) == (None, None)
    assert (training["is_history_known"], training["last_run"]) == (True, None)
    assert rows(document, "tasks")["load"]["dags"] is None


def test_runs_without_an_index_may_be_of_any_dag(tmp_path: Path, checked: Checked) -> None:
    Path(get_app().settings.STORAGE_ROOT, "runs").mkdir(parents=True)

    document = checked(list_view())

    assert not rows(document, "dags")["training"]["is_history_known"]


def test_what_a_command_has_imported_is_known_to_the_next(checked: Checked) -> None:
    import_and_forget("scoring", "training")

    document = checked(list_view())

    assert rows(document, "dags")["training"]["tasks"] == ["load", "fit"]
    assert rows(document, "dags")["training"]["tags"] == ["io"]
    assert rows(document, "tasks")["load"]["dags"] == ["scoring", "training"]
    assert rows(document, "tasks")["load"]["tags"] == ["io"]
    assert rows(document, "dags")["scoring"]["state"] == "available"


def test_dags_that_are_not_known_leave_it_open_what_a_task_is_in(
    site: Path, checked: Checked
) -> None:
    write_distribution(site, "acme", "2.0", entry_points=MORE, modules={"acme_more": "1 / 0"})
    import_and_forget("scoring")

    tasks = rows(checked(list_view()), "tasks")

    assert tasks["load"]["dags"] == ["scoring", "training"]
    assert tasks["alone"]["dags"] is None


def test_changed_source_makes_a_dag_unknown_again(site: Path, checked: Checked) -> None:
    import_and_forget("training")
    os.utime(site / "acme.py", ns=(1, 1))

    assert rows(checked(list_view()), "dags")["training"]["tasks"] is None


def test_tag_chooses_what_has_it(checked: Checked) -> None:
    import_and_forget("scoring", "training")

    assert list(rows(checked(list_view(tag="io")), "dags")) == ["scoring", "training"]
    assert rows(list_view(tag="other"), "dags") == {}


def test_tags_of_the_settings_count(checked: Checked) -> None:
    import_and_forget("scoring", "training")
    with Path("gluepy.toml").open("a") as file:
        file.write('[task_options.fit]\ntags = ["slow"]\n')

    assert list(rows(checked(list_view(tag="slow")), "dags")) == ["training"]


def test_dag_that_cannot_be_imported_says_why(site: Path, checked: Checked) -> None:
    (site / "acme.py").write_text("1 / 0")
    app = get_app()
    app.load_registries()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        _ = DAG_REGISTRY["training"]
    app.keep_notes()
    set_app(App())

    training = rows(checked(list_view()), "dags")["training"]

    assert training["problem"].startswith("its import raises ZeroDivisionError")
    assert training["tasks"] is None


def test_last_run_of_each_dag_is_there(record_run: RecordRun, checked: Checked) -> None:
    get_app().settings  # noqa: B018 - default_storage reads them
    record_run(default_storage, "one", dag="training")
    record_run(default_storage, "two", {"load": "failed"}, dag="training")

    dags = rows(checked(list_view(["dag"])), "dags")

    assert dags["training"]["last_run"]["run_id"] == "two"
    assert dags["training"]["last_run"]["status"] == "failed"
    assert dags["scoring"]["last_run"] is None
    assert dags["scoring"]["is_history_known"]


def test_source_and_pattern_choose(checked: Checked) -> None:
    document = checked(list_view(["task"], "l*", "Acme"))

    assert list(rows(document, "tasks")) == ["load"]
    assert "dags" not in document
    assert rows(list_view(source="other"), "dags") == {}


def test_own_classes_of_the_project_are_known(checked: Checked) -> None:
    Path("churn.py").write_text(
        "from gluepy import DAG, Task\n"
        "class Mail(Task):\n    tags = ['out']\n"
        "class Weekly(DAG):\n    tasks = [Mail]\n"
        "class Odd(DAG):\n    tasks = 3\n"
    )
    with Path("gluepy.toml").open("a") as file:
        file.write('installed_modules = ["churn"]\n')

    document = checked(list_view(source="project"))

    assert rows(document, "dags")["weekly"]["tasks"] == ["mail"]
    assert rows(document, "dags")["odd"]["problem"].startswith("DAG 'odd': tasks is int")
    assert rows(document, "tasks")["mail"]["tags"] == ["out"]
