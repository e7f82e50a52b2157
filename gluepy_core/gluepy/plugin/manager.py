"""The hooks of one process: which plugins implement them, and calls that no plugin can spoil."""

from __future__ import annotations

import contextlib
import inspect
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from types import TracebackType
from typing import Any, Literal, TextIO

import pluggy

from gluepy.exceptions import (
    HookArgumentError,
    HookKindError,
    HookNameError,
    SkipTask,
    WrapperError,
)
from gluepy.exec.records import HookCost, RunInfo, TaskInfo
from gluepy.plugin import hookspecs
from gluepy.utils.errors import reason_of

__all__ = ["HookFailure", "Hooks", "Implementation", "replace_stdout"]

logger = logging.getLogger(__name__)

#: An observer that takes longer than this, in seconds, is named in a warning, once.
SLOW_S = 5.0

Position = Literal["first", "in order", "last"]

_NOTHING = contextlib.nullcontext()

_RANKS: dict[Position, int] = {"first": 0, "in order": 1, "last": 2}


@dataclass(slots=True)
class Spent:
    """What calls of one implementation have cost."""

    calls: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest_task: str = ""

    def add(self, calls: int, seconds: float, slowest_s: float, slowest_task: str) -> None:
        """Count calls, of which the slowest took ``slowest_s`` and was about a task."""
        self.calls += calls
        self.seconds += seconds
        if slowest_s > self.slowest_s:
            self.slowest_s, self.slowest_task = slowest_s, slowest_task


@dataclass(slots=True, eq=False)
class Implementation:
    """One plugin's implementation of one hook, and what its calls cost so far.

    Attributes:
        hook: Name of the hook.
        plugin: Short name of the plugin.
        source: What the plugin belongs to: a distribution with its version, or the project.
        position: Where it asked to be called: ``first``, ``last``, or in order of adding.
        function: What is called.
        arguments: Names of the arguments that it takes.
        calls: How often it was called, in this process.
        seconds: How long these calls took together; of a wrapper, without the tasks.
        spent: What calls have cost since that was last taken, in all processes.
    """

    hook: str
    plugin: str
    source: str
    position: Position
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    calls: int = 0
    seconds: float = 0.0
    spent: Spent = field(default_factory=Spent)

    @property
    def who(self) -> str:
        """The plugin with what it belongs to, for messages."""
        return _who(self.plugin, self.source)


@dataclass(slots=True)
class HookFailure:
    """An observer that raised: which, what the first time, how often, and whether users know."""

    who: str
    hook: str
    error: str
    times: int = 1
    is_told: bool = False


