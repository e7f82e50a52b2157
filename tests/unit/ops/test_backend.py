"""Trackers of runs, parameters and metrics."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from gluepy.conf import default_settings
from gluepy.conf.settings import Settings
from gluepy.exec import DAG
from gluepy.ops import default_mlops
from gluepy.ops.backend import BaseOpsBackend, LoggingOpsBackend
from gluepy.utils.loading import LazyProxy, scoped


class TrainingDAG(DAG, abstract=True):
    label = "training"


@pytest.fixture
def backend() -> LoggingOpsBackend:
    return LoggingOpsBackend()


@pytest.fixture(autouse=True)
def _all_records(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="gluepy.ops")


@pytest.mark.parametrize(
    "call",
    [
        lambda backend: backend.create_run("training"),
        lambda backend: backend.get_run("1"),
        lambda backend: backend.list_runs(),
        lambda backend: backend.log_metric("mape", 1.0),
        lambda backend: backend.log_param("horizon", 7),
        lambda backend: backend.log_artifact("a.png"),
        lambda backend: backend.log_input(None),
        lambda backend: backend.set_terminated("1", "succeeded"),
        lambda backend: backend.delete_run("1"),
        lambda backend: backend.get_metrics(),
    ],
)
def test_backend_must_define_what_it_is_asked_for(call: Any) -> None:
    with pytest.raises(NotImplementedError):
        call(BaseOpsBackend())


def test_default_tracker_is_the_one_of_the_settings() -> None:
    settings = Settings()
    settings.MLOPS_BACKEND = "gluepy.ops.backend.LoggingOpsBackend"

    with scoped(default_settings, settings):
        fresh: Any = LazyProxy(default_mlops._factory)  # type: ignore[attr-defined]  # a proxy
        fresh.log_metric("mape", 1.0)

    assert isinstance(fresh._target(), LoggingOpsBackend)


# -- metrics and the rest ----------------------------------------------------------------------


def test_last_value_of_a_metric_counts(backend: LoggingOpsBackend) -> None:
    backend.log_metric("mape", 1.2)
    backend.log_metric("rows", np.int64(3))
    backend.log_metric("mape", np.float32(0.5))

    assert backend.get_metrics() == {"mape": 0.5, "rows": 3.0}
    assert {type(value) for value in backend.get_metrics().values()} == {float}


def test_metrics_that_were_handed_out_do_not_change(backend: LoggingOpsBackend) -> None:
    metrics = backend.get_metrics()
    metrics["mape"] = 1.0
    backend.log_metric("auc", 1.0)

    assert metrics == {"mape": 1.0}
    assert backend.get_metrics() == {"auc": 1.0}


def test_metric_that_is_no_number_is_refused_and_not_kept(backend: LoggingOpsBackend) -> None:
    with pytest.raises(TypeError, match=r"^the metric 'mape' needs a number, not str '1\.2'$"):
        backend.log_metric("mape", "1.2")  # type: ignore[arg-type]  # that is the point

    assert backend.get_metrics() == {}


def test_metric_is_logged_with_its_moment(
    backend: LoggingOpsBackend, caplog: pytest.LogCaptureFixture
) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)

    backend.log_metric("mape", 1.5, moment)
    backend.log_metric("mape", 2)

    assert caplog.messages == ["metric mape = 1.5", "metric mape = 2.0"]
    assert caplog.records[0].gluepy_measured_at == moment  # type: ignore[attr-defined]  # extra
    assert caplog.records[1].gluepy_measured_at.tzinfo is UTC  # type: ignore[attr-defined]  # extra


def test_parameter_is_logged_and_a_secret_is_not(
    backend: LoggingOpsBackend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.log_param("horizon", 7)
    backend.log_param("db_password", "hunter2")
    backend.log_param("database", {"user": "amy", "password": "hunter2"})

    assert caplog.messages[0] == "parameter horizon = 7"
    assert "amy" in caplog.text
    assert "hunter2" not in caplog.text


def test_artifact_is_logged(backend: LoggingOpsBackend, caplog: pytest.LogCaptureFixture) -> None:
    backend.log_artifact("a.png")
    backend.log_artifact("a.png", "figures/a.png")

    assert caplog.messages == ["artifact a.png -> a.png", "artifact a.png -> figures/a.png"]


def test_shape_of_an_input_is_logged_and_its_content_is_not(
    backend: LoggingOpsBackend, caplog: pytest.LogCaptureFixture
) -> None:
    backend.log_input(pd.DataFrame({"a": [1, 2]}), "training", {"source": "s3"})
    backend.log_input([1, 2])

    assert caplog.messages == [
        "input (2, 1) for training {'source': 's3'}",
        "input of unknown shape for any use {}",
    ]


# -- runs --------------------------------------------------------------------------------------


def test_run_has_the_id_that_it_is_given(backend: LoggingOpsBackend) -> None:
    assert backend.create_run(TrainingDAG, run_id="abc") == "abc"

    run = backend.get_run("abc")
    assert (run.run_id, run.dag, run.username, run.status) == (
        "abc",
        "training",
        "AnonymousUser",
        "running",
    )
    assert run.ended_at is None


def test_run_without_id_gets_a_new_one(backend: LoggingOpsBackend) -> None:
    first, second = backend.create_run("training"), backend.create_run("training")

    assert UUID(first) != UUID(second)


def test_run_begins_without_metrics(backend: LoggingOpsBackend) -> None:
    backend.log_metric("mape", 1.0)

    backend.create_run("training")

    assert backend.get_metrics() == {}


@pytest.mark.parametrize(("dag", "what"), [("training", "DAG training"), ("", "one task")])
def test_begin_of_a_run_is_logged(
    backend: LoggingOpsBackend, caplog: pytest.LogCaptureFixture, dag: str, what: str
) -> None:
    with caplog.at_level("INFO"):
        run_id = backend.create_run(dag)

    assert f"run {run_id} of {what} begins" in caplog.messages


def test_config_of_a_run_is_kept_without_its_secrets(backend: LoggingOpsBackend) -> None:
    config: Any = {"api_key": "hunter2", "train": {"horizon": 7}, 2024: "a year"}
    run_id = backend.create_run("training", config=config)

    assert backend.get_run(run_id).config["train"] == {"horizon": 7}
    assert "hunter2" not in repr(backend.get_run(run_id))


def test_run_ends_with_a_status_and_a_moment_in_utc(backend: LoggingOpsBackend) -> None:
    first, second = backend.create_run("training"), backend.create_run("training")
    moment = datetime(2026, 1, 2, tzinfo=UTC)

    backend.set_terminated(first, "failed")
    backend.set_terminated(second, "succeeded", moment)

    run = backend.get_run(first)
    assert run.status == "failed"
    assert run.ended_at is not None
    assert run.ended_at >= run.started_at
    assert run.ended_at.tzinfo is UTC
    assert backend.get_run(second).ended_at == moment


def test_runs_are_found_by_dag_user_and_time(backend: LoggingOpsBackend) -> None:
    backend.create_run("training", "1", username="amy")
    backend.create_run("scoring", "2", username="amy")
    backend.create_run("training", "3", username="bob")
    first, last = backend.get_run("1").started_at, backend.get_run("3").started_at

    def ids(**filters: Any) -> list[str]:
        return [run.run_id for run in backend.list_runs(**filters)]

    assert ids() == ["1", "2", "3"]
    assert ids(dag="training") == ["1", "3"]
    assert ids(dag=TrainingDAG, username="bob") == ["3"]
    assert ids(start_time=first, end_time=last + timedelta(seconds=1)) == ["1", "2", "3"]
    assert ids(end_time=first) == []
    assert ids(start_time=last + timedelta(seconds=1)) == []


def test_run_can_be_forgotten(backend: LoggingOpsBackend) -> None:
    run_id = backend.create_run("training")

    backend.delete_run(run_id)

    assert backend.list_runs() == []


def test_unknown_run_is_a_key_error(backend: LoggingOpsBackend) -> None:
    for call in (
        backend.get_run,
        backend.delete_run,
        lambda run_id: backend.set_terminated(run_id, "failed"),
    ):
        with pytest.raises(KeyError, match="nothing"):
            call("nothing")


def test_two_trackers_share_nothing() -> None:
    first, second = LoggingOpsBackend(), LoggingOpsBackend()

    first.log_metric("mape", 1.0)
    first.create_run("training")

    assert second.get_metrics() == {}
    assert second.list_runs() == []
