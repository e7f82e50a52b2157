"""The composition root: settings, discovery, registries, hooks and engine come together here.

Each is a step of its own, taken once, when it is first needed: ``gluepy list`` reads settings and
metadata and imports no plugin; ``gluepy dag`` takes them all.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gluepy.conf.project import Project, find_project
from gluepy.exceptions import CommandError, NoProjectError, PluginError, SettingsError
from gluepy.plugin.contributions import USABLE, Contribution, mark_conflicts
from gluepy.plugin.discovery import Policy, discover
from gluepy.plugin.imports import Imports
from gluepy.utils.names import PROJECT, normalise

if TYPE_CHECKING:
    from gluepy.conf.settings import Settings
    from gluepy.engine.messages import Home
    from gluepy.exec.records import CommandInfo, SettingsInfo
    from gluepy.exec.registry import Registry
    from gluepy.plugin.known import Known
    from gluepy.plugin.manager import Hooks

__all__ = ["App", "Options", "folder_of_manage_py", "get_app", "set_app"]

_AUTOLOAD_OFF = "GLUEPY_DISABLE_PLUGIN_AUTOLOAD"

T = TypeVar("T")


class _MadeOnce(cached_property[T]):
    """A ``cached_property`` of the app that one thread makes while others wait for it."""

    if TYPE_CHECKING:
        ...  # it is typed as what it inherits from
    else:

        def __get__(self, app, owner=None):
            if app is None:
                return self
            with app._lock:  # noqa: SLF001 - of this module
                return super().__get__(app, owner)


class Options(NamedTuple):
    """What the command line says about the set-up.

    Attributes:
        folder: Where to look for the project; empty for the current folder.
        settings_module: Dotted path of the settings module; empty for what is found.
        enable: Names of plugins to use although they are switched off.
        block: Names of plugins and distributions not to use.
        no_plugins: Use no hook plugin of a distribution, but for those in ``enable``.
        strict_plugins: Fail when a plugin cannot be loaded, instead of going on without it.
        trace_hooks: Print every call of a hook.
    """

    folder: str = ""
    settings_module: str = ""
    enable: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    no_plugins: bool = False
    strict_plugins: bool = False
    trace_hooks: bool = False


class App:
    """Gluepy, set up for one project and one set of options.

    Args:
        options: Of the command line.
        warn: Is told, in a sentence, what is wrong and does not stop anything.
        trace: Is given a line for every call of a hook, if the options ask for it.
        builtin_commands: Names that no plugin's command can take.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        warn: Callable[[str], None] = lambda _: None,
        trace: Callable[[str], None] | None = None,
        builtin_commands: Collection[str] = (),
    ) -> None:
        self.options = options or Options()
        #: Tells, in a sentence, what is wrong and does not stop anything.
        self.warn = warn
        self._trace = trace
        self._builtin_commands = builtin_commands
        #: The words after ``gluepy`` that ask for what runs, secrets masked; none in programs.
        self.command: tuple[str, ...] = ()
        self._is_declared = self._is_filled = False
        # Runs may begin in several threads at once. Reentrant: one step asks for those before it.
        self._lock = threading.RLock()
        #: What became known by importing.
        self.imports = Imports()

    # -- settings ------------------------------------------------------------------------------

    @_MadeOnce
    def project(self) -> Project | None:
        """The project that the current folder belongs to; its root is put on ``sys.path``.

        Raises:
            CommandError: If a folder was named that does not exist, or has no project in it or
                above it.
            SettingsError: If the current folder no longer exists.
        """
        folder = self.options.folder
        if folder and not os.path.isdir(folder):
            raise CommandError(f"there is no folder {folder!r}", hint="Check --project.")
        # A manage.py belongs to its own project, from wherever it is run.
        project = find_project(_absolute(folder or folder_of_manage_py()))
        if project is None and folder:
            raise NoProjectError(folder)
        if project is None:
            project = find_project(_absolute(folder))
        if project is not None and project.root not in sys.path:
            sys.path.insert(0, project.root)
        return project

    @_MadeOnce
    def settings(self) -> Settings:
        """The settings; ``default_settings`` stands for them from here on.

        Raises:
            SettingsError: If they cannot be read.
        """
        from gluepy.conf import default_settings
        from gluepy.conf.settings import load_settings
        from gluepy.utils.loading import set_wrapped

        project = self.project
        with contextlib.redirect_stdout(sys.stderr):
            settings = load_settings(project, module=self.options.settings_module)
        set_wrapped(default_settings, settings)
        return settings

    # -- discovery -----------------------------------------------------------------------------

    @_MadeOnce
    def contributions(self) -> tuple[Contribution, ...]:
        """What installed distributions contribute, found in one scan, with nothing imported.

        Raises:
            UnknownPluginError: If an option or setting names a plugin that is not installed.
        """
        found = discover(policy=self._policy())
        return tuple(mark_conflicts(found, self.settings.PREFER, self._builtin_commands))

    def _policy(self) -> Policy:
        settings, options = self.settings, self.options
        is_off = os.environ.get(_AUTOLOAD_OFF, "").lower() not in ("", "0", "false", "no")
        return Policy(
            allow=tuple(settings.PLUGINS_ALLOW),
            block=(
                *((name, "PLUGINS_BLOCK") for name in settings.PLUGINS_BLOCK),
                *((name, "--no-plugin") for name in options.block),
            ),
            enable=options.enable,
            autoload=not (is_off or options.no_plugins),
            why_no_autoload="--no-plugins" if options.no_plugins else _AUTOLOAD_OFF,
        )

    def load(self, contribution: Contribution) -> Any:
        """Import what a contribution names, and remember whether that went well.

        Raises:
            PluginError: If it cannot be imported or is of the wrong kind.
        """
        from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
        from gluepy.plugin.loading import load

        self._declare()
        try:
            with self._lock, DAG_REGISTRY.all_or_nothing(), TASK_REGISTRY.all_or_nothing():
                loaded = load(contribution)
        except PluginError as error:
            self.imports.note(contribution, error.reason)
            raise
        self.imports.note(contribution)
        return loaded

    def known_of(self, one: Contribution) -> Known | None:
        """Return what is known of a contribution, importing nothing; None where nothing is."""
        return self.imports.known_of(one, vars(self).get("hooks"))

    def keep_notes(self) -> None:
        """Note for later commands what the imports of this process have shown."""
        if self.imports:
            self.imports.keep(self.contributions, vars(self).get("hooks"))

    def catalog(self, *kinds: str) -> list[Contribution]:
        """Return what there is to run and to use, the project's own classes included.

        Args:
            kinds: Of contributions; all when none is given.

        Returns:
            Records with their conflicts marked and their latest states, sorted by kind and name.
            No plugin is imported; the modules of the project are.
        """
        found = [
            one for one in self.contributions if not kinds or one.kind in kinds or not one.kind
        ]
        has_own = bool(self.settings.INSTALLED_MODULES)
        own = self._own_classes(kinds or ("dag", "task")) if has_own else []
        if own:
            offers = [
                one._replace(state="available", reason="") if one.state == "conflict" else one
                for one in found
            ]
            found = mark_conflicts([*offers, *own], self.settings.PREFER, self._builtin_commands)
            found.sort(key=lambda one: (one.kind, one.name, one.distribution))
        return [self.imports.as_known(one) for one in found] if self.imports else found

    def _own_classes(self, kinds: Sequence[str]) -> list[Contribution]:
        from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY

        self.load_registries()
        found = []
        for kind, registry in (("dag", DAG_REGISTRY), ("task", TASK_REGISTRY)):
            for entry in registry.registrations() if kind in kinds else ():
                if entry.cls is None or PROJECT not in entry.owners:
                    continue
                module = entry.cls.__module__
                if not module.startswith("gluepy."):  # the built-in start task
                    file = getattr(sys.modules.get(module), "__file__", None) or ""
                    found.append(Contribution(kind, entry.label, entry.target, "", "", file))
        return found

    # -- registries ----------------------------------------------------------------------------

    def load_registries(self) -> None:
        """Fill the registries: with what distributions declare, and with the project's modules.

        Raises:
            ModuleLoadError: If a module of ``INSTALLED_MODULES`` cannot be imported.
            DuplicateLabelError: If two classes of the project have one label.
        """
        with self._lock:
            if not self._is_filled:
                self._fill_registries()

    def _fill_registries(self) -> None:
        from gluepy.plugin.project import import_installed

        self._declare()
        settings = self.settings
        if settings.LOGGING:
            import logging.config

            # Python would silence all loggers that the table does not name, ours among them.
            logging.config.dictConfig({"disable_existing_loggers": False, **settings.LOGGING})
        for module in settings.INSTALLED_MODULES:
            import_installed(module)
        self._is_filled = True

    def _declare(self) -> None:
        """Tell the registries what distributions declare, before any of their code is imported.

        A class that is defined earlier would be taken for the project's own.
        """
        with self._lock:
            if not self._is_declared:
                self._fill_with_declarations()

    def _fill_with_declarations(self) -> None:
        from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
        from gluepy.plugin.owners import Owners, source_of

        settings = self.settings
        owners = Owners(self.contributions, settings.INSTALLED_MODULES)
        for kind, registry in (("dag", DAG_REGISTRY), ("task", TASK_REGISTRY)):
            registry.withdraw()
            registry.prefer = settings.PREFER
            registry.sources_of = owners
            for one in self.contributions:
                if one.kind == kind and one.state in USABLE:
                    registry.declare(one.name, source_of(one), one.value, partial(self.load, one))
                elif one.kind == kind and one.state == "blocked":
                    registry.block(one.name, source_of(one), one.reason)
        self._is_declared = True

    def import_owner(self, label: str, *registries: Registry[Any]) -> None:
        """Import what the distribution of a qualified label declares, if no registry knows it yet.

        Only then are those of its classes known that it defines and does not declare.
        """
        owner = normalise(label.rpartition(":")[0])
        if not owner or any(label in registry for registry in registries):
            return
        for one in self.contributions:
            if one.distribution == owner and one.kind in ("dag", "task") and one.state in USABLE:
                with contextlib.suppress(PluginError):  # told when somebody asks for that class
                    self.load(one)

    # -- hooks ---------------------------------------------------------------------------------

    @_MadeOnce
    def hooks(self) -> Hooks:
        """The hooks of all plugins: those of the setting ``HOOKS``, then distributions' by name.

        A distribution's plugin that cannot be loaded is warned of and left out; with
        ``strict_plugins`` it is an error.

        Raises:
            PluginError: If a plugin that ``HOOKS`` names is at fault.
            ModuleLoadError: If a plugin that ``HOOKS`` names cannot be imported.
        """
        hooks = self.project_hooks
        for one in self.contributions:
            if one.kind == "hook" and one.state in USABLE:
                self._add_hook_plugin(hooks, one)
        hooks.call_once("configure", settings=self._settings_info())
        return hooks

    @_MadeOnce
    def project_hooks(self) -> Hooks:
        """The hooks of the setting ``HOOKS``, before those of distributions join them.

        They are enough to build the command line, which imports no plugin of a distribution.
        """
        from gluepy.plugin.manager import Hooks
        from gluepy.plugin.project import import_plugin

        self._declare()
        hooks = Hooks(trace=self._trace if self.options.trace_hooks else None)
        for dotted_path in self.settings.HOOKS:
            hooks.add(import_plugin(dotted_path), dotted_path, "the project")
        hooks.call_once("configure", settings=self._settings_info())
        return hooks

    def _add_hook_plugin(self, hooks: Hooks, one: Contribution) -> None:
        try:
            plugin = self.load(one)
            try:
                hooks.add(plugin, one.name, one.source)
            except PluginError as error:
                self.imports.note(one, error.reason)
                raise
        except PluginError as error:
            if self.options.strict_plugins:
                raise
            hint = f" {error.hint}" if error.hint else ""
            self.warn(f"{error}; the run goes on without it.{hint}")

    def _settings_info(self) -> SettingsInfo:
        from gluepy.exec.records import SettingsInfo

        root = self.project.root if self.project else ""
        return SettingsInfo(tuple(sorted(self.settings.masked().items())), project=root)

    # -- workers -------------------------------------------------------------------------------

    def home(self) -> Home:
        """Return what sets worker processes up as this one is."""
        return _Home(self.options, self.project.root if self.project else "")

    def worker_hooks(self) -> Hooks:
        """Return the hooks of all plugins for a process that only carries steps out.

        Plugins are not configured there: `configure` is for the coordinating process, and
        `worker_started` tells them the settings.
        """
        from gluepy.plugin.manager import Hooks
        from gluepy.plugin.project import import_plugin

        self._declare()
        hooks = Hooks()
        for dotted_path in self.settings.HOOKS:
            hooks.add(import_plugin(dotted_path), dotted_path, "the project")
        for one in self.contributions:
            if one.kind == "hook" and one.state in USABLE:
                self._add_hook_plugin(hooks, one)
        return hooks

    # -- commands ------------------------------------------------------------------------------

    def before_command(self, command: CommandInfo) -> None:
        """Tell observers that a command that runs something begins."""
        self.command = command.name, *command.arguments
        self.hooks.call("before_command", command=command)

    def after_command(self, command: CommandInfo, exit_code: int) -> None:
        """Tell observers that a command that runs something ends."""
        self.hooks.call("after_command", command=command, exit_code=exit_code)
        self.command = ()


