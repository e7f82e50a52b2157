from __future__ import annotations

import pickle
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gluepy import RunInfo, TaskInfo
from gluepy.app import App, get_app
from gluepy.conf.context import Context
from gluepy.conf.settings import load_settings
from gluepy.engine import messages
from gluepy.engine.messages import Assignment, Logged, LoggedKind, Reply, WorkerSetup
from gluepy.exec.records import TaskOutcome

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = "0" * 32
TASK = TaskInfo(
    label="clean-flights", task="acme_flights.tasks:CleanTask", index=3, sources=("acme 1.0",)
)
OUTCOME = TaskOutcome(status="succeeded", seconds=0.125, started_at=NOW, host="node-1", pid=12345)
PARAMETERS = {
    "gluepy": {"run_id": KEY, "run_folder": f"runs/2026/11/22/{KEY}", "created_at": NOW},
    "model": {"depth": 4, "rate": 0.1},
}


@pytest.fixture
def setup(info: RunInfo) -> WorkerSetup:
    folder = f"runs/2026/11/22/{KEY}"
    run = replace(info, run_id=KEY, folder=folder, location=f"/srv/churn/data/{folder}", steps=())
    settings = load_settings(environ={})
    return WorkerSetup(run=run, context=Context(PARAMETERS), settings=settings, home=App().home())


def sent(message: object) -> Any:
    return pickle.loads(pickle.dumps(message, protocol=5))  # noqa: S301 - our own


def test_messages_survive_the_journey(setup: WorkerSetup) -> None:
    logged = Logged("metric", "mape", 1.5, NOW)
    for message in (
        Assignment(KEY, b"", TASK),
        Reply(OUTCOME, (logged,)),
    ):
        assert sent(message) == message

    twin = sent(setup)

    assert (twin.run, twin.home, twin.wrappers) == (setup.run, setup.home, ())
    assert twin.context.to_dict() == setup.context.to_dict()
    assert twin.settings.masked() == setup.settings.masked()


def test_messages_are_as_small_as_their_module_says(setup: WorkerSetup) -> None:
    assignment = Assignment(KEY, pickle.dumps(setup, protocol=5), TASK)
    sizes = [len(pickle.dumps(one, protocol=5)) for one in (assignment, Reply(OUTCOME))]

    said = re.findall(r"about ([\d,]+)", str(messages.__doc__))

    assert sizes == pytest.approx([int(one.replace(",", "")) for one in said], rel=0.15)


@pytest.mark.parametrize(
    ("kind", "name", "value", "arguments"),
    [
        ("metric", "mape", 1.5, ("mape", 1.5, NOW)),
        ("param", "depth", 4, ("depth", 4)),
        ("artifact", "plots", "plot.png", ("plot.png", "plots")),
        ("input", "train", {"shape": [3, 2]}, ({"shape": [3, 2]}, "train")),
    ],
)
def test_backend_is_told_what_has_travelled(
    kind: LoggedKind, name: str, value: object, arguments: tuple[object, ...]
) -> None:
    assert Logged(kind, name, value, NOW).arguments == arguments


def test_backend_is_told_the_original_where_there_is_one() -> None:
    assert Logged("param", "a", "***", NOW, ("a", "secret")).arguments == ("a", "secret")


def test_home_of_an_app_travels() -> None:
    assert sent(get_app().home()) == get_app().home()
