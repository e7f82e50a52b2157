from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.exceptions import (
    AmbiguousLabelError,
    BlockedLabelError,
    DuplicateLabelError,
    PluginLoadError,
    UnknownLabelError,
)
from gluepy.exec.registry import Registration, Registry, Source

ACME = Source("distribution", "acme", "1.0", "training = acme.dags:Training")
BETA = Source("distribution", "beta", "2.0", "training = beta.dags:Training")


class Thing:
    """What the registry of these tests holds."""


class Training(Thing):
    pass


class Other(Thing):
    label = "training"


@pytest.fixture
def registry() -> Registry[Thing]:
    return Registry("DAG")


def refuse() -> type[Thing]:
    raise PluginLoadError("acme 1.0", "it is broken")


def not_to_be_called() -> type[Thing]:
    raise AssertionError


def declared(registry: Registry[Thing], *sources: Source) -> None:
    for source in sources:
        registry.declare("training", source, f"{source.name}.dags:Training", lambda: Training)


# -- a dict ------------------------------------------------------------------------------------


def test_registered_class_is_found_under_its_label(registry: Registry[Thing]) -> None:
    registry.register(Training)

    assert registry["training"] is Training
    assert registry.get("training") is Training
    assert "training" in registry
    assert list(registry) == ["training"]
    assert list(registry.keys()) == ["training"]
    assert registry.items() == [("training", Training)]
    assert registry.values() == [Training]
    assert len(registry) == 1


def test_deleted_class_is_gone(registry: Registry[Thing]) -> None:
    registry.register(Training)

    del registry["training"]

    assert "training" not in registry
    assert len(registry) == 0


def test_assigning_registers_under_another_label(registry: Registry[Thing]) -> None:
    registry["nightly"] = Training

    assert registry["nightly"] is Training


def test_what_is_no_text_is_not_in_a_registry(registry: Registry[Thing]) -> None:
    no_text: object = 3

    assert no_text not in registry


def test_unknown_label_suggests_the_nearest_one(registry: Registry[Thing]) -> None:
    registry.register(Training)

    with pytest.raises(UnknownLabelError, match=r"^no DAG is labelled 'trainning'$") as caught:
        registry["trainning"]

    assert caught.value.hint == "Did you mean 'training'?"
    assert isinstance(caught.value, KeyError)


# -- declared classes --------------------------------------------------------------------------


def test_listing_imports_nothing(registry: Registry[Thing]) -> None:
    registry.declare("training", ACME, "acme.dags:Training", not_to_be_called)

    assert list(registry) == ["training"]
    assert "training" in registry
    assert len(registry) == 1
    assert registry.get_entry("acme:training").cls is None


def test_looking_up_imports_once(registry: Registry[Thing]) -> None:
    calls = []

    def load() -> type[Thing]:
        calls.append(1)
        return Training

    registry.declare("training", ACME, "acme.dags:Training", load)

    assert registry["training"] is registry["acme:training"] is Training
    assert calls == [1]


def test_qualified_label_takes_any_spelling_of_the_distribution(registry: Registry[Thing]) -> None:
    source = Source("distribution", "acme-forecast", "1.0", "training = a:T")
    registry.declare("training", source, "a:T", lambda: Training)

    assert registry["Acme_Forecast:training"] is Training


def test_unknown_qualified_label_is_named(registry: Registry[Thing]) -> None:
    declared(registry, ACME)

    with pytest.raises(UnknownLabelError) as caught:
        registry["amce:training"]

    assert caught.value.hint == "Did you mean 'acme:training'?"


def test_broken_class_raises_only_when_it_is_asked_for(
    registry: Registry[Thing], caplog: pytest.LogCaptureFixture
) -> None:
    registry.declare("broken", ACME, "acme.dags:Broken", refuse)
    registry.register(Training)

    with caplog.at_level(logging.WARNING):
        items = registry.items()

    assert items == [("training", Training)]
    assert caplog.messages == ["left out of the registry: acme 1.0: it is broken"]
    with pytest.raises(PluginLoadError):
        registry["broken"]


def test_withdrawing_takes_back_what_was_not_imported(registry: Registry[Thing]) -> None:
    declared(registry, ACME)
    registry.register(type("Kept", (Thing,), {"__module__": "project.dags"}))

    registry.withdraw()

    assert list(registry) == ["kept"]


