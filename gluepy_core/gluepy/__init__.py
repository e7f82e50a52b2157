"""Pipelines that you ``pip install``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gluepy.exceptions import SkipTask
    from gluepy.exec import DAG, EvaluationTask, Task
    from gluepy.exec.records import (
        CommandInfo,
        ExecutorRequest,
        Frame,
        Outcome,
        RunInfo,
        RunReport,
        RunStatus,
        SettingsInfo,
        StepReport,
        TaskInfo,
        TaskOutcome,
        WorkerInfo,
    )
    from gluepy.notebook import load_ipython_extension, unload_ipython_extension
    from gluepy.plugin.hookspecs import hookimpl
    from gluepy.running import Run, run

__all__ = [
    "DAG",
    "VERSION",
    "CommandInfo",
    "EvaluationTask",
    "ExecutorRequest",
    "Frame",
    "Outcome",
    "Run",
    "RunInfo",
    "RunReport",
    "RunStatus",
    "SettingsInfo",
    "SkipTask",
    "StepReport",
    "Task",
    "TaskInfo",
    "TaskOutcome",
    "WorkerInfo",
    "hookimpl",
    "load_ipython_extension",
    "run",
    "unload_ipython_extension",
]

VERSION = "0.1.0"

# Imported at first use: 'gluepy --help' needs none of them.
_HOMES = {
    "DAG": "gluepy.exec.dags",
    "Task": "gluepy.exec.tasks",
    "EvaluationTask": "gluepy.exec.tasks",
    "SkipTask": "gluepy.exceptions",
    "hookimpl": "gluepy.plugin.hookspecs",
    "Run": "gluepy.running",
    "run": "gluepy.running",
    # IPython looks for these two in whatever %load_ext names.
    "load_ipython_extension": "gluepy.notebook",
    "unload_ipython_extension": "gluepy.notebook",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES.get(name, "gluepy.exec.records")), name)
    globals()[name] = value
    return value
