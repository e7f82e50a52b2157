from __future__ import annotations

import io
import logging
import sys
import threading
import types
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gluepy import RunInfo, SettingsInfo, SkipTask, TaskInfo, TaskOutcome, WorkerInfo, hookimpl
from gluepy.exceptions import (
    HookArgumentError,
    HookKindError,
    HookNameError,
    WrapperError,
)
from gluepy.exec.records import HookCost
from gluepy.plugin.manager import Hooks

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RUN = RunInfo(
    run_id="1", dag="d", folder="f", location="/f", steps=("a",), started_at=NOW, host="h", pid=1
)
TASK = TaskInfo(label="a", task="m:A", index=1)
OUTCOME = TaskOutcome(status="succeeded", seconds=1.0, started_at=NOW, host="h", pid=1)


class Recorder:
    """Notes the calls of one hook in a list that it shares with others."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self.name = name
        self.calls = calls

    @hookimpl
    def before_dag(self, run: RunInfo) -> None:
        self.calls.append(self.name)


class First(Recorder):
    @hookimpl(tryfirst=True)
    def before_dag(self, run: RunInfo) -> None:
        self.calls.append(self.name)


class Last(Recorder):
    @hookimpl(trylast=True)
    def before_dag(self, run: RunInfo) -> None:
        self.calls.append(self.name)


def hooks_of(*plugins: object, trace: Callable[[str], None] | None = None) -> Hooks:
    hooks = Hooks(trace=trace)
    for place, plugin in enumerate(plugins, 1):
        hooks.add(plugin, f"p{place}", "acme 1.0")
    return hooks


def plugin_with(**functions: Callable[..., Any]) -> types.SimpleNamespace:
    """Return a plugin that implements the named hooks."""
    return types.SimpleNamespace(**{name: hookimpl(one) for name, one in functions.items()})


def wrapper_plugin(function: Callable[..., Any]) -> types.SimpleNamespace:
    return types.SimpleNamespace(around_task=hookimpl(wrapper=True)(function))


def raise_error(run: RunInfo) -> None:
    raise LookupError("no such thing")


# -- order -------------------------------------------------------------------------------------


def test_hooks_are_named_in_the_order_of_a_run() -> None:
    assert Hooks.names() == (
        "configure",
        "register_commands",
        "before_command",
        "before_dag",
        "worker_started",
        "before_task",
        "around_task",
        "on_metric",
        "after_task",
        "worker_stopped",
        "after_dag",
        "after_command",
    )


def test_plugins_are_called_in_order_of_adding_but_first_and_last() -> None:
    calls: list[str] = []
    kinds = [("a", Recorder), ("b", Last), ("c", Recorder), ("d", First), ("e", First), ("f", Last)]
    hooks = hooks_of(*(kind(name, calls) for name, kind in kinds))

    hooks.call("before_dag", run=RUN)

    assert calls == ["d", "e", "a", "c", "b", "f"]
    shown = [(one.plugin, one.position) for one in hooks.implementations("before_dag")]
    assert shown == [
        ("p4", "first"),
        ("p5", "first"),
        ("p1", "in order"),
        ("p3", "in order"),
        ("p2", "last"),
        ("p6", "last"),
    ]


def test_plugin_that_is_there_is_not_added_again() -> None:
    calls: list[str] = []
    plugin = Recorder("a", calls)

    hooks = hooks_of(plugin, plugin)
    hooks.call("before_dag", run=RUN)

    assert calls == ["a"]


def test_implementation_takes_the_arguments_that_it_wants() -> None:
    seen: list[tuple[object, ...]] = []
    hooks = hooks_of(
        plugin_with(after_task=lambda outcome, task: seen.append((outcome, task))),
        plugin_with(after_task=lambda: seen.append(())),
    )

    hooks.call("after_task", task=TASK, run=RUN, outcome=OUTCOME)

    assert seen == [(OUTCOME, TASK), ()]


def test_plugins_are_listed_with_what_they_belong_to() -> None:
    hooks = hooks_of(Recorder("a", []), Last("b", []))

    assert hooks.plugins == ("p1 (acme 1.0)", "p2 (acme 1.0)")


def test_observers_hear_of_workers() -> None:
    worker = WorkerInfo(host="h", pid=1, executor="threads", settings=SettingsInfo())
    calls: list[tuple[str, WorkerInfo]] = []
    hooks = hooks_of(
        plugin_with(
            worker_started=lambda worker: calls.append(("started", worker)),
            worker_stopped=lambda worker: calls.append(("stopped", worker)),
        )
    )

    hooks.call("worker_started", worker=worker)
    hooks.call("worker_stopped", worker=worker)

    assert calls == [("started", worker), ("stopped", worker)]


def test_module_can_be_a_plugin() -> None:
    module = types.ModuleType("acme_hooks")
    seen: list[object] = []
    module.configure = hookimpl(lambda settings: seen.append(settings.project))  # type: ignore[attr-defined]  # as its source would
    settings = SettingsInfo(project="/churn")

    hooks_of(module).call("configure", settings=settings)

    assert seen == ["/churn"]


def test_hook_can_be_implemented_under_another_name() -> None:
    calls: list[str] = []
    plugin = types.SimpleNamespace(start=hookimpl(specname="before_dag")(lambda: calls.append("x")))

    hooks_of(plugin).call("before_dag", run=RUN)

    assert calls == ["x"]


def test_calls_are_counted_and_timed() -> None:
    hooks = hooks_of(Recorder("a", []))

    hooks.call("before_dag", run=RUN)
    hooks.call("before_dag", run=RUN)

    (one,) = hooks.implementations("before_dag")
    assert one.calls == 2
    assert one.seconds > 0
    assert one.who == "plugin 'p1' of acme 1.0"


# -- what calls cost ---------------------------------------------------------------------------


class Ticks:
    """A clock that goes on by so many seconds each time it is asked."""

    def __init__(self, *steps_s: float) -> None:
        self.steps_s = list(steps_s)
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += self.steps_s.pop(0)
        return self.now_s


def nothing() -> None:
    """Observe nothing."""


def test_costs_are_taken_once_in_calling_order() -> None:
    hooks = Hooks(clock=Ticks(0, 1, 0, 4, 0, 2, 0, 1))
    hooks.add(plugin_with(before_dag=nothing, after_task=nothing), "p1", "acme 1.0")

    for label in ("x", "y", "z"):
        hooks.call("after_task", task=replace(TASK, label=label), run=RUN, outcome=None)
    hooks.call("before_dag", run=RUN)

    assert hooks.take_costs() == (
        HookCost("before_dag", "p1", "acme 1.0", 1, 1.0, 1.0, ""),
        HookCost("after_task", "p1", "acme 1.0", 3, 7.0, 4.0, "y"),
    )
    assert hooks.take_costs() == ()
    assert hooks.implementations("after_task")[0].calls == 3


def test_wrapper_costs_what_it_does_before_and_after_the_task() -> None:
    def wrap() -> Generator[None]:
        yield

    # It begins and ends twice; the task between takes no time from it.
    hooks = Hooks(clock=Ticks(0, 1, 100, 2))
    hooks.add(wrapper_plugin(wrap), "p1", "acme 1.0")

    with hooks.around(TASK, RUN):
        pass

    (cost,) = hooks.take_costs()
    assert (cost.calls, cost.seconds, cost.slowest_s) == (1, 3.0, 3.0)
    assert cost.slowest_task == TASK.label


def test_wrapper_that_fails_before_the_task_costs_too() -> None:
    hooks = Hooks(clock=Ticks(0, 2))
    hooks.add(wrapper_plugin(before(LookupError())), "p1", "acme 1.0")

    with pytest.raises(WrapperError), hooks.around(TASK, RUN):
        pass

    assert [(one.calls, one.seconds) for one in hooks.take_costs()] == [(1, 2.0)]


def test_costs_of_another_process_are_counted() -> None:
    hooks = hooks_of(plugin_with(after_task=nothing))
    cost = HookCost("after_task", "p1", "acme 1.0", 2, 5.0, 4.0, "x")

    hooks.add_costs([cost, cost._replace(slowest_s=1.0, slowest_task="y")])
    hooks.add_costs([cost._replace(plugin="unknown"), cost._replace(hook="unknown")])

    assert hooks.take_costs() == (cost._replace(calls=4, seconds=10.0),)
    assert hooks.implementations("after_task")[0].calls == 0


def test_trace_has_a_line_for_every_call() -> None:
    lines: list[str] = []

    def wrap() -> Generator[None]:
        yield

    hooks = hooks_of(Recorder("a", []), wrapper_plugin(wrap), trace=lines.append)

    hooks.call("before_dag", run=RUN)
    with hooks.around(TASK, RUN):
        pass

    assert lines[0].startswith("before_dag  plugin 'p1' of acme 1.0  ")
    assert lines[0].endswith(" ms")
    assert lines[1:] == ["around_task  plugin 'p2' of acme 1.0"]


# -- observers ---------------------------------------------------------------------------------


def test_observer_that_raises_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []
    hooks = hooks_of(plugin_with(before_dag=raise_error), Recorder("b", calls))

    hooks.call("before_dag", run=RUN)
    hooks.call("before_dag", run=RUN)

    assert calls == ["b", "b"]
    (failure,) = hooks.failures
    assert failure.who == "plugin 'p1' of acme 1.0"
    assert failure.hook == "before_dag"
    assert failure.error == "LookupError: no such thing"
    assert failure.times == 2
    assert caplog.messages == [
        "plugin 'p1' of acme 1.0: its hook 'before_dag' raised LookupError: no such thing; "
        "the run goes on"
    ]


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), BaseException(), MuteError()])
def test_observer_cannot_end_the_process(error: BaseException) -> None:
    def leave() -> None:
        raise error

    hooks = hooks_of(plugin_with(before_dag=leave))

    hooks.call("before_dag", run=RUN)

    assert len(hooks.failures) == 1


def test_traceback_of_an_observer_is_logged_for_those_who_look(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hooks = hooks_of(plugin_with(before_dag=raise_error))

    with caplog.at_level(logging.DEBUG):
        hooks.call("before_dag", run=RUN)

    assert "raise_error" in caplog.text


def test_interrupt_is_raised_after_all_observers_were_told() -> None:
    calls: list[str] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    hooks = hooks_of(plugin_with(before_dag=interrupt), Recorder("b", calls))

    with pytest.raises(KeyboardInterrupt):
        hooks.call("before_dag", run=RUN)
    assert calls == ["b"]
    assert hooks.failures == ()


def test_what_an_observer_prints_goes_to_the_error_and_is_named(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def chatter() -> None:
        print("hello", flush=True)

    hooks = hooks_of(plugin_with(before_dag=chatter))

    hooks.call("before_dag", run=RUN)
    hooks.call("before_dag", run=RUN)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "hello\nhello\n"
    assert caplog.messages == [
        "plugin 'p1' of acme 1.0: its hook 'before_dag' printed to standard output, "
        "where only results go"
    ]


def test_observers_in_two_threads_leave_standard_output_in_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stdout = sys.stdout
    is_first_in, is_first_to_leave = threading.Event(), threading.Event()
    both_in = threading.Barrier(2)

    def before_dag() -> None:  # the thread that came first leaves first
        is_first_in.set()
        both_in.wait(10)

    def after_dag() -> None:
        both_in.wait(10)
        is_first_to_leave.wait(10)

    hooks = hooks_of(plugin_with(before_dag=before_dag, after_dag=after_dag))

    def first() -> None:
        hooks.call("before_dag", run=RUN)
        print("a task", flush=True)
        is_first_to_leave.set()

    thread = threading.Thread(target=first)
    thread.start()
    is_first_in.wait(10)
    hooks.call("after_dag", run=RUN, report=None)
    thread.join()

    assert sys.stdout is stdout
    assert capsys.readouterr() == ("a task\n", "")


def test_tasks_that_print_without_a_standard_output_go_on_beside_observers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def print_in_thread() -> None:
        thread = threading.Thread(target=print, args=("hello",), kwargs={"flush": True})
        thread.start()
        thread.join()

    monkeypatch.setattr(sys, "stdout", None)
    hooks = hooks_of(plugin_with(before_dag=print_in_thread))

    hooks.call("before_dag", run=RUN)

    assert sys.stdout is None
    assert hooks.failures == ()


def test_redirection_that_a_task_begins_beside_an_observer_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    redirected = io.StringIO()

    def redirect() -> None:
        sys.stdout = redirected

    hooks = hooks_of(plugin_with(before_dag=redirect))

    hooks.call("before_dag", run=RUN)

    assert sys.stdout is redirected


def test_observer_may_print_without_a_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    hooks = hooks_of(plugin_with(before_dag=lambda: print("hello", flush=True)))

    hooks.call("before_dag", run=RUN)

    assert hooks.failures == ()


def test_standard_output_is_still_a_stream_for_observers() -> None:
    seen: list[object] = []
    hooks = hooks_of(plugin_with(before_dag=lambda: seen.append(sys.stdout.encoding)))

    hooks.call("before_dag", run=RUN)

    assert seen == [sys.stderr.encoding]


def test_slow_observer_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 10.0, 20.0, 31.0])
    hooks = Hooks(clock=lambda: next(times))
    hooks.add(Recorder("a", []), "slow", "acme 1.0")

    hooks.call("before_dag", run=RUN)
    hooks.call("before_dag", run=RUN)

    assert caplog.messages == ["plugin 'slow' of acme 1.0: its hook 'before_dag' took 10.0 s"]


# -- wrappers ----------------------------------------------------------------------------------


def noting(name: str, calls: list[str]) -> types.SimpleNamespace:
    def wrap(task: TaskInfo) -> Generator[None]:
        calls.append(f"{name} before {task.label}")
        yield
        calls.append(f"{name} after")

    return wrapper_plugin(wrap)


def test_without_wrappers_nothing_surrounds_a_task() -> None:
    hooks = hooks_of(plugin_with(before_dag=lambda: None))

    with hooks.around(TASK, RUN) as surrounding:
        assert surrounding is None


def test_first_wrapper_is_outermost() -> None:
    calls: list[str] = []
    hooks = hooks_of(noting("a", calls), noting("b", calls))

    with hooks.around(TASK, RUN):
        calls.append("task")

    assert calls == ["a before a", "b before a", "task", "b after", "a after"]


def test_wrapper_sees_what_the_task_raises() -> None:
    seen: list[BaseException] = []

    def wrap() -> Generator[None]:
        try:
            yield
        except ValueError as error:
            seen.append(error)
            raise

    error = ValueError("task")
    with (
        pytest.raises(ValueError, match="task") as caught,
        hooks_of(wrapper_plugin(wrap)).around(TASK, RUN),
    ):
        raise error

    assert caught.value is error
    assert seen == [error]


def test_wrapper_may_handle_what_the_task_raises() -> None:
    def wrap() -> Generator[None]:
        try:
            yield
        except ValueError:
            pass

    with hooks_of(wrapper_plugin(wrap)).around(TASK, RUN):
        raise ValueError


def test_stop_iteration_of_a_task_is_its_own() -> None:
    def wrap() -> Generator[None]:
        yield

    with pytest.raises(StopIteration), hooks_of(wrapper_plugin(wrap)).around(TASK, RUN):
        raise StopIteration


def before(error: BaseException) -> Callable[[], Generator[None]]:
    def wrap() -> Generator[None]:
        throw(error)
        yield

    return wrap


def throw(error: BaseException) -> None:
    raise error


def after(error: BaseException) -> Callable[[], Generator[None]]:
    def wrap() -> Generator[None]:
        try:
            yield
        finally:
            raise error

    return wrap


@pytest.mark.parametrize("make", [before, after])
def test_error_of_a_wrapper_names_the_plugin(
    make: Callable[[BaseException], Callable[[], Generator[None]]],
) -> None:
    hooks = hooks_of(wrapper_plugin(make(LookupError("no span"))))

    with pytest.raises(WrapperError) as caught, hooks.around(TASK, RUN):
        pass

    assert caught.value.plugin == "plugin 'p1' of acme 1.0"
    assert str(caught.value) == (
        "plugin 'p1' of acme 1.0: its hook 'around_task' raised LookupError: no span"
    )
    assert isinstance(caught.value.__cause__, LookupError)


@pytest.mark.parametrize("error", [SkipTask("not today"), KeyboardInterrupt()])
@pytest.mark.parametrize("make", [before, after])
def test_skips_and_signals_of_a_wrapper_stay_what_they_are(
    make: Callable[[BaseException], Callable[[], Generator[None]]], error: BaseException
) -> None:
    with (
        pytest.raises(type(error)) as caught,
        hooks_of(wrapper_plugin(make(error))).around(TASK, RUN),
    ):
        pass

    assert caught.value is error


def test_wrapper_that_exits_is_at_fault() -> None:
    hooks = hooks_of(wrapper_plugin(before(SystemExit(0))))

    with pytest.raises(WrapperError, match=r"raised SystemExit: 0$"), hooks.around(TASK, RUN):
        pass


def test_exit_of_a_task_is_its_own() -> None:
    def wrap() -> Generator[None]:
        yield

    with pytest.raises(SystemExit), hooks_of(wrapper_plugin(wrap)).around(TASK, RUN):
        raise SystemExit(0)


def test_wrapper_that_yields_twice_is_at_fault() -> None:
    def wrap() -> Generator[None]:
        yield
        yield

    with (
        pytest.raises(WrapperError, match="generator didn't stop"),
        hooks_of(wrapper_plugin(wrap)).around(TASK, RUN),
    ):
        pass


def test_wrapper_that_does_not_yield_is_at_fault() -> None:
    def wrap() -> Generator[None]:
        yield from ()

    with (
        pytest.raises(WrapperError, match="generator didn't yield"),
        hooks_of(wrapper_plugin(wrap)).around(TASK, RUN),
    ):
        pass


def test_outer_wrapper_sees_the_skip_of_an_inner_one() -> None:
    seen = []

    def outer() -> Generator[None]:
        try:
            yield
        except SkipTask as skip:
            seen.append(str(skip))
            raise

    hooks = hooks_of(wrapper_plugin(outer), wrapper_plugin(before(SkipTask("holiday"))))

    with pytest.raises(SkipTask), hooks.around(TASK, RUN):
        pass
    assert seen == ["holiday"]


# -- validation --------------------------------------------------------------------------------


def test_misspelt_hook_suggests_the_right_one() -> None:
    with pytest.raises(HookNameError) as caught:
        hooks_of(plugin_with(after_tsk=lambda: None))

    assert str(caught.value) == "plugin 'p1' of acme 1.0: there is no hook 'after_tsk'"
    assert caught.value.hint.startswith("Did you mean 'after_task'")


def test_misspelt_argument_suggests_the_right_one() -> None:
    with pytest.raises(HookArgumentError) as caught:
        hooks_of(plugin_with(after_task=lambda outcom: None))

    assert str(caught.value) == (
        "plugin 'p1' of acme 1.0: the hook 'after_task' has no argument 'outcom'"
    )
    assert caught.value.hint == "Did you mean 'outcome'?"


def test_argument_with_a_default_is_the_implementations_own() -> None:
    calls: list[object] = []
    hooks = hooks_of(plugin_with(before_dag=lambda run, log=calls.append: log(run)))

    hooks.call("before_dag", run=RUN)

    assert calls == [RUN]


def test_wrapper_where_an_observer_belongs_is_refused() -> None:
    def wrap() -> Generator[None]:
        yield

    plugin = types.SimpleNamespace(before_dag=hookimpl(wrapper=True)(wrap))

    with pytest.raises(HookKindError, match="is an observer and its implementation is a wrapper"):
        hooks_of(plugin)


@pytest.mark.parametrize("mark", [hookimpl, hookimpl(hookwrapper=True)])
def test_observer_where_a_wrapper_belongs_is_refused(mark: Callable[..., Any]) -> None:
    def wrap() -> Generator[None]:
        yield

    plugin = types.SimpleNamespace(around_task=mark(wrap))

    with pytest.raises(HookKindError, match="is a wrapper and its implementation is none"):
        hooks_of(plugin)


def test_wrapper_without_a_yield_is_refused() -> None:
    with pytest.raises(HookKindError) as caught:
        hooks_of(wrapper_plugin(lambda: None))

    assert caught.value.hint == (
        "Write @hookimpl(wrapper=True), and one 'yield' where the task runs."
    )


def test_refused_plugin_leaves_nothing_behind() -> None:
    hooks = Hooks()
    plugin = plugin_with(before_dag=lambda: None, after_tsk=lambda: None)

    with pytest.raises(HookNameError):
        hooks.add(plugin, "p1", "acme 1.0")

    assert hooks.implementations("before_dag") == ()


def test_properties_of_a_plugin_are_not_read() -> None:
    class Lazy:
        @property
        def client(self) -> object:
            raise ConnectionError("there is no server")

    hooks = hooks_of(Lazy())

    assert not any(hooks.implementations(hook) for hook in hooks.names())


def test_hooks_of_a_plugin_are_those_that_it_implements() -> None:
    class Watch:
        @hookimpl
        def before_dag(self) -> None: ...

        @hookimpl
        def after_task(self) -> None: ...

    hooks = Hooks()
    hooks.add(Watch(), "watch", "acme 1.0")

    assert hooks.hooks_of("watch", "acme 1.0") == ("before_dag", "after_task")
    assert hooks.hooks_of("watch", "acme 2.0") == ()
