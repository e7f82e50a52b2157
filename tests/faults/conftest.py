"""Folders in which real commands run, are disturbed, killed and resumed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from gluepy.testing.commands import PATIENCE_S, Done, wait_until

HERE = Path(__file__).parent
INSIDE = HERE / "inside"

IS_FULL = os.environ.get("GLUEPY_FAULTS") == "full"

NO_ENV: Mapping[str, str] = MappingProxyType({})


#: Files of a run folder that tasks did not write.
RECORDS = {"context.yaml", "metrics.json", "journal.jsonl", "run.json", "lock"}


class Process(NamedTuple):
    """A live process of a command."""

    pid: int
    parent: int


def iter_session(session: int) -> Iterator[Process]:
    """Yield all live processes of a session, that is of a command."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(words[3]) == session and words[0] not in "ZX":
                yield Process(int(entry.name), int(words[1]))


class Command:
    """A ``gluepy`` command that runs; all its processes are one session, whose id is its own."""

    def __init__(self, pid: int, wait: Callable[[float], int], files: Sequence[Path]) -> None:
        self.pid = pid
        self._wait = wait
        self._files = files
        self._is_over = False

    def wait(self) -> Done:
        """Wait until it has ended, and all that it started."""
        try:
            code = self._wait(PATIENCE_S)
            self._is_over = True
            wait_until(lambda: not self.processes(), "the processes of a command that has ended")
        finally:
            self.kill_all()
        out, err = (file.read_text("utf-8", "replace") for file in self._files)
        return Done(code, out, err)

    def is_running(self) -> bool:
        return any(process.pid == self.pid for process in self.processes())

    def processes(self) -> list[Process]:
        """Return all its processes, parents before their children where pids tell."""
        return sorted(iter_session(self.pid))

    def kill(self, *roles: str, most: int | None = None) -> None:
        """Kill processes one after the other; some end when another does."""
        for pid in [pid for role in roles for pid in self.find(role)[:most]]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def find(self, role: str) -> list[int]:
        """Return the processes of a role: supervisor, coordinator, worker or group (of all)."""
        processes = self.processes()
        if role == "group":
            return [process.pid for process in processes]
        if role == "supervisor":
            return [self.pid]
        coordinators = [one.pid for one in processes if one.parent == self.pid]
        if role == "coordinator":
            return coordinators[:1]
        return [one.pid for one in processes if one.pid not in (self.pid, *coordinators)]

    def clean_up(self) -> None:
        """End it, if nobody has waited for its end."""
        self.kill_all()
        if not self._is_over:
            with contextlib.suppress(OSError, ValueError):
                self._wait(PATIENCE_S)

    def kill_all(self) -> None:
        """Kill whatever is left of it."""
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


