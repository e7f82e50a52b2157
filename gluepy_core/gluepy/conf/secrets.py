"""What is secret, by the name of its key, and how it is masked.

Over-masking costs a reader a look into the project; a leak cannot be taken back. So in doubt a
value is masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

__all__ = ["ENV_REFERENCE", "is_secret", "mask", "mask_arguments"]

#: ``${env:NAME}``: says where a value is, not what it is, and so is never masked.
ENV_REFERENCE = re.compile(r"\$\{env:([^{}]*)\}")

_SECRET_WORDS = frozenset(
    {
        *("password", "passwords", "passwd", "pwd", "passphrase", "passcode"),
        *(
            "secret",
            "secrets",
            "token",
            "tokens",
            "credential",
            "credentials",
            "authorization",
            "bearer",
        ),
        *("apikey", "apikeys", "accesskey", "secretkey", "privatekey", "accountkey"),
    }
)

# A key is a secret only in this company: primary and foreign keys, sort keys are none.
_KEY_OWNERS = frozenset(
    {
        *("api", "access", "private", "secret", "signing", "signature", "encryption", "shared"),
        *("account", "service", "license", "master", "session", "auth", "ssh", "hmac", "rsa"),
    }
)

# Words that turn the name of a secret into that of a number or a place.
_HARMLESS_WORDS = frozenset(
    {
        *("n", "num", "number", "count", "total", "max", "min", "limit", "budget", "per"),
        *("size", "length", "len", "ttl", "file", "path"),
    }
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_secret(key: str) -> bool:
    """Return whether a value under this key is not to be shown.

    The words of the key decide: ``db_password``, ``apiKey`` and ``AWS_SECRET_ACCESS_KEY`` are
    secrets; ``max_tokens``, ``tokenizer``, ``primary_key`` and ``token_file`` are none.
    """
    words = [word.lower() for word in _WORD.findall(key)]
    if not _HARMLESS_WORDS.isdisjoint(words):
        return False
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    return any(owner in _KEY_OWNERS and noun in {"key", "keys"} for owner, noun in pairwise(words))


def mask(value: object, key: str = "", *, placeholder: str = "***") -> object:
    """Return ``value`` with all that is secret in it replaced.

    Under a secret key, every text, number and date is replaced, however deeply nested; flags and
    None are not. Elsewhere it is the passwords in URLs and in ``password=...`` within text.

    Args:
        value: Mappings, lists and tuples are copied; they come back as dicts and lists.
        key: The name of what ``value`` is, if it has one.
        placeholder: What stands in place of a secret.
    """
    return _mask(value, placeholder, secret=is_secret(key))


def _mask(value: object, placeholder: str, *, secret: bool) -> object:
    if isinstance(value, Mapping):
        # dict.items, because sections of the context resolve their references in their own items.
        items = dict.items(value) if isinstance(value, dict) else value.items()
        return {
            key: _mask(item, placeholder, secret=secret or is_secret(str(key)))
            for key, item in items
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(item, placeholder, secret=secret) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if secret:
        is_reference = isinstance(value, str) and ENV_REFERENCE.fullmatch(value)
        return value if is_reference else placeholder
    return _mask_text(value, placeholder) if isinstance(value, str) else value


def mask_arguments(arguments: Sequence[str]) -> list[str]:
    """Return words of a command line with the secrets masked.

    Also in ``--set db.password=x``, and in the word after an option such as ``--token``.
    """
    return [
        "***" if _is_secret_option(before) and not word.startswith("-") else _mask_text(word, "***")
        for before, word in pairwise(["", *arguments])
    ]


def _is_secret_option(word: str) -> bool:
    return word.startswith("-") and "=" not in word and is_secret(word)


# Greedy on purpose: a password may hold any character that its owner forgot to escape.
_URL = re.compile(r"(://[^\s:/@]*:)(\S+)(?=@)")

# The look-behind keeps the search linear in long words.
_KEY = re.compile(r"""(?<![\w.-])([\w.-]+)["']?\s*[=:]\s*(?:(?:bearer|basic)\s+)?""", re.IGNORECASE)

_VALUE = re.compile(r"""\$\{[^{}]*\}|"[^"]*"|'[^']*'|[^\s&;,{}"']+""")


def _mask_text(text: str, placeholder: str) -> str:
    return _mask_assignments(_mask_urls(text, placeholder), placeholder)


def _mask_urls(text: str, placeholder: str) -> str:
    def replace(match: re.Match[str]) -> str:
        start, password = match.groups()
        return start + (password if ENV_REFERENCE.fullmatch(password) else placeholder)

    return _URL.sub(replace, text)


def _mask_assignments(text: str, placeholder: str) -> str:
    done, pieces = 0, []
    for key in _KEY.finditer(text):
        value = _VALUE.match(text, key.end()) if key.start() >= done else None
        if value and is_secret(key[1]) and not ENV_REFERENCE.fullmatch(value[0]):
            pieces += [text[done : value.start()], placeholder]
            done = value.end()
    return "".join([*pieces, text[done:]])
