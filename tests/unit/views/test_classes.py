"""The document about one DAG or task; most of what is in it is tested by ``gluepy show``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gluepy.app import App, get_app, set_app
from gluepy.exceptions import UnknownLabelError
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.files.storages import default_storage
from gluepy.testing.distributions import write_distribution
from gluepy.views import show_view
from gluepy.views.classes import find_source_code

Checked = Callable[[dict[str, Any]], dict[str, Any]]
RecordRun = Callable[..., str]

TASKS = """\
from gluepy import Task

class Load(Task):
    label = "load"

class Fit(Task):
    label = "fit"
    tags = ["ml"]
    retries = 1
    partitions = ["a", "b"]
"""

DAGS = """\
from gluepy import DAG
from acme_tasks import Fit, Load

class Training(DAG):
    label = "training"
    tasks = {Load: [], Fit: [Load]}
"""

ENTRY_POINTS = {
    "gluepy.dags": {"training": "acme:Training"},
    "gluepy.tasks": {"fit": "acme_tasks:Fit", "load": "acme_tasks:Load"},
}


@pytest.fixture(autouse=True)
def acme(site: Path) -> None:
    modules = {"acme": DAGS, "acme_tasks": TASKS}
    write_distribution(site, "acme", entry_points=ENTRY_POINTS, modules=modules)


def test_dag_is_shown_with_its_runs(record_run: RecordRun, checked: Checked) -> None:
    get_app().settings  # noqa: B018 - default_storage reads them
    for name, ends, seconds in (("one", "succeeded", 10), ("two", "succeeded", 20)):
        record_run(default_storage, name, {"load": ends}, seconds=seconds)
    record_run(default_storage, "three", {"load": "failed"}, age=timedelta(days=1))

    document = checked(show_view("training"))

    assert (document["name"], document["tasks"]) == ("training", ["load", "fit"])
    assert document["partitions"] == {"fit": ["a", "b"]}
    assert document["history"]["runs"] == 3
    assert document["history"]["statuses"] == {"failed": 1, "succeeded": 2}


def test_parameters_that_the_last_run_has_read_are_shown(
    record_run: RecordRun, checked: Checked
) -> None:
    get_app().settings  # noqa: B018 - default_storage reads them
    read = {"status": "succeeded", "reads": ("train.depth", "train.horizon")}
    record_run(default_storage, "one", {"load": read}, age=timedelta(hours=1))
    read_now = {"status": "succeeded", "reads": ("train.horizon",)}
    record_run(default_storage, "two", {"load": "succeeded", "fit[a]": read_now})

    training, fit, load = (checked(show_view(label)) for label in ("training", "fit", "load"))

    assert training["reads"] == fit["reads"] == ["train.horizon"]
    assert load["reads"] == []


def test_damaged_record_says_nothing_of_what_was_read(
    record_run: RecordRun, checked: Checked
) -> None:
    get_app().settings  # noqa: B018 - default_storage reads them
    folder = record_run(default_storage, "one")
    default_storage.touch(f"{folder}/journal.jsonl", "{]\n{]\n")

    assert checked(show_view("training"))["reads"] == []


def test_dag_without_runs_has_no_history(checked: Checked) -> None:
    history = checked(show_view("training"))["history"]

    assert history == {"runs": 0, "statuses": {}, "median_s": None}


def test_task_is_shown_with_the_dags_that_are_imported(checked: Checked) -> None:
    show_view("training")

    document = checked(show_view("fit"))

    assert document["dags"] == ["training"]
    assert document["upstream"] == {"training": ["load"]}
    assert (document["retries"], document["tags"]) == (1, ["ml"])
    assert (document["is_partitioned"], document["partitions"]) == (True, ["a", "b"])


def test_task_is_shown_with_the_dags_that_were_imported_before(checked: Checked) -> None:
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        show_view("training")
        get_app().keep_notes()
    set_app(App())

    document = checked(show_view("load"))

    assert (document["dags"], document["upstream"]) == (["training"], {"training": []})
    assert not document["is_partitioned"]


def test_task_that_no_dag_is_known_to_have_is_in_none(checked: Checked) -> None:
    assert checked(show_view("fit"))["dags"] == []


def test_label_that_nobody_has_is_unknown() -> None:
    with pytest.raises(UnknownLabelError, match="no DAG or task is labelled 'trainin'"):
        show_view("trainin")


def test_source_code_is_found() -> None:
    assert find_source_code("load") == ("Load", 'class Load(Task):\n    label = "load"')
