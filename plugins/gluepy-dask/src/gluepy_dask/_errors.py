"""What can become of a step on a cluster; Gluepy shows the sentence and the hint."""

from __future__ import annotations

from gluepy.exceptions import WorkerError

__all__ = [
    "DaskWorkerLostError",
    "NoWorkerError",
    "NotBegunError",
    "SchedulerLostError",
    "UnpreparedWorkerError",
]


class DaskWorkerLostError(WorkerError):
    """A worker was lost while it carried a step out.

    Args:
        worker: Its address; empty where it is not known.
    """

    def __init__(self, worker: str = "") -> None:
        super().__init__(
            f"the Dask worker {worker or 'of the step'} was lost",
            hint="Did it run out of memory, or did the task end its process? Its log may tell.",
        )
        self.worker = worker


class NotBegunError(WorkerError):
    """A step was taken back before a worker had begun it."""

    def __init__(self) -> None:
        super().__init__("no Dask worker had begun the step when it was taken back")


class SchedulerLostError(WorkerError):
    """The scheduler cannot be reached any more.

    Args:
        address: Where it was.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            f"the Dask scheduler at {address!r} was lost",
            hint="Start it again, with workers, and resume the run.",
        )
        self.address = address


class NoWorkerError(WorkerError):
    """Nobody is left to carry a step out.

    Args:
        address: Of the scheduler.
        seconds: How long there has been no worker.
    """

    def __init__(self, address: str, seconds: float) -> None:
        super().__init__(
            f"the Dask scheduler at {address!r} has had no worker for {seconds:g} s",
            hint="Start one, dask worker ADDRESS, and resume the run.",
        )
        self.address = address
        self.seconds = seconds


class UnpreparedWorkerError(WorkerError):
    """A worker cannot even begin a step.

    Args:
        reason: What it says.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"a Dask worker cannot carry steps out: {reason}",
            hint="Install gluepy-dask where the workers run: pip install gluepy-dask.",
        )
        self.reason = reason
