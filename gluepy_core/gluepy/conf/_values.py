"""Reading and checking the values that users give to settings."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gluepy.conf._defaults import BY_NAME, Kind, Setting
from gluepy.exceptions import SettingsError

__all__ = ["check_value", "parse_text", "refuse_typo"]

_FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "on", "y", "t"), True),
    **dict.fromkeys(("0", "false", "no", "off", "n", "f"), False),
}

_TYPES: dict[Kind, tuple[type, ...]] = {
    "text": (str, os.PathLike),
    "flag": (bool,),
    "number": (int, float),
    "list": (list, tuple),
    "table": (Mapping,),
}


def parse_text(kind: Kind, text: str, source: str) -> object:
    """Return what the text of an environment variable says.

    Args:
        kind: Of the setting.
        text: ``1`` or ``off`` for a flag; commas divide a list, or it is JSON in brackets; a table
            is JSON.
        source: For messages.

    Raises:
        SettingsError: If the text cannot be read as that kind.
    """
    match kind:
        case "text":
            return text
        case "flag":
            return _parse_flag(text, source)
        case "number":
            return _parse_number(text, source)
        case "list" if not text.lstrip().startswith("["):
            return [item.strip() for item in text.split(",") if item.strip()]
    return _parse_json(kind, text, source)


def _parse_flag(text: str, source: str) -> bool:
    try:
        return _FLAGS[text.strip().lower()]
    except KeyError:
        raise SettingsError(source, f"{text!r} is no flag", hint="Use 1 or 0.") from None


def _parse_number(text: str, source: str) -> int | float:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    raise SettingsError(source, f"{text!r} is no number")


def _parse_json(kind: Kind, text: str, source: str) -> object:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        example = '["a", "b"]' if kind == "list" else '{"a": "b"}'
        raise SettingsError(
            source, f"is not valid JSON: {error}", hint=f"Write a {kind} as {example}."
        ) from error


def refuse_typo(name: str, key: str, source: str) -> None:
    """Refuse an unknown setting that is all but called like a known one.

    Others that are unknown are the project's own, or a plugin's.

    Args:
        name: Of the setting, in upper case.
        key: What the user wrote.
        source: For messages.

    Raises:
        SettingsError: With the known name as its hint.
    """
    if name in BY_NAME:
        return
    import difflib

    # Much stricter than where a wrong guess costs nothing.
    similar = [known for known in BY_NAME if abs(len(known) - len(name)) <= 2]  # noqa: PLR2004
    close = difflib.get_close_matches(name, similar, n=1, cutoff=0.85)
    if close:
        raise SettingsError(
            source, f"there is no setting {key!r}", hint=f"Did you mean {close[0]!r}?"
        )


def check_value(setting: Setting, value: object, source: str) -> None:
    """Check the type of a value; any will do where the default is None.

    Raises:
        SettingsError: If it is the wrong one.
    """
    if setting.default is None:
        return
    # bool is an int to Python, but nobody means 1 when they write true.
    is_flag = isinstance(value, bool) and setting.kind != "flag"
    if is_flag or not isinstance(value, _TYPES[setting.kind]):
        raise SettingsError(source, f"{setting.name} is {value!r}, not a {setting.kind}")
    for item in _items(value):
        if not isinstance(item, setting.item):
            raise SettingsError(source, f"{setting.name} holds {item!r}, which is not text")


def _items(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, list | tuple) else []
