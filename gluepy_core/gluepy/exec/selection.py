"""Which steps of a DAG the user wants: options, and the expressions of ``--select``.

An expression is made of items. Spaces join them, commas intersect them, and commas bind more::

    load clean,tag:slow       load, and clean if it is tagged slow

An item is what it names, with a ``+`` before it for all that comes before, and with one behind it
for all that comes after:

===================  ===========================================================
``clean``            a task, with all its partitions
``train[AA]``        one step of a task with partitions
``tr*``              tasks and steps; ``*`` and ``?`` as in a shell
``tag:slow``         tasks with such a tag; globs are allowed
``source:acme``      tasks of such a distribution, or of the ``project``; globs are allowed
``state:failed``     steps that ended so in an earlier run
===================  ===========================================================

Brackets stand for themselves, and spaces and commas within them divide nothing. An expression that
is a label as it stands means that label, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gluepy.exceptions import (
    NoStatesError,
    SelectionSyntaxError,
    UnknownSelectorError,
    UnknownStepError,
)
from gluepy.exec._globs import glob_matches, glob_may_match, is_glob
from gluepy.exec.graph import Graph
from gluepy.exec.partitions import WHOLE, split_label, step_label
from gluepy.exec.policy import policy_of
from gluepy.exec.tasks import REGISTRY, Task
from gluepy.utils.names import normalise

__all__ = ["ALL", "EVERY", "NONE", "Choice", "Facts", "Selection", "choose", "gather_facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which steps of a DAG the user wants: those that all of these options leave.

    Attributes:
        tasks: Labels of single tasks and steps; empty for all.
        from_task: Label of a task or step, to run with all that comes after it; empty for all.
        until_task: Label of a task or step, to run with all that comes before it; empty for all.
        skip_eval: Leave out the evaluation tasks.
        eval_only: Leave out all others.
        select: Expressions; what one of them names is wanted. Empty for all.
        exclude: Expressions; what one of them names is not.
    """

    tasks: tuple[str, ...] = ()
    from_task: str = ""
    until_task: str = ""
    skip_eval: bool = False
    eval_only: bool = False
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


ALL = Selection()


class Choice(NamedTuple):
    """Which steps of one task are meant, in a form that needs no list of its partitions.

    Attributes:
        labels: Of steps.
        globs: Groups of globs over labels of steps; whatever all globs of one group match is meant.
    """

    labels: frozenset[str] = frozenset()
    globs: frozenset[tuple[str, ...]] = frozenset()

    def allows(self, label: str) -> bool:
        """Return whether a step is meant."""
        return label in self.labels or any(
            all(glob_matches(glob, label) for glob in group) for group in self.globs
        )

    def joined(self, other: Choice) -> Choice:
        """Return what one or both mean."""
        if () in self.globs or () in other.globs:
            return EVERY
        return Choice(self.labels | other.labels, self.globs | other.globs)

    def met(self, other: Choice) -> Choice:
        """Return what both mean."""
        return Choice(
            frozenset(
                [
                    *(label for label in self.labels if other.allows(label)),
                    *(label for label in other.labels if self.allows(label)),
                ]
            ),
            frozenset(
                tuple(sorted({*one, *another})) for one in self.globs for another in other.globs
            ),
        )


#: All steps of a task: a group without globs leaves nothing out.
EVERY = Choice(globs=frozenset([()]))
#: No step of a task.
NONE = Choice()

#: What is meant of each task, by its place in the graph; a task that is not there is not meant.
_Chosen = dict[int, Choice]


class Facts(NamedTuple):
    """What a selection asks for that stands in no DAG.

    Attributes:
        tags_of: Returns the tags of a task.
        sources_of: Returns where a task came from: names of distributions, or ``project``.
        states: How each step ended last, by label; None if no earlier run was named.
    """

    tags_of: Callable[[type[Task]], Iterable[str]] = lambda task: policy_of(task).tags
    sources_of: Callable[[type[Task]], Iterable[str]] = lambda _: ()
    states: Mapping[str, str] | None = None


def gather_facts(
    table: Mapping[str, Mapping[str, object]], states: Mapping[str, str] | None = None
) -> Facts:
    """Return the facts as settings and registry know them.

    Args:
        table: The setting ``TASK_OPTIONS``.
        states: How each step ended last; None if no earlier run was named.
    """
    owners: dict[type[Task], tuple[str, ...]] = {}

    def sources_of(task: type[Task]) -> tuple[str, ...]:
        if not owners:  # looked up for the first that asks: most selections never do
            owners.update(
                (entry.cls, entry.owners)
                for entry in REGISTRY.registrations()
                if entry.cls is not None
            )
        return owners.get(task, ())

    return Facts(lambda task: policy_of(task, table).tags, sources_of, states)