class Hooks:
    """Calls the hooks of all plugins that were added.

    Plugins are called in the order in which they were added, but for implementations that ask to be
    first or last (``@hookimpl(tryfirst=True)``, ``trylast=True``).

    Args:
        trace: Is given a line of text for every call; None for no trace.
        clock: Tells the time in seconds, and never goes back.
    """

    def __init__(
        self,
        *,
        trace: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT_NAME)
        self._manager.add_hookspecs(hookspecs)
        self._trace = trace
        self._clock = clock
        # By identity, in order of adding: short name, and what it belongs to.
        self._plugins: dict[int, tuple[str, str]] = {}
        self._calls: dict[str, tuple[Implementation, ...]] = dict.fromkeys(self.names(), ())
        self._failures: dict[Implementation, HookFailure] = {}
        self._warned: set[tuple[Implementation, str]] = set()
        self._spending = threading.Lock()  # wrappers run in the threads of their tasks

    # -- adding plugins ------------------------------------------------------------------------

    def add(self, plugin: object, name: str, source: str) -> None:
        """Add a plugin after those that are there; one that is there already is not added again.

        Args:
            plugin: A module or an instance.
            name: Its short name.
            source: What it belongs to: a distribution with its version, or the project.

        Raises:
            HookNameError: If it implements a hook that does not exist.
            HookArgumentError: If an implementation asks for an argument that its hook lacks.
            HookKindError: If an observer is written as a wrapper, or a wrapper as an observer.
        """
        if self._manager.is_registered(plugin):
            return
        for attribute in dir(plugin):
            self._check(plugin, attribute, _who(name, source))
        self._plugins[id(plugin)] = name, source
        self._manager.register(plugin, name=f"{name} #{len(self._plugins)}")
        for caller in self._manager.get_hookcallers(plugin) or ():
            self._calls[caller.name] = self._in_order(caller)

    def _check(self, plugin: object, attribute: str, who: str) -> None:
        """Say what is wrong with an implementation, better than pluggy would."""
        options = self._manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            return
        hook = options["specname"] or attribute
        if hook not in self._calls:
            raise HookNameError(who, hook, self._calls)
        allowed = list(inspect.signature(getattr(hookspecs, hook)).parameters)
        function = getattr(plugin, attribute)
        for parameter in inspect.signature(function).parameters.values():
            # One with a default is the implementation's own affair, to pluggy too.
            if parameter.name not in allowed and parameter.default is parameter.empty:
                raise HookArgumentError(who, hook, parameter.name, allowed)
        is_wrapper = hook in hookspecs.WRAPPERS
        is_written_so = options["wrapper"] and inspect.isgeneratorfunction(function)
        if options["hookwrapper"] or is_written_so is not is_wrapper:
            raise HookKindError(who, hook, is_wrapper=is_wrapper)

    def _in_order(self, caller: pluggy.HookCaller) -> tuple[Implementation, ...]:
        places = {identity: place for place, identity in enumerate(self._plugins)}
        known = {id(one.function): one for one in self._calls[caller.name]}
        found = [
            (places[id(impl.plugin)], known.get(id(impl.function)) or self._describe(impl, caller))
            for impl in caller.get_hookimpls()
        ]
        found.sort(key=lambda pair: (_RANKS[pair[1].position], pair[0]))
        return tuple(implementation for _, implementation in found)

    def _describe(self, impl: pluggy.HookImpl, caller: pluggy.HookCaller) -> Implementation:
        name, source = self._plugins[id(impl.plugin)]
        position: Position = "first" if impl.tryfirst else "last" if impl.trylast else "in order"
        return Implementation(
            caller.name, name, source, position, impl.function, tuple(impl.argnames)
        )

    # -- looking -------------------------------------------------------------------------------

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the names of all hooks, in the order in which a run calls them."""
        mark = f"{hookspecs.PROJECT_NAME}_spec"
        return tuple(name for name, value in vars(hookspecs).items() if hasattr(value, mark))

    def implementations(self, hook: str) -> tuple[Implementation, ...]:
        """Return who implements a hook, in calling order."""
        return self._calls[hook]

    def hooks_of(self, plugin: str, source: str) -> tuple[str, ...]:
        """Return the names of the hooks that a plugin implements."""
        return tuple(
            hook
            for hook, implementations in self._calls.items()
            if any((one.plugin, one.source) == (plugin, source) for one in implementations)
        )

    @property
    def plugins(self) -> tuple[str, ...]:
        """The plugins, with what each belongs to, in the order of adding."""
        return tuple(f"{name} ({source})" for name, source in self._plugins.values())

    @property
    def failures(self) -> tuple[HookFailure, ...]:
        """The observers that have raised so far."""
        return tuple(self._failures.values())

    # -- what calls cost -----------------------------------------------------------------------

    def take_costs(self) -> tuple[HookCost, ...]:
        """Return what calls have cost since this was asked last, in calling order.

        Where two runs go on in one process at a time, each gets a part of what both cost.
        """
        found = []
        with self._spending:
            for one in chain.from_iterable(self._calls.values()):
                spent = one.spent
                if spent.calls:
                    cost = HookCost(
                        hook=one.hook,
                        plugin=one.plugin,
                        source=one.source,
                        calls=spent.calls,
                        seconds=spent.seconds,
                        slowest_s=spent.slowest_s,
                        slowest_task=spent.slowest_task,
                    )
                    found.append(cost)
                    one.spent = Spent()
        return tuple(found)

    def add_costs(self, costs: Iterable[HookCost]) -> None:
        """Count what calls have cost in another process; of plugins that are not here, nothing."""
        with self._spending:
            for cost in costs:
                for one in self._calls.get(cost.hook, ()):
                    if (one.plugin, one.source) == (cost.plugin, cost.source):
                        one.spent.add(cost.calls, cost.seconds, cost.slowest_s, cost.slowest_task)
                        break

    def _note_call(self, implementation: Implementation, task: object, seconds: float) -> None:
        with self._spending:
            implementation.calls += 1
            implementation.seconds += seconds
            # As `Spent.add`, in line: it follows every call of every implementation.
            spent = implementation.spent
            spent.calls += 1
            spent.seconds += seconds
            if seconds > spent.slowest_s:
                spent.slowest_s = seconds
                spent.slowest_task = task.label if isinstance(task, TaskInfo) else ""

    # -- calling -------------------------------------------------------------------------------

    def call(self, hook: str, **arguments: object) -> None:
        """Tell all observers of ``hook``; whatever one of them does, the others are told too.

        Raises:
            KeyboardInterrupt: If one came meanwhile, after all have been called.
        """
        interrupt: KeyboardInterrupt | None = None
        for implementation in self._calls[hook]:
            try:
                self._observe(implementation, arguments)
            except KeyboardInterrupt as caught:
                interrupt = caught
        if interrupt is not None:
            raise interrupt

    def call_once(self, hook: str, **arguments: object) -> None:
        """Tell those observers of ``hook`` that have not been told of it before."""
        for implementation in self._calls[hook]:
            if not implementation.calls:
                self._observe(implementation, arguments)

    def around(self, task: TaskInfo, run: RunInfo) -> contextlib.AbstractContextManager[None]:
        """Surround a task with all wrappers; the first in calling order is outermost.

        Raises:
            WrapperError: If a wrapper raises something of its own, or does not yield just once.
            SkipTask: If a wrapper or the task says so.
        """
        return self._wrapped(task, run) if self._calls["around_task"] else _NOTHING

    @contextlib.contextmanager
    def _wrapped(self, task: TaskInfo, run: RunInfo) -> Iterator[None]:
        arguments = {"task": task, "run": run}
        with contextlib.ExitStack() as stack:
            for implementation in self._calls["around_task"]:
                tell = partial(self._note_call, implementation, task)
                stack.enter_context(_Wrapping(implementation, arguments, self._clock, tell))
                if self._trace is not None:
                    self._trace(f"around_task  {implementation.who}")
            yield

    def _observe(self, implementation: Implementation, arguments: Mapping[str, object]) -> None:
        chosen = map(arguments.__getitem__, implementation.arguments)
        printed: list[str] = []
        start = self._clock()
        outer = _stray.begin(printed)
        try:
            implementation.function(*chosen)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also sys.exit(): the run is not its own
            self._note_failure(implementation, error)
        finally:
            _stray.end(outer)
            seconds = self._clock() - start
            self._note_call(implementation, arguments.get("task"), seconds)
            if printed or seconds > SLOW_S or self._trace is not None:
                self._remark(implementation, seconds, has_printed=bool(printed))

    def _remark(self, implementation: Implementation, seconds: float, *, has_printed: bool) -> None:
        """Tell what is worth telling of a call."""
        if has_printed:
            self._warn_once(implementation, "printed to standard output, where only results go")
        if seconds > SLOW_S:
            self._warn_once(implementation, f"took {seconds:.1f} s")
        if self._trace is not None:
            self._trace(f"{implementation.hook}  {implementation.who}  {seconds * 1000:.3f} ms")

    def _note_failure(self, implementation: Implementation, error: BaseException) -> None:
        known = self._failures.get(implementation)
        if known is not None:
            known.times += 1
            return
        text = reason_of(error)
        hook, who = implementation.hook, implementation.who
        self._failures[implementation] = HookFailure(who, hook, text)
        logger.error("%s: its hook %r raised %s; the run goes on", who, hook, text)
        logger.debug("traceback of %r", hook, exc_info=error)

    def _warn_once(self, implementation: Implementation, what: str) -> None:
        key = implementation, what.split(maxsplit=1)[0]
        if key not in self._warned:
            self._warned.add(key)
            logger.warning("%s: its hook %r %s", implementation.who, implementation.hook, what)


def _who(plugin: str, source: str) -> str:
    return f"plugin {plugin!r} of {source}"


class _StrayOutput:
    """Stands for standard output while observers run, and sends what they print to the error.

    Several runs may go on in threads of their own: each thread that is in no observer prints where
    it did before, and the last observer to end puts standard output back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._observers = 0
        self._stdout: TextIO | None = None
        self._thread = threading.local()

    # Two calls and no context manager: they stand around every call of every observer.

    def begin(self, printed: list[str]) -> list[str] | None:
        """Catch what this thread prints from now on, in ``printed``; return what `end` needs."""
        outer: list[str] | None = getattr(self._thread, "printed", None)
        with self._lock:
            self._observers += 1
            if sys.stdout is not self:
                self._stdout, sys.stdout = sys.stdout, self
        self._thread.printed = printed
        return outer

    def end(self, outer: list[str] | None) -> None:
        """Let this thread print where it did before."""
        self._thread.printed = outer
        with self._lock:
            self._observers -= 1
            # A task of another thread may have redirected it meanwhile: that is left alone.
            if not self._observers and sys.stdout is self:
                sys.stdout = self._stdout

    def replace(self, make: Callable[[Any], Any]) -> None:
        """Put what ``make`` returns in the place of standard output, also below this."""
        with self._lock:
            if sys.stdout is self:
                self._stdout = make(self._stdout)
            else:
                sys.stdout = make(sys.stdout)

    def write(self, text: str) -> int:
        printed = getattr(self._thread, "printed", None)
        if printed is not None:
            printed.append(text)
        stream = self._stream()
        if stream is not None:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        stream = self._stream()
        if stream is not None:
            stream.flush()

    def __getattr__(self, name: str) -> Any:
        """Be the real stream in everything else: its encoding, its buffer, its descriptor."""
        return getattr(self._stream(), name)

    def _stream(self) -> TextIO | None:
        is_observer = getattr(self._thread, "printed", None) is not None
        return sys.stderr if is_observer else self._stdout


