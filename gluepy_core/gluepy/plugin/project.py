"""Importing what the settings of a project name: its modules, and its own hook plugins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from gluepy.exceptions import GluepyError, ModuleLoadError
from gluepy.plugin._aside import output_aside
from gluepy.utils.errors import location_of, reason_of

__all__ = ["import_installed", "import_plugin"]

#: Submodules of an installed module that are imported when they exist, in this order.
_SUBMODULES = ("tasks", "dags", "commands")


def import_installed(name: str) -> None:
    """Import a module of ``INSTALLED_MODULES``, and those of its submodules that we know.

    A submodule that does not exist is fine; one that exists and cannot be imported is an error.
    """
    with _project_import("INSTALLED_MODULES", name):
        module = import_module(name)
    for submodule in _SUBMODULES if hasattr(module, "__path__") else ():
        full_name = f"{name}.{submodule}"
        with _project_import("INSTALLED_MODULES", full_name):
            if find_spec(full_name) is not None:
                import_module(full_name)


def import_plugin(dotted_path: str) -> object:
    """Import what the setting ``HOOKS`` names: a module, an instance, or a class to instantiate."""
    module, _, attribute = dotted_path.replace(":", ".").rpartition(".")
    with _project_import("HOOKS", dotted_path):
        if module and hasattr(import_module(module), attribute):
            plugin = getattr(import_module(module), attribute)
            return plugin() if isinstance(plugin, type) else plugin
        return import_module(dotted_path)


@contextlib.contextmanager
def _project_import(setting: str, module: str) -> Iterator[None]:
    """Say in one sentence why a module of the project cannot be imported, and where."""
    try:
        with output_aside():
            yield
    except (GluepyError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ModuleLoadError(
            setting, module, reason_of(error), location=location_of(error)
        ) from error
