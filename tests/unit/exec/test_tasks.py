from __future__ import annotations

import pytest

from gluepy.exceptions import ModuleLoadError
from gluepy.exec.tasks import REGISTRY, BootstrapTask, EvaluationTask, Task, load_start_task


def test_task_registers_itself_under_its_label() -> None:
    class CleanTask(Task):
        label = "clean"

    assert REGISTRY["clean"] is CleanTask


def test_label_is_the_class_name_in_lower_case_by_default() -> None:
    class CleanTask(Task):
        pass

    assert CleanTask.label == CleanTask().label == "cleantask"
    assert REGISTRY["cleantask"] is CleanTask


def test_child_does_not_take_the_place_of_its_parent() -> None:
    class Parent(Task):
        label = "parent"

    class Child(Parent):
        pass

    assert REGISTRY["parent"] is Parent
    assert REGISTRY["child"] is Child


def test_abstract_task_is_not_registered() -> None:
    class Base(Task, abstract=True):
        pass

    assert "base" not in REGISTRY
    assert Base.label == "base"


def test_child_of_an_abstract_task_is_registered() -> None:
    class Base(Task, abstract=True):
        pass

    class Concrete(Base):
        pass

    assert REGISTRY["concrete"] is Concrete


def test_evaluation_tasks_are_tasks() -> None:
    class Score(EvaluationTask):
        pass

    assert REGISTRY["score"] is Score


@pytest.mark.parametrize("label", ["task", "evaluationtask"])
def test_base_classes_are_not_registered(label: str) -> None:
    assert label not in REGISTRY


def test_start_task_has_the_label_of_gluepy_1_6() -> None:
    assert REGISTRY["bootstraptask"] is BootstrapTask
    BootstrapTask().run()


def test_task_without_run_says_so() -> None:
    class Empty(Task):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty needs a method run\(self\)"):
        Empty().run()


def test_keywords_of_other_base_classes_pass_through() -> None:
    seen = {}

    class Mixin:
        def __init_subclass__(cls, *, team: str = "", **kwargs: object) -> None:
            super().__init_subclass__(**kwargs)
            seen[cls.__name__] = team

    class Owned(Task, Mixin, team="growth"):
        pass

    assert seen == {"Owned": "growth"}
    assert REGISTRY["owned"] is Owned


def test_all_but_the_label_is_inherited() -> None:
    class Parent(Task, abstract=True):
        label = "parent"
        retries = 3
        partitions = ["AA"]

    class Child(Parent, abstract=True):
        pass

    assert (Child.label, Child.retries, Child.partitions) == ("child", 3, ["AA"])


class Start(Task, abstract=True):
    pass


def test_start_task_is_imported_by_its_path() -> None:
    assert load_start_task(f"{__name__}.Start") is Start


def test_built_in_start_task_does_nothing_and_is_left_out() -> None:
    assert load_start_task("gluepy.exec.tasks.BootstrapTask") is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gluepy.exec.tasks.Nothing", "module 'gluepy.exec.tasks' has no attribute 'Nothing'"),
        ("gluepy.exec.tasks.REGISTRY", "it is no Task class"),
        ("os.PathLike", "it is no Task class"),
    ],
)
def test_start_task_that_is_none_is_named(path: str, reason: str) -> None:
    with pytest.raises(ModuleLoadError) as caught:
        load_start_task(path)

    assert str(caught.value) == (f"START_TASK names {path!r}, which cannot be imported: {reason}")
