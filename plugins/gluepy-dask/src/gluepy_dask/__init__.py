"""Runs the steps of Gluepy pipelines on a Dask cluster."""

from __future__ import annotations

from gluepy_dask._factory import make_executor

__all__ = ["make_executor"]
