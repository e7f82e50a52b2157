"""Sections of the context: frozen mappings that resolve references when values are read."""

from __future__ import annotations

import os
from collections.abc import Generator, ItemsView, Mapping, ValuesView
from contextvars import ContextVar
from typing import Any

from box import Box
from box.exceptions import BoxKeyError

from gluepy.conf.secrets import ENV_REFERENCE, is_secret, mask
from gluepy.exceptions import ContextError, UnknownParameterError

__all__ = ["MASKED", "Section", "make_section", "note_reads", "plain", "resolve_all"]

#: Stands in a stored context in place of a secret.
MASKED = "${masked}"

# What is below it tells of the run, and is no parameter.
_OURS = "gluepy."

_reads: ContextVar[set[str] | None] = ContextVar("gluepy_reads", default=None)


def note_reads() -> set[str]:
    """Return a set that gets the dotted names of the parameters that are read from now on.

    It does so for what runs in the present copy of the context variables.
    """
    reads = set[str]()
    _reads.set(reads)
    return reads


class Section(Box):
    """A frozen mapping within the context, by attribute or by item.

    A Box, as projects written for Gluepy 1.6 expect, and so a dict.
    """

    def __getitem__(self, key: Any, *args: Any, **kwargs: Any) -> Any:
        if not dict.__contains__(self, key):
            raise UnknownParameterError(self._dotted(key), key, map(str, self))
        value, dotted = dict.__getitem__(self, key), self._dotted(key)
        reads = _reads.get()
        if reads is not None and not isinstance(value, Section) and not dotted.startswith(_OURS):
            reads.add(dotted)
        return _resolve(value, dotted)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and not dict.__contains__(self, name):
            raise AttributeError(name)  # libraries look for many such names
        try:
            # A Box knows 'learning-rate' as learning_rate, too.
            return super().__getattr__(name)  # type: ignore[no-untyped-call]  # box's own
        except BoxKeyError:
            raise UnknownParameterError(self._dotted(name), name, map(str, self)) from None

    # dict's own of these would hand out what is stored, unresolved. Once __iter__ is not dict's
    # either, dict(section) and f(**section) come through here, too.

    def __iter__(self) -> Generator[Any, None, None]:  # noqa: PYI058 - as box has it
        yield from super().__iter__()

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if dict.__contains__(self, key) else default

    def values(self) -> Any:
        return ValuesView(self)

    def items(self, dotted: bool = False) -> Any:  # noqa: FBT001, FBT002 - box's signature
        return ItemsView(self)

    def to_dict(self) -> dict[str, Any]:
        return {key: plain(value) for key, value in dict.items(self)}

    def __copy__(self) -> Section:
        return self

    def __deepcopy__(self, memodict: object = None) -> Section:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (make_section, (self.to_dict(), self._box_config["box_namespace"]))

    def __str__(self) -> str:
        # What stands below a secret key is secret, however far below.
        path = map(str, self._box_config["box_namespace"])
        return str(mask(self.to_dict(), next(filter(is_secret, path), "")))

    def __repr__(self) -> str:
        return f"Section({self})"

    def _dotted(self, key: object) -> str:
        return ".".join(map(str, (*self._box_config["box_namespace"], key)))


def make_section(data: Mapping[str, Any], namespace: tuple[Any, ...] = ()) -> Section:
    """Return a section with a copy of ``data``.

    Args:
        data: Nested, with plain values.
        namespace: The keys that lead to it.
    """
    return Section(plain(data), frozen_box=True, box_class=Section, box_namespace=namespace)


def plain(value: Any) -> Any:
    """Return a copy of ``value`` in plain dicts and lists, with nothing resolved."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in dict.items(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def resolve_all(value: Any) -> None:
    """Read every value in a section, so that one that cannot be resolved raises its error."""
    if isinstance(value, Section):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for item in value:
            resolve_all(item)


def _resolve(value: Any, dotted: str) -> Any:
    """Return a stored value as the user wants it; sections resolve their own values later."""
    if isinstance(value, tuple):
        return tuple(_resolve(item, dotted) for item in value)
    if not isinstance(value, str) or "${" not in value:
        return value
    if MASKED in value:
        raise ContextError(
            f"the parameter {dotted!r}",
            "its value is a secret, which is not stored with the run",
            hint=f"Give it again: --set {dotted}=VALUE, or in a file of CONFIG_PATH.",
        )
    return ENV_REFERENCE.sub(lambda match: _variable(match[1], dotted), value)


def _variable(name: str, dotted: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ContextError(
            f"the parameter {dotted!r}",
            f"the environment variable {name!r} is not set",
            hint=f"Set it: export {name}=VALUE.",
        ) from None
