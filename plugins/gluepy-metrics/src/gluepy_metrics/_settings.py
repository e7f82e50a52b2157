"""The settings of this plugin: each one checked, and said to be wrong in one sentence."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping

from gluepy import SettingsInfo

__all__ = ["SettingError", "find_address", "find_folder", "find_text", "get_grouping", "get_number"]

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_PORTS = range(65536)


class SettingError(ValueError):
    """A setting of this plugin cannot be used."""

    def __init__(self, name: str, wanted: str, value: object) -> None:
        super().__init__(f"the setting {name} must be {wanted}, not {value!r}")


def find_text(settings: SettingsInfo, name: str) -> str:
    """Return a text; empty if it is not set."""
    value = settings.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingError(name, "text", value)
    return value.strip()


def find_folder(settings: SettingsInfo, name: str) -> str:
    """Return an absolute path, starting at the project if it is relative; empty if not set."""
    text = find_text(settings, name)
    return os.path.abspath(os.path.join(settings.project, os.path.expanduser(text))) if text else ""


def find_address(settings: SettingsInfo, name: str) -> tuple[str, int] | None:
    """Return host and port of ``host:port`` or of a port alone, which is one of this machine.

    A port may be 0: any that is free.
    """
    value = settings.get(name)
    if value is None or value == "":
        return None
    host, _, port = str(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) not in _PORTS:
        raise SettingError(name, "PORT or HOST:PORT", value)
    return host, int(port)


def get_number(settings: SettingsInfo, name: str, default: float, *, least: float) -> float:
    """Return a finite number that is not less than ``least``; the environment gives it as text."""
    value = settings.get(name, default)
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # tried
    except (TypeError, ValueError):
        number = math.nan
    if not least <= number < math.inf:
        raise SettingError(name, f"a number from {least:g} on", value)
    return number


def get_grouping(settings: SettingsInfo, name: str) -> dict[str, str]:
    """Return a table of labels; the environment gives it as JSON."""
    value = settings.get(name, {})
    try:
        table = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        table = None
    if not isinstance(table, Mapping) or not all(map(_is_label, table.items())):
        raise SettingError(name, 'a table of labels, as {"team": "growth"}', value)
    return {str(label): str(text) for label, text in table.items()}


def _is_label(item: tuple[object, object]) -> bool:
    name, value = item
    return isinstance(name, str) and bool(_LABEL.fullmatch(name)) and isinstance(value, str | int)
