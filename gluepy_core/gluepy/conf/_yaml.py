"""Reading and writing YAML: safe and bounded, with every problem at its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from gluepy.exceptions import ContextError

__all__ = ["dump_yaml", "ends_in_comment", "load_yaml"]

# Far above any file that a person wrote, far below what makes a machine suffer.
_MAX_SIZE = 8 * 1024 * 1024
_MAX_DEPTH = 100
_MAX_NODES = 500_000

_MERGE, _VALUE, _TEXT = (f"tag:yaml.org,2002:{name}" for name in ("merge", "value", "str"))

# libyaml's parser is ten times faster; PyYAML can be built without it.
_CLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CDumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_CLoader):  # type: ignore[misc, valid-type]  # chosen above
    """Safe: makes plain values only, and refuses every tag of Python's."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put the pairs that ``<<`` merges before those of the mapping itself, which override them.

        Of several mappings the first that has a key counts. PyYAML 6.0.4 gets that wrong: it drops
        the later of two keys when Python happens to keep their texts as one object.

        Source: https://yaml.org/type/merge.html
        """
        merged: dict[object, tuple[yaml.Node, yaml.Node]] = {}
        own = []
        for key, value in node.value:
            if key.tag == _VALUE:
                key.tag = _TEXT  # a plain "=", which means nothing special here
            if key.tag != _MERGE:
                own.append((key, value))
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    problem = f"expected a mapping for merging, but found {source.id}"
                    raise yaml.constructor.ConstructorError(None, None, problem, source.start_mark)
                self.flatten_mapping(source)
                pairs = {_identity(pair[0]): pair for pair in source.value}
                merged = pairs | merged
        node.value = [*merged.values(), *own]


class _Dumper(_CDumper):  # type: ignore[misc, valid-type]  # chosen above
    """Writes plain values only, and repeats what occurs twice rather than refer to it."""

    def ignore_aliases(self, data: object) -> bool:
        return True


# YAML 1.1 takes 1e-3 for text, because it has no point; no author of parameters does.
for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+][0-9]+$"), list("-+0123456789")
    )


def load_yaml(text: str | bytes, *, where: str) -> object:
    """Return what a YAML document says, in plain values.

    Args:
        text: One document; bytes are UTF-8.
        where: Name of the file or option, for messages.

    Raises:
        ContextError: If it is no valid YAML, has a key twice or a tag that is not plain data, or is
            too big: in bytes, in depth, or in nodes once its aliases are followed.
    """
    decoded = _decode(text, where)
    loader = None
    try:
        _check_bounds(yaml.parse(decoded, Loader=_Loader), where)
        loader = _Loader(decoded)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_duplicates(node, where)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _invalid(error, where) from error
    except (ValueError, OverflowError) as error:  # 2026-02-30 looks like a date and is none
        raise ContextError(where, f"holds a value that does not exist: {error}") from error
    finally:
        if loader is not None:
            loader.dispose()


def dump_yaml(data: object) -> str:
    """Return plain values as YAML, keys in their order.

    Raises:
        TypeError: If something in it is no plain value.
    """
    try:
        return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
    except yaml.YAMLError as error:
        raise TypeError(f"YAML cannot hold {error.args[-1]!r}") from error


def ends_in_comment(text: str) -> bool:
    """Return whether YAML takes the end of a text, which it can read, for a comment."""
    end = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent) and event.end_mark:
            end = event.end_mark.index
    return end < len(text.rstrip())


def _decode(text: str | bytes, where: str) -> str:
    if len(text) > _MAX_SIZE:
        raise ContextError(where, f"has more than {_MAX_SIZE // 1024 // 1024} MiB")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContextError(where, f"is not UTF-8 (byte {error.start})") from error


def _check_bounds(events: Iterable[yaml.Event], where: str) -> None:
    """Refuse a document that is too deep, or grows too big when its aliases are followed.

    Works on the stream of events, before anything is built: building recurses.
    """
    meter = _Meter()
    for event in events:
        problem = meter.problem_with(event)
        if problem:
            raise ContextError(_at(where, event.start_mark), problem)


class _Meter:
    """Measures a document by its events: how deep it is, and how big with aliases followed."""

    def __init__(self) -> None:
        self._nodes = 0
        self._open: list[tuple[str | None, int]] = []  # anchor, and the nodes before it
        self._sizes: dict[str | None, int] = {}  # by anchor

    def problem_with(self, event: yaml.Event) -> str:
        """Take the next event in, and say what is wrong with it; nothing, mostly."""
        match event:
            case yaml.AliasEvent() if any(event.anchor == anchor for anchor, _ in self._open):
                return "contains itself"
            case yaml.AliasEvent():
                # An anchor that does not exist is refused when the document is built.
                self._nodes += self._sizes.get(event.anchor, 0)
            case yaml.ScalarEvent():
                self._nodes += 1
                self._sizes[event.anchor] = 1
            case yaml.CollectionStartEvent():
                self._open.append((event.anchor, self._nodes))
                self._nodes += 1
            case yaml.CollectionEndEvent():
                anchor, before = self._open.pop()
                self._sizes[anchor] = self._nodes - before
        if len(self._open) > _MAX_DEPTH:
            return f"is nested more than {_MAX_DEPTH} deep"
        if self._nodes > _MAX_NODES:
            return f"has more than {_MAX_NODES} values"
        return ""


def _refuse_duplicates(root: yaml.Node, where: str) -> None:
    """Refuse a key that stands in one mapping twice: YAML would let the last one win, silently."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            _refuse_duplicate_keys(node, where)
            pending.extend(child for pair in node.value for child in pair)


def _refuse_duplicate_keys(node: yaml.MappingNode, where: str) -> None:
    keys: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if (key.tag, key.value) in keys:
            raise ContextError(_at(where, key.start_mark), f"the key {key.value!r} is there twice")
        keys.add((key.tag, key.value))


def _identity(key: yaml.Node) -> object:
    return (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)


def _invalid(error: yaml.YAMLError, where: str) -> ContextError:
    if not isinstance(error, yaml.MarkedYAMLError):
        return ContextError(where, f"is no text that YAML allows: {_one_line(error)}")
    mark = error.problem_mark or error.context_mark
    if "maximum nesting depth" in (error.problem or ""):
        # libyaml has a limit of its own, and reads ahead of what it tells.
        return ContextError(_at(where, mark), f"is nested more than {_MAX_DEPTH} deep")
    return ContextError(_at(where, mark), f"is not valid YAML: {error.problem or error.context}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _at(where: str, mark: Any) -> str:
    """Return ``file:line:column``; PyYAML's two parsers have marks of different types."""
    return f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
