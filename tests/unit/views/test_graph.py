from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gluepy import DAG, Task
from gluepy.app import App, get_app, set_app
from gluepy.engine.request import RunRequest
from gluepy.exceptions import UnknownLabelError, UnknownRunError
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.launch import run_dag
from gluepy.runs.state import RunState, Session, StepState
from gluepy.views.graph import graph_of_state, graph_view, run_graph_view

Document = dict[str, Any]
Check = Callable[[Document], Document]


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    before = get_app()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        DAG_REGISTRY.clear()
        TASK_REGISTRY.clear()
        yield set_app(App())
    set_app(before)


def make_dag() -> None:
    """Define a DAG, where no other test sees it."""

    class Quiet(Task, abstract=True):
        def run(self) -> None:
            pass

    class Load(Quiet):
        label = "load"
        tags = ["slow"]

    class Clean(Quiet):
        label = "clean"
        partitions = ["a", "b"]

    class Guess(Quiet):
        label = "guess"

        def partitions(self) -> list[str]:
            return ["x"]

    class Publish(Task):
        label = "publish"

        def run(self) -> None:
            raise ValueError("no network")

    class Judge(Quiet):
        label = "judge"

    class Training(DAG):
        label = "training"
        tasks = {Load: [], Clean: [Load], Guess: [Load], Publish: [Clean, Guess]}
        eval_tasks = [Judge]


def by_label(document: Document) -> dict[str, Document]:
    return {node["label"]: node for node in document["nodes"]}


def state_of(statuses: dict[str, str], upstream: dict[str, tuple[str, ...]]) -> RunState:
    steps = {label: StepState(label, status) for label, status in statuses.items()}  # type: ignore[arg-type]  # as in a journal
    state = RunState(run_id="r1", dag="training", steps=steps, upstream=upstream)
    state.sessions.append(Session(mode="new", started_at=datetime(2026, 11, 22, tzinfo=UTC)))
    return state


# -- of a DAG --------------------------------------------------------------------------------------


def test_graph_of_a_dag_has_its_tasks_in_order_with_their_layers(checked: Check) -> None:
    make_dag()

    document = checked(graph_view("training"))

    assert (document["dag"], document["run_id"]) == ("training", "")
    assert {node["label"]: node["layer"] for node in document["nodes"]} == {
        "load": 0,
        "clean": 1,
        "guess": 1,
        "publish": 2,
        "judge": 3,
    }
    assert document["edges"] == [
        ["load", "clean"],
        ["load", "guess"],
        ["clean", "publish"],
        ["guess", "publish"],
        ["publish", "judge"],
    ]


def test_nodes_say_kind_tags_and_partitions() -> None:
    make_dag()

    nodes = by_label(graph_view("training"))

    assert nodes["load"] == {
        "label": "load",
        "kind": "task",
        "partitions": [],
        "tags": ["slow"],
        "layer": 0,
        "status": "",
        "done": 0,
        "total": 1,
        "seconds": None,
    }
    assert (nodes["clean"]["partitions"], nodes["clean"]["total"]) == (["a", "b"], 2)
    assert (nodes["guess"]["partitions"], nodes["guess"]["total"]) == (None, 0)
    assert nodes["judge"]["kind"] == "evaluation"


def test_a_dag_without_tasks_is_an_empty_graph(checked: Check) -> None:
    class Nothing(DAG):
        label = "nothing"
        tasks = []

    document = checked(graph_view("nothing"))

    assert (document["nodes"], document["edges"]) == ([], [])


def test_unknown_label_is_an_error() -> None:
    with pytest.raises(UnknownLabelError, match="no DAG is labelled 'nothing'"):
        graph_view("nothing")


# -- of a run --------------------------------------------------------------------------------------


