"""The click group: built-in commands by name, those of projects and distributions beside them."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import click

from gluepy.commands._output import flush_results, note, print_error, warn
from gluepy.commands._setup import set_up
from gluepy.exceptions import (
    AmbiguousLabelError,
    BlockedLabelError,
    GluepyError,
    UnknownCommandError,
)
from gluepy.plugin.contributions import USABLE
from gluepy.utils.names import normalise
from gluepy.utils.streams import never_fail_to_encode

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gluepy.app import App
    from gluepy.engine.supervisor import Link
    from gluepy.exec.records import CommandInfo
    from gluepy.plugin.contributions import Contribution

__all__ = ["BUILT_IN", "GluepyGroup"]

#: The built-in commands by section. The texts stand here too, so that --help imports none of them.
BUILT_IN: dict[str, dict[str, str]] = {
    "Run": {
        "dag": "Run a DAG.",
        "task": "Run one task in a run folder.",
        "plan": "Show what would run, and why.",
    },
    "Browse": {
        "list": "List DAGs and tasks.",
        "show": "Describe one DAG or task.",
        "graph": "Draw a DAG.",
        "runs": "Past runs: list, show, logs, diff.",
    },
    "Extend": {
        "plugins": "Installed plugins.",
        "hooks": "Which plugin implements which hook.",
        "entry-points": "Print the entry points that publish a module's DAGs and tasks.",
    },
    "Project": {
        "startproject": "Create a project.",
        "startmodule": "Create a module in a project.",
        "startplugin": "Create a plugin or pipeline package.",
        "settings": "Settings and where each comes from.",
        "check": "Check project, registry and environment.",
        "completion": "Shell completion.",
    },
}

_HELP = {name: text for section in BUILT_IN.values() for name, text in section.items()}

#: Built-in commands that run something; every command that is not built in does too.
_RUNNING = frozenset({"dag", "task"})

#: Commands whose tasks run in a process that a parent watches.
_SUPERVISED = _RUNNING

#: Options of the group that may stand after a built-in command, with whether each takes a value.
_ANYWHERE = {
    "-q": False,
    "--quiet": False,
    "-v": False,
    "-vv": False,
    "--verbose": False,
    "--plugin": True,
    "--no-plugin": True,
    "--no-plugins": False,
    "--strict-plugins": False,
    "--trace-hooks": False,
}


_ARGUMENTS = "gluepy.arguments"

#: Set by the scripts of shells that ask what to offer.
_COMPLETE = "_GLUEPY_COMPLETE"


class GluepyGroup(click.Group):
    """Finds commands without importing those that are not asked for."""

    #: Names that no other command can take.
    built_in = tuple(_HELP)

    #: The command that runs something right now, and the app that tells its observers.
    _running: tuple[App, CommandInfo] | None = None

    #: Whether this is the command line of a process, and not one that a program has made up.
    _is_process = False

    #: Leads to the parent that watches this process, if one does.
    _link: Link | None = None

    # -- finding commands ----------------------------------------------------------------------

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names: built-in, of the project, of distributions."""
        return [*_HELP, *sorted(self._own_commands()), *self._contributed()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import, if need be, and return a command; None if there is none of that name.

        Raises:
            PluginError: If a distribution's command cannot be imported.
        """
        if cmd_name in _HELP:
            module = import_module(f"gluepy.commands.{cmd_name.replace('-', '_')}")
            command: click.Command = module.command
            return command
        own = self._own_commands().get(cmd_name)
        if own is not None:
            return own
        contributed = _find_contributed(cmd_name)
        if contributed is not None:
            return cast("click.Command", _app().load(contributed))
        if ctx.resilient_parsing:  # a shell completes; that must import no plugin
            return None
        _app().hooks.call_once("register_commands", cli=self)
        return self.commands.get(cmd_name)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command of the project or of a plugin; a name that is taken is refused."""
        name = name or cmd.name or ""
        there = self.commands.get(name)
        if name in _HELP or (there is not None and not _is_same(there, cmd)):
            warn(f"the command {name!r} is there already; another of that name is left out")
            return
        super().add_command(cmd, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names; suggest one for a typing error."""
        name, *rest = args
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            _refuse_blocked(name)
            raise UnknownCommandError(name, self.list_commands(ctx))
        return name if command else None, command, rest

    def _own_commands(self) -> Mapping[str, click.Command]:
        """Return what the project's modules, and the plugins of its setting HOOKS, have added."""
        app = _app()
        if app.settings.INSTALLED_MODULES:
            app.load_registries()
        if app.settings.HOOKS:
            app.project_hooks.call_once("register_commands", cli=self)
        return self.commands

    def _contributed(self) -> dict[str, str]:
        """Return the commands of distributions, by the name to call them by, with their source."""
        taken = {*_HELP, *self.commands}
        return {
            one.qualified_name
            if one.state == "conflict" or one.name in taken
            else one.name: one.source
            for one in _app().contributions
            if one.kind == "command" and one.state in USABLE
        }

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands and options; click itself would import every command for its help."""
        from click.shell_completion import CompletionItem

        sections = dict(BUILT_IN)
        with contextlib.suppress(GluepyError):  # a shell has no place for a message
            sections |= self._added_sections()
        commands = [
            CompletionItem(name, help=text)
            for section in sections.values()
            for name, text in section.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    # -- running -------------------------------------------------------------------------------

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options of the group; some may stand after a built-in command, too."""
        rest = super().parse_args(ctx, _hoisted(args, self._place_of_command(args)))
        ctx.meta[_ARGUMENTS] = tuple(rest)
        set_up(ctx)
        return rest

    def _place_of_command(self, args: Sequence[str]) -> int | None:
        """Return where the first word stands that is neither an option nor the value of one."""
        takes_value = {
            name
            for param in self.params
            if isinstance(param, click.Option) and not (param.is_flag or param.count)
            for name in param.opts
        }
        words = enumerate(args)
        for place, word in words:
            if word in takes_value:
                next(words, None)
            elif not word.startswith("-"):
                return place
        return None

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's signature
        **extra: Any,
    ) -> Any:
        """Run the command line; in the end the process exits with the code that the page says.

        A user's mistake is one sentence on standard error, never a traceback.
        """
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        never_fail_to_encode()
        if _COMPLETE in os.environ:
            from gluepy.commands._shells import register_shells

            register_shells()
        self._is_process = args is None
        code = _guarded(run)
        flush_results()
        if self._running is not None:
            app, command = self._running
            self._running = None
            app.after_command(command, code)
        _keep_notes()
        if self._link is not None:
            self._link.conclude(code)
        sys.exit(code)

    def begin(self, ctx: click.Context) -> None:
        """Tell observers that a command begins, if it is one that runs something."""
        name = ctx.invoked_subcommand
        if name is None or (name in _HELP and name not in _RUNNING):
            return
        gc.enable()  # see gluepy.__main__
        if not set(ctx.help_option_names).isdisjoint(ctx.meta[_ARGUMENTS]):
            return  # only its help is asked for
        if name in _SUPERVISED and self._is_process:
            self._supervise()
        from gluepy.conf.secrets import mask_arguments
        from gluepy.exec.records import CommandInfo

        command = CommandInfo(name=name, arguments=tuple(mask_arguments(ctx.meta[_ARGUMENTS])))
        app = _app()
        app.before_command(command)
        self._running = app, command

    def _supervise(self) -> None:
        """Let a parent watch this process, before any plugin or task can do anything to it."""
        from gluepy.engine.supervisor import can_supervise, supervise

        if can_supervise():
            from gluepy.commands._supervision import LinkPlugin, mourn

            self._link = supervise(mourn)
            _app().project_hooks.add(LinkPlugin(self._link), *LinkPlugin.identity)

    # -- help ----------------------------------------------------------------------------------

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, those of plugins with their distributions."""
        sections = dict(BUILT_IN)
        try:
            sections |= self._added_sections()
        except GluepyError as error:
            # Help must be there most of all when the project is broken.
            warn(str(error))
        width = max(len(name) for section in sections.values() for name in section)
        for title, section in sections.items():
            lines = [f"  {name:<{width}}  {text}".rstrip() for name, text in section.items()]
            formatter.write("\n".join(["", title, *lines]))
        formatter.write("\n\nStart with:  gluepy list, gluepy plan LABEL, gluepy dag LABEL\n")

    def _added_sections(self) -> dict[str, dict[str, str]]:
        sections = {
            "Of this project": {
                name: command.get_short_help_str()
                for name, command in sorted(self._own_commands().items())
                if not command.hidden
            },
            "From plugins": {
                name: f"from {source}" for name, source in self._contributed().items()
            },
        }
        return {title: section for title, section in sections.items() if section}


def _refuse_blocked(name: str) -> None:
    """Say that a command is installed and blocked, if it is.

    Raises:
        BlockedLabelError: If it is.
    """
    for one in _commands_named(name):
        if one.state == "blocked":
            raise BlockedLabelError("command", name, one.source, one.reason)


def _find_contributed(name: str) -> Contribution | None:
    """Return the entry point that a command's short or qualified name means; None if none does.

    Raises:
        AmbiguousLabelError: If several distributions offer it and none is preferred.
    """
    offers = [one for one in _commands_named(name) if one.state in USABLE]
    preferred = [one for one in offers if one.state != "conflict"] or offers
    if len(preferred) > 1:
        owners = [one.distribution for one in preferred]
        raise AmbiguousLabelError("command", preferred[0].name, owners)
    return preferred[0] if preferred else None


def _commands_named(name: str) -> list[Contribution]:
    """Return all entry points that a command's short or qualified name may mean, in any state."""
    owner, _, short = name.rpartition(":")
    owner = normalise(owner)
    return [
        one
        for one in _app().contributions
        if one.kind == "command" and one.name == short and owner in ("", one.distribution)
    ]


def _is_same(first: click.Command, second: click.Command) -> bool:
    """Return whether two commands are one that was defined again, as a reload does."""
    places = [
        (getattr(one.callback, "__module__", ""), getattr(one.callback, "__qualname__", ""))
        for one in (first, second)
    ]
    return first is second or (any(places[0]) and places[0] == places[1])


def _guarded(run: Callable[[], object]) -> int:
    """Run a command and return the exit code; what it raises is printed as people need it."""
    try:
        result = run()
    except GluepyError as error:
        print_error(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        note("Interrupted.")
        return 130
    except SystemExit as error:  # commands of plugins may end so
        return _exit_code_of(error)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not look like a task's
        _report_fault(error)
        return 3
    return result if isinstance(result, int) else 0


def _exit_code_of(error: SystemExit) -> int:
    """Return the exit code that Python would end with; it prints what is no number."""
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    note(error.code)
    return 1


def _keep_notes() -> None:
    """Keep what this command has learnt by importing; nothing that goes wrong there matters."""
    with contextlib.suppress(Exception):
        _app().keep_notes()


def _app() -> App:
    from gluepy.app import get_app

    return get_app()


def _hoisted(args: Sequence[str], place: int | None) -> list[str]:
    """Move the group's options that stand after a built-in command, at ``place``, before it."""
    if place is None or args[place] not in _HELP:
        return list(args)
    moved, kept = _split(iter(args[place + 1 :]))
    return [*args[:place], *moved, args[place], *kept]


def _split(words: Iterator[str]) -> tuple[list[str], list[str]]:
    moved: list[str] = []
    kept: list[str] = []
    for word in words:
        if word == "--":
            kept += [word, *words]
            break
        option, equals, _ = word.partition("=")
        if option not in _ANYWHERE:
            kept.append(word)
            continue
        moved.append(word)
        if _ANYWHERE[option] and not equals:
            value = next(words, None)
            if value is None:
                raise click.BadOptionUsage(option, f"Option {option!r} requires an argument.")
            moved.append(value)
    return moved, kept


def _report_fault(error: Exception) -> None:
    """Say that the fault is ours, and put the traceback into a file."""
    import tempfile
    import traceback

    from gluepy.utils.errors import reason_of

    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="gluepy-fault-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
            place = f"The traceback is in {file.name}"
    except OSError:
        place = text
    note(f"Error: a fault of Gluepy or of a plugin: {reason_of(error)}")
    note(f"Hint: {place}; please report it.")
