from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from importlib_metadata import Prepared

from gluepy.utils.names import normalise

NAMES = st.text(st.sampled_from("aZ09-_."), min_size=1)


@given(NAMES)
def test_normalised_names_are_those_of_importlib_metadata(name: str) -> None:
    theirs = Prepared.normalize(name)  # type: ignore[no-untyped-call]  # theirs

    assert normalise(name).replace("-", "_") == theirs
