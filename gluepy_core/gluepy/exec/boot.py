"""The door through which a project's ``manage.py`` sets Gluepy up."""

from __future__ import annotations

__all__ = ["bootstrap"]


def bootstrap() -> None:
    """Read the settings, import ``INSTALLED_MODULES`` and fill the registries, once.

    Raises:
        BootstrapError: If the settings or a module cannot be loaded.
    """
    # A thin door to the composition root, which stands above this layer.
    from gluepy.app import get_app

    get_app().load_registries()
