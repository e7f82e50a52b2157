"""The errors of Gluepy. Call sites pass facts; each class writes its sentence and its hint.

The tree, with the exit code of the command that ends in such an error::

    GluepyError                      3
    ├── CommandError                 2   the request cannot be met
    │   ├── OptionClashError
    │   ├── UnknownCommandError
    │   ├── UnknownLabelError            (also a KeyError)
    │   │   └── BlockedLabelError
    │   ├── AmbiguousLabelError          (also a LookupError)
    │   ├── UnknownHookError
    │   ├── UnknownStepError
    │   ├── EmptyPlanError
    │   ├── UnknownRunError
    │   ├── UnknownPluginError
    │   ├── PatchError
    │   ├── OverrideError
    │   ├── TargetExistsError
    │   ├── TargetWriteError
    │   ├── InvalidNameError             (also a ValueError)
    │   ├── NoProjectError
    │   └── UnknownModuleError
    ├── BootstrapError               3   project, plugin or run record cannot be loaded
    │   ├── SettingsError
    │   ├── UnknownSettingError          (also an AttributeError)
    │   ├── ModuleLoadError
    │   ├── ModuleImportError
    │   ├── DuplicateLabelError          (also a KeyError)
    │   ├── InvalidLabelError            (also a ValueError)
    │   ├── InvalidDAGError
    │   ├── ContextError
    │   │   └── UnknownParameterError    (also a KeyError and an AttributeError)
    │   ├── RunRecordError
    │   ├── TrackingError
    │   └── PluginError
    │       ├── PluginLoadError
    │       ├── LabelMismatchError
    │       ├── HookNameError
    │       ├── HookArgumentError
    │       ├── HookKindError
    │       └── WrapperError
    ├── StorageError                 5   the storage failed
    │   ├── PathOutsideRootError         (also a ValueError)
    │   ├── InvalidPathError             (also a ValueError)
    │   ├── StorageNotFoundError         (also a FileNotFoundError)
    │   ├── StorageExistsError           (also a FileExistsError)
    │   ├── FileExpectedError            (also an IsADirectoryError)
    │   ├── FolderExpectedError          (also a NotADirectoryError)
    │   ├── StorageReadError
    │   └── StorageWriteError
    ├── DataError                    3
    │   ├── UnknownFormatError           (also a ValueError)
    │   ├── DataReadError
    │   ├── DataWriteError
    │   ├── QueryError
    │   └── MissingLibraryError          (also an ImportError)
    ├── TaskFailedError              1   a step of a run did not succeed
    ├── OutputError                  3   standard output cannot be written
    └── MergeTypeError               3   (also a TypeError)

`SkipTask` is no error: a task or a wrapper raises it to say that there is nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "AmbiguousLabelError",
    "BlockedLabelError",
    "BootstrapError",
    "CommandError",
    "ContextError",
    "DataError",
    "DataReadError",
    "DataWriteError",
    "DuplicateLabelError",
    "EmptyPlanError",
    "FileExpectedError",
    "FolderExpectedError",
    "GluepyError",
    "HookArgumentError",
    "HookKindError",
    "HookNameError",
    "InvalidDAGError",
    "InvalidLabelError",
    "InvalidNameError",
    "InvalidPathError",
    "LabelMismatchError",
    "MergeTypeError",
    "MissingLibraryError",
    "ModuleImportError",
    "ModuleLoadError",
    "NoProjectError",
    "OptionClashError",
    "OutputError",
    "OverrideError",
    "PatchError",
    "PathOutsideRootError",
    "PluginError",
    "PluginLoadError",
    "QueryError",
    "RunRecordError",
    "SettingsError",
    "SkipTask",
    "StorageError",
    "StorageExistsError",
    "StorageNotFoundError",
    "StorageReadError",
    "StorageWriteError",
    "TargetExistsError",
    "TargetWriteError",
    "TaskFailedError",
    "TrackingError",
    "UnknownCommandError",
    "UnknownFormatError",
    "UnknownHookError",
    "UnknownLabelError",
    "UnknownModuleError",
    "UnknownParameterError",
    "UnknownPluginError",
    "UnknownRunError",
    "UnknownSettingError",
    "UnknownStepError",
    "WrapperError",
]


_SHOWN_SQL = 80


class SkipTask(Exception):  # noqa: N818 - a signal, not an error
    """Raise it in ``Task.run()`` or in an ``around_task`` wrapper to skip the task.

    The argument is the reason, as text. The outcome is ``skipped`` and the run goes on.
    """


class GluepyError(Exception):
    """Base of all errors that Gluepy raises on purpose.

    Args:
        message: What is wrong and where: lower case, no full stop, values with ``!r``.
        hint: The next thing to do, as a sentence; empty when there is nothing to add.

    Attributes:
        message: As given.
        hint: As given.
        exit_code: What the ``gluepy`` command exits with when it ends in this error.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        # Written out because KeyError, a second base of some, shows the repr of its argument.
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Constructors take facts, not the message: the default recipe would not rebuild them.
        return (_rebuild, (type(self), self.message, self.__dict__))


