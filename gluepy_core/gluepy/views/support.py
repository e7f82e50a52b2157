"""What a bug report needs to say of an environment, as a document."""

from __future__ import annotations

import os
from typing import Any

from gluepy.exceptions import GluepyError

__all__ = ["environment_view"]

_REQUIREMENTS = ("click", "importlib-metadata", "pluggy", "python-box", "PyYAML", "toml")


def environment_view() -> dict[str, Any]:
    """Return versions, plugins, and the settings that are not the default; secrets are masked.

    Nothing is imported. The host, the user and their folders are not named, so that it can be
    published as it is.
    """
    import platform

    from gluepy import VERSION
    from gluepy.app import get_app

    app = get_app()
    document: dict[str, Any] = {
        "schema": "gluepy.environment/1",
        "gluepy": VERSION,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "dependencies": {name: _version(name) for name in _REQUIREMENTS},
        "start_method": "",
        "storage": "",
        "plugins": [],
        "settings": [],
        "problem": "",
    }
    try:
        settings, contributions = app.settings, app.contributions
    except GluepyError as error:
        return {**document, "problem": _anonymous(app.options.folder, error.message)}
    root = app.project.root if app.project else ""
    document["start_method"] = settings.START_METHOD
    document["storage"] = f"{settings.STORAGE_BACKEND} ({_place(settings.STORAGE_ROOT)})"
    document["plugins"] = [
        {
            "kind": one.kind or "unreadable",
            "name": one.name,
            "distribution": one.distribution,
            "version": one.version,
            "state": _anonymous(root, one.state_text),
        }
        for one in contributions
    ]
    document["settings"] = [
        {"name": name, "value": _anonymous(root, repr(value)), "source": settings.source_of(name)}
        for name, value in settings.masked().items()
        if settings.source_of(name) != "default"
    ]
    return document


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "missing"


def _place(root: str) -> str:
    """Return what kind of place holds the runs, and not which."""
    scheme, mark, _ = root.partition("://")
    return scheme if mark else "a folder"


def _anonymous(root: str, text: str) -> str:
    """Return a text without the names of the machine and of the user's folders."""
    import platform
    import re

    for folder, stand_in in ((root, "<project>"), (os.path.expanduser("~"), "~")):
        if len(folder) > 1:
            text = text.replace(folder, stand_in)
    host = platform.node()
    return re.sub(rf"(?<![\w-]){re.escape(host)}(?![\w-])", "<host>", text) if host else text
