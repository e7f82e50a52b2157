"""Finding the project that a folder belongs to, and what its project file says.

Without a project file, this costs a few calls of ``stat`` and imports nothing.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from gluepy.exceptions import SettingsError

__all__ = ["SETTINGS_MODULE", "Project", "find_project"]

#: Environment variable that names the settings module.
SETTINGS_MODULE = "GLUEPY_SETTINGS_MODULE"


class Project(NamedTuple):
    """A folder that holds a project.

    Attributes:
        root: The folder, as an absolute path.
        marker: Name of the file that marks it: ``gluepy.toml``, ``pyproject.toml`` or
            ``manage.py``.
        table: What the file sets: all of ``gluepy.toml``, or ``[tool.gluepy]`` of
            ``pyproject.toml``. Keys are as written.
        settings_module: The module that the file names as its settings; empty when it names none.
    """

    root: str
    marker: str
    table: dict[str, object]
    settings_module: str


def find_project(start: str) -> Project | None:
    """Look for a project file in a folder and in those above it.

    The nearest folder wins. In one folder, ``gluepy.toml`` comes first, then a ``pyproject.toml``
    with a table ``[tool.gluepy]``, then a ``manage.py`` that mentions Gluepy.

    Args:
        start: The folder to begin with.

    Returns:
        The project, or None if there is none.

    Raises:
        SettingsError: If the project file cannot be read.
    """
    folder = os.path.abspath(start)
    while True:
        project = _project_in(folder)
        if project is not None:
            return project
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _project_in(folder: str) -> Project | None:
    path = os.path.join(folder, "gluepy.toml")
    if os.path.isfile(path):
        return _from_table(path, _parse_toml(path, _read(path)))
    path = os.path.join(folder, "pyproject.toml")
    if os.path.isfile(path) and (content := _read_if_about_gluepy(path)):
        tool = _parse_toml(path, content).get("tool")
        if isinstance(tool, dict) and "gluepy" in tool:
            return _from_table(path, tool["gluepy"])
    path = os.path.join(folder, "manage.py")
    if os.path.isfile(path) and (content := _read_if_about_gluepy(path)):
        return Project(folder, "manage.py", {}, _settings_module_in(path, content))
    return None


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise SettingsError(path, f"cannot be read: {error.strerror}") from error


def _read_if_about_gluepy(path: str) -> bytes:
    """Return the content of a file, or nothing if it has no word of Gluepy or is not ours to read.

    Most such files are other programs'; they are not parsed, whatever they hold.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return b""
    return content if b"gluepy" in content.lower() else b""


def _parse_toml(path: str, content: bytes) -> dict[str, object]:
    import tomllib

    try:
        # utf-8-sig: some editors begin a file with a byte-order mark, which TOML does not know.
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(path, f"is not UTF-8 (byte {error.start})") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(path, f"is not valid TOML: {error}") from error


def _from_table(path: str, table: object) -> Project:
    folder, marker = os.path.split(path)
    if not isinstance(table, dict):
        raise SettingsError(path, f"tool.gluepy is {table!r}, not a table")
    named = {key.lower().replace("-", "_"): value for key, value in table.items()}
    module = named.get("settings_module", "")
    if not isinstance(module, str):
        raise SettingsError(
            path,
            f"settings_module is {module!r}, not text",
            hint='Write settings_module = "configs.settings".',
        )
    return Project(folder, marker, table, module)


def _settings_module_in(path: str, source: bytes) -> str:
    """Return what a ``manage.py`` puts into ``GLUEPY_SETTINGS_MODULE``, without running it."""
    import ast

    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        reason = f"is not valid Python: {error.msg} (line {error.lineno})"
        raise SettingsError(path, reason) from error
    except ValueError as error:
        raise SettingsError(path, f"is not valid Python: {error}") from error
    except (RecursionError, MemoryError) as error:  # which one depends on the version of Python
        raise SettingsError(path, "is not valid Python: it is nested too deep") from error
    for node in ast.walk(tree):
        match node:
            case (
                ast.Call(
                    func=ast.Attribute(attr="setdefault"),
                    args=[ast.Constant(value="GLUEPY_SETTINGS_MODULE"), ast.Constant(value=module)],
                )
                | ast.Assign(
                    targets=[ast.Subscript(slice=ast.Constant(value="GLUEPY_SETTINGS_MODULE"))],
                    value=ast.Constant(value=module),
                )
            ) if isinstance(module, str):
                return module
    return ""
