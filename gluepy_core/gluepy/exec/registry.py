"""The registries of DAGs and tasks: labels, where each class came from, and which one is meant.

A registry is a dict from label to class that can also hold classes which are not imported yet.
Listing it imports nothing; looking a label up imports that one class.

Every class has one or more owners: the distribution that declares it as an entry point, or
``project``. ``owner:label`` names one class without doubt; the short label does too, unless several
owners offer it and `Registry.prefer` does not choose.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from gluepy.exceptions import (
    AmbiguousLabelError,
    BlockedLabelError,
    DuplicateLabelError,
    PluginError,
    UnknownLabelError,
)
from gluepy.exec._label import check_label, label_of, where_is
from gluepy.utils.names import PROJECT, normalise

__all__ = ["Registration", "Registry", "Source"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """Where a class came from.

    Attributes:
        kind: Whether a distribution offers it or the project's own code defines it.
        name: Of the distribution (normalised as PEP 503 says), or the module.
        version: Of the distribution; empty for the project.
        entry_point: As declared, ``training = acme.dags:TrainingDAG``; empty where a module of a
            distribution defines the class without declaring it, and for the project.
    """

    kind: Literal["distribution", "project"]
    name: str
    version: str = ""
    entry_point: str = ""

    @property
    def owner(self) -> str:
        """What stands before the colon of a qualified label."""
        return self.name if self.kind == "distribution" else PROJECT

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else f"project ({self.name})"


@dataclass(frozen=True)
class Registration:
    """One class of a registry, imported or not.

    Attributes:
        label: The short label.
        target: ``module:Class``.
        sources: All that offer this class; the first is the one that came first.
        load: Imports the class.
        cls: The class; None until it is imported.
    """

    label: str
    target: str
    sources: tuple[Source, ...]
    load: Callable[[], Any]
    cls: type[Any] | None = None

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners of its sources, each once."""
        return tuple(dict.fromkeys(source.owner for source in self.sources))

    @property
    def is_public(self) -> bool:
        """Whether the short label may name it.

        A class that a distribution defines but does not declare has only its qualified label.
        """
        return any(source.kind == "project" or source.entry_point for source in self.sources)