@pytest.mark.parametrize("label", ["training", "acme:training", "Acme:training"])
def test_blocked_class_says_so_when_it_is_asked_for(registry: Registry[Thing], label: str) -> None:
    registry.block("training", ACME, "PLUGINS_BLOCK")

    assert label not in registry
    with pytest.raises(BlockedLabelError) as caught:
        registry[label]
    assert str(caught.value) == f"the DAG {label!r} of acme 1.0 is blocked by PLUGINS_BLOCK"


def test_blocked_class_is_in_nobodys_way(registry: Registry[Thing]) -> None:
    registry.block("training", ACME, "PLUGINS_BLOCK")
    declared(registry, BETA)

    assert registry["training"] is Training
    with pytest.raises(UnknownLabelError, match="gamma:training"):
        registry["gamma:training"]


def test_withdrawing_forgets_what_was_blocked(registry: Registry[Thing]) -> None:
    registry.block("training", ACME, "PLUGINS_BLOCK")

    registry.withdraw()

    with pytest.raises(UnknownLabelError, match="no DAG is labelled"):
        registry["training"]


# -- conflicts ---------------------------------------------------------------------------------


def test_conflict_is_no_error_until_the_short_label_is_used(registry: Registry[Thing]) -> None:
    declared(registry, ACME, BETA)

    assert list(registry) == ["acme:training", "beta:training"]
    assert "training" in registry
    assert registry["beta:training"] is Training
    with pytest.raises(AmbiguousLabelError) as caught:
        registry["training"]
    assert str(caught.value) == (
        "the DAG label 'training' is offered by more than one source: "
        "'acme:training' and 'beta:training'"
    )
    assert 'PREFER = {"training": "acme"}' in caught.value.hint


def test_ambiguous_label_is_not_hidden_by_get(registry: Registry[Thing]) -> None:
    declared(registry, ACME, BETA)

    with pytest.raises(AmbiguousLabelError):
        registry.get("training")


def test_prefer_chooses_between_distributions(registry: Registry[Thing]) -> None:
    declared(registry, ACME, BETA)

    registry.prefer = {"training": "Beta"}

    assert registry.get_entry("training").owners == ("beta",)
    assert list(registry) == ["acme:training", "training"]


def test_prefer_of_something_else_does_not_choose(registry: Registry[Thing]) -> None:
    declared(registry, ACME, BETA)

    registry.prefer = {"training": "gamma", "other": "acme"}

    with pytest.raises(AmbiguousLabelError) as caught:
        registry["training"]
    assert caught.value.hint.startswith("PREFER names 'gamma', which does not offer it. Use one")


def test_project_and_distribution_can_be_in_conflict(registry: Registry[Thing]) -> None:
    declared(registry, ACME)
    registry.register(Other)

    assert registry["project:training"] is Other
    assert registry["acme:training"] is Training
    with pytest.raises(AmbiguousLabelError):
        registry["training"]


# -- the same class twice ----------------------------------------------------------------------


def test_same_target_of_two_distributions_is_one_class(registry: Registry[Thing]) -> None:
    registry.declare("training", ACME, "acme.dags:Training", lambda: Training)
    registry.declare("training", BETA, "acme.dags:Training", lambda: Training)

    assert len(registry) == 1
    assert registry.get_entry("training").sources == (ACME, BETA)
    assert registry["acme:training"] is registry["beta:training"]


def test_class_of_entry_point_and_project_has_both_sources(registry: Registry[Thing]) -> None:
    target = f"{__name__}:Training"
    project = Source("project", __name__)
    registry.sources_of = lambda _: (ACME, project)
    registry.declare("training", ACME, target, not_to_be_called)

    registry.register(Training)

    assert registry.get_entry("training").sources == (ACME, project)
    assert registry["acme:training"] is registry["project:training"] is Training
    assert list(registry) == ["training"]


def test_importing_a_declared_class_keeps_its_source(registry: Registry[Thing]) -> None:
    registry.sources_of = lambda _: (Source("distribution", "acme", "1.0"),)

    def load() -> type[Thing]:
        registry.register(Training)
        return Training

    registry.declare("training", ACME, "acme.dags:Training", load)

    assert registry["training"] is Training
    assert registry.get_entry("training").sources == (ACME,)


def test_undeclared_class_of_a_distribution_has_no_short_label(registry: Registry[Thing]) -> None:
    registry.sources_of = lambda _: (Source("distribution", "acme", "1.0"),)

    registry.register(Training)

    assert "training" not in registry
    assert registry["acme:training"] is Training
    assert list(registry) == ["acme:training"]


