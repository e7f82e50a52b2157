"""Tracking of runs: parameters, metrics, artifacts."""

from __future__ import annotations

from typing import cast

from gluepy.conf import default_settings
from gluepy.ops.backend import BaseOpsBackend
from gluepy.utils.backends import make_backend
from gluepy.utils.loading import LazyProxy

__all__ = ["BaseOpsBackend", "default_mlops"]


def _make_default() -> BaseOpsBackend:
    return cast("BaseOpsBackend", make_backend("MLOPS_BACKEND", default_settings.MLOPS_BACKEND))


#: The tracker of the setting ``MLOPS_BACKEND``.
default_mlops = cast("BaseOpsBackend", LazyProxy(_make_default))