def _rebuild(cls: type[GluepyError], message: str, state: dict[str, object]) -> GluepyError:
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class CommandError(GluepyError):
    """The request cannot be met."""

    exit_code = 2


class OptionClashError(CommandError):
    """Two options contradict each other."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            f"{first} and {second} contradict each other", hint="Give only one of them."
        )
        self.first = first
        self.second = second


class UnknownCommandError(CommandError):
    """There is no command of the name that was given."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        hint = _did_you_mean(name, known) or "Run 'gluepy --help' to see all."
        super().__init__(f"there is no command {name!r}", hint=hint)
        self.name = name


class UnknownLabelError(CommandError, KeyError):
    """No DAG or task has the label that was asked for."""

    def __init__(self, kind: str, label: str, known: Iterable[str]) -> None:
        hint = _did_you_mean(label, known) or "Run 'gluepy list' to see all."
        super().__init__(f"no {kind} is labelled {label!r}", hint=hint)
        self.kind = kind
        self.label = label


class BlockedLabelError(UnknownLabelError):
    """What has the label is installed, and an option or setting forbids its use.

    Args:
        kind: ``DAG``, ``task`` or ``command``.
        label: As asked for.
        source: The distribution that offers it, with its version.
        by: What forbids it: ``PLUGINS_BLOCK`` or ``--no-plugin``.
    """

    def __init__(self, kind: str, label: str, source: str, by: str) -> None:
        super().__init__(kind, label, ())
        self.message = f"the {kind} {label!r} of {source} is blocked by {by}"
        self.hint = f"Lift that, or run 'gluepy plugins' to see all that {by} blocks."
        self.args = (self.message,)
        self.source = source
        self.by = by


class AmbiguousLabelError(CommandError, LookupError):
    """Several sources offer the label, and nothing says which one is meant.

    A ``LookupError`` but no ``KeyError``: ``REGISTRY.get`` must not hide it behind a default.

    Args:
        kind: ``DAG`` or ``task``.
        label: The short label.
        owners: What offers it: distribution names, or ``project``.
        preferred: What the setting ``PREFER`` chooses, which is none of these; empty if nothing.
    """

    def __init__(
        self, kind: str, label: str, owners: Sequence[str], *, preferred: str = ""
    ) -> None:
        qualified = " and ".join(repr(f"{owner}:{label}") for owner in owners)
        wrong = f"PREFER names {preferred!r}, which does not offer it. " if preferred else ""
        super().__init__(
            f"the {kind} label {label!r} is offered by more than one source: {qualified}",
            hint=f"{wrong}Use one of these, or choose in the settings: "
            f'PREFER = {{"{label}": "{owners[0]}"}}.',
        )
        self.kind = kind
        self.label = label
        self.owners = tuple(owners)


