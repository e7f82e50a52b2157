"""Metrics: which values they can have, and how they stand in a file."""

from __future__ import annotations

import json
import math
import numbers
from typing import TYPE_CHECKING

from gluepy.exceptions import RunRecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dump_metrics", "load_metrics", "metric_to_json", "to_metric"]

# JSON has no numbers for these. Source: "JSON Mapping" of Protocol Buffers 3.
_NAMES = {math.inf: "Infinity", -math.inf: "-Infinity"}


def to_metric(key: str, value: object) -> float:
    """Return the value of a metric as a plain float.

    Args:
        key: Name of the metric.
        value: A number of Python or numpy, or the one element of an array or tensor.

    Raises:
        TypeError: If ``value`` is no number, or ``key`` no text.
    """
    if not isinstance(key, str):
        raise TypeError(f"the name of a metric is text, not {type(key).__name__}")
    number = _unpacked(value)
    if not isinstance(number, numbers.Real):
        raise TypeError(f"the metric {key!r} needs a number, not {type(value).__name__} {value!r}")
    return float(number)


def dump_metrics(metrics: Mapping[str, float]) -> str:
    """Return metrics as JSON, in the order of their names.

    What JSON has no number for is written as text: ``"NaN"``, ``"Infinity"``, ``"-Infinity"``.
    """
    content = {key: metric_to_json(metrics[key]) for key in sorted(metrics)}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def metric_to_json(value: float) -> float | str:
    """Return a number as JSON can hold it: what it has no number for as text."""
    return "NaN" if math.isnan(value) else _NAMES.get(value, value)


def load_metrics(text: str | bytes, *, where: str) -> dict[str, float]:
    """Return the metrics that `dump_metrics`, or Gluepy 1.6, has written.

    Args:
        text: Content of the file.
        where: Path of the file, for errors.

    Raises:
        RunRecordError: If the content is damaged.
    """
    try:
        content = json.loads(text)
        return {key: math.nan if value is None else float(value) for key, value in content.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise RunRecordError(
            where, f"it holds no metrics ({error})", hint="Remove the file, or run again."
        ) from error


def _unpacked(value: object) -> object:
    item = getattr(value, "item", None)
    if isinstance(value, numbers.Real) or not callable(item):
        return value
    try:
        return item()
    except (TypeError, ValueError, RuntimeError):  # it holds more than one, or none
        return value
