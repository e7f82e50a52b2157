"""What earlier imports have shown of contributions: read by what lists and completes.

Listing imports no plugin, and yet people want to see how many tasks a DAG has, and that it cannot
be imported. So commands that did import it leave a note in the user's cache folder. A note counts
as long as no file that it was made from has changed; losing all of them loses nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from gluepy.exceptions import GluepyError, TaskOptionError, UnknownLabelError
from gluepy.plugin.imports import key_of

if TYPE_CHECKING:
    from gluepy.exec.dags import DAG
    from gluepy.exec.registry import Registry
    from gluepy.exec.tasks import Task
    from gluepy.plugin.contributions import Contribution
    from gluepy.plugin.manager import Hooks

__all__ = [
    "Known",
    "KnownTask",
    "Notes",
    "from_json",
    "is_defined",
    "look_at",
    "tasks_in",
    "to_json",
    "what_is_known",
]

_SCHEMA = "gluepy.known/1"


class KnownTask(NamedTuple):
    """A task of a DAG.

    Attributes:
        label: Its own, without an owner.
        target: ``module:Class``.
        tags: What the class says.
        upstream: Labels of the tasks that it waits for.
    """

    label: str
    target: str
    tags: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()


class Known(NamedTuple):
    """What the import of a contribution has shown.

    Attributes:
        problem: Why it cannot be used; empty if it can.
        tasks: Of a DAG, those to evaluate included.
        tags: Of a task, as its class says.
        hooks: Of a hook plugin: those that it implements.
    """

    problem: str = ""
    tasks: tuple[KnownTask, ...] = ()
    tags: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()


def is_defined(one: Contribution) -> bool:
    """Return whether the class of a DAG or task is there, whoever has asked for its module."""
    registry = _registries().get(one.kind)
    try:
        return registry is not None and registry.get_entry(one.qualified_name).cls is not None
    except UnknownLabelError:
        return False


def look_at(one: Contribution, hooks: Hooks | None) -> Known:
    """Return what is to be known of a contribution, or a class of the project, that is imported."""
    if one.kind == "hook":
        return Known(hooks=hooks.hooks_of(one.name, one.source) if hooks else ())
    registry = _registries().get(one.kind)
    try:
        found = None if registry is None else registry[one.qualified_name]
        return what_is_known(one.kind, found)
    except GluepyError as error:
        return Known(error.message)


def _registries() -> Mapping[str, Registry[Any]]:
    from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY

    return {"dag": DAG_REGISTRY, "task": TASK_REGISTRY}


def what_is_known(kind: str, found: Any) -> Known:
    """Return what is worth knowing of a DAG or a task that has been imported.

    Raises:
        InvalidDAGError: If the tasks of a DAG make no graph.
    """
    if kind == "dag":
        return Known(tasks=tasks_in(found))
    return Known(tags=_tags(found)) if kind == "task" else Known()


def tasks_in(dag: type[DAG]) -> tuple[KnownTask, ...]:
    """Return the tasks of a DAG.

    Raises:
        InvalidDAGError: If they make no graph.
    """
    from gluepy.exec.plan import tasks_of

    tasks = tasks_of(dag)
    return tuple(
        KnownTask(
            one.label,
            f"{one.task.__module__}:{one.task.__qualname__}",
            _tags(one.task),
            tuple(tasks[place].label for place in one.upstream),
        )
        for one in tasks
    )


def _tags(task: type[Task]) -> tuple[str, ...]:
    """Return the tags of a class; what is wrong with its options is told when it is to run."""
    from gluepy.exec.policy import policy_of

    try:
        return policy_of(task).tags
    except TaskOptionError:
        return ()


class Notes:
    """What is known of the contributions in this environment, in one file.

    Whatever is wrong with the file, nothing is known then, and nothing else happens.

    Args:
        path: Of the file; empty where there is no place for one.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._entries)

    def recall(self, one: Contribution) -> Known | None:
        """Return what is known of a contribution; None if it was never imported, or has changed."""
        entry = self._entries.get(key_of(one)) if self._entries else None
        if entry is None:
            return None
        with contextlib.suppress(OSError, LookupError, TypeError, ValueError):
            if all(_time_of(path) == time for path, time in entry["stamps"]):
                return from_json(entry)
        return None

    def keep(self, found: Iterable[tuple[Contribution, Known]]) -> None:
        """Note what imports have shown; what is there already is not written again."""
        entries = dict(self._read())
        before = dict(entries)
        for one, known in found:
            with contextlib.suppress(OSError):
                stamps = [[path, _time_of(path)] for path in sorted({*_files(one, known)})]
                entries[key_of(one)] = {"stamps": stamps, **to_json(known)}
        if entries != before:
            self._write({"schema": _SCHEMA, "prefix": sys.prefix, "entries": entries})
        self.__dict__["_entries"] = entries

    @cached_property
    def _entries(self) -> Mapping[str, Any]:
        return self._read()

    def _read(self) -> Mapping[str, Any]:
        if not self._path or not os.path.isfile(self._path):
            return {}
        import json

        try:
            with open(self._path, encoding="utf-8") as file:
                document = json.load(file)
            if (document["schema"], document["prefix"]) == (_SCHEMA, sys.prefix):
                entries: dict[str, Any] = dict(document["entries"])
                return entries
        except (OSError, LookupError, TypeError, ValueError, RecursionError):
            pass
        return {}

    def _write(self, document: Mapping[str, Any]) -> None:
        """Put a new file in the place of the old one; readers see the one or the other."""
        if not self._path:
            return
        import json

        folder, beside = os.path.dirname(self._path), f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with open(beside, "w", encoding="utf-8") as file:
                json.dump(document, file)
            os.replace(beside, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(beside)


def to_json(known: Known) -> dict[str, Any]:
    """Return what is known as JSON gives it back."""
    return {
        "problem": known.problem,
        "tasks": [
            [label, target, list(tags), list(upstream)]
            for label, target, tags, upstream in known.tasks
        ],
        "tags": list(known.tags),
        "hooks": list(known.hooks),
    }


def from_json(found: Mapping[str, Any]) -> Known:
    """Return what JSON says that is known.

    Raises:
        LookupError, TypeError, ValueError: If it does not.
    """
    return Known(
        found["problem"],
        tuple(
            KnownTask(label, target, tuple(tags), tuple(upstream))
            for label, target, tags, upstream in found["tasks"]
        ),
        tuple(found["tags"]),
        tuple(found["hooks"]),
    )


def _files(one: Contribution, known: Known) -> Iterator[str]:
    """Iterate over the files that a change of would make a note worthless."""
    yield one.file
    modules = {
        one.value.partition(":")[0],
        *(task.target.partition(":")[0] for task in known.tasks),
    }
    for module in modules:
        file = getattr(sys.modules.get(module), "__file__", None) or _find_source(module)
        if file:
            yield file
    if known.problem:
        # What was missing may be installed any moment, and then lies beside it.
        yield os.path.dirname(os.path.dirname(one.file))


def _find_source(module: str) -> str:
    """Return the file of a module that must not be imported; empty if it is not there."""
    from importlib.util import find_spec

    top, *rest = module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return ""
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not rest:
        return (spec.origin or "") if spec and spec.has_location else ""
    candidates = [
        os.path.join(place, *rest) + ending
        for place in places
        for ending in (".py", f"{os.sep}__init__.py")
    ]
    return next(filter(os.path.isfile, candidates), "")


def _time_of(path: str) -> int:
    return os.stat(path).st_mtime_ns
