"""Partitions: a task that runs once for each of several names, and the labels of these steps."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from gluepy.exceptions import InvalidPartitionsError
from gluepy.exec.tasks import Task

__all__ = ["WHOLE", "check_partitions", "declared_partitions", "split_label", "step_label"]

#: What stands for the partitions of a task that has none: one step, which has the task's label.
WHOLE = ("",)

_MAX_LENGTH = 200


def step_label(task: str, partition: str) -> str:
    """Return ``train[AA]``, or ``train`` for no partition."""
    return f"{task}[{partition}]" if partition else task


def split_label(label: str) -> tuple[str, str]:
    """Return ``("train", "AA")`` for ``train[AA]``, and ``("train", "")`` for ``train``.

    Neither labels of tasks nor names of partitions have brackets, so this undoes `step_label`.
    """
    task, bracket, rest = label.partition("[")
    if bracket and len(rest) > 1 and rest.endswith("]"):
        return task, rest[:-1]
    return label, ""


def declared_partitions(task: type[Task]) -> tuple[str, ...] | None:
    """Return the partitions that a class lists; `WHOLE` for one without.

    Returns:
        None if they are known only when the task becomes ready, because a method makes them.

    Raises:
        InvalidPartitionsError: If they cannot be used.
    """
    partitions = task.partitions
    if partitions is None:
        return WHOLE
    if callable(partitions) or isinstance(partitions, (property, classmethod, staticmethod)):
        return None
    if not isinstance(partitions, Sequence):
        raise _no_list(task.label, partitions)
    return check_partitions(task.label, partitions)


def check_partitions(label: str, values: object) -> tuple[str, ...]:
    """Return names of partitions as texts, if they can be used.

    Args:
        label: Of the task, for messages.
        values: As the user made them: any collection that has an order, of texts and whole numbers,
            those of NumPy included.

    Raises:
        InvalidPartitionsError: If they cannot be used.
    """
    if isinstance(values, (str, bytes, Mapping, AbstractSet)) or not isinstance(values, Iterable):
        raise _no_list(label, values)
    names = tuple(_as_text(label, value) for value in values)
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise InvalidPartitionsError(label, f"has the partition {twice!r} twice")
    return names


def _as_text(label: str, value: object) -> str:
    name = str(value) if isinstance(value, str) else _number(value)
    if name is None:
        reason = f"is {type(value).__name__}, not text or a whole number"
    elif not name.strip():
        reason = "is empty"
    elif len(name) > _MAX_LENGTH:
        value, reason = f"{name[:20]}...", f"has more than {_MAX_LENGTH} characters"
    elif not name.isprintable():
        reason = "has a control character"
    elif "[" in name or "]" in name:
        reason = "has a bracket, which marks partitions in labels"
    else:
        return name
    raise InvalidPartitionsError(label, f"has the partition {value!r}, which {reason}")


def _number(value: Any) -> str | None:
    """Return a whole number, also one of NumPy, as text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return str(operator.index(value))
    except TypeError:
        return None


def _no_list(label: str, value: object) -> InvalidPartitionsError:
    kind = type(value).__name__
    unordered = ", which has no order" if isinstance(value, AbstractSet) else ""
    return InvalidPartitionsError(label, f"has partitions of type {kind}, not a list{unordered}")
