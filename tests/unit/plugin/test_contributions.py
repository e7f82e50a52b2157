"""Records of what is contributed, and conflicts among them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.plugin.contributions import GROUPS, Contribution, mark_conflicts


def offer(
    distribution: str = "acme",
    value: str = "acme:Training",
    *,
    kind: str = "dag",
    name: str = "training",
    state: str = "available",
) -> Contribution:
    version = "1.0" if distribution else ""
    return Contribution(kind, name, value, distribution, version, "/site", state)


ONE = offer("acme", "acme:Training")
OTHER = offer("beta", "beta:Training")
OWN = offer("", "project.dags:Training")


def test_every_group_has_its_kind() -> None:
    assert dict(GROUPS) == {
        f"gluepy.{kind}s": kind
        for kind in ("command", "dag", "executor", "hook", "storage", "task")
    }


@pytest.mark.parametrize(
    ("state", "reason", "text"),
    [
        ("available", "", "available"),
        ("blocked", "PLUGINS_BLOCK", "blocked by PLUGINS_BLOCK"),
        ("conflict", "beta 1.0 (b:T)", "conflict with beta 1.0 (b:T)"),
        ("shadowed", "acme 2.0 in /site", "shadowed by acme 2.0 in /site"),
        ("broken", "METADATA is missing", "broken: METADATA is missing"),
    ],
)
def test_state_is_said_in_words(state: str, reason: str, text: str) -> None:
    assert ONE._replace(state=state, reason=reason).state_text == text


@pytest.mark.parametrize(
    ("contribution", "who"),
    [
        (ONE, "DAG 'training' of acme 1.0 (acme:Training)"),
        (OWN, "DAG 'training' of the project (project.dags:Training)"),
        (offer(kind="hook", name="mlflow"), "plugin 'mlflow' of acme 1.0 (acme:Training)"),
        (offer(kind="task", name="load", value=""), "task 'load' of acme 1.0"),
        (Contribution("", "", "", "acme", "", "/site"), "acme"),
    ],
)
def test_who_names_kind_name_distribution_and_entry_point(
    contribution: Contribution, who: str
) -> None:
    assert contribution.who == who


def test_qualified_name_begins_with_the_owner() -> None:
    assert [ONE.qualified_name, OWN.qualified_name] == ["acme:training", "project:training"]


def test_record_is_data() -> None:
    assert ONE.as_dict() == {
        "kind": "dag",
        "name": "training",
        "value": "acme:Training",
        "distribution": "acme",
        "version": "1.0",
        "file": "/site",
        "state": "available",
        "reason": "",
    }
    assert pickle.loads(pickle.dumps(ONE)) == ONE  # noqa: S301 - our own bytes


def test_two_distributions_with_one_label_are_in_conflict_and_each_names_the_other() -> None:
    marked = mark_conflicts([ONE, OTHER, OWN], {})

    assert [one.state_text for one in marked] == [
        "conflict with beta 1.0 (beta:Training) and the project (project.dags:Training)",
        "conflict with acme 1.0 (acme:Training) and the project (project.dags:Training)",
        "conflict with acme 1.0 (acme:Training) and beta 1.0 (beta:Training)",
    ]


@pytest.mark.parametrize(
    ("preferred", "state"), [("Acme", 0), ("beta", 1), ("project", 2), ("nobody", None)]
)
def test_the_preferred_one_is_not_marked(preferred: str, state: int | None) -> None:
    marked = mark_conflicts([ONE, OTHER, OWN], {"training": preferred})

    chosen = [number for number, one in enumerate(marked) if one.state == "available"]
    assert chosen == ([] if state is None else [state])


def test_same_object_from_two_sources_is_no_conflict() -> None:
    twins = [ONE, offer("", ONE.value)]

    assert mark_conflicts(twins, {}) == twins


def test_same_name_of_two_kinds_is_no_conflict() -> None:
    pair = [ONE, offer("beta", "beta:Task", kind="task")]

    assert mark_conflicts(pair, {}) == pair


@pytest.mark.parametrize("state", ["blocked", "broken", "shadowed"])
def test_what_cannot_be_used_is_in_nobodys_way(state: str) -> None:
    pair = [ONE, OTHER._replace(state=state)]

    assert mark_conflicts(pair, {}) == pair


def test_builtin_command_is_never_replaced() -> None:
    command = offer(kind="command", name="dag")

    (marked,) = mark_conflicts([command], {"dag": "acme"}, {"dag", "list"})

    assert marked.state_text == "conflict with the built-in command"
    assert mark_conflicts([command._replace(kind="dag")], {}, {"dag"})[0].state == "available"


OFFERS = st.lists(
    st.builds(
        offer,
        st.sampled_from(["", "acme", "beta", "gamma"]),
        st.sampled_from(["m:A", "m:B", "m:C"]),
        kind=st.sampled_from(["dag", "task", "command"]),
        name=st.sampled_from(["training", "scoring"]),
        state=st.sampled_from(["available", "loaded", "blocked", "broken", "shadowed"]),
    ),
    unique=True,
)
PREFERENCES = st.dictionaries(
    st.sampled_from(["training", "scoring"]), st.sampled_from(["acme", "project", "nobody"])
)


@given(OFFERS, PREFERENCES, st.randoms())
def test_marking_does_not_depend_on_the_order(
    offers: list[Contribution], prefer: dict[str, str], random: object
) -> None:
    shuffled = sorted(offers, key=lambda _: random.random())  # type: ignore[attr-defined]  # Random

    assert sorted(mark_conflicts(shuffled, prefer)) == sorted(mark_conflicts(offers, prefer))


@given(OFFERS, PREFERENCES)
def test_unmarked_offers_of_one_name_are_one_object(
    offers: list[Contribution], prefer: dict[str, str]
) -> None:
    marked = mark_conflicts(offers, prefer)

    assert [one[:6] for one in marked] == [one[:6] for one in offers]
    free: dict[tuple[str, str], set[str]] = {}
    for one in marked:
        if one.state in ("available", "loaded"):
            free.setdefault((one.kind, one.name), set()).add(one.value)
    for (_, name), values in free.items():
        assert len(values) == 1 or name in prefer
