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
    │   ├── UnknownSelectorError
    │   ├── SelectionSyntaxError
    │   ├── NoStatesError
    │   ├── UnknownPartitionError
    │   ├── EmptyPlanError
    │   ├── UnknownRunError
    │   ├── NoCriterionError
    │   ├── UnconfirmedError
    │   ├── AmbiguousRunError            (also a LookupError)
    │   ├── UnknownPluginError
    │   ├── UnknownExecutorError
    │   ├── ExecutorError
    │   ├── DebuggerError
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
    │   │   ├── CyclicDAGError
    │   │   ├── UnknownUpstreamError
    │   │   └── InvalidPartitionsError
    │   ├── TaskOptionError
    │   ├── ContextError
    │   │   └── UnknownParameterError    (also a KeyError and an AttributeError)
    │   ├── RunRecordError
    │   │   ├── DamagedRecordError
    │   │   ├── ForeignRunError
    │   │   └── NewerRecordError
    │   ├── TrackingError
    │   ├── WorkerError
    │   │   ├── MissingWrapperError
    │   │   ├── ForeignModuleError
    │   │   ├── UnseenRunError
    │   │   ├── WorkerImportError
    │   │   └── WorkerLostError
    │   └── PluginError
    │       ├── PluginLoadError
    │       ├── LabelMismatchError
    │       ├── HookNameError
    │       ├── HookArgumentError
    │       ├── HookKindError
    │       └── WrapperError
    ├── RunLockedError               4   another process works in the run folder
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
    ├── CoordinatorLostError         3   the process that ran the tasks has died
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
    "AmbiguousRunError",
    "BlockedLabelError",
    "BootstrapError",
    "CommandError",
    "ContextError",
    "CoordinatorLostError",
    "CyclicDAGError",
    "DamagedRecordError",
    "DataError",
    "DataReadError",
    "DataWriteError",
    "DebuggerError",
    "DuplicateLabelError",
    "EmptyPlanError",
    "ExecutorError",
    "FileExpectedError",
    "FolderExpectedError",
    "ForeignModuleError",
    "ForeignRunError",
    "GluepyError",
    "HookArgumentError",
    "HookKindError",
    "HookNameError",
    "InvalidDAGError",
    "InvalidLabelError",
    "InvalidNameError",
    "InvalidPartitionsError",
    "InvalidPathError",
    "LabelMismatchError",
    "MergeTypeError",
    "MissingLibraryError",
    "MissingWrapperError",
    "ModuleImportError",
    "ModuleLoadError",
    "NewerRecordError",
    "NoCriterionError",
    "NoProjectError",
    "NoStatesError",
    "OptionClashError",
    "OutputError",
    "OverrideError",
    "PatchError",
    "PathOutsideRootError",
    "PluginError",
    "PluginLoadError",
    "QueryError",
    "RunLockedError",
    "RunRecordError",
    "SelectionSyntaxError",
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
    "TaskOptionError",
    "TrackingError",
    "UnconfirmedError",
    "UnknownCommandError",
    "UnknownExecutorError",
    "UnknownFormatError",
    "UnknownHookError",
    "UnknownLabelError",
    "UnknownModuleError",
    "UnknownParameterError",
    "UnknownPartitionError",
    "UnknownPluginError",
    "UnknownRunError",
    "UnknownSelectorError",
    "UnknownSettingError",
    "UnknownStepError",
    "UnknownUpstreamError",
    "UnseenRunError",
    "WorkerError",
    "WorkerImportError",
    "WorkerLostError",
    "WrapperError",
]


_SHOWN_SQL = 80
_SHOWN_NAMES = 20
_SHOWN_PATH = 12


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


class DebuggerError(CommandError):
    """A debugger cannot look into the tasks of a run.

    Args:
        task: Label of a task that runs where none can; empty if there is no terminal for it.
        executor: Name of what carries the task out.
    """

    def __init__(self, task: str = "", executor: str = "") -> None:
        if task:
            super().__init__(
                f"--pdb cannot debug {task!r}: the executor {executor!r} carries it out",
                hint="Use --executor serial; a time limit needs a process of its own.",
            )
        else:
            super().__init__(
                "--pdb needs a terminal", hint="Leave it out, or type the command in a terminal."
            )
        self.task = task
        self.executor = executor


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
        hint = _did_you_mean(label, steps) or f"Its tasks are: {_listed(steps)}."
        super().__init__(f"{option} {label!r}: DAG {dag!r} has no such task", hint=hint)
        self.option = option
        self.label = label
        self.dag = dag


