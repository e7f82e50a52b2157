"""Merging of nested mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gluepy.exceptions import MergeTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

__all__ = ["merge"]

# Enough for any configuration that a person wrote, and far from Python's recursion limit.
_MAX_DEPTH = 200


def merge(
    a: MutableMapping[str, Any],
    b: Mapping[str, Any],
    path: Sequence[str] | None = None,
    allow_new_key: bool = True,  # noqa: FBT001, FBT002 - a positional argument in Gluepy 1.6
) -> MutableMapping[str, Any]:
    """Merge ``b`` into ``a``, in place; where both have a value, that of ``b`` wins.

    Mappings are merged key by key, at any depth; everything else, lists included, is replaced.

    Args:
        a: Is changed.
        b: Stays as it is, whatever is merged into ``a`` later.
        path: Keys that lead to ``a``, for messages.
        allow_new_key: Whether ``b`` may bring keys that ``a`` does not have.

    Returns:
        ``a``.

    Raises:
        MergeTypeError: If a key has values of different types; an int and a float may meet, and
            None with anything.
        KeyError: If ``b`` brings a new key and may not.
        ValueError: If the mappings are nested more than 200 deep.
    """
    keys = list(path or ())
    if len(keys) > _MAX_DEPTH:
        raise ValueError(f"mappings are nested more than {_MAX_DEPTH} deep")
    for key, new in b.items():
        dotted = ".".join(map(str, [*keys, key]))
        if key not in a and not allow_new_key:
            raise KeyError(f"new key {dotted!r} is not allowed")
        old = a.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            merge(old, new, [*keys, str(key)], allow_new_key)
        elif not _is_compatible(old, new):
            raise MergeTypeError(dotted, old, new)
        elif isinstance(new, dict):
            # A copy: a later merge into ``a`` must not change ``b``, nor what an alias shares.
            a[key] = merge({}, new, [*keys, str(key)])
        else:
            a[key] = new
    return a


def _is_compatible(old: object, new: object) -> bool:
    if old is None or new is None or type(old) is type(new):
        return True
    # bool is an int to Python, but nobody means 1 when they write true.
    numbers = {int, float}
    return type(old) in numbers and type(new) in numbers
