"""Storages: where the tasks of a run leave their files and find those of others."""

from __future__ import annotations

from typing import cast

from gluepy.conf import default_settings
from gluepy.files.storages.base import BaseStorage
from gluepy.utils.backends import make_backend
from gluepy.utils.loading import LazyProxy

__all__ = ["BaseStorage", "default_storage"]


def _make_default() -> BaseStorage:
    return cast("BaseStorage", make_backend("STORAGE_BACKEND", default_settings.STORAGE_BACKEND))


#: The storage of the setting ``STORAGE_BACKEND``.
default_storage = cast("BaseStorage", LazyProxy(_make_default))
