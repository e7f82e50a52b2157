from __future__ import annotations

import pytest

from gluepy.exec.registry import Source
from gluepy.plugin.contributions import Contribution
from gluepy.plugin.owners import Owners, source_of


def contribution(name: str, value: str, distribution: str = "acme", **rest: str) -> Contribution:
    return Contribution(rest.pop("kind", "dag"), name, value, distribution, "1.0", "file", **rest)


def class_in(module: str, name: str = "Training", label: str = "training") -> type:
    return type(name, (), {"__module__": module, "label": label})


ACME = Source("distribution", "acme", "1.0")
TRAINING = contribution("training", "acme.dags:Training")


def test_declared_class_belongs_to_its_entry_point() -> None:
    owners = Owners([TRAINING])

    assert owners(class_in("acme.dags")) == (source_of(TRAINING),)
    assert source_of(TRAINING).entry_point == "training = acme.dags:Training"


@pytest.mark.parametrize("module", ["acme.dags", "acme.dags.helpers", "acme.other", "acme"])
def test_undeclared_class_belongs_to_the_distribution_of_its_module(module: str) -> None:
    assert Owners([TRAINING])(class_in(module, "Helper", "helper")) == (ACME,)


def test_class_with_another_label_is_not_what_was_declared() -> None:
    assert Owners([TRAINING])(class_in("acme.dags", label="nightly")) == (ACME,)


def test_all_else_is_the_projects() -> None:
    owners = Owners([TRAINING])

    assert owners(class_in("acmeology")) == (Source("project", "acmeology"),)
    assert owners(class_in("__main__")) == (Source("project", "__main__"),)


def test_installed_module_of_a_distribution_has_both_sources() -> None:
    owners = Owners([TRAINING], ["acme"])

    assert owners(class_in("acme.dags")) == (source_of(TRAINING), Source("project", "acme.dags"))


def test_namespace_package_belongs_to_none_of_its_distributions() -> None:
    beta = contribution("scoring", "acme.beta:Scoring", "beta")
    owners = Owners([TRAINING, beta])

    assert owners(class_in("acme.beta", "Helper")) == (Source("distribution", "beta", "1.0"),)
    assert owners(class_in("acme.gamma", "Helper")) == (Source("project", "acme.gamma"),)


def test_class_that_two_distributions_declare_belongs_to_both() -> None:
    again = contribution("training", "acme.dags:Training", "beta")

    owners = Owners([TRAINING, again])

    assert owners(class_in("acme.dags")) == (source_of(TRAINING), source_of(again))


@pytest.mark.parametrize(
    "unused",
    [
        contribution("training", "acme.dags:Training", state="blocked"),
        contribution("training", "acme.dags:Training", state="shadowed"),
        contribution("training", "acme.dags:Training", kind="hook"),
    ],
)
def test_what_is_not_used_owns_nothing(unused: Contribution) -> None:
    assert Owners([unused])(class_in("acme.dags")) == (Source("project", "acme.dags"),)
