"""One file for each DAG, replaced in one step, whose counters go on counting."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Player, Samples

STARTED_AT = 1795344012.5
NOW = STARTED_AT + 60.0

Read = Callable[[], dict[str, float]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gluepy_training.prom"


@pytest.fixture
def read(path: Path, samples: Samples) -> Read:
    return lambda: samples(path.read_text())


@pytest.fixture
def configured(player: Player, tmp_path: Path) -> Player:
    player.configure(METRICS_TEXTFILE_DIR=str(tmp_path))
    return player


def test_everything_that_is_known_of_the_last_run(configured: Player, read: Read) -> None:
    run = configured.begin()
    configured.step(run, "load", seconds=1.5)
    configured.step(run, "train", "failed", seconds=2.5)
    configured.step(run, "train", attempt=2, seconds=3.5)
    configured.log(run, "train", "mape", 0.25)
    configured.log(run, "", "rows", math.inf)
    configured.end(run, seconds=9.5)

    others = {"failed", "timed-out", "interrupted", "lost", "skipped"}
    assert read() == {
        'gluepy_run_last_start_timestamp_seconds{dag="training"}': STARTED_AT,
        'gluepy_run_last_duration_seconds{dag="training"}': 9.5,
        'gluepy_run_last_outcome{dag="training",outcome="succeeded"}': 1.0,
        'gluepy_run_last_outcome{dag="training",outcome="failed"}': 0.0,
        'gluepy_run_last_outcome{dag="training",outcome="interrupted"}': 0.0,
        'gluepy_run_last_end_timestamp_seconds{dag="training",outcome="succeeded"}': NOW,
        'gluepy_task_last_duration_seconds{dag="training",task="load"}': 1.5,
        'gluepy_task_last_duration_seconds{dag="training",task="train"}': 3.5,
        'gluepy_task_last_attempts{dag="training",task="load"}': 1.0,
        'gluepy_task_last_attempts{dag="training",task="train"}': 2.0,
        'gluepy_logged_metric{dag="training",metric="mape",task="train"}': 0.25,
        'gluepy_logged_metric{dag="training",metric="rows",task=""}': math.inf,
        'gluepy_runs_total{dag="training",outcome="succeeded"}': 1.0,
        'gluepy_task_attempts_total{dag="training",outcome="succeeded",task="load"}': 1.0,
        'gluepy_task_attempts_total{dag="training",outcome="failed",task="train"}': 1.0,
        'gluepy_task_attempts_total{dag="training",outcome="succeeded",task="train"}': 1.0,
        **{
            f'gluepy_task_last_outcome{{dag="training",outcome="{outcome}",task="{task}"}}': float(
                outcome == "succeeded"
            )
            for outcome in {"succeeded", *others}
            for task in ("load", "train")
        },
    }


def test_partitions_of_a_task_are_one_series(configured: Player, read: Read) -> None:
    run = configured.begin()
    for partition in ("AA", "UA", "WN"):
        configured.step(run, f"train[{partition}]", seconds=2.0)
        configured.log(run, f"train[{partition}]", "mape", 0.5)
    configured.step(run, "train[B6]", "failed", seconds=2.0)
    configured.end(run, "failed")

    told = {name: value for name, value in read().items() if 'task="train"' in name and value}
    assert told == {
        'gluepy_task_last_duration_seconds{dag="training",task="train"}': 8.0,
        'gluepy_task_last_attempts{dag="training",task="train"}': 4.0,
        'gluepy_task_last_outcome{dag="training",outcome="succeeded",task="train"}': 3.0,
        'gluepy_task_last_outcome{dag="training",outcome="failed",task="train"}': 1.0,
        'gluepy_logged_metric{dag="training",metric="mape",task="train"}': 0.5,
        'gluepy_task_attempts_total{dag="training",outcome="succeeded",task="train"}': 3.0,
        'gluepy_task_attempts_total{dag="training",outcome="failed",task="train"}': 1.0,
    }


def test_a_run_that_begins_keeps_what_is_known_of_the_last(configured: Player, read: Read) -> None:
    configured.play("1")
    before = read()

    configured.begin("2")

    assert read() == before


def test_a_run_that_fails_keeps_when_the_last_one_succeeded(
    configured: Player, read: Read, tmp_path: Path
) -> None:
    configured.play("1")
    configured.now += 100
    configured.configure(METRICS_TEXTFILE_DIR=str(tmp_path))
    run = configured.begin("2")
    configured.end(run, "failed")

    found = read()
    ended = "gluepy_run_last_end_timestamp_seconds"
    assert found[f'{ended}{{dag="training",outcome="succeeded"}}'] == NOW
    assert found[f'{ended}{{dag="training",outcome="failed"}}'] == NOW + 100
    # No task ran: its gauges are gone, and its counter stays what it was.
    assert 'gluepy_task_last_attempts{dag="training",task="load"}' not in found
    attempts = 'gluepy_task_attempts_total{dag="training",outcome="succeeded",task="load"}'
    assert found[attempts] == 1.0


def test_counters_go_on_in_one_process_and_in_the_next(
    configured: Player, read: Read, tmp_path: Path
) -> None:
    configured.play("1")
    configured.play("2", "failed")
    configured.configure(METRICS_TEXTFILE_DIR=str(tmp_path))
    configured.play("3")

    found = read()
    assert found['gluepy_runs_total{dag="training",outcome="succeeded"}'] == 2.0
    assert found['gluepy_runs_total{dag="training",outcome="failed"}'] == 1.0


def test_runs_that_end_at_once_all_count(configured: Player, read: Read) -> None:
    together = threading.Barrier(8)

    def play(number: int) -> None:
        together.wait(10)
        configured.play(str(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(play, range(8)))

    assert read()['gluepy_runs_total{dag="training",outcome="succeeded"}'] == 8.0


@pytest.mark.parametrize("damage", [b"gluepy_runs_total{dag=", b"\xff\xfe"])
def test_a_damaged_file_is_begun_anew(
    configured: Player,
    path: Path,
    read: Read,
    caplog: pytest.LogCaptureFixture,
    damage: bytes,
) -> None:
    path.write_bytes(damage)

    configured.play("1")

    assert read()['gluepy_runs_total{dag="training",outcome="succeeded"}'] == 1.0
    assert f"{str(path)!r} is damaged, so its counters begin anew" in caplog.messages[0]


def test_labels_of_all_kinds_make_a_file_of_their_own(
    configured: Player, tmp_path: Path, samples: Samples
) -> None:
    labels = ["acme:training", "acme_training", "../up", "a\udcffb", 'quote"\\\n']

    for label in labels:
        run = configured.begin(label, dag=label)
        configured.end(run)

    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == [
        "gluepy_..%2Fup.prom",
        "gluepy_a%5Cudcffb.prom",
        "gluepy_acme%3Atraining.prom",
        "gluepy_acme_training.prom",
        "gluepy_quote%22%5C%0A.prom",
    ]
    found = samples((tmp_path / names[-1]).read_text())
    assert found['gluepy_run_last_duration_seconds{dag="quote\\"\\\\\\n"}'] == 9.5


def test_logged_metrics_are_limited(
    player: Player, read: Read, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    player.configure(METRICS_TEXTFILE_DIR=str(tmp_path), METRICS_MAX_LOGGED="2")
    run = player.begin()
    for epoch in range(5):
        player.log(run, "train", f"loss-{epoch}", 1.0)
    player.log(run, "train", "loss-0", 2.0)
    player.end(run)

    logged = {name: value for name, value in read().items() if "gluepy_logged" in name}
    assert logged == {
        'gluepy_logged_metric{dag="training",metric="loss-0",task="train"}': 2.0,
        'gluepy_logged_metric{dag="training",metric="loss-1",task="train"}': 1.0,
    }
    assert caplog.messages == [
        (
            "a run of 'training' logs more metrics than METRICS_MAX_LOGGED = 2: the others, from "
            "'loss-2' on, are left out"
        )
    ]


def test_the_node_exporter_may_read_the_file(configured: Player, path: Path) -> None:
    configured.play("1")

    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_is_one_sentence(configured: Player, path: Path) -> None:
    configured.play("1")
    path.unlink()
    path.mkdir()

    with pytest.raises(RuntimeError) as caught:
        configured.begin("2")

    assert str(caught.value) == f"[Errno 21] Is a directory: {str(path)!r}"


def test_a_folder_that_cannot_be_written_is_one_sentence(configured: Player, path: Path) -> None:
    # What root may do, a folder in the place of the temporary file forbids too.
    Path(f"{path}.{os.getpid()}.{threading.get_ident()}").mkdir()

    with pytest.raises(RuntimeError) as caught:
        configured.begin()

    assert str(caught.value) == f"the file {str(path)!r} cannot be written: Is a directory"


def test_what_could_not_be_written_is_added_next_time(
    configured: Player, path: Path, read: Read
) -> None:
    run = configured.begin("1")
    path.unlink()
    path.mkdir()
    with pytest.raises(RuntimeError):
        configured.end(run)
    path.rmdir()

    configured.play("2")

    assert read()['gluepy_runs_total{dag="training",outcome="succeeded"}'] == 2.0


def test_a_folder_that_does_not_exist_is_one_sentence(player: Player, tmp_path: Path) -> None:
    folder = str(tmp_path / "nowhere")

    with pytest.raises(RuntimeError) as caught:
        player.configure(METRICS_TEXTFILE_DIR=folder)

    assert str(caught.value) == (
        f"the setting METRICS_TEXTFILE_DIR must be a folder that exists, not {folder!r}"
    )
    player.play("1")
