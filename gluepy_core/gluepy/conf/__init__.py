"""Settings of a project, and the context: the parameters of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gluepy.utils.loading import LazyProxy

if TYPE_CHECKING:
    from gluepy.conf.context import Context, DefaultContextManager
    from gluepy.conf.settings import Settings

__all__ = ["default_context", "default_context_manager", "default_settings"]


def _find_settings() -> Settings:
    import os

    from gluepy.conf.project import find_project
    from gluepy.conf.settings import load_settings

    return load_settings(find_project(os.getcwd()))


def _make_context_manager() -> DefaultContextManager:
    from gluepy.utils.backends import make_backend

    manager = make_backend("CONTEXT_BACKEND", default_settings.CONTEXT_BACKEND)
    return cast("DefaultContextManager", manager)


def _make_context() -> Context:
    return default_context_manager.create_context()


#: The settings of this process: those of the project that the current folder lies in.
default_settings = cast("Settings", LazyProxy(_find_settings))

#: Makes and loads contexts; of the class that the setting ``CONTEXT_BACKEND`` names.
default_context_manager = cast("DefaultContextManager", LazyProxy(_make_context_manager))

#: The parameters of the run that is going on, or of a run that nobody has started yet.
default_context = cast("Context", LazyProxy(_make_context))
