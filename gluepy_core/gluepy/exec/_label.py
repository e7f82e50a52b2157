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
    return check_label(label, where_is(cls))


def check_label(label: object, where: str) -> str:
    """Return ``label`` if it can be used on the command line.

    Lower-case words with hyphens are the custom and not the rule: projects written for Gluepy 1.6
    use others.

    Args:
        label: As the user wrote it.
        where: What has this label, for the message.

    Raises:
        InvalidLabelError: If it is no text, is empty or longer than 200 characters, begins with a
            hyphen, or has a colon (which divides distribution and label), a line break or another
            control character.
    """
    if not isinstance(label, str):
        raise InvalidLabelError(where, label, f"is {type(label).__name__}, not text")
    if not label.strip():
        raise InvalidLabelError(where, label, "is empty")
    if len(label) > _MAX_LENGTH:
        short = f"{label[:20]}..."
        raise InvalidLabelError(where, short, f"has more than {_MAX_LENGTH} characters")
    if not label.isprintable():
        raise InvalidLabelError(where, label, "has a control character")
    if ":" in label:
        raise InvalidLabelError(where, label, "has a colon, which divides distribution and label")
    if label.startswith("-"):
        raise InvalidLabelError(where, label, "begins with a hyphen, as options do")
    return label


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
