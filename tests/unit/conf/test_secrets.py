from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.conf.context import Context
from gluepy.conf.secrets import is_secret, mask, mask_arguments


@pytest.mark.parametrize(
    "key",
    [
        *("password", "db_password", "DB-PASSWORD", "dbPassword", "passwd", "pwd", "passphrase"),
        *("secret", "client_secret", "token", "auth.token", "tokens", "credentials", "apikey"),
        *(
            "auth.bearer",
            "api_key",
            "apiKey",
            "API_KEY",
            "APIKey",
            "x-api-key",
            "access_key",
            "private_key",
        ),
        *("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "signing_key", "Authorization"),
        *("password2", "s3_secret_key"),
    ],
)
def test_secret_by_its_key(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        *("max_tokens", "n_tokens", "num_tokens", "token_count", "tokenizer", "tokenize"),
        *("primary_key", "sort_key", "key", "keys", "keyboard", "monkey", "api", "secretary"),
        *("token_file", "private_key_path", "compass", "", "1", "author"),
    ],
)
def test_no_secret_by_its_key(key: str) -> None:
    assert not is_secret(key)


def test_secrets_are_masked_at_any_depth() -> None:
    value = {
        "db": {"user": "amy", "password": "hush", "hosts": [{"token": "hush"}, "a"]},
        "credentials": {"id": "hush", "pins": [1, 2]},
    }

    assert mask(value) == {
        "db": {"user": "amy", "password": "***", "hosts": [{"token": "***"}, "a"]},
        "credentials": {"id": "***", "pins": ["***", "***"]},
    }


def test_secret_key_masks_a_single_value() -> None:
    assert mask("hush", "password") == "***"
    assert mask(5, "password") == "***"
    assert mask(b"hush", "password") == "***"


@pytest.mark.parametrize("value", [None, True, False])
def test_flags_and_none_are_no_secrets(value: object) -> None:
    assert mask(value, "use_password") is value


def test_what_is_no_secret_stays_as_it_is() -> None:
    value = {"n": 1, "f": 0.5, "t": "text", "l": [1, {"x": None}]}

    assert mask(value) == value


def test_reference_is_no_secret() -> None:
    assert mask("${env:PASSWORD}", "password") == "${env:PASSWORD}"
    assert mask("salt${env:PASSWORD}", "password") == "***"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://amy:hush@host/db", "postgres://amy:***@host/db"),
        ("redis://:hush@host:6379/0", "redis://:***@host:6379/0"),
        ("postgres://amy:hu@sh@host/db", "postgres://amy:***@host/db"),
        ("postgres://amy:hu/sh@host/db", "postgres://amy:***@host/db"),
        ("postgres://amy:${env:PW}@host/db", "postgres://amy:${env:PW}@host/db"),
        ("https://host:8080/path", "https://host:8080/path"),
        ("https://host/?token=hush&n=1", "https://host/?token=***&n=1"),
        ("host=db password=hush user=amy", "host=db password=*** user=amy"),
        ("AccountName=a;AccountKey=hush==;X=1", "AccountName=a;AccountKey=***;X=1"),
        ('password = "hush hush"', "password = ***"),
        ("password='hush hush'", "password=***"),
        ('password="hush token=hush hush" n=1', "password=*** n=1"),
        ("password=token=hush", "password=***"),
        ("password=", "password="),
        ('{"password": "hush"}', '{"password": ***}'),
        ("Authorization: Bearer hush", "Authorization: Bearer ***"),
        ("password=${env:PW}", "password=${env:PW}"),
        ("max_tokens=5", "max_tokens=5"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_within_text_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_masking_twice_changes_nothing() -> None:
    once = mask({"url": "redis://:hush@h", "args": "--password=hush"})

    assert mask(once) == once


def test_placeholder_can_be_chosen() -> None:
    masked = mask({"token": "hush", "url": "redis://:hush@h"}, placeholder="${masked}")

    assert masked == {"token": "${masked}", "url": "redis://:${masked}@h"}


def test_sets_and_tuples_come_back_as_lists() -> None:
    assert mask({"a": (1, 2), "b": {3}, "tokens": frozenset({"hush"})}) == {
        "a": [1, 2],
        "b": [3],
        "tokens": ["***"],
    }


def test_section_of_the_context_is_masked_without_resolving_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WHERE", "hush")
    section = Context({"db": {"host": "${env:WHERE}"}}).db

    assert mask(section) == {"host": "${env:WHERE}"}


def test_arguments_of_a_command_are_masked() -> None:
    assert mask_arguments(["training", "--set", "db.password=hush", "--set=db.token=hush"]) == [
        "training",
        "--set",
        "db.password=***",
        "--set=db.token=***",
    ]


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        (["--token", "hush", "a"], ["--token", "***", "a"]),
        (["-v", "--api-key", "hush"], ["-v", "--api-key", "***"]),
        (["--password", "--force"], ["--password", "--force"]),
        (["token", "a"], ["token", "a"]),
        (["--max-tokens", "5"], ["--max-tokens", "5"]),
        (["--token=hush", "a"], ["--token=***", "a"]),
    ],
)
def test_word_after_an_option_with_the_name_of_a_secret_is_masked(
    arguments: list[str], masked: list[str]
) -> None:
    assert mask_arguments(arguments) == masked


def test_long_text_is_searched_in_no_time() -> None:
    text = "x" * 1_000_000

    assert mask(text) == text


@given(st.text(alphabet="abcXYZ0189!$%()*+.-_~@/:?", min_size=3))
def test_password_in_a_url_never_shows(password: str) -> None:
    masked = mask(f"postgres://amy:QQ{password}QQ@host/db")

    assert masked == "postgres://amy:***@host/db"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_leaf_under_a_secret_key_shows(value: object) -> None:
    assert leaves(mask({"password": value})) <= {"***", None, True, False}


def leaves(value: object) -> set[object]:
    match value:
        case dict():
            return {leaf for item in value.values() for leaf in leaves(item)}
        case list():
            return {leaf for item in value for leaf in leaves(item)}
    return {value}