_stray = _StrayOutput()

#: Put another stream in the place of standard output, also while observers run.
replace_stdout = _stray.replace


class _Wrapping:
    """Runs one wrapper, a generator with one ``yield``, around a block.

    It is ``contextlib.contextmanager``, but it tells an error of the wrapper, which must name the
    plugin, from an error of the task that passes through it; and how long the wrapper itself took.
    """

    def __init__(
        self,
        implementation: Implementation,
        arguments: Mapping[str, object],
        clock: Callable[[], float],
        tell: Callable[[float], None],
    ) -> None:
        self._implementation = implementation
        self._clock = clock
        self._tell = tell
        self._seconds = 0.0
        wrap = contextlib.contextmanager(implementation.function)
        self._block = wrap(*(arguments[name] for name in implementation.arguments))

    def __enter__(self) -> None:
        try:
            with self._named():
                self._block.__enter__()
        except BaseException:
            self._tell(self._seconds)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            with self._named():
                return bool(self._block.__exit__(kind, error, traceback))
        finally:
            self._tell(self._seconds)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Name the plugin in what it raises; signals and skips stay what they are."""
        start = self._clock()
        try:
            yield
        except (SkipTask, KeyboardInterrupt):
            raise
        except BaseException as error:  # also sys.exit()
            one = self._implementation
            module = one.function.__module__
            raise WrapperError(one.who, one.hook, reason_of(error), module=module) from error
        finally:
            self._seconds += self._clock() - start
