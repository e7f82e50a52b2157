"""Importing by dotted path, and objects that are made at first use."""

from __future__ import annotations

import contextlib
import threading
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "LazyProxy",
    "SingletonMixin",
    "empty",
    "forget_scopes",
    "import_module",
    "import_string",
    "scoped",
    "set_wrapped",
    "unwrapped",
]

T = TypeVar("T")


class _Empty:
    """The type of `empty`."""

    def __repr__(self) -> str:
        return "empty"

    def __bool__(self) -> bool:
        return False


#: What a `LazyProxy` wraps before its first use.
empty = _Empty()


class LazyProxy(Generic[T]):
    """Stands for an object that is made at first use.

    The object is the one that `scoped` set for the running context. A thread that was started
    there knows nothing of that context; while only one thread of the process has scopes, the
    innermost of these is meant. Else it is the one of the process, which ``factory`` makes once.

    Args:
        factory: Makes the object; called at most once, without arguments.

    Attributes:
        _wrapped: The object of the process, or `empty` until it is first needed.
    """

    _factory: Callable[[], T]
    _wrapped: T | _Empty
    _scope: ContextVar[T]
    _open: dict[object, tuple[int, T]]
    _lock: threading.RLock

    def __init__(self, factory: Callable[[], T]) -> None:
        # Through object: this class forwards setting of attributes to what it wraps.
        object.__setattr__(self, "_factory", factory)
        object.__setattr__(self, "_wrapped", empty)
        object.__setattr__(self, "_scope", ContextVar("scope"))
        object.__setattr__(self, "_open", {})
        object.__setattr__(self, "_lock", threading.RLock())

    def _target(self) -> T:
        try:
            return self._scope.get()
        except LookupError:
            pass
        scopes = tuple(self._open.values())
        if scopes:
            if len({thread for thread, _ in scopes}) == 1:
                return scopes[-1][1]
            raise RuntimeError(
                "several runs are going on, and this thread belongs to none of them: "
                "start it with contextvars.copy_context().run"
            )
        if isinstance(self._wrapped, _Empty):
            with self._lock:
                if isinstance(self._wrapped, _Empty):  # no other thread was faster
                    object.__setattr__(self, "_wrapped", self._factory())
        return self._wrapped  # type: ignore[return-value]  # no longer empty: made just above

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target(), name)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_wrapped":
            object.__setattr__(self, name, value)
        else:
            setattr(self._target(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._target(), name)

    def __getitem__(self, key: Any) -> Any:
        return self._target()[key]  # type: ignore[index]  # what is wrapped decides

    def __contains__(self, key: object) -> bool:
        return key in self._target()  # type: ignore[operator]  # what is wrapped decides

    def __iter__(self) -> Iterator[Any]:
        return iter(self._target())  # type: ignore[call-overload, no-any-return]  # see above

    def __len__(self) -> int:
        return len(self._target())  # type: ignore[arg-type]  # what is wrapped decides

    def __bool__(self) -> bool:
        return bool(self._target())

    def __eq__(self, other: object) -> bool:
        return self._target() == other

    def __hash__(self) -> int:
        return hash(self._target())

    def __dir__(self) -> list[str]:
        return dir(self._target())

    def __reduce__(self) -> tuple[Any, ...]:
        # Copied and pickled as what it stands for, which exists in another process, too.
        return (_itself, (self._target(),))

    def __str__(self) -> str:
        return str(self._target())

    def __repr__(self) -> str:
        return repr(self._target())


def _itself(target: T) -> T:
    return target


@contextlib.contextmanager
def scoped(proxy: object, value: object) -> Iterator[None]:
    """Let ``proxy`` stand for ``value`` in this context only, while the block runs.

    Args:
        proxy: A `LazyProxy`; typed as an object because proxies pose as what they wrap.
        value: What it stands for.

    Raises:
        TypeError: If ``proxy`` is none.
    """
    if not isinstance(proxy, LazyProxy):
        raise TypeError(f"{type(proxy).__name__} is no LazyProxy")
    token = proxy._scope.set(value)  # noqa: SLF001 - of this module
    # Under a key of its own: scopes of other threads begin and end meanwhile.
    scope = object()
    proxy._open[scope] = threading.get_ident(), value  # noqa: SLF001 - of this module
    try:
        yield
    finally:
        proxy._open.pop(scope, None)  # noqa: SLF001 - of this module
        proxy._scope.reset(token)  # noqa: SLF001 - of this module


def forget_scopes(*proxies: object) -> None:
    """Forget the scopes of all threads; for a process that was forked, which has not got them.

    Raises:
        TypeError: If one of them is no `LazyProxy`.
    """
    for proxy in proxies:
        if not isinstance(proxy, LazyProxy):
            raise TypeError(f"{type(proxy).__name__} is no LazyProxy")
        proxy._open.clear()  # noqa: SLF001 - of this module


def set_wrapped(proxy: object, value: object) -> None:
    """Let ``proxy`` stand for ``value`` in this process, wherever `scoped` says nothing else.

    Raises:
        TypeError: If ``proxy`` is no `LazyProxy`.
    """
    if not isinstance(proxy, LazyProxy):
        raise TypeError(f"{type(proxy).__name__} is no LazyProxy")
    proxy._wrapped = value  # noqa: SLF001 - of this module


def unwrapped(proxy: T) -> T:
    """Return what a `LazyProxy` stands for in this context, for others to use; else ``proxy``."""
    return proxy._target() if isinstance(proxy, LazyProxy) else proxy  # noqa: SLF001 - of this module


class SingletonMixin:
    """A class of which there is one instance, made by the first call of `instance`."""

    _instance: Any = None

    @classmethod
    def instance(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the one instance, and make it first where there is none."""
        if "_instance" not in cls.__dict__ or cls._instance is None:
            cls._instance = cls(*args, **kwargs)
        return cls._instance


def import_string(dotted_path: str) -> Any:
    """Import the attribute that a dotted path such as ``package.module.Class`` names.

    ``package.module:Class`` is read too, as entry points write it.

    Raises:
        ImportError: If the path has no dot, the module cannot be imported, or it has no such
            attribute.
    """
    separator = ":" if ":" in dotted_path else "."
    module_name, _, attribute = dotted_path.rpartition(separator)
    if not module_name or not attribute or module_name.startswith("."):
        raise ImportError(f"{dotted_path!r} is no dotted path such as 'package.module.Class'")
    target: Any = import_module(module_name)
    for name in attribute.split("."):
        try:
            target = getattr(target, name)
        except AttributeError:
            message = f"module {module_name!r} has no attribute {attribute!r}"
            raise ImportError(message, name=module_name) from None
    return target