class UnknownHookError(CommandError):
    """A hook was asked for that does not exist."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        hint = _did_you_mean(name, known) or f"The hooks are: {', '.join(known)}."
        super().__init__(f"there is no hook {name!r}", hint=hint)
        self.name = name


class UnknownStepError(CommandError):
    """A task that was asked for is no step of the DAG that runs."""

    def __init__(self, option: str, label: str, dag: str, steps: Sequence[str]) -> None:
        hint = _did_you_mean(label, steps) or f"Its tasks are: {', '.join(steps)}."
        super().__init__(f"{option} {label!r}: DAG {dag!r} has no such task", hint=hint)
        self.option = option
        self.label = label
        self.dag = dag


class EmptyPlanError(CommandError):
    """Nothing would run."""

    def __init__(self, dag: str, reason: str) -> None:
        super().__init__(
            f"nothing of DAG {dag!r} would run: {reason}", hint=f"Run 'gluepy show {dag}'."
        )
        self.dag = dag
        self.reason = reason


class UnknownRunError(CommandError):
    """There is no run in the folder, or with the id, that was named."""

    def __init__(self, option: str, run: str, *, root: str) -> None:
        super().__init__(
            f"{option} {run!r}: there is no such run below {root!r}",
            hint="Give the run folder that the run printed, for example "
            "'runs/2026/11/22/RUN_ID', or the id of the run.",
        )
        self.option = option
        self.run = run
        self.root = root


class UnknownPluginError(CommandError):
    """An option or setting names a plugin or distribution that is not installed."""

    def __init__(self, where: str, name: str, known: Iterable[str]) -> None:
        hint = _did_you_mean(name, known) or "Run 'gluepy plugins' to see what is installed."
        super().__init__(f"{where}: no plugin or distribution is called {name!r}", hint=hint)
        self.where = where
        self.name = name


class PatchError(CommandError):
    """A patch file is missing or cannot be read as YAML."""

    def __init__(self, option: str, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{option} {path!r}: {reason}", hint=hint)
        self.option = option
        self.path = path
        self.reason = reason


class OverrideError(CommandError):
    """A ``--set KEY=VALUE`` cannot be applied."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"--set {text!r}: {reason}", hint="Write it as --set section.key=value.")
        self.text = text
        self.reason = reason


class TargetExistsError(CommandError):
    """A file or folder that would be created is there already."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path!r} is there already and nothing was changed",
            hint="Choose another name, or remove it first.",
        )
        self.path = path


class TargetWriteError(CommandError):
    """A file or folder cannot be created; nothing of it was left behind."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write {path!r}: {reason}", hint="Check its permissions and the free space."
        )
        self.path = path
        self.reason = reason


class InvalidNameError(CommandError, ValueError):
    """What is to be created cannot have this name.

    Args:
        kind: What it is: ``project``, ``module`` or ``plugin``.
        name: As the user typed it.
        reason: Continues the sentence: ``is a module of Python itself``.
        hint: What to do about it.
    """

    def __init__(self, kind: str, name: str, reason: str, *, hint: str) -> None:
        super().__init__(f"the {kind} name {name!r} {reason}", hint=hint)
        self.kind = kind
        self.name = name
        self.reason = reason