def choose(
    dag: str,
    graph: Graph,
    partitions: Sequence[tuple[str, ...] | None],
    selection: Selection,
    facts: Facts,
) -> Mapping[int, tuple[Choice, Choice]]:
    """Return what a selection leaves of each task, and what it excludes of that.

    Args:
        dag: Its label, for messages.
        graph: All its tasks.
        partitions: Of each task; None where they are not known yet.
        selection: What the user wants.
        facts: What else it may ask for.

    Returns:
        By place in the graph; tasks that are left out altogether are not there.

    Raises:
        UnknownStepError: If it names a task or step that is not there.
        UnknownSelectorError: If no task has a tag, a source or a state that it names.
        NoStatesError: If it asks for states and no earlier run is known.
        SelectionSyntaxError: If an expression cannot be read.
    """
    asker = _Asker(dag, graph, partitions, facts)
    chosen: _Chosen = dict.fromkeys(range(len(graph.labels)), EVERY)
    if selection.tasks:
        chosen = _joined(asker.named("--task", label) for label in selection.tasks)
    if selection.from_task:
        named = asker.named("--from-task", selection.from_task)
        chosen = _met(chosen, asker.widened(named, after=True))
    if selection.until_task:
        named = asker.named("--until-task", selection.until_task)
        chosen = _met(chosen, asker.widened(named, before=True))
    if selection.select:
        wanted = _joined(asker.expression("--select", text) for text in selection.select)
        chosen = _met(chosen, wanted)
    excluded = _joined(asker.expression("--exclude", text) for text in selection.exclude)
    first = graph.first_evaluation
    return {
        place: (choice, excluded.get(place, NONE))
        for place, choice in sorted(chosen.items())
        if excluded.get(place) != EVERY
        and not (selection.skip_eval and place >= first)
        and not (selection.eval_only and place < first)
    }


def _joined(several: Iterable[_Chosen]) -> _Chosen:
    together: _Chosen = {}
    for one in several:
        for place, choice in one.items():
            there = together.get(place)
            together[place] = choice if there is None else there.joined(choice)
    return together


def _met(one: _Chosen, other: _Chosen) -> _Chosen:
    both = {place: one[place].met(other[place]) for place in one.keys() & other.keys()}
    return {place: choice for place, choice in both.items() if choice != NONE}


# -- reading expressions ---------------------------------------------------------------------------

_WORD = re.compile(r"(?:\[[^\[\]]*\]|\S)+")
_COMMA = re.compile(r"\[[^\[\]]*\]|,")


def _items(expression: str) -> Iterator[list[str]]:
    """Iterate over what spaces join; each is a list of the items that commas intersect."""
    for word in _WORD.findall(expression):
        items, start = [], 0
        for found in _COMMA.finditer(word):
            if found[0] == ",":
                items.append(word[start : found.start()])
                start = found.end()
        yield [*items, word[start:]]


