"""What can be wrong with the folder of a report; Gluepy shows the sentence and the hint."""

from __future__ import annotations

from collections.abc import Sequence

from gluepy.exceptions import CommandError

__all__ = ["ForeignFolderError", "NothingToReportError", "UnwritableFolderError"]

_SHOWN = 3


class ForeignFolderError(CommandError):
    """The folder holds files that are not of a report, and would be replaced or mixed with it.

    Args:
        folder: The folder.
        files: Some of what it holds.
    """

    def __init__(self, folder: str, files: Sequence[str]) -> None:
        some = ", ".join(repr(file) for file in files[:_SHOWN])
        more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
        super().__init__(
            f"the folder {folder!r} holds what is not of a report: {some}{more}",
            hint="Name another folder, or a new one in it, with -o; nothing was changed.",
        )
        self.folder = folder
        self.files = tuple(files)


class UnwritableFolderError(CommandError):
    """The folder cannot be written.

    Args:
        folder: The folder.
        reason: What the system says.
    """

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(
            f"the report cannot be written to {folder!r}: {reason}",
            hint="Name another folder with -o.",
        )
        self.folder = folder
        self.reason = reason


class NothingToReportError(CommandError):
    """There is no DAG of this label, and no run of one.

    Args:
        label: As the user wrote it.
    """

    def __init__(self, label: str) -> None:
        super().__init__(
            f"no DAG is labelled {label!r}, and none of that label has run",
            hint="gluepy list and gluepy runs tell what there is.",
        )
        self.label = label