class Registry(MutableMapping[str, type[T]]):
    """A dict from label to class, with the sources of each class.

    Args:
        kind: ``DAG`` or ``task``, for messages.

    Attributes:
        prefer: Chooses an owner for short labels that several offer (the setting ``PREFER``).
        sources_of: Tells which sources a class has that is being defined. The composition root sets
            it to what discovery and ``INSTALLED_MODULES`` say; by itself all is the project's.
        is_strict: Whether two classes of one owner cannot have one label; else the later one takes
            it. A process that only carries steps out may do so for one project after the other,
            and looks nothing up by its label.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.prefer: Mapping[str, str] = {}
        self.sources_of: Callable[[type], tuple[Source, ...]] = _project_source
        self.is_strict = True
        # By label, then by owner. A class with two owners stands under both. The inner dicts are
        # replaced and never changed, so that a copy of the outer one is enough to undo.
        self._entries: dict[str, dict[str, Registration]] = {}
        self._blocked: list[tuple[str, Source, str]] = []
        # Every label that a class has ever had, by target: only there can an old one be found.
        self._labels: dict[str, set[str]] = {}

    # -- a dict --------------------------------------------------------------------------------

    def __getitem__(self, label: str) -> type[T]:
        """Import, if need be, and return the class with a short or qualified label.

        Raises:
            UnknownLabelError: If no class has it.
            AmbiguousLabelError: If several owners offer it and none is preferred.
            PluginError: If the class cannot be imported, or is labelled otherwise.
        """
        return self._loaded(self.get_entry(label))

    def __setitem__(self, label: str, cls: type[T]) -> None:
        """Register a class under a label, as defining it does."""
        self._add(check_label(label, cls), cls, self.sources_of(cls))

    def __delitem__(self, label: str) -> None:
        self._drop(self.get_entry(label))

    def __contains__(self, label: object) -> bool:
        if not isinstance(label, str):
            return False
        try:
            self.get_entry(label)
        except UnknownLabelError:
            return False
        except AmbiguousLabelError:
            return True
        return True

    def __iter__(self) -> Iterator[str]:
        """Iterate over labels: the short one where it is enough, else the qualified one."""
        return iter([self.name_of(entry) for entry in self.registrations()])

    def __len__(self) -> int:
        return len(self.registrations())

    def items(self) -> list[tuple[str, type[T]]]:  # type: ignore[override]  # no view: it imports
        """Import all classes and return them with their labels.

        A class that cannot be imported is left out, and a warning logged: one broken distribution
        must not take the others away.
        """
        found = []
        for entry in self.registrations():
            try:
                found.append((self.name_of(entry), self._loaded(entry)))
            except PluginError as error:
                logger.warning("left out of the registry: %s", error)
        return found

    def values(self) -> list[type[T]]:  # type: ignore[override]  # see items()
        """Import all classes and return them, but for those that cannot be imported."""
        return [cls for _, cls in self.items()]

    # -- looking without importing -------------------------------------------------------------

    def registrations(self) -> list[Registration]:
        """Return all classes, imported or not, each once, in the order of their registration."""
        return _each_once(entry for owners in self._entries.values() for entry in owners.values())

    def get_entry(self, label: str) -> Registration:
        """Return what a short or qualified label names, and import nothing.

        Raises:
            UnknownLabelError: If no class has it; a `BlockedLabelError` if that may not be used.
            AmbiguousLabelError: If several owners offer it and none is preferred.
        """
        owner, colon, short = label.rpartition(":")
        if colon:
            entry = self._entries.get(short, {}).get(normalise(owner))
            if entry is None:
                raise self._unknown(label, self._qualified_names())
            return entry
        offers = self._offers(label)
        if not offers:
            names = [name for name in self._entries if self._offers(name)]
            raise self._unknown(label, names or self._qualified_names())
        if len(offers) == 1:
            return offers[0]
        choice = self.prefer.get(label, "")
        preferred = self._entries[label].get(normalise(choice))
        if preferred is None:
            owners = [entry.owners[0] for entry in offers]
            raise AmbiguousLabelError(self.kind, label, owners, preferred=choice)
        return preferred

    def name_of(self, entry: Registration) -> str:
        """Return the shortest label that names ``entry`` without doubt."""
        try:
            if self.get_entry(entry.label) is entry:
                return entry.label
        except (UnknownLabelError, AmbiguousLabelError):
            pass
        return f"{entry.owners[0]}:{entry.label}"

    def find_entry(self, cls: type) -> Registration | None:
        """Return the registration of an imported class, or None."""
        return next((entry for entry in self.registrations() if entry.cls is cls), None)

    # -- filling -------------------------------------------------------------------------------

    def declare(self, label: str, source: Source, target: str, load: Callable[[], type[T]]) -> None:
        """Add a class that an entry point names, without importing it.

        Args:
            label: The name of the entry point.
            source: The distribution that declares it.
            target: The value of the entry point, ``module:Class``.
            load: Imports the class; it may raise `PluginError`.
        """
        for entry in self._offers(label):
            if entry.target == target:
                self._put(replace(entry, sources=_joined(entry.sources, (source,)), load=load))
                return
        self._put(Registration(label, target, (source,), load))

    def block(self, label: str, source: Source, by: str) -> None:
        """Note a class that is installed and may not be used, to say so when it is asked for.

        Args:
            label: The name of the entry point.
            source: The distribution that declares it.
            by: What forbids its use.
        """
        self._blocked.append((label, source, by))

    def withdraw(self) -> None:
        """Take back all that was declared and never imported, and what was blocked."""
        self._blocked.clear()
        for entry in self.registrations():
            if entry.cls is None:
                self._drop(entry)

    def register(self, cls: type[T]) -> None:
        """Add a class that has just been defined.

        Raises:
            InvalidLabelError: If its label cannot be used.
            DuplicateLabelError: If another class of the same owner has its label.
        """
        self._add(label_of(cls), cls, self.sources_of(cls))

    @contextlib.contextmanager
    def isolated(self) -> Iterator[None]:
        """Undo, at the end of the block, all that was registered in it."""
        entries, prefer, sources_of = self._entries.copy(), self.prefer, self.sources_of
        is_strict = self.is_strict
        try:
            yield
        finally:
            self._entries, self.prefer, self.sources_of = entries, prefer, sources_of
            self.is_strict = is_strict

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Undo what was registered in the block if it raises: half a module is of no use."""
        entries = self._entries.copy()
        try:
            yield
        except BaseException:
            self._entries = entries
            raise

    def _add(self, label: str, cls: type[T], sources: tuple[Source, ...]) -> None:
        known: tuple[Source, ...] = ()
        for owner in dict.fromkeys(source.owner for source in sources):
            entry = self._entries.get(label, {}).get(owner)
            if entry is None:
                continue
            if self.is_strict and entry.cls is not None and not _is_same(entry.cls, cls):
                raise DuplicateLabelError(self.kind, label, where_is(entry.cls), where_is(cls))
            known = _joined(known, entry.sources)
        target = f"{cls.__module__}:{cls.__qualname__}"
        self._forget_old_labels(label, cls, target)
        self._put(Registration(label, target, _joined(known, sources), lambda: cls, cls))

    def _forget_old_labels(self, label: str, cls: type, target: str) -> None:
        """Drop what an earlier definition of the same class left under another label."""
        if "<locals>" in cls.__qualname__:
            return  # a function that makes many classes gives each the same qualified name
        labels = self._labels.setdefault(target, set())
        for old in labels - {label}:
            for entry in _each_once(self._entries.get(old, {}).values()):
                if entry.cls is not None and _is_same(entry.cls, cls):
                    self._drop(entry)
        labels.add(label)

    def _put(self, entry: Registration) -> None:
        owners = self._entries.get(entry.label, {})
        self._entries[entry.label] = owners | dict.fromkeys(entry.owners, entry)

    def _drop(self, entry: Registration) -> None:
        owners = self._entries[entry.label]
        rest = {owner: other for owner, other in owners.items() if owner not in entry.owners}
        if rest:
            self._entries[entry.label] = rest
        else:
            del self._entries[entry.label]

    def _loaded(self, entry: Registration) -> type[T]:
        if entry.cls is not None:
            return entry.cls
        cls: type[T] = entry.load()
        # Its import has registered the class, perhaps with more sources than were declared.
        latest = self._entries.get(entry.label, {}).get(entry.owners[0], entry)
        self._put(replace(latest, cls=cls))
        return cls

    def _offers(self, label: str) -> list[Registration]:
        owners = self._entries.get(label, {})
        return [entry for entry in _each_once(owners.values()) if entry.is_public]

    def _unknown(self, label: str, known: Iterable[str]) -> UnknownLabelError:
        owner, _, short = label.rpartition(":")
        for name, source, by in self._blocked:
            if name == short and normalise(owner) in ("", source.owner):
                return BlockedLabelError(self.kind, label, str(source), by)
        return UnknownLabelError(self.kind, label, known)

    def _qualified_names(self) -> list[str]:
        return [f"{owner}:{label}" for label, owners in self._entries.items() for owner in owners]


def _each_once(entries: Iterable[Registration]) -> list[Registration]:
    return list({id(entry): entry for entry in entries}.values())


def _project_source(cls: type) -> tuple[Source, ...]:
    return (Source("project", cls.__module__),)


def _is_same(old: type, new: type) -> bool:
    return (old.__module__, old.__qualname__) == (new.__module__, new.__qualname__)


def _joined(first: tuple[Source, ...], second: tuple[Source, ...]) -> tuple[Source, ...]:
    """Join sources; one without its entry point gives way to the same one with it."""
    every = dict.fromkeys((*first, *second))
    declared = {source.owner for source in every if source.entry_point}
    return tuple(
        source
        for source in every
        if source.entry_point or source.kind == "project" or source.owner not in declared
    )
