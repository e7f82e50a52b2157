"""Every event of a run as one line of JSON, and log records that know their run and task."""

from __future__ import annotations

from gluepy_logging._lines import JsonFormatter
from gluepy_logging.plugin import LoggingPlugin

__all__ = ["JsonFormatter", "LoggingPlugin"]
