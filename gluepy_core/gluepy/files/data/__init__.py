"""Data managers: tables in and out of the storage, in the format that the file name asks for."""

from __future__ import annotations

from typing import cast

from gluepy.conf import default_settings
from gluepy.files.data._pandas import PandasDataManager
from gluepy.files.data._polars import PolarsDataManager
from gluepy.files.data.base import BaseDataManager
from gluepy.utils.backends import make_backend
from gluepy.utils.loading import LazyProxy

__all__ = ["BaseDataManager", "PandasDataManager", "PolarsDataManager", "data_manager"]


def _make_default() -> BaseDataManager:
    return cast("BaseDataManager", make_backend("DATA_BACKEND", default_settings.DATA_BACKEND))


#: The data manager of the setting ``DATA_BACKEND``.
data_manager = cast("BaseDataManager", LazyProxy(_make_default))