class UnknownSelectorError(CommandError):
    """A selection asks for a tag, a source or a state that no task of the DAG has.

    Args:
        option: ``--select`` or ``--exclude``.
        kind: ``tag``, ``source`` or ``state``.
        word: What was asked for.
        dag: Label of the DAG.
        known: All words of this kind that its tasks have.
    """

    def __init__(self, option: str, kind: str, word: str, dag: str, known: Sequence[str]) -> None:
        listed = f"Its {kind}s are: {_listed(known)}." if known else f"None has any {kind}."
        super().__init__(
            f"{option} '{kind}:{word}': no task of DAG {dag!r} has such a {kind}",
            hint=_did_you_mean(word, known) or listed,
        )
        self.option = option
        self.kind = kind
        self.word = word
        self.dag = dag


class SelectionSyntaxError(CommandError):
    """An expression that selects tasks cannot be read."""

    def __init__(self, option: str, text: str) -> None:
        super().__init__(
            f"{option} {text!r}: an item of it is empty",
            hint="Spaces join items, and commas without spaces intersect them: "
            "'load clean,tag:slow'.",
        )
        self.option = option
        self.text = text


class NoStatesError(CommandError):
    """A selection asks how steps ended, and no earlier run was named."""

    def __init__(self, option: str, item: str) -> None:
        super().__init__(
            f"{option} {item!r}: which run is meant is not known",
            hint="Name it with --retry RUN, or take the last unfinished one with --resume.",
        )
        self.option = option
        self.item = item


class UnknownPartitionError(CommandError):
    """A partition that was asked for is none of its task.

    Args:
        label: Of the task.
        partition: As asked for.
        known: The partitions that there are; None if the task is not partitioned.
    """

    def __init__(self, label: str, partition: str, known: Sequence[str] | None) -> None:
        if known is None:
            hint = "It has no partitions."
        else:
            hint = _did_you_mean(partition, known) or f"Its partitions are: {', '.join(known)}."
        super().__init__(f"the task {label!r} has no partition {partition!r}", hint=hint)
        self.label = label
        self.partition = partition


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

    def __init__(self, option: str, run: str, *, root: str, known: Iterable[str] = ()) -> None:
        super().__init__(
            f"{option} {run!r}: there is no such run below {root!r}",
            hint=_did_you_mean_run(run, known)
            or "Give the id of the run or the beginning of it, the run folder, @last, @last-failed "
            "or @-2; 'gluepy runs' lists them.",
        )
        self.option = option
        self.run = run
        self.root = root


class NoCriterionError(CommandError):
    """A command that removes things was not told which."""

    def __init__(self, command: str, options: Sequence[str]) -> None:
        super().__init__(
            f"{command}: nothing says which runs to remove",
            hint=f"Give at least one of {', '.join(options)}.",
        )
        self.command = command
        self.options = tuple(options)


class UnconfirmedError(CommandError):
    """A command that removes things has nobody to ask."""

    def __init__(self, command: str) -> None:
        super().__init__(
            f"{command}: there is no terminal to ask whether to remove them",
            hint="Add --yes to remove them without being asked.",
        )
        self.command = command


class AmbiguousRunError(CommandError, LookupError):
    """The ids of several runs begin with what was given."""

    def __init__(self, option: str, run: str, ids: Sequence[str]) -> None:
        shown = ", ".join(repr(one) for one in ids[:3])
        more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""  # noqa: PLR2004 - as above
        super().__init__(
            f"{option} {run!r}: {len(ids)} runs have ids that begin so: {shown}{more}",
            hint="Give more of the id.",
        )
        self.option = option
        self.run = run
        self.ids = tuple(ids)


class UnknownPluginError(CommandError):
    """An option or setting names a plugin or distribution that is not installed."""

    def __init__(self, where: str, name: str, known: Iterable[str]) -> None:
        hint = _did_you_mean(name, known) or "Run 'gluepy plugins' to see what is installed."
        super().__init__(f"{where}: no plugin or distribution is called {name!r}", hint=hint)
        self.where = where
        self.name = name


class UnknownExecutorError(CommandError):
    """There is no executor of the name that was given.

    Args:
        where: What names it: an option, a setting or a task.
        name: As given.
        known: The names that there are.
    """

    def __init__(self, where: str, name: str, known: Sequence[str]) -> None:
        hint = _did_you_mean(name, known) or f"There are: {', '.join(known)}."
        super().__init__(f"{where}: there is no executor {name!r}", hint=hint)
        self.where = where
        self.name = name


