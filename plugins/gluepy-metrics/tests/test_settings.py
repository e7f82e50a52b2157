"""Settings: each wrong one is a sentence, and costs no more than what it is for."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gluepy import SettingsInfo
from gluepy_metrics import MetricsPlugin
from gluepy_metrics._settings import find_address, find_folder

if TYPE_CHECKING:
    from tests.conftest import Player

GATEWAY = {"METRICS_PUSHGATEWAY": "localhost:9091"}
WRONG = [
    ({"METRICS_TEXTFILE_DIR": 5}, "the setting METRICS_TEXTFILE_DIR must be text, not 5"),
    (
        {"METRICS_PUSHGATEWAY": "http://amy:***@host"},
        (
            "the setting METRICS_PUSHGATEWAY must be without a user (METRICS_PUSHGATEWAY_USER, "
            "GLUEPY_METRICS_PUSHGATEWAY_PASSWORD), not 'http://amy:***@host'"
        ),
    ),
    (
        GATEWAY | {"METRICS_GROUPING": {"dag": "x"}},
        (
            "the setting METRICS_GROUPING must be without dag, job, metric, outcome, task, "
            "not {'dag': 'x'}"
        ),
    ),
    *[
        (
            GATEWAY | {"METRICS_GROUPING": wrong},
            (
                "the setting METRICS_GROUPING must be a table of labels, as "
                f'{{"team": "growth"}}, not {wrong!r}'
            ),
        )
        for wrong in ("team=growth", "[1]", 5, {"a-b": "x"}, {"a": None})
    ],
    *[
        (
            GATEWAY | {"METRICS_PUSHGATEWAY_TIMEOUT_S": wrong},
            (
                "the setting METRICS_PUSHGATEWAY_TIMEOUT_S must be a number from 0.1 on, "
                f"not {wrong!r}"
            ),
        )
        for wrong in (0, "soon", "nan", "inf", True, [1])
    ],
    *[
        (
            {"METRICS_HTTP": wrong},
            f"the setting METRICS_HTTP must be PORT or HOST:PORT, not {wrong!r}",
        )
        for wrong in ("localhost", "localhost:", "a:70000", 65536, -1, True, "²")
    ],
    (
        {"METRICS_MAX_LOGGED": -1},
        "the setting METRICS_MAX_LOGGED must be a number from 0 on, not -1",
    ),
]


@pytest.mark.parametrize(("settings", "sentence"), WRONG)
def test_a_wrong_setting_is_one_sentence(
    player: Player, settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(RuntimeError) as caught:
        player.configure(**settings)

    assert str(caught.value) == sentence


def test_a_wrong_setting_does_not_cost_the_others(player: Player, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        player.configure(
            METRICS_HTTP="x", METRICS_PUSHGATEWAY=5, METRICS_TEXTFILE_DIR=str(tmp_path)
        )

    assert str(caught.value).count("; ") == 1
    player.play("1")
    assert (tmp_path / "gluepy_training.prom").exists()


def test_without_settings_nothing_is_told_and_only_the_debug_log_knows(
    player: Player, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    player.configure(METRICS_TEXTFILE_DIR="", METRICS_PUSHGATEWAY="  ", METRICS_HTTP="")
    player.play("1")

    assert player.plugin.outputs == []
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "none of METRICS_TEXTFILE_DIR, METRICS_PUSHGATEWAY, METRICS_HTTP is set")
    ]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (9464, ("127.0.0.1", 9464)),
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("10.0.0.1:9464", ("10.0.0.1", 9464)),
        ("[::]:0", ("::", 0)),
    ],
)
def test_addresses(value: object, address: tuple[str, int]) -> None:
    assert find_address(SettingsInfo((("METRICS_HTTP", value),)), "METRICS_HTTP") == address


def test_a_relative_folder_lies_in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/amy")

    def found(text: str) -> str:
        return find_folder(SettingsInfo((("DIR", text),), project="/srv/project"), "DIR")

    assert found("prom") == "/srv/project/prom"
    assert found("/var/lib") == "/var/lib"
    assert found("~/prom") == "/home/amy/prom"


def test_the_entry_point_names_the_plugin() -> None:
    (found,) = {
        point.value for point in entry_points(group="gluepy.hooks") if point.name == "metrics"
    }

    assert found == "gluepy_metrics:MetricsPlugin"
    assert MetricsPlugin().outputs == []
