from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gluepy import RunInfo, SkipTask, Task, TaskInfo, hookimpl
from gluepy.conf.context import Context
from gluepy.engine.step import attempt, outcome_without_task
from gluepy.exceptions import StorageWriteError
from gluepy.exec.records import TaskOutcome
from gluepy.plugin.manager import Hooks

INFO = TaskInfo(label="work", task=f"{__name__}:Work", index=1)


def outcome_of(
    run: RunInfo, error: BaseException | None, hooks: Hooks | None = None
) -> TaskOutcome:
    class Work(Task, abstract=True):
        def run(self) -> None:
            if error is not None:
                raise error

    return attempt(Work, INFO, run, hooks or Hooks())


def test_task_that_returns_has_succeeded(info: RunInfo) -> None:
    before = datetime.now(UTC)

    outcome = outcome_of(info, None)

    assert outcome.status == "succeeded"
    assert outcome.error == outcome.reason == outcome.traceback == outcome.plugin == ""
    assert outcome.seconds >= 0
    assert before <= outcome.started_at <= datetime.now(UTC)
    assert (outcome.host, outcome.pid) == (platform.node(), os.getpid())


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("horizn"), "KeyError: 'horizn'"),
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
        (BaseException("bare"), "BaseException: bare"),
    ],
)
def test_whatever_a_task_raises_is_a_failure(
    info: RunInfo, error: BaseException, text: str
) -> None:
    outcome = outcome_of(info, error)

    assert outcome.status == "failed"
    assert outcome.error == text
    assert outcome.frames[-1].code == "raise error"
    assert outcome.traceback.rstrip().endswith(text)
    assert outcome.plugin == ""


def test_error_that_cannot_tell_its_text_is_a_failure_too(info: RunInfo) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    outcome = outcome_of(info, MuteError())

    assert outcome.status == "failed"
    assert outcome.error == "MuteError: <exception str() failed>"


def test_skipped_task_has_a_reason(info: RunInfo) -> None:
    outcome = outcome_of(info, SkipTask("nothing new"))

    assert (outcome.status, outcome.reason, outcome.error) == ("skipped", "nothing new", "")


def test_interrupted_task_has_not_failed(info: RunInfo) -> None:
    assert outcome_of(info, KeyboardInterrupt()).status == "interrupted"


def test_failing_wrapper_is_named(info: RunInfo) -> None:
    class Plugin:
        @hookimpl(wrapper=True)
        def around_task(self) -> Generator[None]:
            yield
            raise LookupError("no span")

    hooks = Hooks()
    hooks.add(Plugin(), "tracing", "acme 1.0")

    outcome = outcome_of(info, None, hooks)

    assert outcome.status == "failed"
    assert outcome.plugin == "plugin 'tracing' of acme 1.0"
    assert outcome.error.splitlines()[0] == (
        "WrapperError: plugin 'tracing' of acme 1.0: "
        "its hook 'around_task' raised LookupError: no span"
    )
    assert outcome.frames[-1].code == 'raise LookupError("no span")'
    assert outcome.frames[-1].origin == "user"


def test_wrapper_that_handles_an_error_makes_the_task_succeed(info: RunInfo) -> None:
    class Plugin:
        @hookimpl(wrapper=True)
        def around_task(self) -> Generator[None]:
            try:
                yield
            except KeyError:
                pass

    hooks = Hooks()
    hooks.add(Plugin(), "lenient", "acme 1.0")

    assert outcome_of(info, KeyError("x"), hooks).status == "succeeded"


def test_task_that_cannot_be_made_has_failed(info: RunInfo) -> None:
    class Work(Task, abstract=True):
        def __init__(self) -> None:
            raise ValueError("no")

    assert attempt(Work, INFO, info, Hooks()).error == "ValueError: no"


def test_task_knows_for_which_partition_it_runs(info: RunInfo) -> None:
    seen: list[str] = []

    class Work(Task, abstract=True):
        def run(self) -> None:
            seen.append(self.partition)

    attempt(Work, INFO, info, Hooks())
    attempt(Work, replace(INFO, partition="AA"), info, Hooks())

    assert seen == ["", "AA"]
    assert Work.partition == ""


def test_hint_of_an_error_of_ours_is_kept(info: RunInfo) -> None:
    outcome = outcome_of(info, StorageWriteError("a.csv", "no space left on device"))

    assert outcome.hint == StorageWriteError("a.csv", "").hint


def test_block_stands_around_task_and_wrappers(info: RunInfo) -> None:
    calls: list[str] = []

    class Plugin:
        @hookimpl(wrapper=True)
        def around_task(self) -> Generator[None]:
            calls.append("wrapper")
            yield

    class Work(Task, abstract=True):
        def run(self) -> None:
            calls.append("task")

    @contextlib.contextmanager
    def block() -> Iterator[None]:
        calls.append("begin")
        yield
        calls.append("end")

    hooks = Hooks()
    hooks.add(Plugin(), "tracing", "acme 1.0")

    attempt(Work, INFO, info, hooks, interruptible=block())

    assert calls == ["begin", "wrapper", "task", "end"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(("does_raise", "code"), [(False, 0), (True, 1)])
def test_process_that_a_task_forks_ends_with_it(info: RunInfo, does_raise: bool, code: int) -> None:
    children: list[int] = []

    class Work(Task, abstract=True):
        def run(self) -> None:
            child = os.fork()
            if child:
                children.append(child)
            elif does_raise:
                raise ValueError("in the child")

    outcome = attempt(Work, INFO, info, Hooks())

    assert outcome.status == "succeeded"
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == code


def test_attempt_without_a_task_is_told_too() -> None:
    at = datetime.now(UTC)

    outcome = outcome_without_task("lost", "it died", hint="Look.", started_at=at, seconds=1.5)

    assert (outcome.status, outcome.error, outcome.hint) == ("lost", "it died", "Look.")
    assert (outcome.started_at, outcome.seconds) == (at, 1.5)
    assert (outcome.host, outcome.pid) == (platform.node(), os.getpid())


def test_parameters_that_the_task_has_read_are_told(info: RunInfo) -> None:
    context = Context({"train": {"horizon": 7, "depth": 4}, "other": 1})

    class Work(Task, abstract=True):
        def run(self) -> None:
            context.train.horizon  # noqa: B018 - to read it
            context.train["depth"]

    first = attempt(Work, INFO, info, Hooks())
    second = outcome_of(info, None)

    assert first.reads == ("train.depth", "train.horizon")
    assert second.reads == ()
