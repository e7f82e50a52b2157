"""Guarded import of what a contribution names: it works, or it is one error that says why not."""

from __future__ import annotations

import shlex
import traceback
from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TypeVar

from gluepy.exceptions import GluepyError, LabelMismatchError, PluginLoadError
from gluepy.plugin._aside import output_aside
from gluepy.plugin.contributions import Contribution
from gluepy.utils.errors import reason_of

__all__ = ["how_to_mend", "load"]

T = TypeVar("T")


def load(contribution: Contribution) -> object:
    """Import and return what a contribution names, and check that it is of the right kind.

    What the import writes to standard output goes to standard error: results are printed there,
    not greetings. An interrupt by the user passes through; everything else that is raised,
    ``SystemExit`` included, is the plugin's fault.

    Returns:
        The class of a DAG or task, the module or instance of a hook plugin (a class is called
        without arguments), the click command, or the factory of an executor or storage.

    Raises:
        PluginLoadError: If it cannot be imported or is of another kind.
        LabelMismatchError: If a DAG or task is labelled otherwise than its entry point.
    """
    if contribution.state == "broken":
        raise PluginLoadError(contribution.who, contribution.reason, hint=_reinstall(contribution))
    module_name, _, attribute = contribution.value.partition(":")
    module = _guarded(contribution, "its import", lambda: import_module(module_name))
    found = _attribute(contribution, module, attribute) if attribute else module
    if contribution.kind == "hook" and isinstance(found, type):
        found = _guarded(contribution, f"{attribute}()", found)
    problem = _CHECKS[contribution.kind](found)
    if problem:
        raise PluginLoadError(contribution.who, problem, hint=_correct(contribution))
    if contribution.kind in ("dag", "task"):
        _check_label(contribution, found)
    return found


def _guarded(contribution: Contribution, action: str, function: Callable[[], T]) -> T:
    try:
        with output_aside():
            return function()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _blame(contribution, action, error) from error


def _attribute(contribution: Contribution, module: ModuleType, attribute: str) -> object:
    found: object = module
    for name in attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            if _is_circular(error):
                raise _blame(contribution, "its import", error) from error
            reason = f"{contribution.value.partition(':')[0]!r} has no attribute {attribute!r}"
            hint = _near(name, dir(found)) + _correct(contribution)
            raise PluginLoadError(contribution.who, reason, hint=hint) from error
    return found


def _near(name: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}? " if close else ""


def _check_label(contribution: Contribution, found: object) -> None:
    label = getattr(found, "label", "")
    if label != contribution.name:
        raise LabelMismatchError(contribution.who, contribution.name, label)


# -- what is wrong -------------------------------------------------------------------------------


def _blame(contribution: Contribution, action: str, error: BaseException) -> PluginLoadError:
    """Return the error that says what a plugin raised, where, and what would mend it."""
    hint = how_to_mend(contribution)
    if isinstance(error, ModuleNotFoundError) and error.name:
        reason, hint = _missing_module(contribution, error.name)
    elif _is_circular(error):
        reason = f"circular import: {error}"
    elif isinstance(error, SystemExit):
        reason = f"{action} calls sys.exit({'' if error.code is None else repr(error.code)})"
    elif isinstance(error, GluepyError):
        reason, hint = f"{action} fails: {error}", error.hint or hint
    else:
        reason = f"{action} raises {reason_of(error)}"
    place = _place(contribution, error)
    return PluginLoadError(contribution.who, f"{reason} ({place})" if place else reason, hint=hint)


def _missing_module(contribution: Contribution, missing: str) -> tuple[str, str]:
    module = contribution.value.partition(":")[0]
    if module == missing or module.startswith(f"{missing}."):
        return f"its module {missing!r} is missing", _reinstall(contribution)
    from gluepy.plugin._metadata import missing_requirements

    requirements = missing_requirements(contribution.distribution, missing)
    reason = f"it needs the module {missing!r}, which is not installed"
    if requirements:
        return reason, f"Run: pip install {shlex.join(requirements)}"
    return reason, f"Install what provides {missing!r}; {contribution.source} does not require it."


def _is_circular(error: BaseException) -> bool:
    # Python says so in the message only, and has no class of its own for it.
    return isinstance(error, (ImportError, AttributeError)) and "circular import" in str(error)


def _place(contribution: Contribution, error: BaseException) -> str:
    """Return file and line in the plugin, or else wherever the error was raised."""
    if isinstance(error, ModuleNotFoundError) or _is_circular(error):
        return ""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    package = contribution.value.partition(":")[0].partition(".")[0]
    places = [
        (frame.f_globals.get("__name__", ""), f"{frame.f_code.co_filename}:{line}")
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    own = [place for name, place in places if f"{name}.".startswith(f"{package}.")]
    return own[-1] if own else ""


# -- what would mend it --------------------------------------------------------------------------


def how_to_mend(contribution: Contribution) -> str:
    """Return the command that may mend a contribution whose code is at fault."""
    if not contribution.distribution:
        return f"Mend {contribution.file}."
    name = contribution.distribution
    return f"Run: pip install --upgrade {name}, or do without it: pip uninstall {name}"


def _reinstall(contribution: Contribution) -> str:
    if not contribution.distribution:
        return f"Mend {contribution.file}."
    name = contribution.distribution
    return f"Run: pip install --force-reinstall {name}, or do without it: pip uninstall {name}"


def _correct(contribution: Contribution) -> str:
    if not contribution.distribution:
        return f"Mend {contribution.file}."
    name = contribution.distribution
    return f"Correct the entry point of {name}, or run: pip install --upgrade {name}"


# -- what each kind must be ----------------------------------------------------------------------


def _why_no_dag(found: object) -> str:
    from gluepy.exec.dags import DAG

    return _why_no_subclass(found, DAG)


def _why_no_task(found: object) -> str:
    from gluepy.exec.tasks import Task

    return _why_no_subclass(found, Task)


def _why_no_subclass(found: object, base: type) -> str:
    if isinstance(found, type) and issubclass(found, base) and found is not base:
        return ""
    return f"it is {_what(found)}, not a subclass of gluepy.{base.__name__}"


def _why_no_plugin(found: object) -> str:
    if isinstance(found, ModuleType) or type(found).__module__ != "builtins":
        return ""
    return f"it is {_what(found)}, not a module or an object with hooks"


def _why_no_command(found: object) -> str:
    # By what it can do: click itself stays out of this layer.
    if all(callable(getattr(found, name, None)) for name in ("main", "invoke", "make_context")):
        return "" if not isinstance(found, type) else f"it is {_what(found)}, not a click command"
    return f"it is {_what(found)}, not a click command"


def _why_no_factory(found: object) -> str:
    return "" if callable(found) else f"it is {_what(found)}, which cannot be called"


def _what(found: object) -> str:
    if isinstance(found, type):
        return f"the class {found.__qualname__}"
    if isinstance(found, ModuleType):
        return f"the module {found.__name__}"
    return f"of type {type(found).__name__}"


_CHECKS = MappingProxyType(
    {
        "command": _why_no_command,
        "dag": _why_no_dag,
        "executor": _why_no_factory,
        "hook": _why_no_plugin,
        "storage": _why_no_factory,
        "task": _why_no_task,
    }
)
