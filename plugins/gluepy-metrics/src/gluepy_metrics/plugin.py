"""The plugin: what it notes at each hook, and whom it tells."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from gluepy import RunInfo, RunReport, SettingsInfo, TaskInfo, TaskOutcome, hookimpl
from gluepy_metrics._book import RunBook
from gluepy_metrics._endpoint import Endpoint
from gluepy_metrics._pushgateway import Pushgateway
from gluepy_metrics._settings import (
    find_address,
    find_folder,
    find_text,
    get_grouping,
    get_number,
)
from gluepy_metrics._textfile import Textfile

__all__ = ["MetricsPlugin", "Output"]

logger = logging.getLogger(__name__)

_MAX_LOGGED = 200
_TIMEOUT_S = 5.0


class Output(Protocol):
    """Somebody who is told of runs."""

    def begin(self, dag: str) -> None:
        """Tell that a run of ``dag`` began."""

    def end(self, dag: str) -> None:
        """Tell how a run of ``dag`` ended."""


class MetricsPlugin:
    """Tells Prometheus of runs and tasks, in the ways that the settings choose; else does nothing.

    Settings: ``METRICS_TEXTFILE_DIR``, ``METRICS_PUSHGATEWAY`` (with ``METRICS_JOB``,
    ``METRICS_GROUPING``, ``METRICS_PUSHGATEWAY_USER``, ``METRICS_PUSHGATEWAY_TIMEOUT_S``),
    ``METRICS_HTTP``, and ``METRICS_MAX_LOGGED`` for all.

    Args:
        now: Gives seconds since 1970.

    Attributes:
        outputs: Who is told of runs.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._book = RunBook(now=now, max_logged=_MAX_LOGGED)
        self.outputs: list[Output] = []

    @hookimpl
    def configure(self, settings: SettingsInfo) -> None:
        """Find out whom to tell; a setting that is wrong costs that output only."""
        self.outputs = []
        self._book = RunBook(now=self._now, max_logged=_MAX_LOGGED)
        steps = (self._limit, self._add_textfile, self._add_pushgateway, self._add_endpoint)
        _do_each(partial(step, settings) for step in steps)
        if not self.outputs:
            logger.debug("none of METRICS_TEXTFILE_DIR, METRICS_PUSHGATEWAY, METRICS_HTTP is set")

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        """Note that a run began, and tell."""
        self._book.begin_run(run)
        _do_each(partial(output.begin, run.dag) for output in self.outputs)

    @hookimpl
    def before_task(self, task: TaskInfo, run: RunInfo) -> None:
        """Note that an attempt began."""
        self._book.begin_step(run, task)

    @hookimpl
    def on_metric(self, run: RunInfo, task: TaskInfo | None, name: str, value: float) -> None:
        """Note a metric."""
        self._book.log_metric(run, task, name, value)

    @hookimpl
    def after_task(self, task: TaskInfo, run: RunInfo, outcome: TaskOutcome) -> None:
        """Note how an attempt ended."""
        self._book.end_step(run, task, outcome)

    @hookimpl
    def after_dag(self, run: RunInfo, report: RunReport) -> None:
        """Note how a run ended, and tell."""
        self._book.end_run(run, report)
        _do_each(partial(output.end, run.dag) for output in self.outputs)

    def _limit(self, settings: SettingsInfo) -> None:
        limit = get_number(settings, "METRICS_MAX_LOGGED", _MAX_LOGGED, least=0)
        self._book = RunBook(now=self._now, max_logged=int(limit))

    def _add_textfile(self, settings: SettingsInfo) -> None:
        if folder := find_folder(settings, "METRICS_TEXTFILE_DIR"):
            self.outputs.append(Textfile(self._book, folder))

    def _add_pushgateway(self, settings: SettingsInfo) -> None:
        if url := find_text(settings, "METRICS_PUSHGATEWAY"):
            gateway = Pushgateway(
                self._book,
                url,
                job=find_text(settings, "METRICS_JOB") or "gluepy",
                grouping=get_grouping(settings, "METRICS_GROUPING"),
                user=find_text(settings, "METRICS_PUSHGATEWAY_USER"),
                timeout_s=get_number(
                    settings, "METRICS_PUSHGATEWAY_TIMEOUT_S", _TIMEOUT_S, least=0.1
                ),
            )
            self.outputs.append(gateway)

    def _add_endpoint(self, settings: SettingsInfo) -> None:
        if address := find_address(settings, "METRICS_HTTP"):
            self.outputs.append(Endpoint(self._book, *address))


def _do_each(actions: Iterable[Callable[[], None]]) -> None:
    """Do all, even if one fails; then raise what went wrong as one error."""
    errors: list[OSError | ValueError] = []
    for action in actions:
        try:
            action()
        except (OSError, ValueError) as error:
            errors.append(error)
    if errors:
        raise RuntimeError("; ".join(map(str, errors))) from errors[0]
