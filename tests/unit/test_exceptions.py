from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Iterator

import pytest

from gluepy import exceptions
from gluepy.exceptions import (
    AmbiguousLabelError,
    AmbiguousRunError,
    BlockedLabelError,
    BootstrapError,
    CommandError,
    ContextError,
    CoordinatorLostError,
    CyclicDAGError,
    DamagedRecordError,
    DataError,
    DataReadError,
    DataWriteError,
    DebuggerError,
    DuplicateLabelError,
    EmptyPlanError,
    ExecutorError,
    FileExpectedError,
    FolderExpectedError,
    ForeignModuleError,
    ForeignRunError,
    GluepyError,
    HookArgumentError,
    HookKindError,
    HookNameError,
    InvalidDAGError,
    InvalidLabelError,
    InvalidNameError,
    InvalidPartitionsError,
    InvalidPathError,
    LabelMismatchError,
    MergeTypeError,
    MissingLibraryError,
    MissingWrapperError,
    ModuleImportError,
    ModuleLoadError,
    NewerRecordError,
    NoCriterionError,
    NoProjectError,
    NoStatesError,
    OptionClashError,
    OutputError,
    OverrideError,
    PatchError,
    PathOutsideRootError,
    PluginError,
    PluginLoadError,
    QueryError,
    RunLockedError,
    RunRecordError,
    SelectionSyntaxError,
    SettingsError,
    SkipTask,
    StorageError,
    StorageExistsError,
    StorageNotFoundError,
    StorageReadError,
    StorageWriteError,
    TargetExistsError,
    TargetWriteError,
    TaskFailedError,
    TaskOptionError,
    TrackingError,
    UnconfirmedError,
    UnknownCommandError,
    UnknownExecutorError,
    UnknownFormatError,
    UnknownHookError,
    UnknownLabelError,
    UnknownModuleError,
    UnknownParameterError,
    UnknownPartitionError,
    UnknownPluginError,
    UnknownRunError,
    UnknownSelectorError,
    UnknownSettingError,
    UnknownStepError,
    UnknownUpstreamError,
    UnseenRunError,
    WorkerError,
    WorkerImportError,
    WorkerLostError,
    WrapperError,
)

ACME = "plugin 'log' of acme 1.0"

