"""Anything as one line of strict JSON."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from datetime import UTC, datetime

from gluepy_logging._context import FIELDS

__all__ = ["JsonFormatter", "render_line", "render_moment"]

#: What lies deeper is written as text: a log line is no place for a data structure.
_MAX_DEPTH = 6

# JSON has no word for these; the names are those of the JSON form of Protocol Buffers.
_INFINITIES = {math.inf: "Infinity", -math.inf: "-Infinity"}

# What every record has; whatever else it has came with ``extra=``, or is ours.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def render_line(fields: Mapping[str, object]) -> str:
    """Return fields as one line of JSON in ASCII, without a line end.

    Line ends and control characters are escaped, a number that is not finite becomes the text
    ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``, and a value that JSON does not know its ``str()``.
    """
    return json.dumps(_plain(fields, _MAX_DEPTH), allow_nan=False)


def render_moment(moment: datetime) -> str:
    """Return a moment in UTC as ISO 8601 with microseconds and offset, so that text sorts."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class JsonFormatter(logging.Formatter):
    """Formats a log record as one line of JSON, with the run and task that it belongs to.

    A formatter of the setting ``LOGGING`` names it so: ``{"()": "gluepy_logging.JsonFormatter"}``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line end."""
        fields: dict[str, object] = {
            "timestamp": render_moment(datetime.fromtimestamp(record.created, UTC)),
            "event": "log",
        }
        for name, attribute in FIELDS.items():
            if hasattr(record, attribute):
                fields[name] = getattr(record, attribute)
        fields |= {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "file": record.pathname,
            "line": record.lineno,
            "pid": record.process,
            "thread": record.threadName,
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        extra = vars(record).keys() - _USUAL - set(FIELDS.values())
        if extra:
            fields["extra"] = {name: getattr(record, name) for name in sorted(extra)}
        return render_line(fields)


def _plain(value: object, depth: int) -> object:
    match value:
        case None | bool():
            return value
        case int() if abs(value) < 2**64:
            return value
        case float():
            return value if math.isfinite(value) else _INFINITIES.get(value, "NaN")
        case Mapping() if depth:
            return {_text(key): _plain(item, depth - 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth:
            return [_plain(item, depth - 1) for item in value]
        case _:
            return _text(value)


def _text(value: object) -> str:
    try:
        text = str(value)
    except Exception as error:  # noqa: BLE001 - what a task logs may do anything
        text = f"<{type(value).__name__} whose text cannot be had: {type(error).__name__}>"
    # Half of a surrogate pair is no character: strict readers of JSON refuse it even when escaped.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
