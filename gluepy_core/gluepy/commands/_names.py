"""What projects, modules and plugins may be called."""

from __future__ import annotations

import keyword
import re
import sys

from gluepy.exceptions import InvalidNameError

__all__ = ["check_module_name", "check_plugin_name", "check_project_name", "class_name"]

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MODULE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# The name of a distribution (PEP 508) whose import package is a plain module name.
_PLUGIN = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_.][A-Za-z0-9]+)*")


def check_project_name(name: str) -> str:
    """Return ``name`` if a folder can be called so everywhere.

    Raises:
        InvalidNameError: If it has other signs than letters, digits, hyphens, underscores and dots,
            or does not begin with a letter or digit.
    """
    if not _FOLDER.fullmatch(name):
        hint = "Use letters, digits, hyphens and underscores, for example 'my-project'."
        raise InvalidNameError("project", name, "cannot be the name of a folder", hint=hint)
    return name


def check_module_name(name: str) -> str:
    """Return ``name`` if a new module can be called so.

    Raises:
        InvalidNameError: If it is no plain module name, or the name of another module.
    """
    if not _MODULE.fullmatch(name):
        reason = "cannot be the name of a module"
        raise InvalidNameError("module", name, reason, hint=_suggestion(name))
    _check_is_free("module", name, name)
    return name


def check_plugin_name(name: str) -> str:
    """Return the import package of a new distribution: ``gluepy_hello`` for ``gluepy-hello``.

    Raises:
        InvalidNameError: If no distribution can be called so, or its package has the name of
            another module.
    """
    if not _PLUGIN.fullmatch(name):
        hint = "Use lower-case words joined by hyphens, for example 'gluepy-hello'."
        raise InvalidNameError("plugin", name, "cannot be the name of a distribution", hint=hint)
    package = re.sub(r"[-.]", "_", name).lower()
    if package == "gluepy_core":
        reason = "is the name of the distribution that Gluepy comes from"
        raise InvalidNameError("plugin", name, reason, hint="Choose another name.")
    _check_is_free("plugin", name, package)
    return package


def class_name(package: str) -> str:
    """Return ``ForecastTraining`` for ``forecast_training``."""
    return "".join(word.capitalize() for word in package.split("_"))


def _check_is_free(kind: str, name: str, module: str) -> None:
    from importlib.util import find_spec

    if keyword.iskeyword(module):
        reason = "is a word of the language Python"
    elif module in sys.stdlib_module_names:
        reason = "is the name of a module of Python itself"
    elif find_spec(module) is not None:
        reason = f"is taken: a module {module!r} is installed or on the path"
    else:
        return
    raise InvalidNameError(kind, name, reason, hint="Choose another name.")


def _suggestion(name: str) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower())
    better = "_".join(words).lstrip("0123456789_")
    return (
        "Use lower-case words joined by underscores, for example "
        f"{better if _MODULE.fullmatch(better) else 'my_module'!r}."
    )