def test_graph_of_a_run_says_how_each_task_stands(app: App, checked: Check) -> None:
    make_dag()
    run_dag(app, "training", RunRequest())

    document = checked(run_graph_view("@last"))

    nodes = by_label(document)
    assert document["run_id"]
    assert document["edges"] == graph_view("training")["edges"]
    assert {label: node["status"] for label, node in nodes.items()} == {
        "load": "succeeded",
        "clean": "succeeded",
        "guess": "succeeded",
        "publish": "failed",
        "judge": "planned",
    }
    assert (nodes["clean"]["done"], nodes["clean"]["total"]) == (2, 2)
    assert nodes["guess"]["partitions"] == ["x"]
    assert (nodes["publish"]["done"], nodes["publish"]["total"]) == (0, 1)
    assert nodes["load"]["seconds"] >= 0
    assert [label for label, node in nodes.items() if node["kind"] == "evaluation"] == ["judge"]
    assert [label for label, node in nodes.items() if node["tags"] == ["slow"]] == ["load"]
    assert nodes["judge"]["seconds"] is None


def test_graph_of_a_run_that_goes_on_says_what_is_running(app: App, checked: Check) -> None:
    seen: list[Document] = []

    class Look(Task):
        label = "look"

        def run(self) -> None:
            seen.append(run_graph_view("@last"))

    class Looking(DAG):
        label = "looking"
        tasks = [Look]

    run_dag(app, "looking", RunRequest())

    assert [node["status"] for node in checked(seen[0])["nodes"]] == ["running"]


def test_graph_of_a_run_needs_no_registry(app: App) -> None:
    make_dag()
    run_dag(app, "training", RunRequest())
    before = run_graph_view("@last")

    DAG_REGISTRY.clear()
    TASK_REGISTRY.clear()

    assert run_graph_view("@last") == before


def test_unknown_run_is_an_error() -> None:
    with pytest.raises(UnknownRunError):
        run_graph_view("@last")


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        (["succeeded", "failed", "running"], "failed"),
        (["succeeded", "running", "planned"], "running"),
        (["succeeded", "planned"], "planned"),
        (["skipped", "succeeded"], "succeeded"),
        (["skipped", "skipped"], "skipped"),
    ],
)
def test_a_task_stands_as_the_worst_of_its_partitions(statuses: list[str], worst: str) -> None:
    steps = {f"fit[{place}]": status for place, status in enumerate(statuses)}

    document = graph_of_state(state_of(steps, {"fit": ()}))

    (node,) = document["nodes"]
    assert (node["label"], node["status"], node["total"]) == ("fit", worst, len(statuses))


def test_a_record_without_upstream_has_no_edges(checked: Check) -> None:
    document = checked(graph_of_state(state_of({"a": "succeeded", "b": "planned"}, {})))

    assert document["edges"] == []
    assert [node["layer"] for node in document["nodes"]] == [0, 0]


def test_tasks_stand_after_what_they_wait_for_however_they_are_recorded(checked: Check) -> None:
    steps = {"b": "planned", "a": "succeeded"}

    document = checked(graph_of_state(state_of(steps, {"b": ("a",), "a": ()})))

    assert [node["label"] for node in document["nodes"]] == ["a", "b"]


def test_upstream_of_tasks_that_are_not_there_is_left_out(checked: Check) -> None:
    document = checked(graph_of_state(state_of({"b": "planned"}, {"b": ("a",)})))

    assert document["edges"] == []


def test_tasks_that_wait_for_each_other_in_a_damaged_record_come_last(checked: Check) -> None:
    upstream = {"a": (), "b": ("c",), "c": ("b", "a")}
    steps = dict.fromkeys(("b", "c", "a"), "planned")

    document = checked(graph_of_state(state_of(steps, upstream)))

    assert {node["label"]: node["layer"] for node in document["nodes"]} == {"a": 0, "b": 1, "c": 1}
    assert document["edges"] == [["a", "c"]]


def test_a_run_of_nothing_is_an_empty_graph(checked: Check) -> None:
    assert checked(graph_of_state(state_of({}, {})))["nodes"] == []
