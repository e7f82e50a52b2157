"""The lines of a journal. Two are written for every step: so these are put together by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from json.encoder import JSONEncoder, encode_basestring_ascii
from typing import TYPE_CHECKING

from gluepy.conf.secrets import mask
from gluepy.utils.text import without_middle

if TYPE_CHECKING:
    from gluepy.exec.records import TaskOutcome

__all__ = ["ended_line", "event_line", "logged_line", "shortened", "started_line"]

_quoted = encode_basestring_ascii
# Hosts are few.
_quoted_host: Callable[[str], str] = lru_cache(maxsize=64)(encode_basestring_ascii)
_to_text = JSONEncoder(separators=(",", ":"), allow_nan=False).encode

# An exception can carry any amount of text; a record is for people, too.
_MAX_TEXT = 10_000


def event_line(event: str, at: datetime, content: dict[str, object]) -> str:
    """Return the line of any event; ``content`` is what JSON can hold."""
    return _to_text({"event": event, "at": at.isoformat(), **content}) + "\n"


def started_line(at: datetime, label: str, attempt: int) -> str:
    """Return the line for the beginning of an attempt."""
    moment, step = at.isoformat(), _quoted(label)
    return f'{{"event":"started","at":"{moment}","step":{step},"attempt":{attempt}}}\n'


def logged_line(at: datetime, label: str, kind: str, name: str, value: object) -> str:
    """Return the line for what a task has logged; ``value`` is what JSON can hold: finite."""
    text = repr(value) if type(value) is float else _to_text(value)  # most are, and that is faster
    return (
        f'{{"event":"logged","at":"{at.isoformat()}","step":{_quoted(label)},"kind":"{kind}",'
        f'"name":{_quoted(name)},"value":{text}}}\n'
    )


def ended_line(
    at: datetime, label: str, attempt: int, outcome: TaskOutcome, seconds: float | None
) -> str:
    """Return the line for the end of an attempt; ``seconds`` are none where unknown."""
    rest = ""
    if outcome.error or outcome.reason or outcome.hint or outcome.plugin:
        rest = "".join(
            f',"{name}":{_quoted(text)}'
            for name in ("error", "hint", "reason", "plugin", "traceback")
            if (text := getattr(outcome, name))
        )
    if outcome.reads:
        rest += f',"reads":{_to_text(outcome.reads)}'
    return (
        f'{{"event":"ended","at":"{at.isoformat()}","step":{_quoted(label)},"attempt":{attempt},'
        f'"outcome":"{outcome.status}","seconds":{"null" if seconds is None else seconds},'
        f'"started_at":"{outcome.started_at.isoformat()}","host":{_quoted_host(outcome.host)},'
        f'"pid":{outcome.pid}{rest}}}\n'
    )


def shortened(outcome: TaskOutcome) -> TaskOutcome:
    """Return an outcome with texts of a bearable length, and no secrets in them."""
    if not (outcome.error or outcome.hint or outcome.reason):
        return outcome
    return replace(
        outcome,
        error=_shortened(outcome.error),
        hint=_shortened(outcome.hint),
        reason=_shortened(outcome.reason),
        # What was called first says where, and the end says what.
        traceback=str(mask(without_middle(outcome.traceback, _MAX_TEXT))),
    )


def _shortened(text: str) -> str:
    cut = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
    return str(mask(cut))