#: An error of every class, with its message and its hint.
ERRORS: list[tuple[GluepyError, str, str]] = [
    (GluepyError("wrong", hint="Mend it."), "wrong", "Mend it."),
    (CommandError("no such thing"), "no such thing", ""),
    (
        OptionClashError("--task", "--from-task"),
        "--task and --from-task contradict each other",
        "Give only one of them.",
    ),
    (
        DebuggerError("fit", "processes"),
        "--pdb cannot debug 'fit': the executor 'processes' carries it out",
        "Use --executor serial; a time limit needs a process of its own.",
    ),
    (
        DebuggerError(),
        "--pdb needs a terminal",
        "Leave it out, or type the command in a terminal.",
    ),
    (
        UnknownCommandError("dga", ["dag", "list"]),
        "there is no command 'dga'",
        "Did you mean 'dag'?",
    ),
    (
        UnknownCommandError("xyz", ["dag", "list"]),
        "there is no command 'xyz'",
        "Run 'gluepy --help' to see all.",
    ),
    (
        UnknownLabelError("DAG", "trainning", ["training", "scoring"]),
        "no DAG is labelled 'trainning'",
        "Did you mean 'training'?",
    ),
    (
        BlockedLabelError("DAG", "training", "acme 1.0", "PLUGINS_BLOCK"),
        "the DAG 'training' of acme 1.0 is blocked by PLUGINS_BLOCK",
        "Lift that, or run 'gluepy plugins' to see all that PLUGINS_BLOCK blocks.",
    ),
    (
        UnknownLabelError("task", "xyz", []),
        "no task is labelled 'xyz'",
        "Run 'gluepy list' to see all.",
    ),
    (
        AmbiguousLabelError("DAG", "training", ["acme", "project"]),
        "the DAG label 'training' is offered by more than one source: "
        "'acme:training' and 'project:training'",
        'Use one of these, or choose in the settings: PREFER = {"training": "acme"}.',
    ),
    (
        UnknownHookError("after_tsak", ["after_task", "before_task"]),
        "there is no hook 'after_tsak'",
        "Did you mean 'after_task'?",
    ),
    (
        UnknownHookError("xyz", ["after_task"]),
        "there is no hook 'xyz'",
        "The hooks are: after_task.",
    ),
    (
        UnknownStepError("--task", "clena", "training", ["clean", "fit"]),
        "--task 'clena': DAG 'training' has no such task",
        "Did you mean 'clean'?",
    ),
    (
        UnknownStepError("--task", "xyz", "training", ["clean", "fit"]),
        "--task 'xyz': DAG 'training' has no such task",
        "Its tasks are: clean, fit.",
    ),
    (
        UnknownStepError("--task", "xyz", "training", [f"t{number}" for number in range(1021)]),
        "--task 'xyz': DAG 'training' has no such task",
        "Its tasks are: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15, t16, "
        "t17, t18, t19 and 1,001 more.",
    ),
    (
        UnknownSelectorError("--select", "tag", "solw", "training", ["ml", "slow"]),
        "--select 'tag:solw': no task of DAG 'training' has such a tag",
        "Did you mean 'slow'?",
    ),
    (
        UnknownSelectorError("--select", "tag", "x", "training", ["ml", "slow"]),
        "--select 'tag:x': no task of DAG 'training' has such a tag",
        "Its tags are: ml, slow.",
    ),
    (
        UnknownSelectorError("--exclude", "source", "x", "training", []),
        "--exclude 'source:x': no task of DAG 'training' has such a source",
        "None has any source.",
    ),
    (
        SelectionSyntaxError("--select", "load,,clean"),
        "--select 'load,,clean': an item of it is empty",
        "Spaces join items, and commas without spaces intersect them: 'load clean,tag:slow'.",
    ),
    (
        NoStatesError("--select", "state:failed"),
        "--select 'state:failed': which run is meant is not known",
        "Name it with --retry RUN, or take the last unfinished one with --resume.",
    ),
    (
        UnknownPartitionError("train", "noth", ["north", "south"]),
        "the task 'train' has no partition 'noth'",
        "Did you mean 'north' or 'south'?",
    ),
    (
        UnknownPartitionError("train", "xyz", ["1", "2"]),
        "the task 'train' has no partition 'xyz'",
        "Its partitions are: 1, 2.",
    ),
    (
        UnknownPartitionError("train", "AA", None),
        "the task 'train' has no partition 'AA'",
        "It has no partitions.",
    ),
    (
        EmptyPlanError("training", "it has no tasks"),
        "nothing of DAG 'training' would run: it has no tasks",
        "Run 'gluepy show training'.",
    ),
    (
        UnknownRunError("--retry", "runs/1", root="/data"),
        "--retry 'runs/1': there is no such run below '/data'",
        "Give the id of the run or the beginning of it, the run folder, @last, @last-failed or "
        "@-2; 'gluepy runs' lists them.",
    ),
    (
        UnknownRunError("RUN", "2026-11-23", root="/data", known=["2026-11-22T10-40-12-k3", "x"]),
        "RUN '2026-11-23': there is no such run below '/data'",
        "Did you mean '2026-11-22T10-40-12-k3'?",
    ),
    (
        NoCriterionError("gluepy runs prune", ["--keep", "--dag"]),
        "gluepy runs prune: nothing says which runs to remove",
        "Give at least one of --keep, --dag.",
    ),
    (
        UnconfirmedError("gluepy runs prune"),
        "gluepy runs prune: there is no terminal to ask whether to remove them",
        "Add --yes to remove them without being asked.",
    ),
    (
        AmbiguousRunError("RUN", "a", ["a1", "a2"]),
        "RUN 'a': 2 runs have ids that begin so: 'a1', 'a2'",
        "Give more of the id.",
    ),
    (
        AmbiguousRunError("RUN", "a", ["a1", "a2", "a3", "a4", "a5"]),
        "RUN 'a': 5 runs have ids that begin so: 'a1', 'a2', 'a3' and 2 more",
        "Give more of the id.",
    ),
    (
        UnknownPluginError("--no-plugin", "mlfow", ["mlflow"]),
        "--no-plugin: no plugin or distribution is called 'mlfow'",
        "Did you mean 'mlflow'?",
    ),
    (
        UnknownPluginError("PLUGINS_BLOCK", "xyz", ["mlflow"]),
        "PLUGINS_BLOCK: no plugin or distribution is called 'xyz'",
        "Run 'gluepy plugins' to see what is installed.",
    ),
    (
        UnknownExecutorError("--executor", "thread", ["serial", "threads"]),
        "--executor: there is no executor 'thread'",
        "Did you mean 'threads'?",
    ),
    (
        UnknownExecutorError("a task", "xyz", ["serial", "threads"]),
        "a task: there is no executor 'xyz'",
        "There are: serial, threads.",
    ),
    (
        ExecutorError("dask", "cannot be made: OSError: no", hint="Start a scheduler."),
        "the executor 'dask' cannot be made: OSError: no",
        "Start a scheduler.",
    ),
    (
        MissingWrapperError(ACME, "node-1", "/venv"),
        "the plugin 'log' of acme 1.0 surrounds the tasks, and the worker on 'node-1' does not "
        "have it",
        "Install that version in '/venv' on that machine, or run without the plugin: "
        "--no-plugin NAME.",
    ),
    (
        ForeignModuleError("churn.tasks:Fit", "node-1", "/home/amy/churn/tasks.py"),
        "the worker on 'node-1' has 'churn.tasks:Fit' of another project, from "
        "'/home/amy/churn/tasks.py'",
        "Restart the worker, or give the modules of your projects names of their own.",
    ),
    (
        UnseenRunError("/data/runs/1", "node-1"),
        "the worker on 'node-1' sees no run in '/data/runs/1'",
        "STORAGE_ROOT has to be a place that all workers share, at the same path or URL.",
    ),
    (
        WorkerImportError("m:A", "node-1", "No module named 'm'", "acme 1.0"),
        "the worker on 'node-1' cannot import 'm:A': No module named 'm'",
        "Install there what the task comes from: acme 1.0.",
    ),
    (
        WorkerImportError("m:A", "node-1", "No module named 'm'"),
        "the worker on 'node-1' cannot import 'm:A': No module named 'm'",
        "Install there what the task comes from: its package.",
    ),
    (
        WorkerLostError("was killed by SIGKILL", 7),
        "the worker process 7 was killed by SIGKILL",
        "Did it run out of memory, or call os._exit()? 'dmesg' may tell.",
    ),
    (WorkerError("it lacks something"), "it lacks something", ""),
    (
        CoordinatorLostError("was killed by SIGSEGV", ["fit", "load"]),
        "the process that ran the tasks was killed by SIGSEGV during 'fit', 'load'",
        "Add --resume to the command to go on where it stopped.",
    ),
    (
        CoordinatorLostError("ended with exit code 0 before its run was over", []),
        "the process that ran the tasks ended with exit code 0 before its run was over",
        "Run the command again with -v.",
    ),
    (
        PatchError("--patch", "a.yaml", "there is no such file", hint="Look again."),
        "--patch 'a.yaml': there is no such file",
        "Look again.",
    ),
    (
        OverrideError("a", "there is no '='"),
        "--set 'a': there is no '='",
        "Write it as --set section.key=value.",
    ),
    (
        TargetExistsError("forecaster"),
        "'forecaster' is there already and nothing was changed",
        "Choose another name, or remove it first.",
    ),
    (
        TargetWriteError("forecaster", "disk full"),
        "cannot write 'forecaster': disk full",
        "Check its permissions and the free space.",
    ),
    (
        TargetWriteError("out/dag.svg", "there is no folder 'out'", hint="Make it first."),
        "cannot write 'out/dag.svg': there is no folder 'out'",
        "Make it first.",
    ),
    (
        InvalidNameError("module", "json", "is a module of Python itself", hint="Take another."),
        "the module name 'json' is a module of Python itself",
        "Take another.",
    ),
    (
        NoProjectError("/tmp/x"),  # noqa: S108 - a name, no file
        "there is no project in '/tmp/x' or above",
        "Go to a project's folder, or run 'gluepy startproject NAME' first.",
    ),
    (
        UnknownModuleError("acme"),
        "there is no module 'acme'",
        "Go to the folder that holds it, or install its package: pip install -e FOLDER",
    ),
    (BootstrapError("cannot begin"), "cannot begin", ""),
    (
        SettingsError("gluepy.toml", "STORAGE_ROOT is 5, not a text", hint="Put it in quotes."),
        "settings from gluepy.toml: STORAGE_ROOT is 5, not a text",
        "Put it in quotes.",
    ),
    (
        UnknownSettingError("STORAGE_ROTO", ["STORAGE_ROOT"]),
        "there is no setting 'STORAGE_ROTO'",
        "Did you mean 'STORAGE_ROOT'?",
    ),
    (
        UnknownSettingError("XYZ", ["STORAGE_ROOT"]),
        "there is no setting 'XYZ'",
        "Run 'gluepy settings' to see all.",
    ),
    (
        OutputError("No space left on device"),
        "cannot write to standard output: No space left on device",
        "Check where it leads, and the free space there.",
    ),
    (
        TrackingError("MLflowBackend", "ConnectionError: no server"),
        "MLOPS_BACKEND 'MLflowBackend' cannot begin a run: ConnectionError: no server",
        "Check its server and its settings, or choose another MLOPS_BACKEND.",
    ),
    (
        ModuleLoadError("HOOKS", "acme.hooks", "KeyError: 'x'", location="hooks.py:3"),
        "HOOKS names 'acme.hooks', which cannot be imported: KeyError: 'x' (hooks.py:3)",
        "Mend the module, or take it out of HOOKS.",
    ),
    (
        ModuleLoadError("HOOKS", "acme.hooks", "KeyError: 'x'"),
        "HOOKS names 'acme.hooks', which cannot be imported: KeyError: 'x'",
        "Mend the module, or take it out of HOOKS.",
    ),
    (
        ModuleImportError("acme", "KeyError: 'x'", location="acme.py:3"),
        "module 'acme' cannot be imported: KeyError: 'x' (acme.py:3)",
        "Mend the module, then run the command again.",
    ),
    (
        ModuleImportError("acme", "KeyError: 'x'"),
        "module 'acme' cannot be imported: KeyError: 'x'",
        "Mend the module, then run the command again.",
    ),
    (
        DuplicateLabelError("task", "clean", "a:Clean (a.py:1)", "b:Clean (b.py:2)"),
        "two tasks are labelled 'clean': a:Clean (a.py:1) and b:Clean (b.py:2)",
        "Give one of them another 'label'.",
    ),
    (
        InvalidLabelError("a:Clean (a.py:1)", "-x", "begins with a hyphen"),
        "a:Clean (a.py:1): the label '-x' begins with a hyphen",
        "Use lower-case words with hyphens, for example 'forecast-training'.",
    ),
    (
        InvalidDAGError("training", "tasks is 5, not a list", hint="Write tasks = [...]."),
        "DAG 'training': tasks is 5, not a list",
        "Write tasks = [...].",
    ),
    (
        CyclicDAGError("training", ["a", "b", "a"]),
        "DAG 'training': its tasks wait for each other: a -> b -> a",
        "Take one of these arrows out: A -> B is written {B: [A]}.",
    ),
    (
        CyclicDAGError("training", [*"abcdefghijklmnop", "a"]),
        "DAG 'training': its tasks wait for each other: "
        "a -> b -> c -> d -> e -> f -> ... -> l -> m -> n -> o -> p -> a",
        "Take one of these arrows out: A -> B is written {B: [A]}.",
    ),
    (
        UnknownUpstreamError("training", "fit", "claen", ["clean", "fit"]),
        "DAG 'training': 'fit' runs after 'claen', which is none of its tasks",
        "Did you mean 'clean'?",
    ),
    (
        UnknownUpstreamError("training", "fit", "xyz", ["clean", "fit"]),
        "DAG 'training': 'fit' runs after 'xyz', which is none of its tasks",
        "Give it a line of its own: {ThatTask: []}.",
    ),
    (
        InvalidPartitionsError("fit", "has the partition 'AA' twice"),
        "the task 'fit' has the partition 'AA' twice",
        "Partitions are a list, each a text or a whole number: ['AA', 'DL'].",
    ),
    (
        TaskOptionError("--retries", "is -1, not a whole number, 0 or more"),
        "--retries: is -1, not a whole number, 0 or more",
        "A task can have retries, retry_delay_s, timeout_s, tags and executor.",
    ),
    (
        TaskOptionError("TASK_OPTIONS['fit']", "has the option 'x'", name="x", known=["retries"]),
        "TASK_OPTIONS['fit']: has the option 'x'",
        "A task can have retries, retry_delay_s, timeout_s, tags and executor.",
    ),
    (
        TaskOptionError("TASK_OPTIONS['fit']", "has ...", name="retry", known=["retries"]),
        "TASK_OPTIONS['fit']: has ...",
        "Did you mean 'retries'?",
    ),
    (
        ContextError("base.yaml:3:1", "is not valid YAML", hint="Mend it."),
        "base.yaml:3:1: is not valid YAML",
        "Mend it.",
    ),
    (
        UnknownParameterError("train.horizn", "horizn", ["horizon"]),
        "the context: there is no parameter 'train.horizn'",
        "Did you mean 'horizon'?",
    ),
    (
        UnknownParameterError("train.5", 5, ["horizon"]),
        "the context: there is no parameter 'train.5'",
        "",
    ),
    (
        RunRecordError("runs/1/run.json", "is damaged", hint="Restore it."),
        "runs/1/run.json: is damaged",
        "Restore it.",
    ),
    (
        DamagedRecordError("/r/journal.jsonl", 3, "it is no JSON"),
        "/r/journal.jsonl: line 3 is damaged: it is no JSON",
        "Restore the file from a copy, or start a new run.",
    ),
    (
        ForeignRunError("/r/journal.jsonl", "scoring", "training"),
        "/r/journal.jsonl: it holds a run of DAG 'training', not of 'scoring'",
        "Run 'gluepy runs --dag scoring' to see those of 'scoring'.",
    ),
    (
        NewerRecordError("/r/journal.jsonl", "gluepy.journal/2", "gluepy.journal/1"),
        "/r/journal.jsonl: it is of the form 'gluepy.journal/2', "
        "and this Gluepy knows 'gluepy.journal/1'",
        "Run: pip install --upgrade gluepy-core",
    ),
    (
        RunLockedError("/r", "here", 7, "2026-11-22T10:40:12+00:00"),
        "the run in '/r' is in progress: process 7 on here works in it, "
        "since 2026-11-22T10:40:12+00:00",
        "Wait for its end, or stop that process; then run the command again.",
    ),
    (
        RunLockedError("/r", "", 0, ""),
        "the run in '/r' is in progress: another process works in it",
        "Wait for its end, or stop that process; then run the command again.",
    ),
    (PluginError(ACME, "is at fault", hint="Mend it."), f"{ACME}: is at fault", "Mend it."),
    (PluginLoadError(ACME, "no module 'x'"), f"{ACME}: no module 'x'", ""),
    (
        LabelMismatchError(ACME, "train", "training"),
        f"{ACME}: the entry point is called 'train' but the class is labelled 'training'",
        "Make them equal: the class needs label = 'train', or the entry point the name 'training'.",
    ),
    (
        HookNameError(ACME, "after_tsak", ["after_task"]),
        f"{ACME}: there is no hook 'after_tsak'",
        "Did you mean 'after_task'?",
    ),
    (
        HookNameError(ACME, "xyz", ["after_task"]),
        f"{ACME}: there is no hook 'xyz'",
        "Run 'gluepy hooks' to see all hooks.",
    ),
    (
        HookArgumentError(ACME, "after_task", "tsk", ["task", "run"]),
        f"{ACME}: the hook 'after_task' has no argument 'tsk'",
        "Did you mean 'task'?",
    ),
    (
        HookArgumentError(ACME, "after_task", "xyz", ["task", "run"]),
        f"{ACME}: the hook 'after_task' has no argument 'xyz'",
        "It has: task, run.",
    ),
    (
        HookKindError(ACME, "around_task", is_wrapper=True),
        f"{ACME}: the hook 'around_task' is a wrapper and its implementation is none",
        "Write @hookimpl(wrapper=True), and one 'yield' where the task runs.",
    ),
    (
        HookKindError(ACME, "after_task", is_wrapper=False),
        f"{ACME}: the hook 'after_task' is an observer and its implementation is a wrapper",
        "Write @hookimpl and no 'yield'.",
    ),
    (
        WrapperError(ACME, "around_task", "KeyError: 'x'"),
        f"{ACME}: its hook 'around_task' raised KeyError: 'x'",
        "Mend the plugin, or switch it off: --no-plugin NAME, or the setting HOOKS.",
    ),
    (StorageError("is gone"), "is gone", ""),
    (
        PathOutsideRootError("../x", "/data"),
        "the path '../x' leads out of the storage root '/data'",
        "Use a path relative to STORAGE_ROOT, without '..'.",
    ),
    (
        InvalidPathError("x\0", "it holds a NUL"),
        "the path 'x\\x00' cannot be used: it holds a NUL",
        "Use another path.",
    ),
    (
        StorageNotFoundError("a.csv", "/data/a.csv"),
        "there is no 'a.csv' in the storage ('/data/a.csv')",
        "Paths are relative to STORAGE_ROOT; those of the data manager to the run folder, "
        "unless root=True.",
    ),
    (
        StorageExistsError("a.csv"),
        "'a.csv' is in the storage already and nothing was changed",
        "Choose another name, or pass overwrite=True where a file may be replaced.",
    ),
    (FileExpectedError("a", hint="Name a file."), "'a' is a folder, not a file", "Name a file."),
    (FolderExpectedError("a"), "'a' is a file, not a folder", "Choose another name."),
    (
        StorageReadError("a", "I/O error"),
        "cannot read 'a': I/O error",
        "Check the setting STORAGE_ROOT and its permissions.",
    ),
    (StorageReadError("a", "I/O error", hint="Wait."), "cannot read 'a': I/O error", "Wait."),
    (
        StorageWriteError("a", "disk full"),
        "cannot write 'a': disk full",
        "Check the setting STORAGE_ROOT, its permissions and the free space.",
    ),
    (DataError("is no table"), "is no table", ""),
    (
        UnknownFormatError("a.xls", [".csv", ".json"]),
        "'a.xls': its ending belongs to no known format",
        "Use one of: .csv, .json.",
    ),
    (
        DataReadError("a.csv", "csv", "line 3 has 2 fields"),
        "cannot read 'a.csv' as csv: line 3 has 2 fields",
        "Is the file complete, and of the format that its ending names?",
    ),
    (
        DataWriteError("a.csv", "csv", "a column holds objects"),
        "cannot write 'a.csv' as csv: a column holds objects",
        "Change the table, or choose another format by the ending of the name.",
    ),
    (
        QueryError("SELECT *\nFROM x", "no table x"),
        "the query 'SELECT * FROM x' failed: no table x",
        "A file of the run is named as in SELECT * FROM 'training.parquet'; "
        "a database is given with con=URL.",
    ),
    (
        QueryError("x" * 81, "too long"),
        f"the query '{'x' * 80}...' failed: too long",
        "A file of the run is named as in SELECT * FROM 'training.parquet'; "
        "a database is given with con=URL.",
    ),
    (
        MissingLibraryError("pandas", "reading 'a.csv'", "pandas"),
        "reading 'a.csv' needs pandas, which is not installed",
        "Run: pip install 'gluepy-core[pandas]'",
    ),
    (
        TaskFailedError("clean", "failed", "KeyError: 'x'", folder="runs/1"),
        "the task 'clean' ended as failed: KeyError: 'x'",
        "Its run folder is runs/1.",
    ),
    (
        TaskFailedError("clean", "interrupted", "", folder="runs/1"),
        "the task 'clean' ended as interrupted",
        "Its run folder is runs/1.",
    ),
    (
        MergeTypeError("train.horizon", 7, "x"),
        "cannot merge 'train.horizon': int and str differ",
        "Give both the same type.",
    ),
]

