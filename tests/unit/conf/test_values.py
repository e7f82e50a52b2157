from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.conf._defaults import BY_NAME, SETTINGS, Kind, Setting
from gluepy.conf._values import check_value, parse_text, refuse_typo
from gluepy.exceptions import SettingsError

FANCY = Setting("FANCY", default=False, kind="flag", doc="Be fancy.")
WORKERS = Setting("WORKERS", default=1, kind="number", doc="How many.")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_sentence_and_a_default_of_its_kind(setting: Setting) -> None:
    assert setting.name.isupper()
    assert setting.doc.endswith(".")
    check_value(setting, setting.default, "default")


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", "on", " y ", "t"])
def test_flag_that_is_on(text: str) -> None:
    assert parse_text("flag", text, "here") is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off", "n", "f"])
def test_flag_that_is_off(text: str) -> None:
    assert parse_text("flag", text, "here") is False


def test_flag_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^settings from here: 'maybe' is no flag$") as caught:
        parse_text("flag", "maybe", "here")

    assert caught.value.hint == "Use 1 or 0."


@pytest.mark.parametrize(("text", "number"), [("4", 4), ("0.5", 0.5), ("-1", -1), ("1e3", 1000.0)])
def test_number(text: str, number: float) -> None:
    parsed = parse_text("number", text, "here")

    assert (parsed, type(parsed)) == (number, type(number))


def test_number_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^settings from here: 'many' is no number$"):
        parse_text("number", "many", "here")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a", ["a"]),
        ("a, b,", ["a", "b"]),
        (",", []),
        ('["a, b", "c"]', ["a, b", "c"]),
        (" []", []),
    ],
)
def test_list_is_divided_by_commas_or_is_json(text: str, items: list[str]) -> None:
    assert parse_text("list", text, "here") == items


def test_table_is_json() -> None:
    assert parse_text("table", '{"training": "acme"}', "here") == {"training": "acme"}


@pytest.mark.parametrize(
    ("kind", "text", "hint"),
    [
        ("table", "a=b", 'Write a table as {"a": "b"}.'),
        ("list", "[a", 'Write a list as ["a", "b"].'),
        ("list", "[" * 100_000, 'Write a list as ["a", "b"].'),
    ],
)
def test_broken_json_is_refused(kind: Kind, text: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=r"^settings from here: is not valid JSON: ") as caught:
        parse_text(kind, text, "here")

    assert caught.value.hint == hint


def test_text_stays_text() -> None:
    assert parse_text("text", " 1, 2 ", "here") == " 1, 2 "


@given(st.text())
def test_list_of_any_text_is_read_or_refused(text: str) -> None:
    try:
        items = parse_text("list", text, "here")
    except SettingsError:
        return

    assert isinstance(items, list)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("STORAGE_ROTO", "STORAGE_ROOT"),
        ("INSTALED_MODULES", "INSTALLED_MODULES"),
        ("HOOK", "HOOKS"),
        ("EXECUTER", "EXECUTOR"),
        ("PLUGIN_BLOCK", "PLUGINS_BLOCK"),
    ],
)
def test_typo_is_refused_with_the_right_name(name: str, suggestion: str) -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_typo(name, name.lower(), "here")

    assert str(caught.value) == f"settings from here: there is no setting {name.lower()!r}"
    assert caught.value.hint == f"Did you mean {suggestion!r}?"


@pytest.mark.parametrize(
    "name", ["STORAGE_ROOT", "MY_STORAGE_ROOT", "CELERY_TASK_TIME_LIMIT", "MLFLOW_URI", "X"]
)
def test_names_of_ones_own_are_no_typos(name: str) -> None:
    refuse_typo(name, name, "here")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("STORAGE_ROOT", 5, "is 5, not a text"),
        ("STORAGE_ROOT", None, "is None, not a text"),
        ("STORAGE_ROOT", True, "is True, not a text"),
        ("HOOKS", "one.hook", "is 'one.hook', not a list"),
        ("HOOKS", ["one.hook", 5], "holds 5, which is not text"),
        ("PREFER", ["a"], "is ['a'], not a table"),
        ("PREFER", {"a": 5}, "holds 5, which is not text"),
        ("PREFER", {5: "a"}, "holds 5, which is not text"),
    ],
)
def test_value_of_the_wrong_type_is_refused(name: str, value: object, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_value(BY_NAME[name], value, "gluepy.toml")

    assert str(caught.value) == f"settings from gluepy.toml: {name} {problem}"


def test_flag_is_no_number() -> None:
    with pytest.raises(SettingsError, match=r"WORKERS is True, not a number$"):
        check_value(WORKERS, value=True, source="here")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORAGE_ROOT", Path("data")),
        ("HOOKS", ("one.hook",)),
        ("LOGGING", {"version": 1}),
        ("AIRFLOW_CONFIGMAPS", [{"name": "x"}]),
        ("AIRFLOW_POD_RESOURCES", object()),
    ],
)
def test_value_that_will_do(name: str, value: object) -> None:
    check_value(BY_NAME[name], value, "here")


def test_flag_setting_takes_flags() -> None:
    check_value(FANCY, value=True, source="here")
