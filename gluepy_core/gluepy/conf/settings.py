"""Settings: what they are, where each came from, and the order in which sources win.

From weakest to strongest: defaults, the project file, the settings module, the environment,
options of the command line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gluepy.conf._defaults import BY_NAME, SETTINGS, Kind
from gluepy.conf.project import SETTINGS_MODULE, Project
from gluepy.exceptions import SettingsError, UnknownSettingError

__all__ = ["Settings", "load_settings"]

_PREFIX = "GLUEPY_"

# Environment variables that steer the tool and are no settings.
_CONTROLS = frozenset({SETTINGS_MODULE, "GLUEPY_DISABLE_PLUGIN_AUTOLOAD"})

#: Values by the name of their setting, each with its source.
_Layer = dict[str, tuple[Any, str]]


class Settings:
    """The settings of a project, as attributes in upper case.

    They can be assigned, which tests do. Names that Gluepy does not know are kept: they are the
    project's own, or a plugin's.

    Args:
        dotted_path: A settings module; its upper-case names go over the defaults. The project file
            and the environment are left aside: `load_settings` reads them too.

    Raises:
        SettingsError: If the module cannot be imported or sets a value of the wrong type.
    """

    _sources: dict[str, str]

    def __init__(self, dotted_path: str | None = None) -> None:
        root = _current_folder()
        self._fill({**_defaults(root), **_from_module(dotted_path or "")}, root)

    def _fill(self, layer: _Layer, root: str) -> None:
        _check_types(layer)
        self.__dict__["_sources"] = {name: source for name, (_, source) in layer.items()}
        self.__dict__.update((name, value) for name, (value, _) in layer.items())
        _make_paths_absolute(self.__dict__, root)

    if TYPE_CHECKING:  # any name may be asked for; mypy need not know the table

        def __getattribute__(self, name: str) -> Any: ...

    def __getattr__(self, name: str) -> Any:
        # Only called for what is not in __dict__.
        if not name.isupper():
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise UnknownSettingError(name, self.names())

    def __setattr__(self, name: str, value: object) -> None:
        if not name.isupper():
            raise AttributeError(f"{name!r} is no setting: their names are in upper case")
        self.__dict__[name] = value
        self._sources[name] = "code"

    def __delattr__(self, name: str) -> None:
        if name not in self._sources:
            raise UnknownSettingError(name, self.names())
        del self.__dict__[name], self._sources[name]

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels to another process: all but values that cannot be pickled."""
        import pickle

        try:
            pickle.dumps(self.__dict__)
        except Exception:  # noqa: BLE001 - values of a settings module may be anything
            names = [name for name in self._sources if _travels(self.__dict__[name])]
            values = {name: self.__dict__[name] for name in names}
            return {"_sources": {name: self._sources[name] for name in names}, **values}
        return self.__dict__

    def get(self, name: str, default: object = None) -> Any:
        """Return the value of a setting, or ``default`` if there is no setting of that name."""
        return self.__dict__[name] if name in self._sources else default

    def names(self) -> list[str]:
        """Return the names of all settings, in alphabetical order."""
        return sorted(self._sources)

    def source_of(self, name: str) -> str:
        """Return where the value of a setting came from.

        Returns:
            ``default``, ``gluepy.toml``, ``pyproject.toml [tool.gluepy]``, the settings module
            (``configs.settings``), ``environment GLUEPY_EXECUTOR``, ``option --executor``, or
            ``code`` if it was assigned.

        Raises:
            UnknownSettingError: If there is no setting of that name.
        """
        try:
            return self._sources[name]
        except KeyError:
            raise UnknownSettingError(name, self.names()) from None

    def masked(self) -> dict[str, object]:
        """Return all settings by name, with the secrets masked, fit to be printed or stored."""
        from gluepy.conf.secrets import mask

        return {name: mask(self.__dict__[name], name) for name in self.names()}


def _travels(value: object) -> bool:
    import pickle

    try:
        pickle.dumps(value)
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


