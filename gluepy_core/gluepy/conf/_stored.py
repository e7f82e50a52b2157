"""Secrets and the stored context: they are not in it, and come from the project again."""

from __future__ import annotations

from typing import Any

from gluepy.conf._section import MASKED

__all__ = ["add_missing", "refill", "without_masked"]


def refill(stored: Any, fresh: Any) -> Any:
    """Return ``stored`` with the secrets that ``fresh`` has at the same places."""
    if isinstance(stored, dict):
        source = fresh if isinstance(fresh, dict) else {}
        return {key: refill(value, source.get(key)) for key, value in stored.items()}
    if isinstance(stored, list):
        if not isinstance(fresh, list) or len(fresh) != len(stored):
            return stored
        return [refill(*pair) for pair in zip(stored, fresh, strict=True)]
    return fresh if _is_masked(stored) and fresh is not None else stored


def without_masked(stored: dict[str, Any]) -> dict[str, Any]:
    """Leave out the secrets that are still masked: a patch may give one, of whatever type."""
    return {
        key: without_masked(value) if isinstance(value, dict) else value
        for key, value in stored.items()
        if not _is_masked(value)
    }


def add_missing(data: dict[str, Any], stored: dict[str, Any]) -> None:
    """Put into ``data`` what only ``stored`` has."""
    for key, value in stored.items():
        if key not in data:
            data[key] = value
        elif isinstance(value, dict) and isinstance(data[key], dict):
            add_missing(data[key], value)


def _is_masked(value: object) -> bool:
    return isinstance(value, str) and MASKED in value
