"""How a task is carried out: retries, waits, time-outs, executor and tags, and who says so."""

from __future__ import annotations

import math
import numbers
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gluepy.exceptions import TaskOptionError
from gluepy.exec._globs import glob_matches
from gluepy.exec._label import where_is
from gluepy.exec.tasks import Task

__all__ = ["StepPolicy", "backoff_s", "policy_of", "tags_of"]


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """How the steps of one task are carried out.

    Attributes:
        retries: How often a step is tried again after its first failure.
        retry_delay_s: Longest wait after the first failure, in seconds; see `backoff_s`.
        timeout_s: Longest time of one attempt, in seconds; None for no limit.
        executor: Name of the executor; empty for that of the run.
        tags: Words to select the task by, sorted.
    """

    retries: int = 0
    retry_delay_s: float = 1.0
    timeout_s: float | None = None
    executor: str = ""
    tags: tuple[str, ...] = ()


_DEFAULT = StepPolicy()

_NO_TABLE: Mapping[str, Mapping[str, object]] = MappingProxyType({})


def policy_of(
    task: type[Task],
    table: Mapping[str, Mapping[str, object]] = _NO_TABLE,
    *,
    retries: int | None = None,
    retry_delay_s: float | None = None,
    timeout_s: float | None = None,
) -> StepPolicy:
    """Return how the steps of a task are carried out.

    From weakest to strongest: the attributes of the class, the table, the options.

    Args:
        task: The class.
        table: The setting ``TASK_OPTIONS``: for labels and globs of them what is other than the
            class says. Globs count in the order of the table, the later ones more; the label itself
            counts more than any glob.
        retries: What the option says; None where it was not given.
        retry_delay_s: As above.
        timeout_s: As above.

    Raises:
        TaskOptionError: If a value cannot be used, or the table has an option that there is not.
    """
    keys = _matching(task.label, table) if table else ()
    if not keys and retries is retry_delay_s is timeout_s is None and _says_nothing(task):
        return _DEFAULT
    values: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        values[name] = check(_Place(task, name), getattr(task, name))
    for key in keys:
        values |= _table_row(key, table[key])
    for name, value in (
        ("retries", retries),
        ("retry_delay_s", retry_delay_s),
        ("timeout_s", timeout_s),
    ):
        if value is not None:
            values[name] = _CHECKS[name](_Place(_OPTIONS[name], name), value)
    return StepPolicy(**values)


def tags_of(
    label: str, own: Iterable[str], table: Mapping[str, Mapping[str, object]]
) -> tuple[str, ...]:
    """Return the tags of a task of which only the label and the tags of its class are known.

    Raises:
        TaskOptionError: If the table cannot be used.
    """
    tags = tuple(own)
    for key in _matching(label, table):
        tags = _table_row(key, table[key]).get("tags", tags)
    return tags


def backoff_s(
    attempt: int, rng: random.Random, *, base_s: float = 1.0, cap_s: float = 60.0
) -> float:
    """Return a random wait before the next try, with "full jitter".

    Tasks that failed together then do not all come back together.

    Args:
        attempt: Tries so far; 1 after the first failure.
        rng: Source of randomness; give a seeded one in tests.
        base_s: Longest wait after the first failure, in seconds; it doubles with each try.
        cap_s: Longest wait of all, in seconds.

    Returns:
        Seconds to wait, from 0 to ``cap_s``.

    Raises:
        ValueError: If ``attempt`` is less than 1.

    Source:
        M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    if attempt < 1:
        raise ValueError(f"attempt is {attempt}, not 1 or more")
    # Beyond 64 doublings every wait is the longest, and a float would overflow.
    return rng.uniform(0, min(cap_s, base_s * 2.0 ** min(attempt - 1, 64)))


def _says_nothing(task: type[Task]) -> bool:
    """Return whether all is as in `Task` itself, as it nearly always is."""
    return all(getattr(task, name) is getattr(Task, name) for name in _CHECKS)


def _matching(label: str, table: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the keys of the table that are about a task, the weakest first."""
    keys = [key for key in table if key != label and glob_matches(key, label)]
    return [*keys, label] if label in table else keys


def _table_row(key: str, row: object) -> dict[str, Any]:
    where = f"TASK_OPTIONS[{key!r}]"
    if not isinstance(row, Mapping):
        raise TaskOptionError(where, f"is {type(row).__name__}, not a table of options")
    for name in row:
        if name not in _CHECKS:
            raise TaskOptionError(where, f"has the option {name!r}", known=list(_CHECKS), name=name)
    return {name: _CHECKS[name](_Place(where, name), value) for name, value in row.items()}


# -- checks of single values -----------------------------------------------------------------------


class _Place:
    """Where a value stands, worked out only for a message: it may read the source of the class."""

    __slots__ = ("name", "where")

    def __init__(self, where: str | type[Task], name: str) -> None:
        self.where = where
        self.name = name

    def error(self, value: object, wanted: str) -> TaskOptionError:
        where = self.where if isinstance(self.where, str) else where_is(self.where)
        what = f"{self.name} is" if where != _OPTIONS.get(self.name) else "is"
        return TaskOptionError(where, f"{what} {value!r}, not {wanted}")


_OPTIONS = {
    "retries": "--retries",
    "retry_delay_s": "--retry-delay",
    "timeout_s": "--timeout",
}


def _check_retries(place: _Place, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 0:
        raise place.error(value, "a whole number, 0 or more")
    return int(value)


def _check_delay(place: _Place, value: object) -> float:
    seconds = _as_seconds(value)
    if seconds is None or seconds < 0:
        raise place.error(value, "a number of seconds, 0 or more")
    return seconds


def _check_timeout(place: _Place, value: object) -> float | None:
    if value is None:
        return None
    seconds = _as_seconds(value)
    if seconds is None or seconds <= 0:
        raise place.error(value, "a number of seconds greater than 0")
    return seconds


def _as_seconds(value: object) -> float | None:
    """Return a finite number as such; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def _check_executor(place: _Place, value: object) -> str:
    if not isinstance(value, str):
        raise place.error(value, "the name of an executor")
    return value


def _check_tags(place: _Place, value: object) -> tuple[str, ...]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise place.error(value, "a list of words")
    tags = list(value)
    for tag in tags:
        if not isinstance(tag, str) or not tag.strip() or not tag.isprintable():
            raise place.error(value, "a list of words")
    return tuple(sorted(set(tags)))


_CHECKS: dict[str, Any] = {
    "retries": _check_retries,
    "retry_delay_s": _check_delay,
    "timeout_s": _check_timeout,
    "executor": _check_executor,
    "tags": _check_tags,
}