@dataclass
class Project:
    """A project, its notes, and commands that run in it.

    Attributes:
        folder: The current folder of the commands, in which the storage lies, too.
        env: All environment variables that the commands see.
        launch: Starts a command.
        started: All commands so far.
        ignored: Folders of runs that are of no interest.
    """

    folder: Path
    env: dict[str, str]
    launch: Launch
    started: list[Command] = field(default_factory=list)
    ignored: set[Path] = field(default_factory=set)

    def start(
        self, *words: object, env: Mapping[str, str] = NO_ENV, is_new: bool = False
    ) -> Command:
        """Start ``gluepy`` and return while it runs.

        Args:
            words: Of the command line.
            env: More environment variables.
            is_new: Whether it has to be a process of its own from its very start.
        """
        command = self.launch([str(word) for word in words], self, env, is_new)
        self.started.append(command)
        return command

    def run(self, *words: object, env: Mapping[str, str] = NO_ENV, is_new: bool = False) -> Done:
        """Run ``gluepy`` and return how it ended."""
        return self.start(*words, env=env, is_new=is_new).wait()

    def shell(self, line: str, env: Mapping[str, str] = NO_ENV) -> Done:
        """Run a line of shell and return how it ended."""
        words = ("bash", "--norc", "-c", line)
        command = start_process(words, self, env)
        self.started.append(command)
        return command.wait()

    def resume(self, *words: object, env: Mapping[str, str] = NO_ENV) -> Done:
        """Run a command with ``--resume``."""
        return self.run(*words, "--resume", env=env)

    @property
    def root(self) -> Path:
        """The root of the storage."""
        return self.folder / "data"

    @property
    def notes(self) -> list[str]:
        """What tasks noted, in order."""
        file = Path(self.env["NOTES"])
        return file.read_text().splitlines() if file.exists() else []

    def began(self) -> list[str]:
        """Return the label of each execution of a step, in order."""
        return [line.split()[1] for line in self.notes if line.startswith("begin ")]

    def run_folders(self) -> list[Path]:
        """Return all run folders that have a journal with at least one event."""
        return [
            path
            for path in sorted(self.root.glob("runs/*/*/*/*"))
            if path not in self.ignored and read_journal(path)
        ]

    def ignore_runs(self) -> None:
        """Take the runs so far for those of somebody else."""
        self.ignored.update(self.run_folders())

    @property
    def run_folder(self) -> Path:
        """The only run folder."""
        (folder,) = self.run_folders()
        return folder

    def journal(self) -> list[dict[str, Any]]:
        """Return the events of the only run, without a torn last line; none if there is no run."""
        return read_journal(self.run_folder) if self.run_folders() else []

    def succeeded(self) -> set[str]:
        """Return the steps that the journal says have succeeded."""
        return {
            event["step"]
            for event in self.journal()
            if event["event"] == "ended" and event["outcome"] == "succeeded"
        }

    def run_json(self) -> dict[str, Any]:
        document = json.loads((self.run_folder / "run.json").read_text())
        assert isinstance(document, dict)
        return document

    def outputs(self) -> dict[str, bytes]:
        """Return what tasks wrote into run folders, by file name."""
        return {
            path.name: path.read_bytes()
            for path in self.root.glob("runs/*/*/*/*/*")
            if path.is_file()
            and path.parent not in self.ignored
            and path.name not in RECORDS
            and not path.name.startswith(".gluepy-tmp-")
        }

    def wait_until_noted(self, text: str, *, times: int = 1) -> None:
        """Wait until tasks have noted something so often."""
        wait_until(lambda: sum(text in line for line in self.notes) >= times, repr(text))

    def ends_of(self, label: str) -> list[str]:
        """Return the outcomes of all attempts at a step, in order."""
        return [
            event["outcome"]
            for event in self.journal()
            if event["event"] == "ended" and event["step"] == label
        ]

    def snapshot(self) -> Before:
        return Before(frozenset(self.succeeded()), len(self.began()))

    def repeated(self, before: Before) -> set[str]:
        """Return the steps that had succeeded before, and were executed again since."""
        return set(self.began()[before.executions :]) & before.succeeded

    def complaint(self, expected: Mapping[str, bytes]) -> str:
        """Return what is wrong with a run that ought to have succeeded; nothing if all is well."""
        outputs = self.outputs()
        if outputs != expected:
            return f"outputs differ: {different(outputs, expected)}"
        if len(self.run_folders()) != 1:
            return f"{len(self.run_folders())} runs instead of one"
        if self.succeeded() != {name.removesuffix(".txt") for name in expected}:
            return f"recorded as succeeded: {sorted(self.succeeded())}"
        document = self.run_json()
        if document["status"] != "succeeded":
            return f"run.json says {document['status']}"
        metrics = self.run_folder / "metrics.json"
        if not metrics.exists() or json.loads(metrics.read_text()).keys() != self.succeeded():
            return "metrics are missing"
        return ""

    def open_gate(self) -> None:
        """Let go on what waits in the middle of a task; see ``graph``."""
        Path(self.env["GATE"]).touch()

    def clean_up(self) -> None:
        """End what still runs, and remove the folder."""
        for command in self.started:
            command.clean_up()
        shutil.rmtree(self.folder, ignore_errors=True)


Launch = Callable[[Sequence[str], Project, Mapping[str, str], bool], Command]


