"""What the entry point names: an executor on the cluster that the settings tell of, or its own."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from gluepy import ExecutorRequest
from gluepy.exceptions import ExecutorError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

    from gluepy_dask._executor import DaskExecutor

__all__ = ["make_executor"]

_LOOPBACK = "127.0.0.1"
_PATIENCE_S = 30.0


def make_executor(request: ExecutorRequest) -> DaskExecutor:
    """Connect to the scheduler at ``DASK_ADDRESS``; without one, start a cluster on this machine.

    Raises:
        ExecutorError: If the scheduler cannot be reached, or has no workers.
    """
    # Dask takes a good part of a second to import.
    from gluepy_dask._executor import DaskExecutor

    address = str(request.settings.get("DASK_ADDRESS") or "")
    patience_s = _patience(request)
    if not address:
        workers = request.workers or _count_cores()
        cluster = _start_cluster(workers)
        client = _connect(cluster, patience_s)
        return DaskExecutor(client, workers=workers, patience_s=patience_s, cluster=cluster)
    client = _connect(address, patience_s)
    try:
        workers = request.workers or _count_threads(client, patience_s)
    except BaseException:
        client.close()
        raise
    return DaskExecutor(client, workers=workers, patience_s=patience_s)


def _connect(where: str | LocalCluster, patience_s: float) -> Client:
    from distributed import Client

    try:
        return Client(where, timeout=patience_s, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ExecutorError(
            "dask",
            f"cannot reach the scheduler at {where!r}: {type(error).__name__}: {error}",
            hint="DASK_ADDRESS is where 'dask scheduler' says that it listens; "
            "without it, the run starts a cluster of its own.",
        ) from error


def _count_threads(client: Client, patience_s: float) -> int:
    """Return how many steps the cluster carries out at once; wait for its first worker."""
    try:
        client.wait_for_workers(1, timeout=patience_s)
    except TimeoutError as error:
        raise ExecutorError(
            "dask",
            f"finds no worker at {client.scheduler.address!r} within {patience_s:g} s",
            hint="Start one: dask worker ADDRESS. Where workers come when they are needed, "
            "say how many: -j N.",
        ) from error
    return sum(client.nthreads().values())


def _start_cluster(workers: int) -> LocalCluster:
    """Start a cluster on this machine that nobody else can reach, and that ends with this process.

    Nobody has asked for a limit of memory, nor for a dashboard.
    """
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host=_LOOPBACK,
        memory_limit=0,
        dashboard_address=None,
        worker_dashboard_address=None,
        # Any port: with none it tries the usual one, and warns where that is taken.
        scheduler_kwargs={"dashboard": False, "dashboard_address": f"{_LOOPBACK}:0"},
        silence_logs=logging.CRITICAL,  # what is lost, the run itself tells
    )


def _patience(request: ExecutorRequest) -> float:
    """Return how long to wait for a scheduler, or for a worker where there is none, in seconds."""
    value = request.settings.get("DASK_TIMEOUT_S")
    if value is None or value == "":
        return _PATIENCE_S
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if seconds > 0:
        return seconds
    raise ExecutorError("dask", f"needs seconds as DASK_TIMEOUT_S, not {value!r}")


def _count_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