class NoProjectError(CommandError):
    """The request needs a project, and there is none."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"there is no project in {folder!r} or above",
            hint="Go to a project's folder, or run 'gluepy startproject NAME' first.",
        )
        self.folder = folder


class UnknownModuleError(CommandError):
    """There is no module of the name that was given."""

    def __init__(self, module: str) -> None:
        super().__init__(
            f"there is no module {module!r}",
            hint="Go to the folder that holds it, or install its package: pip install -e FOLDER",
        )
        self.module = module


class BootstrapError(GluepyError):
    """The project, a plugin or the record of a run cannot be loaded."""

    exit_code = 3


class SettingsError(BootstrapError):
    """The settings, or one of them, cannot be used.

    Args:
        where: File, module or environment variable.
        reason: What is wrong with it.
        hint: What to do about it.
    """

    def __init__(self, where: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"settings from {where}: {reason}", hint=hint)
        self.where = where
        self.reason = reason


class UnknownSettingError(BootstrapError, AttributeError):
    """There is no setting of the name that was asked for."""

    def __init__(self, setting: str, known: Iterable[str]) -> None:
        hint = _did_you_mean(setting, known) or "Run 'gluepy settings' to see all."
        super().__init__(f"there is no setting {setting!r}", hint=hint)
        self.setting = setting


class ModuleLoadError(BootstrapError):
    """A module that a setting names cannot be imported."""

    def __init__(self, setting: str, module: str, reason: str, *, location: str = "") -> None:
        at = f" ({location})" if location else ""
        super().__init__(
            f"{setting} names {module!r}, which cannot be imported: {reason}{at}",
            hint=f"Mend the module, or take it out of {setting}.",
        )
        self.setting = setting
        self.module = module
        self.reason = reason
        self.location = location


class ModuleImportError(BootstrapError):
    """A module that a command was given raises when it is imported."""

    def __init__(self, module: str, reason: str, *, location: str = "") -> None:
        at = f" ({location})" if location else ""
        super().__init__(
            f"module {module!r} cannot be imported: {reason}{at}",
            hint="Mend the module, then run the command again.",
        )
        self.module = module
        self.reason = reason
        self.location = location


class DuplicateLabelError(BootstrapError, KeyError):
    """Two different classes of one source have the same label."""

    def __init__(self, kind: str, label: str, first: str, second: str) -> None:
        super().__init__(
            f"two {kind}s are labelled {label!r}: {first} and {second}",
            hint="Give one of them another 'label'.",
        )
        self.kind = kind
        self.label = label
        self.first = first
        self.second = second


class InvalidLabelError(BootstrapError, ValueError):
    """A label cannot be used on the command line."""

    def __init__(self, where: str, label: object, reason: str) -> None:
        super().__init__(
            f"{where}: the label {label!r} {reason}",
            hint="Use lower-case words with hyphens, for example 'forecast-training'.",
        )
        self.where = where
        self.label = label
        self.reason = reason


class InvalidDAGError(BootstrapError):
    """The tasks of a DAG make no plan."""

    def __init__(self, dag: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"DAG {dag!r}: {reason}", hint=hint)
        self.dag = dag
        self.reason = reason


class ContextError(BootstrapError):
    """A file of parameters cannot be read, or a parameter cannot be resolved."""

    def __init__(self, where: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{where}: {reason}", hint=hint)
        self.where = where
        self.reason = reason


class UnknownParameterError(ContextError, KeyError, AttributeError):
    """The context has no parameter of the name that was asked for.

    Args:
        dotted: The whole path of the parameter.
        key: Its last part.
        known: The names that are there, at the same place.
    """

    def __init__(self, dotted: str, key: object, known: Iterable[str]) -> None:
        hint = _did_you_mean(str(key), known)
        super().__init__("the context", f"there is no parameter {dotted!r}", hint=hint)
        self.dotted = dotted


class RunRecordError(BootstrapError):
    """A file in a run folder is damaged, or belongs to another run."""

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{path}: {reason}", hint=hint)
        self.path = path
        self.reason = reason


class TrackingError(BootstrapError):
    """The tracking backend cannot begin a run."""

    def __init__(self, backend: str, reason: str) -> None:
        super().__init__(
            f"MLOPS_BACKEND {backend!r} cannot begin a run: {reason}",
            hint="Check its server and its settings, or choose another MLOPS_BACKEND.",
        )
        self.backend = backend
        self.reason = reason


class PluginError(BootstrapError):
    """A plugin is at fault.

    Args:
        plugin: Its name with distribution and version, as ``who`` prints it.
        reason: What is wrong.
        hint: The command or edit that would mend it.
    """

    def __init__(self, plugin: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{plugin}: {reason}", hint=hint)
        self.plugin = plugin
        self.reason = reason


class PluginLoadError(PluginError):
    """What an entry point names cannot be imported or is of the wrong kind."""


class LabelMismatchError(PluginError):
    """An entry point and the class that it names disagree about the label."""

    def __init__(self, plugin: str, name: str, label: str) -> None:
        super().__init__(
            plugin,
            f"the entry point is called {name!r} but the class is labelled {label!r}",
            hint=f"Make them equal: the class needs label = {name!r}, "
            f"or the entry point the name {label!r}.",
        )
        self.name = name
        self.label = label


class HookNameError(PluginError):
    """A plugin implements a hook that does not exist."""

    def __init__(self, plugin: str, hook: str, known: Iterable[str]) -> None:
        hint = _did_you_mean(hook, known) or "Run 'gluepy hooks' to see all hooks."
        super().__init__(plugin, f"there is no hook {hook!r}", hint=hint)
        self.hook = hook


class HookArgumentError(PluginError):
    """A hook implementation asks for an argument that its hook does not have."""

    def __init__(self, plugin: str, hook: str, argument: str, known: Sequence[str]) -> None:
        hint = _did_you_mean(argument, known) or f"It has: {', '.join(known)}."
        super().__init__(plugin, f"the hook {hook!r} has no argument {argument!r}", hint=hint)
        self.hook = hook
        self.argument = argument


class HookKindError(PluginError):
    """An observer is written as a wrapper, or a wrapper as an observer."""

    def __init__(self, plugin: str, hook: str, *, is_wrapper: bool) -> None:
        if is_wrapper:
            reason = f"the hook {hook!r} is a wrapper and its implementation is none"
            hint = "Write @hookimpl(wrapper=True), and one 'yield' where the task runs."
        else:
            reason = f"the hook {hook!r} is an observer and its implementation is a wrapper"
            hint = "Write @hookimpl and no 'yield'."
        super().__init__(plugin, reason, hint=hint)
        self.hook = hook


class WrapperError(PluginError):
    """A wrapper failed the task that it surrounds.

    Args:
        plugin: As in `PluginError`.
        hook: That it implements.
        error: What it raised, as text.
        module: In which it is written, so that a report can show the author's own lines.
    """

    def __init__(self, plugin: str, hook: str, error: str, *, module: str = "") -> None:
        super().__init__(
            plugin,
            f"its hook {hook!r} raised {error}",
            hint="Mend the plugin, or switch it off: --no-plugin NAME, or the setting HOOKS.",
        )
        self.hook = hook
        self.error = error
        self.module = module


class StorageError(GluepyError):
    """The storage cannot do what was asked."""

    exit_code = 5


class PathOutsideRootError(StorageError, ValueError):
    """A path leads out of the root of the storage."""

    def __init__(self, path: str, root: str) -> None:
        super().__init__(
            f"the path {path!r} leads out of the storage root {root!r}",
            hint="Use a path relative to STORAGE_ROOT, without '..'.",
        )
        self.path = path
        self.root = root


class InvalidPathError(StorageError, ValueError):
    """No storage can hold a file of this name, or it cannot be meant."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"the path {path!r} cannot be used: {reason}", hint="Use another path.")
        self.path = path
        self.reason = reason