@dataclass(frozen=True)
class Before:
    """What was there before a command: nothing that had succeeded may be done again by it."""

    succeeded: frozenset[str]
    executions: int


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return the events of a run folder, in either form; all lines but the last have to be whole.

    It has nothing in common with how the package reads it.
    """
    files = [folder / "journal.jsonl", *sorted(folder.glob("journal/*.jsonl"))]
    content = b"".join(file.read_bytes() for file in files if file.exists())
    lines = content.splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    return [json.loads(line) for line in lines]


def different(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """Return the keys at which two mappings differ."""
    return sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


# -- how commands are started ----------------------------------------------------------------------


def start_process(words: Sequence[str], project: Project, env: Mapping[str, str]) -> Command:
    """Start any command, in a session of its own."""
    files = output_files(project)
    with files[0].open("wb") as out, files[1].open("wb") as err:
        process = subprocess.Popen(
            words,
            cwd=project.folder,
            env={**project.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    return Command(process.pid, process.wait, files)


def launch_new(
    words: Sequence[str], project: Project, env: Mapping[str, str], is_new: bool
) -> Command:
    """Start ``gluepy`` as a shell does."""
    return start_process((str(Path(sys.prefix) / "bin" / "gluepy"), *words), project, env)


def output_files(project: Project) -> tuple[Path, Path]:
    number = len(project.started)
    beside = project.folder.parent
    return (
        beside / f"{project.folder.name}.{number}.out",
        beside / f"{project.folder.name}.{number}.err",
    )


class Zygote:
    """Commands that are forked off a process which has imported the package; see ``zygote.py``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def launch(
        self, words: Sequence[str], project: Project, env: Mapping[str, str], is_new: bool
    ) -> Command:
        if is_new:
            return launch_new(words, project, env, is_new)
        files = output_files(project)
        request = {
            "words": words,
            "env": {**project.env, **env},
            "cwd": str(project.folder),
            "out": str(files[0]),
            "err": str(files[1]),
        }
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_S)
        connection.connect(str(self.path))
        stream = connection.makefile("rw")
        connection.close()  # the stream keeps it open
        print(json.dumps(request), file=stream, flush=True)
        pid = int(stream.readline())

        def wait(timeout: float) -> int:
            with stream:
                return int(stream.readline())

        return Command(pid, wait, files)


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """What starts commands: quickly in the short form, in the plainest way in the full one."""
    if IS_FULL:
        yield launch_new
        return
    # Not in the folder of pytest: the path of a socket has to be short.
    path = Path("/tmp") / f"gluepy-zygote-{os.getpid()}.socket"  # noqa: S108 - ours by its number
    path.unlink(missing_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(INSIDE) + os.environ.get("FXCORE", ""),
        "LANG": "C.UTF-8",
    }
    process = subprocess.Popen([sys.executable, HERE / "zygote.py", path], env=env)
    try:
        wait_until(lambda: path.exists() or process.poll() is not None, "the zygote")
        assert process.poll() is None, "the zygote has ended"
        yield Zygote(path).launch
    finally:
        process.kill()
        process.wait()
        path.unlink(missing_ok=True)


# -- what tests ask for ----------------------------------------------------------------------------


def make_project(folder: Path, launch: Launch, *modules: str, settings: str = "") -> Project:
    """Make a project, of modules that lie in ``inside``; what it notes lies beside its folder."""
    folder.mkdir(parents=True)
    names = ", ".join(f'"{module}"' for module in modules or ("graph",))
    (folder / "gluepy.toml").write_text(f"installed_modules = [{names}]\n{settings}")
    home = folder.with_name("home")
    home.mkdir(exist_ok=True)
    env = {
        "GATE": f"{folder}.gate",
        "GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NOTES": f"{folder}.notes",
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(INSIDE) + os.environ.get("FXCORE", ""),
        "TMPDIR": str(folder.parent),
    }
    return Project(folder, env, launch)


@pytest.fixture
def new_project(tmp_path: Path, launch: Launch) -> Iterator[Callable[..., Project]]:
    """Make projects, as many as a test likes; see `make_project`."""
    projects: list[Project] = []

    def make(*modules: str, settings: str = "") -> Project:
        folder = tmp_path / f"project-{len(projects)}"
        projects.append(make_project(folder, launch, *modules, settings=settings))
        return projects[-1]

    yield make
    for project in projects:
        project.clean_up()


@pytest.fixture
def project(new_project: Callable[..., Project]) -> Project:
    """A project with the DAGs of ``graph``."""
    return new_project()


@pytest.fixture
def rng() -> random.Random:
    """A generator whose seed is shown when a test fails; ``GLUEPY_FAULTS_SEED`` repeats it."""
    seed = int(os.environ.get("GLUEPY_FAULTS_SEED", random.SystemRandom().randrange(10**9)))
    print(f"GLUEPY_FAULTS_SEED={seed}")
    return random.Random(seed)  # noqa: S311 - nothing secret


@pytest.fixture(scope="session")
def assert_none() -> Callable[[Iterable[str]], None]:
    """Fail with all complaints in full, if there are any."""

    def check(complaints: Iterable[str]) -> None:
        if text := "\n\n".join(filter(None, complaints)):
            pytest.fail(text, pytrace=False)

    return check


@pytest.fixture(scope="session")
def is_full() -> bool:
    """Whether the suite runs in its full form."""
    return IS_FULL


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory, launch: Launch) -> Mapping[str, bytes]:
    """What the DAG ``graph`` writes when nothing disturbs it."""
    project = make_project(tmp_path_factory.mktemp("expected") / "project", launch)
    done = project.run("dag", "graph")
    assert done.code == 0, done.err
    outputs = project.outputs()
    project.clean_up()
    assert len(outputs) == 7
    return MappingProxyType(outputs)
