from __future__ import annotations

import pytest

from gluepy.conf import default_settings
from gluepy.conf.settings import load_settings
from gluepy.exec import DAG, DAG_REGISTRY, Task
from gluepy.exec.dags import REGISTRY
from gluepy.exec.tasks import BootstrapTask, EvaluationTask
from gluepy.utils.loading import scoped


class First(Task, abstract=True):
    pass


class Second(Task, abstract=True):
    pass


class Score(EvaluationTask, abstract=True):
    pass


class Start(Task, abstract=True):
    pass


class TrainingDAG(DAG):
    label = "training-of-these-tests"
    tasks = [First]
    eval_tasks = [Score]


def test_dag_registers_itself_under_its_label() -> None:
    assert REGISTRY["training-of-these-tests"] is TrainingDAG
    assert REGISTRY is DAG_REGISTRY


def test_abstract_dag_is_not_registered() -> None:
    class Base(DAG, abstract=True):
        pass

    assert "base" not in REGISTRY
    assert Base.label == "base"


def test_child_does_not_take_the_place_of_its_parent() -> None:
    class Nightly(TrainingDAG):
        pass

    assert REGISTRY["training-of-these-tests"] is TrainingDAG
    assert REGISTRY["nightly"] is Nightly


def test_base_class_is_not_registered_and_has_no_tasks() -> None:
    assert "dag" not in REGISTRY
    assert list(DAG.tasks) == list(DAG.eval_tasks) == []
    assert dict(DAG.extra_options) == {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [BootstrapTask, First, Score]),
        ({"skip_eval": True}, [BootstrapTask, First]),
        ({"eval_only": True}, [BootstrapTask, Score]),
    ],
)
def test_injected_tasks_begin_with_the_start_task(
    options: dict[str, bool], expected: list[type[Task]]
) -> None:
    with scoped(default_settings, load_settings(environ={})):
        assert TrainingDAG().inject_tasks(**options) == expected


def test_start_task_is_that_of_the_settings() -> None:
    settings = load_settings(environ={}, overrides={"START_TASK": f"{__name__}.Start"})

    with scoped(default_settings, settings):
        assert TrainingDAG().inject_tasks() == [Start, First, Score]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [BootstrapTask, First, Second, Score]),
        ({"skip_eval": True}, [BootstrapTask, First, Second]),
        ({"eval_only": True}, [BootstrapTask, Score]),
    ],
)
def test_injected_tasks_of_a_graph_are_in_the_order_of_the_plan(
    options: dict[str, bool], expected: list[type[Task]]
) -> None:
    class Graph(DAG, abstract=True):
        tasks = {Second: [First], First: []}
        eval_tasks = [Score]

    with scoped(default_settings, load_settings(environ={})):
        assert Graph().inject_tasks(**options) == expected