class StorageNotFoundError(StorageError, FileNotFoundError):
    """There is nothing at the path.

    Args:
        path: As it stands in the storage, relative to the root.
        location: What a person would open.
    """

    def __init__(self, path: str, location: str) -> None:
        super().__init__(
            f"there is no {path!r} in the storage ({location!r})",
            hint="Paths are relative to STORAGE_ROOT; those of the data manager to the run folder, "
            "unless root=True.",
        )
        self.path = path
        self.location = location


class StorageExistsError(StorageError, FileExistsError):
    """Something stands where a file or folder would be made."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path!r} is in the storage already and nothing was changed",
            hint="Choose another name, or pass overwrite=True where a file may be replaced.",
        )
        self.path = path


class FileExpectedError(StorageError, IsADirectoryError):
    """A folder stands where a file is needed."""

    def __init__(self, path: str, *, hint: str = "") -> None:
        super().__init__(f"{path!r} is a folder, not a file", hint=hint)
        self.path = path


class FolderExpectedError(StorageError, NotADirectoryError):
    """A file stands where a folder is needed."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} is a file, not a folder", hint="Choose another name.")
        self.path = path


class StorageReadError(StorageError):
    """The storage cannot be read."""

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"cannot read {path!r}: {reason}",
            hint=hint or "Check the setting STORAGE_ROOT and its permissions.",
        )
        self.path = path
        self.reason = reason


