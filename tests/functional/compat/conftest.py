"""A project as people wrote it for Gluepy 1.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

MANAGE = '''\
#!/usr/bin/env python
"""Command line of the project."""
import os


def main():
    os.environ.setdefault("GLUEPY_SETTINGS_MODULE", "configs.settings")
    from gluepy.commands import cli
    from gluepy.exec.boot import bootstrap

    bootstrap()
    cli()


if __name__ == "__main__":
    main()
'''

SETTINGS = """\
import os

BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONFIG_PATH = os.path.join(BASE_DIR, "configs", "context")
INSTALLED_MODULES = [
    "forecaster",
    "reporter",
]

STORAGE_BACKEND = "gluepy.files.storages.local.LocalStorage"
STORAGE_ROOT = os.path.join(BASE_DIR, "data")
DATA_BACKEND = "gluepy.files.data.PandasDataManager"
CONTEXT_BACKEND = "gluepy.conf.context.DefaultContextManager"
START_TASK = "gluepy.exec.tasks.BootstrapTask"
MLOPS_BACKEND = "gluepy.ops.backend.LoggingOpsBackend"

AIRFLOW_DAG_PREFIX = ""
AIRFLOW_TEMPLATE = None
AIRFLOW_IMAGE = None
AIRFLOW_CONFIGMAPS = []
AIRFLOW_POD_RESOURCES = {}
AIRFLOW_KUBERNETES_CONFIG = {}

CELERY_BROKER_URL = "redis://localhost:6379/0"
CELERY_RESULT_BACKEND = "redis://localhost:6379/0"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"simple": {"format": "{levelname} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "simple"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
"""

TASKS = """\
import logging
from io import StringIO

import pandas as pd

from gluepy.conf import default_context, default_settings
from gluepy.exec import EvaluationTask, Task
from gluepy.files.data import data_manager
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops

logger = logging.getLogger(__name__)


class DataTask(Task):
    label = "data"

    def run(self):
        df = pd.DataFrame({"day": range(10), "sold": [float(day * 2) for day in range(10)]})
        data_manager.write("training.parquet", df)
        data_manager.write("shared.csv", df, root=True)
        default_storage.touch("a.txt", StringIO("x"))


class ForecastTrainingTask(Task):
    label = "forecast-training"

    def run(self):
        df = data_manager.read("training.parquet")
        logger.info("training on %d rows", len(df))
        df["forecast"] = df["sold"].mean() * default_context.forecaster.factor
        data_manager.write("forecast.csv", df)
        default_mlops.log_param("factor", default_context.forecaster.factor)


class ForecastTestTask(EvaluationTask):
    label = "forecast-test"

    def run(self):
        df = data_manager.read("forecast.csv")
        error = (df["sold"] - df["forecast"]).abs().mean()
        default_mlops.log_metric("mae", error)
        default_mlops.log_metric("horizon", default_context.forecaster.horizon)
"""

DAGS = """\
from gluepy.exec import DAG

from .tasks import DataTask, ForecastTestTask, ForecastTrainingTask


class TrainingDAG(DAG):
    label = "training"
    extra_options = {"schedule": "@daily"}
    tasks = [DataTask, ForecastTrainingTask]
    eval_tasks = [ForecastTestTask]
"""

COMMANDS = """\
import click

from gluepy.commands import cli
from gluepy.commands.dag import run_dag
from gluepy.exec.dags import REGISTRY


@cli.command()
@click.argument("name")
def greet(name):
    click.echo(f"hello {name}, training is {'training' in REGISTRY}")


@cli.group()
def models():
    pass


@models.command()
def retrain():
    run_dag("training", skip_eval=True)
"""

PROJECT = {
    "manage.py": MANAGE,
    "configs/__init__.py": "",
    "configs/settings.py": SETTINGS,
    "configs/context/default.yaml": "forecaster:\n  factor: 1.5\n  horizon: 7\n",
    "forecaster/__init__.py": "",
    "forecaster/tasks.py": TASKS,
    "forecaster/dags.py": DAGS,
    "forecaster/commands.py": COMMANDS,
    "reporter/__init__.py": "",
    "reporter/dags.py": (
        "from gluepy.exec import DAG\nfrom forecaster.tasks import DataTask\n\n\n"
        'class ReportDAG(DAG):\n    label = "report"\n    tasks = [DataTask]\n'
    ),
}


@pytest.fixture
def old_project(full_sandbox: Sandbox) -> Sandbox:
    """The project, as the current folder."""
    full_sandbox.write(PROJECT)
    return full_sandbox
