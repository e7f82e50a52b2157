"""Imported by the server that worker processes are forked from, so that each is ready at once.

This is the one module whose import does something, because a server of ``multiprocessing`` can be
told nothing but what to import. Whatever fails here fails again, and is told, when a step needs it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from importlib import import_module

from gluepy.plugin._aside import output_aside

__all__ = ["VARIABLE", "describe"]

#: Environment variable that tells the server what to do.
VARIABLE = "GLUEPY_PRELOAD"


def describe(modules: Iterable[str]) -> str:
    """Return what the variable has to say: the modules, and where to look for them."""
    return json.dumps({"modules": list(modules), "path": sys.path})


def _preload(text: str) -> None:
    wanted = json.loads(text)
    sys.path[:] = wanted["path"]
    for module in ("gluepy.engine.worker", *wanted["modules"]):
        try:
            with output_aside():
                import_module(module)
        except BaseException:  # noqa: BLE001, S112 - also sys.exit(); see the first lines
            continue


if VARIABLE in os.environ:
    _preload(os.environ.pop(VARIABLE))
