"""A run as it stands now: what its record says, and whether its process still lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gluepy.runs.journal import load_state
from gluepy.runs.lock import find_owner

if TYPE_CHECKING:
    from gluepy.files.storages import BaseStorage
    from gluepy.runs.state import RunState

__all__ = ["read_run"]


def read_run(storage: BaseStorage, folder: str) -> tuple[RunState, bool]:
    """Return what is recorded of a run, and whether a process works in its folder.

    Of a process that died without a record of its end, the state says that it did.

    Raises:
        RunRecordError: If the record is damaged, or of a newer form.
    """
    # Looked at before and after the record: neither a run that ends meanwhile nor one that is
    # resumed meanwhile has died.
    is_live = find_owner(storage, folder) is not None
    state = load_state(storage, folder)
    if not is_live and state.status == "running":
        is_live = find_owner(storage, folder) is not None
    if not is_live:
        state.lose(reason="its process ended without a record")
    return state, is_live
