from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from gluepy.engine.hints import hint_for
from gluepy.exceptions import OptionClashError


class Model:
    horizon = 1
    _hidden = 2

    def plain(self) -> object:
        return horizon  # type: ignore[name-defined]  # noqa: F821 - on purpose


def misspelt() -> object:
    horizon = 1
    return horizn or horizon  # type: ignore[name-defined]  # noqa: F821 - on purpose


def import_misspelt() -> None:
    from json import dump_s  # type: ignore[attr-defined]  # noqa: F401 - on purpose


def import_missing() -> None:
    import no_such_module  # type: ignore[import-not-found]  # noqa: F401 - on purpose


def raised_by(action: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of any kind
        action()
    return caught.value


@pytest.mark.parametrize(
    ("action", "hint"),
    [
        (misspelt, "Did you mean 'horizon'?"),
        (Model().plain, "Did you mean 'self.horizon'?"),
        (lambda: pirnt, "Did you mean 'print'?"),  # type: ignore[name-defined]  # noqa: F821 - on purpose
        (lambda: Model().horizn, "Did you mean 'horizon'?"),  # type: ignore[attr-defined]  # on purpose
        (lambda: Model().hiden, ""),  # type: ignore[attr-defined]  # on purpose
        (lambda: Model()._hiden, "Did you mean '_hidden'?"),  # type: ignore[attr-defined]  # on purpose
        (lambda: Model().qqqqqq, ""),  # type: ignore[attr-defined]  # on purpose
        (import_misspelt, "Did you mean 'dumps'?"),
        (import_missing, ""),
        (lambda: {"horizon": 1}["horizn"], ""),
    ],
)
def test_names_that_are_not_there_get_a_suggestion(action: Callable[[], object], hint: str) -> None:
    assert hint_for(raised_by(action)) == hint


def test_errors_of_gluepy_have_hints_of_their_own() -> None:
    assert hint_for(OptionClashError("--a", "--b")) == "Give only one of them."


def test_error_that_was_made_by_hand_has_no_hint() -> None:
    assert hint_for(NameError("x")) == ""
    assert hint_for(NameError("x", name="horizn")) == ""
    assert hint_for(ImportError("own words", name="json")) == ""


def test_object_that_cannot_be_looked_into_has_no_hint() -> None:
    class Sealed:
        def __dir__(self) -> list[str]:
            raise RuntimeError

    assert hint_for(AttributeError("x", name="x", obj=Sealed())) == ""


def test_object_with_very_many_names_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    crowded = ModuleType("crowded_module_of_a_test")
    for number in range(1000):
        setattr(crowded, f"name_{number}", number)
    monkeypatch.setitem(sys.modules, crowded.__name__, crowded)

    assert hint_for(AttributeError("x", name="name_1x", obj=crowded)) == ""
