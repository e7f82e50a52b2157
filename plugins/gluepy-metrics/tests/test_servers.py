"""Runs of the ``gluepy`` command, as a real Prometheus sees them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Fetch, Project, Samples, Servers

SUCCEEDED, FAILED = "dag=training outcome=succeeded", "dag=training outcome=failed"


def test_node_exporter_offers_what_runs_wrote(project: Project, servers: Servers) -> None:
    folder = str(servers.textfile_dir)
    before = time.time()

    for fail, code in (("", 0), ("", 0), ("1", 1)):
        found, err = project.run("dag", "training", FAIL=fail, **to(folder))
        assert (found, "metrics" in err) == (code, False), err

    job = '{job="node"}'
    servers.wait_for(f"gluepy_runs_total{job}", {SUCCEEDED: 2.0, FAILED: 1.0})
    servers.wait_for(
        f"gluepy_run_last_outcome{job}",
        {SUCCEEDED: 0.0, FAILED: 1.0, "dag=training outcome=interrupted": 0.0},
    )
    servers.wait_for(
        f"gluepy_task_last_outcome{job} == 1",
        {
            "dag=training outcome=succeeded task=load": 1.0,
            "dag=training outcome=skipped task=check": 1.0,
            "dag=training outcome=failed task=train": 1.0,
        },
    )
    servers.wait_for(
        f"gluepy_task_attempts_total{job}",
        {
            "dag=training outcome=succeeded task=load": 3.0,
            "dag=training outcome=skipped task=check": 3.0,
            "dag=training outcome=succeeded task=train": 2.0,
            "dag=training outcome=failed task=train": 1.0,
            "dag=training outcome=succeeded task=evaluate": 2.0,
        },
    )
    ends = servers.query(f"last_over_time(gluepy_run_last_end_timestamp_seconds{job}[1m])")
    assert before < ends[SUCCEEDED] < ends[FAILED] < time.time()
    servers.wait_for(f"node_textfile_scrape_error{job}", {"": 0.0})


def to(folder: str) -> dict[str, str]:
    return {"GLUEPY_METRICS_TEXTFILE_DIR": folder}


def test_pushgateway_keeps_what_runs_pushed(project: Project, servers: Servers) -> None:
    settings = {
        "GLUEPY_METRICS_PUSHGATEWAY": servers.pushgateway,
        "GLUEPY_METRICS_GROUPING": '{"team": "growth/eu"}',
    }
    job = '{job="gluepy",team="growth/eu"}'
    before = time.time()

    code, err = project.run("dag", "training", **settings)

    assert (code, "metrics" in err) == (0, False), err
    servers.wait_for(f"gluepy_run_last_outcome{job} == 1", {SUCCEEDED: 1.0})
    servers.wait_for(
        f"gluepy_logged_metric{job} >= 0",
        {
            "dag=training metric=rows task=load": 7.0,
            "dag=training metric=mae task=evaluate": 2.25,
        },
    )
    # Only NaN is different from itself.
    servers.wait_for(
        f"(gluepy_logged_metric{job} != gluepy_logged_metric{job}) > bool 0",
        {"dag=training metric=mape \n 10^3 task=evaluate": 0.0},
    )
    (took,) = servers.query(f"last_over_time(gluepy_run_last_duration_seconds{job}[1m])").values()
    assert 0 < took < 60

    code, err = project.run("dag", "training", FAIL="1", **settings)

    assert (code, "metrics" in err) == (1, False), err
    servers.wait_for(f"gluepy_run_last_outcome{job} == 1", {FAILED: 1.0})
    servers.wait_for(f"gluepy_logged_metric{job}", {"dag=training metric=rows task=load": 7.0})
    servers.wait_for(
        f"gluepy_run_last_end_timestamp_seconds{job} > bool 0", {SUCCEEDED: 1.0, FAILED: 1.0}
    )
    ends = servers.query(f"last_over_time(gluepy_run_last_end_timestamp_seconds{job}[1m])")
    assert before < ends[SUCCEEDED] < ends[FAILED] < time.time()
    assert servers.query(f"gluepy_runs_total{job}") == {}
    assert servers.query('push_failure_time_seconds{job="gluepy"} > 0') == {}


def test_endpoint_is_fetched_while_the_run_lasts(
    project: Project, servers: Servers, tmp_path: Path
) -> None:
    go_on = tmp_path / "go-on"
    job = '{job="gluepy",instance=~".+"}'

    with project.start(
        "dag", "training", GLUEPY_METRICS_HTTP=servers.endpoint, GO_ON=str(go_on)
    ) as process:
        servers.wait_for(f"gluepy_runs_in_progress{job}", {"dag=training": 1.0})
        servers.wait_for(f"gluepy_steps_in_progress{job}", {"dag=training task=load": 1.0})
        servers.wait_for(f"gluepy_logged_metric{job}", {"dag=training metric=rows task=load": 7.0})
        servers.wait_for('up{job="gluepy"}', {"": 1.0})
        go_on.touch()
        _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    servers.wait_for('up{job="gluepy"}', {"": 0.0})


def test_a_run_that_is_interrupted_is_told_too(
    project: Project, samples: Samples, tmp_path: Path
) -> None:
    file = tmp_path / "gluepy_training.prom"

    with project.start(
        "dag", "training", GO_ON=str(tmp_path / "never"), **to(str(tmp_path))
    ) as process:
        while not file.exists():
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    found = samples(file.read_text())
    assert process.returncode == 130, err
    assert found['gluepy_runs_total{dag="training",outcome="interrupted"}'] == 1.0
    attempt = 'gluepy_task_attempts_total{dag="training",outcome="interrupted",task="load"}'
    assert found[attempt] == 1.0


def test_a_gateway_that_is_down_costs_the_metrics_and_not_the_run(
    project: Project, free_port: int
) -> None:
    url = f"http://127.0.0.1:{free_port}"

    code, err = project.run("dag", "training", GLUEPY_METRICS_PUSHGATEWAY=url)

    assert code == 0
    assert "gluepy-metrics" in err
    assert (
        f"the Pushgateway '{url}', which the setting METRICS_PUSHGATEWAY names, "
        "did not take the metrics: " in err
    )


def test_installed_and_not_configured_it_is_silent(project: Project) -> None:
    code, err = project.run("dag", "training")

    assert code == 0
    assert "metrics" not in err.lower()


def test_promtool_finds_nothing_to_mend(project: Project, tmp_path: Path) -> None:
    project.run("dag", "training", **to(str(tmp_path)))

    checked = _check((tmp_path / "gluepy_training.prom").read_text())

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_metrics_of_the_endpoint_pass_promtool_too(
    project: Project, free_port: int, fetch: Fetch, tmp_path: Path
) -> None:
    go_on = tmp_path / "go-on"

    with project.start(
        "dag", "training", GLUEPY_METRICS_HTTP=str(free_port), GO_ON=str(go_on)
    ) as process:
        text = _fetch_soon(fetch, f"http://127.0.0.1:{free_port}/metrics")
        go_on.touch()
        process.communicate(timeout=60)
    checked = _check(text)

    assert "gluepy_runs_in_progress" in text
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_alerts_of_the_readme_are_rules(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    rules = readme.partition("```yaml\n")[2].partition("```")[0]
    groups = "groups:\n- name: gluepy\n  rules:\n" + textwrap.indent(rules, "  ")
    (tmp_path / "rules.yml").write_text(groups)

    checked = _promtool("check", "rules", str(tmp_path / "rules.yml"))

    assert (checked.returncode, checked.stderr) == (0, "")
    assert "SUCCESS: 4 rules found" in checked.stdout


def _check(text: str) -> subprocess.CompletedProcess[str]:
    return _promtool("check", "metrics", text=text)


def _promtool(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        pytest.skip("not installed: promtool (apt-get install prometheus)")
    return subprocess.run(
        ["promtool", *arguments], input=text, capture_output=True, text=True, check=False
    )


def _fetch_soon(fetch: Fetch, url: str) -> str:
    end = time.monotonic() + 30
    while True:
        try:
            return fetch(url)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
