"""A storage of which some operations fail: ``SEED`` says which, ``RATE`` how many."""

from __future__ import annotations

import os

from gluepy.files.storages.local import LocalStorage
from gluepy.testing.faults import FaultyStorage


class ShakyStorage(FaultyStorage):
    """Files of this machine, as if they were far away."""

    def __init__(self) -> None:
        super().__init__(
            LocalStorage(),
            rate=float(os.environ.get("RATE", "0.01")),
            # Another process meets other faults, or a worker would repeat those of its parent.
            seed=int(os.environ.get("SEED", "0")) * 1000 + os.getpid() % 1000,
        )