class _Home(NamedTuple):
    """Sets a worker process up as the coordinating one is: a `gluepy.engine.messages.Home`.

    Attributes:
        options: Of the app there.
        root: The project's root folder; empty where there is none.
    """

    options: Options
    root: str

    def move_in(self, settings: Settings) -> Hooks:
        """Make an app with these settings the one of this process, and return its hooks."""
        if self.root and self.root not in sys.path and os.path.isdir(self.root):
            sys.path.insert(0, self.root)
        # One that was forked off has the app, and what it has found, already.
        app = get_app()
        before = vars(app).get("settings", settings)
        if app.options != self.options or _plugins_of(before) != _plugins_of(settings):
            app = set_app(App(self.options))
        vars(app)["settings"] = settings
        return app.worker_hooks()


def _plugins_of(settings: Settings) -> tuple[object, ...]:
    """Return what settings say of the plugins of a process."""
    return settings.PLUGINS_ALLOW, settings.PLUGINS_BLOCK, settings.PREFER


_app: App | None = None
_making = threading.Lock()


def get_app(warn: Callable[[str], None] = lambda _: None) -> App:
    """Return the app of this process; make it first, with default options, if there is none.

    Args:
        warn: Is told what is wrong and does not stop anything, if the app is made now.
    """
    with _making:
        return _app or set_app(App(warn=warn))


def set_app(app: App) -> App:
    """Make ``app`` the one of this process, and return it."""
    global _app  # noqa: PLW0603 - the one place that knows which app is current
    if _app is not None:
        _forget_defaults()
    _app = app
    return app


def _forget_defaults() -> None:
    """Let all ``default_*`` objects be made anew: they come from the settings of another app."""
    from gluepy.conf import default_context, default_context_manager, default_settings
    from gluepy.files.data import data_manager
    from gluepy.files.storages import default_storage
    from gluepy.ops import default_mlops
    from gluepy.utils.loading import empty, set_wrapped

    for proxy in (
        default_settings,
        default_context_manager,
        default_context,
        default_storage,
        data_manager,
        default_mlops,
    ):
        set_wrapped(proxy, empty)


def _absolute(folder: str) -> str:
    try:
        return os.path.abspath(folder or os.curdir)
    except FileNotFoundError as error:
        raise SettingsError(
            "the current folder", "it no longer exists", hint="Change to another folder."
        ) from error


def folder_of_manage_py() -> str:
    """Return the folder of the ``manage.py`` that runs, if one does; else an empty text."""
    script = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    if os.path.basename(script) == "manage.py":
        return os.path.dirname(os.path.abspath(script))
    return ""