# -- defining again ----------------------------------------------------------------------------


def test_defining_the_same_class_again_replaces_it(registry: Registry[Thing]) -> None:
    again = type("Training", (Thing,), {"__module__": __name__, "__qualname__": "Training"})
    registry.register(Training)

    registry.register(again)

    assert registry["training"] is again
    assert len(registry) == 1


def test_class_defined_again_with_another_label_leaves_the_old_one(
    registry: Registry[Thing],
) -> None:
    body = {"__module__": __name__, "__qualname__": "Training", "label": "nightly"}
    registry.register(Training)

    registry.register(type("Training", (Thing,), body))

    assert list(registry) == ["nightly"]


def test_renamed_class_takes_no_label_from_another(registry: Registry[Thing]) -> None:
    body = {"__module__": __name__, "__qualname__": "Training", "label": "nightly"}
    registry.register(Training)
    del registry["training"]
    registry.register(Other)

    registry.register(type("Training", (Thing,), body))

    assert registry["training"] is Other
    assert set(registry) == {"training", "nightly"}


def test_function_may_make_many_classes(registry: Registry[Thing]) -> None:
    for label in ("a", "b"):

        class Made(Thing):
            pass

        Made.label = label  # type: ignore[attr-defined]  # as a class body would
        registry.register(Made)

    assert list(registry) == ["a", "b"]


def test_two_project_classes_of_one_label_are_both_named(registry: Registry[Thing]) -> None:
    registry.register(Training)

    with pytest.raises(DuplicateLabelError) as caught:
        registry.register(Other)

    assert str(caught.value).startswith("two DAGs are labelled 'training': ")
    assert f"{__name__}:Training ({__file__}:" in str(caught.value)
    assert f"{__name__}:Other ({__file__}:" in str(caught.value)
    assert isinstance(caught.value, KeyError)


def test_later_class_takes_the_label_where_nobody_asks_for_it(registry: Registry[Thing]) -> None:
    registry.is_strict = False
    registry.register(Training)

    registry.register(Other)

    assert registry["training"] is Other


def test_isolated_undoes_everything(registry: Registry[Thing]) -> None:
    registry.register(Training)

    with registry.isolated():
        del registry["training"]
        registry.prefer = {"x": "y"}
        registry.sources_of = lambda _: ()
        registry.is_strict = False

    assert list(registry) == ["training"]
    assert registry.prefer == {}
    assert registry.is_strict


def test_registering_in_vain_leaves_nothing_behind(registry: Registry[Thing]) -> None:
    def half_a_module() -> None:
        with registry.all_or_nothing():
            registry.register(Training)
            raise ValueError("the other half")

    with pytest.raises(ValueError, match="the other half"):
        half_a_module()

    assert list(registry) == []


def test_registering_to_the_end_is_kept(registry: Registry[Thing]) -> None:
    with registry.all_or_nothing():
        registry.register(Training)

    assert list(registry) == ["training"]


# -- the small parts ---------------------------------------------------------------------------


def test_registration_of_a_class_is_found_again(registry: Registry[Thing]) -> None:
    registry.register(Training)

    assert registry.find_entry(Training) == registry.get_entry("training")
    assert registry.find_entry(Other) is None


def test_source_says_where_a_class_came_from() -> None:
    assert str(ACME) == "acme 1.0"
    assert str(Source("project", "churn.dags")) == "project (churn.dags)"


def test_owners_are_named_once() -> None:
    twice = Registration("training", "a:T", (ACME, ACME, BETA), not_to_be_called)

    assert twice.owners == ("acme", "beta")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(["acme", "beta", "gamma"]),
            st.sampled_from(["m:X", "n:X"]),
        ),
        unique_by=lambda declaration: declaration[:2],  # discovery sees to that
    )
)
def test_every_listed_label_can_be_looked_up(declarations: list[tuple[str, str, str]]) -> None:
    registry: Registry[Thing] = Registry("DAG")
    for label, name, target in declarations:
        source = Source("distribution", name, "1", f"{label} = {target}")
        registry.declare(label, source, target, lambda: Training)

    names = list(registry)

    assert len(names) == len(set(names)) == len(registry)
    assert all(registry[name] is Training for name in names)
    assert {label for label, _, _ in declarations} == {name.split(":")[-1] for name in names}
