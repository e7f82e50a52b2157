"""The door through which a project's ``manage.py`` sets Gluepy up."""

from __future__ import annotations

from gluepy.exceptions import GluepyError

__all__ = ["bootstrap"]


def bootstrap() -> None:
    """Read the settings, import ``INSTALLED_MODULES`` and fill the registries, once.

    In a ``manage.py`` an error is left to ``cli()``, which comes next, needs the same, and says in
    a sentence what is wrong; ``python manage.py --help`` answers all the same.

    Raises:
        BootstrapError: If the settings or a module cannot be loaded.
    """
    # A thin door to the composition root, which stands above this layer.
    from gluepy.app import folder_of_manage_py, get_app

    try:
        get_app().load_registries()
    except GluepyError:
        if not folder_of_manage_py():
            raise
