from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gluepy.commands._names import (
    check_module_name,
    check_plugin_name,
    check_project_name,
    class_name,
)
from gluepy.exceptions import InvalidNameError


@pytest.mark.parametrize("name", ["shop", "My-Shop", "shop_2", "2024.plan", "x"])
def test_project_name_that_a_folder_can_have_is_accepted(name: str) -> None:
    assert check_project_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/a", "-x", ".x", "a b", "a\n", "ä", "a\\b"]
)
def test_project_name_that_is_no_folder_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        check_project_name(name)

    assert str(caught.value) == f"the project name {name!r} cannot be the name of a folder"
    assert caught.value.hint == (
        "Use letters, digits, hyphens and underscores, for example 'my-project'."
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["forecast", "fore_cast", "f1", "a_1_b"])
def test_plain_module_name_is_accepted(name: str) -> None:
    assert check_module_name(name) == name


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Fore-Cast", "fore_cast"),
        ("fore.cast", "fore_cast"),
        ("1st", "st"),
        ("", "my_module"),
        ("__", "my_module"),
        ("a__b", "a_b"),
        ("x\n", "x"),
        ("ä", "my_module"),
    ],
)
def test_other_module_name_is_refused_with_a_better_one(name: str, better: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        check_module_name(name)

    assert str(caught.value) == f"the module name {name!r} cannot be the name of a module"
    assert caught.value.hint == (
        f"Use lower-case words joined by underscores, for example {better!r}."
    )


@given(st.text(max_size=12))
def test_better_module_name_is_always_plain(name: str) -> None:
    try:
        check_module_name(name)
    except InvalidNameError as error:
        if error.hint.startswith("Use"):
            better = error.hint.split("'")[1]
            assert better.isidentifier()
            assert better == better.lower()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("class", "is a word of the language Python"),
        ("json", "is the name of a module of Python itself"),
        ("gluepy", "is taken: a module 'gluepy' is installed or on the path"),
    ],
)
def test_name_of_another_module_is_refused(name: str, reason: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        check_module_name(name)

    assert str(caught.value) == f"the module name {name!r} {reason}"
    assert caught.value.hint == "Choose another name."


@pytest.mark.parametrize("name", ["gluepy-core", "Gluepy_Core", "gluepy.core"])
def test_name_of_our_own_distribution_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError, match="is the name of the distribution that Gluepy comes"):
        check_plugin_name(name)


def test_name_of_a_module_on_the_path_is_refused_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("taken_one.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(InvalidNameError, match="is taken: a module 'taken_one'"):
        check_plugin_name("Taken.One")


@pytest.mark.parametrize(
    ("name", "package"),
    [("gluepy-hello", "gluepy_hello"), ("acme.Jobs", "acme_jobs"), ("a1_b", "a1_b"), ("x", "x")],
)
def test_plugin_name_gives_its_import_package(name: str, package: str) -> None:
    assert check_plugin_name(name) == package


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "1a", "a/b", "a b", "ä", "a\n", "a=b"])
def test_plugin_name_that_no_distribution_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        check_plugin_name(name)

    assert str(caught.value) == f"the plugin name {name!r} cannot be the name of a distribution"
    assert caught.value.hint == (
        "Use lower-case words joined by hyphens, for example 'gluepy-hello'."
    )


def test_class_name_joins_the_words() -> None:
    assert class_name("fore_cast_2x") == "ForeCast2x"