def load_settings(
    project: Project | None = None,
    *,
    module: str = "",
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings from all their sources.

    Args:
        project: What `find_project` found.
        module: The settings module. When empty, the variable ``GLUEPY_SETTINGS_MODULE`` names it,
            else the project file.
        overrides: Values that options of the command line give.
        environ: The environment variables; None for those of the process.

    Returns:
        The settings; relative paths in them are relative to the project's root, or to the current
        folder when there is no project.

    Raises:
        SettingsError: If a source cannot be read, or sets a value of the wrong type.
    """
    environ = os.environ if environ is None else environ
    root = project.root if project else _current_folder()
    module = (
        module or environ.get(SETTINGS_MODULE, "") or (project.settings_module if project else "")
    )
    settings = Settings.__new__(Settings)
    settings._fill(  # noqa: SLF001 - of this module
        {
            **_defaults(root),
            **_from_project(project),
            **_from_module(module),
            **_from_environ(environ),
            **_from_options(overrides or {}),
        },
        root,
    )
    return settings


# -- the sources, weakest first ----------------------------------------------------------------


def _defaults(root: str) -> _Layer:
    layer: _Layer = {setting.name: (_fresh(setting.default), "default") for setting in SETTINGS}
    layer["BASE_DIR"] = (root, "default")
    return layer


def _fresh(value: object) -> object:
    """Return a copy of a list or table, so that nobody changes the default for all."""
    return value.copy() if isinstance(value, list | dict) else value


def _from_project(project: Project | None) -> _Layer:
    if project is None:
        return {}
    source = (
        project.marker if project.marker != "pyproject.toml" else "pyproject.toml [tool.gluepy]"
    )
    from gluepy.conf._values import refuse_typo

    layer: _Layer = {}
    for key, value in project.table.items():
        name = key.upper().replace("-", "_")
        if name != "SETTINGS_MODULE":
            refuse_typo(name, key, source)
            layer[name] = (value, source)
    return layer


def _from_module(module: str) -> _Layer:
    if not module:
        return {}
    return {
        name: (value, module)
        for name, value in vars(_import_settings(module)).items()
        if name.isupper() and not name.startswith("_")
    }


def _import_settings(module: str) -> object:
    from importlib import import_module

    from gluepy.utils.errors import location_of, reason_of

    try:
        return import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a settings module may raise anything, SystemExit included
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise SettingsError(
                repr(module),
                f"there is no module {error.name!r}",
                hint=f"Check {SETTINGS_MODULE}, and that you are in the project's folder.",
            ) from error
        at = location_of(error)
        raise SettingsError(
            repr(module), f"cannot be imported: {reason_of(error)}" + (f" ({at})" if at else "")
        ) from error


def _from_environ(environ: Mapping[str, str]) -> _Layer:
    # An empty variable counts as none: many tools cannot unset one.
    given = [name for name in environ if name.startswith(_PREFIX) and environ[name]]
    if not given:
        return {}
    from gluepy.conf._values import parse_text, refuse_typo

    layer: _Layer = {}
    for variable in given:
        if variable not in _CONTROLS:
            name, source = variable.removeprefix(_PREFIX), f"environment {variable}"
            refuse_typo(name, variable, source)
            kind: Kind = BY_NAME[name].kind if name in BY_NAME else "text"
            layer[name] = (parse_text(kind, environ[variable], source), source)
    return layer


def _from_options(overrides: Mapping[str, object]) -> _Layer:
    return {
        name: (value, f"option --{name.lower().replace('_', '-')}")
        for name, value in overrides.items()
    }


# -- checks and paths --------------------------------------------------------------------------


def _check_types(layer: _Layer) -> None:
    given = [name for name, (_, source) in layer.items() if source != "default" and name in BY_NAME]
    if given:
        from gluepy.conf._values import check_value

        for name in given:
            check_value(BY_NAME[name], *layer[name])


# A storage of another kind may take STORAGE_ROOT for the prefix of its keys.
_STORAGE_ON_DISK = BY_NAME["STORAGE_BACKEND"].default


def _make_paths_absolute(values: dict[str, Any], root: str) -> None:
    values["CONFIG_PATH"] = _absolute(values["CONFIG_PATH"], root)
    if values["STORAGE_BACKEND"] == _STORAGE_ON_DISK:
        values["STORAGE_ROOT"] = _absolute(values["STORAGE_ROOT"], root)


def _absolute(path: str | os.PathLike[str], root: str) -> str:
    text = os.fspath(path)
    if "://" in text:
        return text
    return os.path.normpath(os.path.join(root, os.path.expanduser(text)))


def _current_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError as error:
        raise SettingsError(
            "the current folder", "it no longer exists", hint="Change to another folder."
        ) from error
