"""What the package offers."""

from __future__ import annotations

from typing import Any

import pytest

from gluepy import views


@pytest.mark.parametrize("name", views.__all__)
def test_everything_is_there_when_it_is_asked_for(name: str) -> None:
    assert getattr(views, name) is not None


def test_nothing_else_is_there() -> None:
    module: Any = views

    with pytest.raises(AttributeError, match="has no attribute 'nothing_view'"):
        module.nothing_view  # noqa: B018 - the question is what it raises
