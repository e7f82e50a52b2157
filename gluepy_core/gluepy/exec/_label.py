"""What a label may be, and how a class gets its own."""

from __future__ import annotations

from gluepy.exceptions import InvalidLabelError

__all__ = ["check_label", "label_of", "where_is"]

_MAX_LENGTH = 200


def label_of(cls: type) -> str:
    """Return the label that a class says in its own body, else its name in lower case.

    A parent's label is not inherited: the child would take the parent's place.

    Raises:
        InvalidLabelError: If the label cannot be used on the command line.
    """
    label = cls.__dict__.get("label", cls.__name__.lower())
    return check_label(label, cls)


def check_label(label: object, where: str | type) -> str:
    """Return ``label`` if it can be used on the command line.

    Lower-case words with hyphens are the custom and not the rule: projects written for Gluepy 1.6
    use others.

    Args:
        label: As the user wrote it.
        where: What has this label, for the message: a class, or words.

    Raises:
        InvalidLabelError: If it is no text, is empty or longer than 200 characters, begins with a
            hyphen, or has a colon (which divides distribution and label), a bracket (which marks
            partitions), a line break or another control character.
    """
    if not isinstance(label, str):
        reason = f"is {type(label).__name__}, not text"
    elif reason := _why_not(label):
        label = label if len(label) <= _MAX_LENGTH else f"{label[:20]}..."
    else:
        return label
    # Only now: it reads the source file, which would make every definition of a class slow.
    place = where if isinstance(where, str) else where_is(where)
    raise InvalidLabelError(place, label, reason)


def _why_not(label: str) -> str:
    """Return what is wrong with a label, as the end of a sentence; nothing if it is fine."""
    if not label.strip():
        return "is empty"
    if len(label) > _MAX_LENGTH:
        return f"has more than {_MAX_LENGTH} characters"
    if not label.isprintable():
        return "has a control character"
    if label.startswith("-"):
        return "begins with a hyphen, as options do"
    return next((reason for sign, reason in _SIGNS.items() if sign in label), "")


_SIGNS = {
    ":": "has a colon, which divides distribution and label",
    "[": "has a bracket, which marks partitions",
    "]": "has a bracket, which marks partitions",
}


def where_is(cls: type) -> str:
    """Return ``module:Class`` with file and line where Python knows them, for messages."""
    import inspect

    name = f"{cls.__module__}:{cls.__qualname__}"
    try:
        file = inspect.getsourcefile(cls)
        _, line = inspect.getsourcelines(cls)
    except (OSError, TypeError):
        return name  # defined in a notebook, at a prompt, or by type()
    return f"{name} ({file}:{line})"
