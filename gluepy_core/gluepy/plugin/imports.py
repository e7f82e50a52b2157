"""What the imports of this process have shown of contributions.

Light, because all that lists passes here: what is more than a state is in `gluepy.plugin.known`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gluepy.plugin.contributions import Contribution
    from gluepy.plugin.known import Known, Notes
    from gluepy.plugin.manager import Hooks

__all__ = ["Imports", "key_of", "notes_path"]

_MAX_NAME = 200


class Imports:
    """What the imports of this process have shown, and notes of what those before it have."""

    def __init__(self) -> None:
        # By what stays the same of a contribution: why it is broken, or nothing if all is well.
        self._shown: dict[str, str] = {}
        self._notes: Notes | None = None

    def __bool__(self) -> bool:
        """Whether anything has been imported."""
        return bool(self._shown)

    @property
    def are_blank(self) -> bool:
        """Whether nothing is known of anything."""
        return not self._shown and not os.path.isfile(notes_path(os.environ))

    @property
    def notes(self) -> Notes:
        """The notes of this environment."""
        if self._notes is None:
            from gluepy.plugin.known import Notes

            self._notes = Notes(notes_path(os.environ))
        return self._notes

    def note(self, one: Contribution, problem: str = "") -> None:
        """Remember that a contribution was imported, and what is wrong with it."""
        self._shown[key_of(one)] = problem

    def as_known(self, one: Contribution) -> Contribution:
        """Return a record with the state that its import has shown; a conflict remains one."""
        problem = self._shown.get(key_of(one))
        if problem:
            return one._replace(state="broken", reason=problem)
        is_loaded = problem is not None and one.state == "available"
        return one._replace(state="loaded") if is_loaded else one

    def known_of(self, one: Contribution, hooks: Hooks | None) -> Known | None:
        """Return what is known of a contribution; None if it was never imported, or has changed.

        Args:
            one: Of a distribution, or a class of the project.
            hooks: Of this process, if it has any.
        """
        problem = self._shown.get(key_of(one)) if one.distribution else ""
        return self.notes.recall(one) if problem is None else _known(one, problem, hooks)

    def keep(self, contributions: Iterable[Contribution], hooks: Hooks | None) -> None:
        """Note what the imports of this process have shown of these.

        A module may define more than the one class that was asked for.
        """
        from gluepy.plugin.known import is_defined

        problems = [
            (one, self._shown.get(key_of(one), "" if is_defined(one) else None))
            for one in contributions
        ]
        self.notes.keep(
            (one, _known(one, problem, hooks)) for one, problem in problems if problem is not None
        )


def _known(one: Contribution, problem: str, hooks: Hooks | None) -> Known:
    from gluepy.plugin.known import Known, look_at

    return Known(problem) if problem else look_at(one, hooks)


def key_of(one: Contribution) -> str:
    """Return what stays the same of a contribution as long as it is the same."""
    return "\n".join(one[:6])


def notes_path(environ: Mapping[str, str]) -> str:
    """Return the file for the environment of this Python; empty where there is no place for it.

    Source:
        XDG Base Directory Specification.
    """
    cache = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return ""
        cache = os.path.join(home, ".cache")
    # The end tells environments apart; where two have one name, each forgets what the other knew.
    name = sys.prefix.replace(os.sep, "-").lstrip("-")[-_MAX_NAME:]
    return os.path.join(cache, "gluepy", f"{name}.json")