class _Asker:
    """Finds what the words of options mean in one DAG."""

    def __init__(
        self,
        dag: str,
        graph: Graph,
        partitions: Sequence[tuple[str, ...] | None],
        facts: Facts,
    ) -> None:
        self._dag = dag
        self._graph = graph
        self._partitions = partitions
        self._facts = facts
        self._place_of = {label: place for place, label in enumerate(graph.labels)}
        self._kinds: dict[str, Callable[[str, str], _Chosen]] = {
            "tag": self._tagged,
            "source": self._sourced,
            "state": self._ended,
        }

    def named(self, option: str, label: str) -> _Chosen:
        """Return the task or the step of a label."""
        found = self._labelled(label)
        if not found:
            raise self._unknown(option, label)
        return found

    def expression(self, option: str, text: str) -> _Chosen:
        """Return what an expression means."""
        if found := self._meant(text):
            return found
        groups = list(_items(text))
        if not groups or not all(all(group) for group in groups):
            raise SelectionSyntaxError(option, text)
        return _joined(self._intersection(option, group) for group in groups)

    def widened(self, chosen: _Chosen, *, before: bool = False, after: bool = False) -> _Chosen:
        """Return what is chosen, with all before or after it."""
        more: set[int] = set()
        if before:
            more |= self._graph.before(chosen)
        if after:
            more |= self._graph.after(chosen)
        return _joined([chosen, dict.fromkeys(more, EVERY)])

    def _intersection(self, option: str, items: Sequence[str]) -> _Chosen:
        first, *rest = [self._item(option, item) for item in items]
        for one in rest:
            first = _met(first, one)
        return first

    def _item(self, option: str, item: str) -> _Chosen:
        before, what, after = self._without_signs(item)
        if not what:
            raise SelectionSyntaxError(option, item)
        found = self._meant(what) or self._of_kind(option, what) or self._globbed(what)
        if not found:
            raise self._unknown(option, what)
        return self.widened(found, before=before, after=after) if before or after else found

    def _without_signs(self, item: str) -> tuple[bool, str, bool]:
        """Return an item without a ``+`` before and behind it that is no part of a label."""
        begins, ends = item.startswith("+"), len(item) > 1 and item.endswith("+")
        for before, after in ((False, False), (begins, False), (False, ends)):
            what = item[before : len(item) - after]
            if self._meant(what):
                return before, what, after
        return begins, item[begins : len(item) - ends], ends

    def _meant(self, label: str) -> _Chosen:
        """Return what a word means as a label; nothing if it may be a glob over unknown steps."""
        found = self._labelled(label)
        is_guess = is_glob(label) and any(self._partitions[place] is None for place in found)
        return {} if is_guess and label not in self._place_of else found

    def _labelled(self, label: str) -> _Chosen:
        place = self._place_of.get(label)
        if place is not None:
            return {place: EVERY}
        task, partition = split_label(label)
        place = self._place_of.get(task)
        if place is None or not partition:
            return {}
        partitions = self._partitions[place]
        if partitions is None or partition in partitions:
            return {place: Choice(frozenset([label]))}
        return {}

    def _globbed(self, glob: str) -> _Chosen:
        if not is_glob(glob):
            return {}
        some = Choice(globs=frozenset([(glob,)]))
        found: _Chosen = {}
        for place, label in enumerate(self._graph.labels):
            if glob_matches(glob, label):
                found[place] = EVERY
            elif self._may_match_steps(glob, place, label):
                found[place] = some
        return found

    def _may_match_steps(self, glob: str, place: int, label: str) -> bool:
        partitions = self._partitions[place]
        if partitions is None:
            return glob_may_match(glob, label)
        return partitions is not WHOLE and any(
            glob_matches(glob, step_label(label, partition)) for partition in partitions
        )

    # -- kinds of items ----------------------------------------------------------------------------

    def _of_kind(self, option: str, what: str) -> _Chosen:
        kind, colon, glob = what.partition(":")
        return self._kinds[kind](option, glob) if colon and kind in self._kinds else {}

    def _tagged(self, option: str, glob: str) -> _Chosen:
        tags = [tuple(self._facts.tags_of(task)) for task in self._graph.tasks]
        return self._with(option, "tag", glob, tags)

    def _sourced(self, option: str, glob: str) -> _Chosen:
        sources = [tuple(self._facts.sources_of(task)) for task in self._graph.tasks]
        return self._with(option, "source", normalise(glob), sources)

    def _with(self, option: str, kind: str, glob: str, words: Sequence[tuple[str, ...]]) -> _Chosen:
        """Return the tasks of which a word matches."""
        matching = {word for word in set().union(*words) if glob_matches(glob, word)}
        if not matching:
            known = sorted(set().union(*words))
            raise UnknownSelectorError(option, kind, glob, self._dag, known)
        return {place: EVERY for place, one in enumerate(words) if not matching.isdisjoint(one)}

    def _ended(self, option: str, glob: str) -> _Chosen:
        states = self._facts.states
        if states is None:
            raise NoStatesError(option, f"state:{glob}")
        here = {label: state for label, state in states.items() if self._labelled(label)}
        matching = [label for label, state in here.items() if glob_matches(glob, state)]
        if not matching:
            raise UnknownSelectorError(option, "state", glob, self._dag, sorted({*here.values()}))
        return self._steps(matching)

    def _steps(self, labels: Iterable[str]) -> _Chosen:
        """Return the steps with some labels."""
        steps: dict[int, set[str]] = {}
        found: _Chosen = {}
        for label in labels:
            for place, choice in self._labelled(label).items():
                if choice is EVERY:
                    found[place] = EVERY
                else:
                    steps.setdefault(place, set()).add(label)
        some = {place: Choice(frozenset(labels)) for place, labels in steps.items()}
        return some | found

    def _unknown(self, option: str, label: str) -> UnknownStepError:
        place = self._place_of.get(split_label(label)[0])
        partitions = None if place is None else self._partitions[place]
        if place is None or not partitions or partitions is WHOLE:
            return UnknownStepError(option, label, self._dag, list(self._graph.labels))
        task = self._graph.labels[place]
        steps = [step_label(task, partition) for partition in partitions]
        return UnknownStepError(option, label, self._dag, steps)