every_error = pytest.mark.parametrize(
    ("error", "message", "hint"), ERRORS, ids=lambda value: type(value).__name__
)


@every_error
def test_message_and_hint(error: GluepyError, message: str, hint: str) -> None:
    assert (str(error), error.message, error.hint) == (message, message, hint)


@every_error
def test_error_survives_pickle(error: GluepyError, message: str, hint: str) -> None:
    error.add_note("seen in a worker")

    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    assert type(twin) is type(error)
    assert (str(twin), twin.hint, twin.args) == (message, hint, (message,))
    assert vars(twin) == vars(error)


def test_every_error_has_an_example() -> None:
    assert {type(error) for error, _, _ in ERRORS} == set(classes())


def test_every_error_is_exported() -> None:
    assert sorted(exceptions.__all__) == exceptions.__all__
    assert {cls.__name__ for cls in classes()} | {"SkipTask"} == set(exceptions.__all__)


def test_the_tree_in_the_docstring_is_true() -> None:
    drawn = dict(tree(inspect.getdoc(exceptions) or ""))

    assert drawn == {cls.__name__: as_drawn(cls) for cls in classes()}


def test_skip_is_no_error() -> None:
    assert not issubclass(SkipTask, GluepyError)
    assert str(SkipTask("nothing to do")) == "nothing to do"


def classes() -> list[type[GluepyError]]:
    return [
        cls
        for _, cls in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(cls, GluepyError)
    ]


def as_drawn(cls: type[GluepyError]) -> tuple[str, int, set[str]]:
    """Return parent, exit code and the other bases of an error."""
    parent, *others = cls.__bases__
    names = set() if cls is GluepyError else {base.__name__ for base in others}
    return (parent.__name__, cls.exit_code, names)


def tree(text: str) -> Iterator[tuple[str, tuple[str, int, set[str]]]]:
    """Yield the errors that a docstring draws, each as `as_drawn` has it."""
    above: list[tuple[int, str, int]] = [(-1, "Exception", 0)]
    for line in text.splitlines():
        found = re.match(r"( {4}[│├└─ ]*)(\w+)(?: +(\d))?", line)
        if found is None:
            continue
        indent, name, code = found.groups()
        while above[-1][0] >= len(indent):
            above.pop()
        _, parent, inherited = above[-1]
        exit_code = int(code) if code else inherited
        above.append((len(indent), name, exit_code))
        yield name, (parent, exit_code, set(re.findall(r"\ban? (\w+Error)", line)))
