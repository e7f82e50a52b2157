"""Making the object that a setting such as ``STORAGE_BACKEND`` names."""

from __future__ import annotations

from typing import Any

from gluepy.exceptions import GluepyError, ModuleLoadError
from gluepy.utils.errors import location_of, reason_of
from gluepy.utils.loading import import_string

__all__ = ["make_backend"]


def make_backend(setting: str, dotted_path: str) -> Any:
    """Import the class that a setting names and return a new object of it.

    Args:
        setting: Name of the setting, for errors.
        dotted_path: Its value; the class takes no argument.

    Raises:
        ModuleLoadError: If the class cannot be imported, or is none.
    """
    try:
        factory = import_string(dotted_path)
    except (GluepyError, KeyboardInterrupt):
        raise
    except BaseException as error:  # importing a module runs it: it may even exit
        raise ModuleLoadError(
            setting, dotted_path, reason_of(error), location=location_of(error)
        ) from error
    if not callable(factory):
        raise ModuleLoadError(setting, dotted_path, f"it is no class but {factory!r}")
    return factory()