class StorageWriteError(StorageError):
    """The storage cannot be written to."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write {path!r}: {reason}",
            hint="Check the setting STORAGE_ROOT, its permissions and the free space.",
        )
        self.path = path
        self.reason = reason


class DataError(GluepyError):
    """Data cannot be read or written."""


class UnknownFormatError(DataError, ValueError):
    """The ending of a file name belongs to no format that the data manager knows."""

    def __init__(self, path: str, known: Sequence[str]) -> None:
        super().__init__(
            f"{path!r}: its ending belongs to no known format",
            hint=f"Use one of: {', '.join(known)}.",
        )
        self.path = path


class DataReadError(DataError):
    """A file is damaged, or is not what its ending says."""

    def __init__(self, path: str, kind: str, reason: str) -> None:
        super().__init__(
            f"cannot read {path!r} as {kind}: {reason}",
            hint="Is the file complete, and of the format that its ending names?",
        )
        self.path = path
        self.kind = kind
        self.reason = reason


class DataWriteError(DataError):
    """A table cannot be stored in the format that the file name asks for."""

    def __init__(self, path: str, kind: str, reason: str) -> None:
        super().__init__(
            f"cannot write {path!r} as {kind}: {reason}",
            hint="Change the table, or choose another format by the ending of the name.",
        )
        self.path = path
        self.kind = kind
        self.reason = reason


class QueryError(DataError):
    """A database refuses a query, or cannot be reached."""

    def __init__(self, sql: str, reason: str) -> None:
        shown = " ".join(sql.split())
        if len(shown) > _SHOWN_SQL:
            shown = f"{shown[:_SHOWN_SQL]}..."
        super().__init__(
            f"the query {shown!r} failed: {reason}",
            hint="A file of the run is named as in SELECT * FROM 'training.parquet'; "
            "a database is given with con=URL.",
        )
        self.sql = sql
        self.reason = reason


class MissingLibraryError(DataError, ImportError):
    """An optional library is needed and not installed."""

    def __init__(self, library: str, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed",
            hint=f"Run: pip install 'gluepy-core[{extra}]'",
        )
        self.library = library
        self.extra = extra


class TaskFailedError(GluepyError):
    """A step of a run did not succeed; ``run_dag`` raises it for callers in Python."""

    exit_code = 1

    def __init__(self, label: str, outcome: str, error: str, *, folder: str) -> None:
        because = f": {error}" if error else ""
        super().__init__(
            f"the task {label!r} ended as {outcome}{because}",
            hint=f"Its run folder is {folder}.",
        )
        self.label = label
        self.outcome = outcome
        self.error = error
        self.folder = folder


class OutputError(GluepyError):
    """Results cannot be written to standard output."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"cannot write to standard output: {reason}",
            hint="Check where it leads, and the free space there.",
        )
        self.reason = reason


class MergeTypeError(GluepyError, TypeError):
    """Two values of different types meet at one key."""

    def __init__(self, path: str, old: object, new: object) -> None:
        super().__init__(
            f"cannot merge {path!r}: {type(old).__name__} and {type(new).__name__} differ",
            hint="Give both the same type.",
        )
        self.path = path


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the names most like ``word``, or nothing."""
    import difflib

    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=3)
    return f"Did you mean {' or '.join(repr(by_lower[name]) for name in close)}?" if close else ""