class ExecutorError(CommandError):
    """An executor cannot carry this run out.

    Args:
        name: Of the executor.
        reason: Why it cannot.
        hint: What to do about it.
    """

    def __init__(self, name: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"the executor {name!r} {reason}", hint=hint)
        self.name = name
        self.reason = reason


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

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"cannot write {path!r}: {reason}",
            hint=hint or "Check its permissions and the free space.",
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


class CyclicDAGError(InvalidDAGError):
    """Tasks of a DAG wait for each other.

    Args:
        dag: Label of the DAG.
        path: Labels, each of which runs after the one before; the last is the first again.
    """

    def __init__(self, dag: str, path: Sequence[str]) -> None:
        shown = list(path)
        if len(shown) > _SHOWN_PATH:
            shown[_SHOWN_PATH // 2 : -_SHOWN_PATH // 2] = ["..."]
        super().__init__(
            dag,
            f"its tasks wait for each other: {' -> '.join(shown)}",
            hint="Take one of these arrows out: A -> B is written {B: [A]}.",
        )
        self.path = tuple(path)


class UnknownUpstreamError(InvalidDAGError):
    """A task of a DAG is to run after one that the DAG does not have."""

    def __init__(self, dag: str, label: str, upstream: str, known: Iterable[str]) -> None:
        super().__init__(
            dag,
            f"{label!r} runs after {upstream!r}, which is none of its tasks",
            hint=_did_you_mean(upstream, known) or "Give it a line of its own: {ThatTask: []}.",
        )
        self.label = label
        self.upstream = upstream


class InvalidPartitionsError(InvalidDAGError):
    """The partitions of a task cannot be used.

    Args:
        label: Of the task.
        reason: What it is or has: ``has the partition 'AA' twice``.
    """

    def __init__(self, label: str, reason: str) -> None:
        super().__init__("", reason)
        self.message = f"the task {label!r} {reason}"
        self.hint = "Partitions are a list, each a text or a whole number: ['AA', 'DL']."
        self.args = (self.message,)
        self.label = label


class TaskOptionError(BootstrapError):
    """How a task is to be carried out is not said in a way that can be used.

    Args:
        where: The class, the row of ``TASK_OPTIONS``, or the option.
        reason: What is wrong there.
        name: Of an option that there is not; empty if that is not what is wrong.
        known: The options that there are.
    """

    def __init__(
        self, where: str, reason: str, *, name: str = "", known: Iterable[str] = ()
    ) -> None:
        hint = _did_you_mean(name, known) if name else ""
        options = "retries, retry_delay_s, timeout_s, tags and executor"
        super().__init__(f"{where}: {reason}", hint=hint or f"A task can have {options}.")
        self.where = where
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


class DamagedRecordError(RunRecordError):
    """The journal of a run holds something that no crash explains; nothing of it was changed.

    Args:
        path: Of the journal.
        line: The first line that cannot be read, from 1.
        reason: Continues the sentence: ``it is no JSON``.
    """

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(
            path,
            f"line {line} is damaged: {reason}",
            hint="Restore the file from a copy, or start a new run.",
        )
        self.line = line
        self.reason = reason


class ForeignRunError(RunRecordError):
    """A run folder holds the run of another DAG."""

    def __init__(self, path: str, dag: str, other: str) -> None:
        super().__init__(
            path,
            f"it holds a run of DAG {other!r}, not of {dag!r}",
            hint=f"Run 'gluepy runs --dag {dag}' to see those of {dag!r}.",
        )
        self.dag = dag
        self.other = other


class NewerRecordError(RunRecordError):
    """The record of a run was written by a newer Gluepy."""

    def __init__(self, path: str, schema: str, known: str) -> None:
        super().__init__(
            path,
            f"it is of the form {schema!r}, and this Gluepy knows {known!r}",
            hint="Run: pip install --upgrade gluepy-core",
        )
        self.schema = schema
        self.known = known


class TrackingError(BootstrapError):
    """The tracking backend cannot begin a run."""

    def __init__(self, backend: str, reason: str) -> None:
        super().__init__(
            f"MLOPS_BACKEND {backend!r} cannot begin a run: {reason}",
            hint="Check its server and its settings, or choose another MLOPS_BACKEND.",
        )
        self.backend = backend
        self.reason = reason


class WorkerError(BootstrapError):
    """A worker lacks what a step needs; the step fails and the run can be resumed."""


class MissingWrapperError(WorkerError):
    """A plugin surrounds the tasks in the coordinating process, and a worker does not have it.

    Args:
        plugin: The plugin, with its distribution and version.
        host: Of the worker.
        environment: Of the worker: where its Python is installed.
    """

    def __init__(self, plugin: str, host: str, environment: str) -> None:
        super().__init__(
            f"the {plugin} surrounds the tasks, and the worker on {host!r} does not have it",
            hint=f"Install that version in {environment!r} on that machine, "
            "or run without the plugin: --no-plugin NAME.",
        )
        self.plugin = plugin
        self.host = host
        self.environment = environment


class UnseenRunError(WorkerError):
    """A worker does not see the run folder.

    Args:
        location: Where it looked.
        host: Of the worker.
    """

    def __init__(self, location: str, host: str) -> None:
        super().__init__(
            f"the worker on {host!r} sees no run in {location!r}",
            hint="STORAGE_ROOT has to be a place that all workers share, at the same path or URL.",
        )
        self.location = location
        self.host = host


class WorkerImportError(WorkerError):
    """A worker cannot import a task.

    Args:
        task: ``module:Class``.
        host: Of the worker.
        reason: What the import raised.
        source: The distribution that the task comes from; empty if unknown.
    """

    def __init__(self, task: str, host: str, reason: str, source: str = "") -> None:
        super().__init__(
            f"the worker on {host!r} cannot import {task!r}: {reason}",
            hint=f"Install there what the task comes from: {source or 'its package'}.",
        )
        self.task = task
        self.host = host
        self.reason = reason
        self.source = source


class ForeignModuleError(WorkerError):
    """A worker that has served another project has a module of the same name from there.

    Args:
        task: ``module:Class``.
        host: Of the worker.
        file: Of the module that it has.
    """

    def __init__(self, task: str, host: str, file: str) -> None:
        super().__init__(
            f"the worker on {host!r} has {task!r} of another project, from {file!r}",
            hint="Restart the worker, or give the modules of your projects names of their own.",
        )
        self.task = task
        self.host = host
        self.file = file


class WorkerLostError(WorkerError):
    """A worker process ended while it carried a step out.

    Args:
        end: How it ended: ``was killed by SIGKILL``.
        pid: Its number.
    """

    def __init__(self, end: str, pid: int) -> None:
        super().__init__(
            f"the worker process {pid} {end}",
            hint="Did it run out of memory, or call os._exit()? 'dmesg' may tell.",
        )
        self.end = end
        self.pid = pid


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


class RunLockedError(GluepyError):
    """A live process works in the run folder.

    Args:
        folder: The run folder, as a person would open it.
        host: Machine of that process; empty where unknown.
        pid: Its id; 0 where unknown.
        started_at: When it took the folder, as text; empty where unknown.
    """

    exit_code = 4

    def __init__(self, folder: str, host: str, pid: int, started_at: str) -> None:
        who = f"process {pid} on {host}" if pid else "another process"
        since = f", since {started_at}" if started_at else ""
        super().__init__(
            f"the run in {folder!r} is in progress: {who} works in it{since}",
            hint="Wait for its end, or stop that process; then run the command again.",
        )
        self.folder = folder
        self.host = host
        self.pid = pid
        self.started_at = started_at


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


class CoordinatorLostError(GluepyError):
    """The process that ran the tasks has died, and its parent has seen it.

    Args:
        end: How it ended: ``was killed by SIGSEGV``.
        steps: Labels of the steps that were going on.
    """

    def __init__(self, end: str, steps: Sequence[str]) -> None:
        during = f" during {', '.join(map(repr, steps))}" if steps else ""
        super().__init__(
            f"the process that ran the tasks {end}{during}",
            hint="Add --resume to the command to go on where it stopped."
            if steps
            else "Run the command again with -v.",
        )
        self.end = end
        self.steps = tuple(steps)


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


def _listed(names: Sequence[str]) -> str:
    """Return names with commas between; of very many only the first."""
    more = len(names) - _SHOWN_NAMES
    shown = ", ".join(names[:_SHOWN_NAMES])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _did_you_mean_run(run: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the runs whose ids begin most like ``run``, or nothing."""
    if run.startswith("@"):
        return _did_you_mean(run, known)
    # Of ids like 2026-11-22T10-40-12-k3 people type the beginning.
    by_beginning = {one[: max(len(run), 4)]: one for one in known}
    hint = _did_you_mean(run, by_beginning)
    for beginning, one in by_beginning.items():
        hint = hint.replace(repr(beginning), repr(one))
    return hint


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the names most like ``word``, or nothing."""
    import difflib

    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=3)
    return f"Did you mean {' or '.join(repr(by_lower[name]) for name in close)}?" if close else ""
