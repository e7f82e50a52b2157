"""Durations, outcomes, attempts and metrics of runs and tasks, for Prometheus."""

from __future__ import annotations

from gluepy_metrics.plugin import MetricsPlugin

__all__ = ["MetricsPlugin"]
