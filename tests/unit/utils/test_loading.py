from __future__ import annotations

import copy
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gluepy.utils.loading import (
    LazyProxy,
    SingletonMixin,
    empty,
    forget_scopes,
    import_module,
    import_string,
    scoped,
    set_wrapped,
)


class Thing:
    """What the proxies of these tests stand for."""

    def __init__(self, name: str = "thing") -> None:
        self.name = name
        self.items = ["a", "b"]

    def __getitem__(self, key: int) -> str:
        return self.items[key]

    def __len__(self) -> int:
        return len(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Thing({self.name!r})"


class Counter:
    """A factory that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Thing:
        self.calls += 1
        time.sleep(0.01)  # time enough for another thread to come in
        return Thing()


def test_nothing_is_made_before_the_first_use() -> None:
    factory = Counter()
    proxy = LazyProxy(factory)

    assert proxy._wrapped is empty
    assert (proxy.name, proxy.name, factory.calls) == ("thing", "thing", 1)
    assert isinstance(proxy._wrapped, Thing)


def test_empty_says_so_and_is_false() -> None:
    assert repr(empty) == "empty"
    assert not empty


def test_factory_is_called_once_by_many_threads() -> None:
    factory = Counter()
    proxy = LazyProxy(factory)
    threads = [threading.Thread(target=lambda: proxy.name) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert factory.calls == 1


def test_factory_that_raises_is_asked_again() -> None:
    answers: list[Callable[[], Thing]] = [Thing]

    def factory() -> Thing:
        if len(answers) == 1:
            answers.append(Thing)
            raise OSError("not yet")
        return Thing()

    proxy = LazyProxy(factory)

    with pytest.raises(OSError, match="not yet"):
        _ = proxy.name
    assert proxy.name == "thing"


def test_proxy_behaves_like_what_it_stands_for() -> None:
    thing = Thing()
    proxy = LazyProxy(lambda: thing)

    assert proxy[0] == "a"
    assert "b" in proxy
    assert list(proxy) == ["a", "b"]
    assert len(proxy) == 2
    assert bool(proxy)
    assert proxy == thing
    assert hash(proxy) == hash(thing)
    assert "name" in dir(proxy)
    assert str(proxy) == repr(proxy) == "Thing('thing')"


def test_attributes_are_set_and_deleted_on_what_it_stands_for() -> None:
    thing = Thing()
    proxy: Any = LazyProxy(lambda: thing)

    proxy.name = "other"
    assert thing.name == "other"

    del proxy.name
    assert not hasattr(thing, "name")


def test_wrapped_can_be_assigned_and_emptied() -> None:
    proxy: Any = LazyProxy(Thing)

    proxy._wrapped = Thing("given")
    assert proxy.name == "given"

    proxy._wrapped = empty
    assert proxy.name == "thing"


def test_set_wrapped_replaces_what_the_proxy_stands_for() -> None:
    proxy = LazyProxy(Thing)

    set_wrapped(proxy, Thing("given"))

    assert proxy.name == "given"


def test_innermost_scope_holds_until_its_block_ends() -> None:
    proxy = LazyProxy(Thing)

    with scoped(proxy, Thing("outer")):
        with scoped(proxy, Thing("inner")):
            assert proxy.name == "inner"
        assert proxy.name == "outer"

    assert proxy.name == "thing"


def test_thread_of_a_run_sees_the_scope_that_it_was_started_in() -> None:
    proxy = LazyProxy(Thing)

    with (
        scoped(proxy, Thing("outer")),
        scoped(proxy, Thing("inner")),
        ThreadPoolExecutor() as pool,
    ):
        seen = pool.submit(lambda: proxy.name).result()

    assert seen == "inner"


def test_runs_in_threads_share_nothing() -> None:
    proxy = LazyProxy(Thing)
    barrier = threading.Barrier(6)

    def run(name: str) -> str:
        with scoped(proxy, Thing(name)):
            barrier.wait()
            return str(proxy.name)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(run, "abcdef")) == list("abcdef")


def test_thread_that_could_belong_to_several_runs_is_refused() -> None:
    proxy = LazyProxy(Thing)
    barrier = threading.Barrier(2)

    def run() -> None:
        with scoped(proxy, Thing("other")):
            barrier.wait()
            barrier.wait()

    with scoped(proxy, Thing("this")), ThreadPoolExecutor() as pool:
        other = pool.submit(run)
        barrier.wait()
        with pytest.raises(RuntimeError, match="several runs are going on"):
            pool.submit(lambda: proxy.name).result()
        barrier.wait()
        other.result()


def test_scope_ends_when_the_block_raises() -> None:
    proxy = LazyProxy(Thing)

    with pytest.raises(OSError, match=r"^x$"), scoped(proxy, Thing("inner")):
        raise OSError("x")

    assert proxy.name == "thing"


def test_scopes_of_other_threads_can_be_forgotten() -> None:
    proxy = LazyProxy(lambda: "process")
    seen: list[str] = []

    with scoped(proxy, "run"):
        forget_scopes(proxy)
        thread = threading.Thread(target=lambda: seen.append(str(proxy)))
        thread.start()
        thread.join()
        seen.append(str(proxy))

    assert seen == ["process", "run"]


def test_only_proxies_have_scopes_to_forget() -> None:
    with pytest.raises(TypeError, match="Thing is no LazyProxy"):
        forget_scopes(Thing())


def test_only_proxies_are_scoped_and_set() -> None:
    with pytest.raises(TypeError, match=r"^Thing is no LazyProxy$"), scoped(Thing(), Thing()):
        pass
    with pytest.raises(TypeError, match=r"^Thing is no LazyProxy$"):
        set_wrapped(Thing(), Thing())


def test_proxy_is_copied_and_pickled_as_what_it_stands_for() -> None:
    proxy = LazyProxy(lambda: {"a": [1]})

    for twin in (
        copy.copy(proxy),
        copy.deepcopy(proxy),
        pickle.loads(pickle.dumps(proxy)),  # noqa: S301 - our own
    ):
        assert type(twin) is dict
        assert twin == {"a": [1]}


class One(SingletonMixin):
    """A singleton."""


class Two(One):
    """Another one, derived from it."""


def test_singletons_are_one_per_class() -> None:
    assert One.instance() is One.instance()
    assert type(Two.instance()) is Two
    assert Two.instance() is not One.instance()


@pytest.mark.parametrize(
    "path",
    ["collections.abc.Mapping", "collections.abc:Mapping"],
)
def test_class_is_imported_by_its_path(path: str) -> None:
    from collections.abc import Mapping

    assert import_string(path) is Mapping


def test_attribute_of_a_class_is_imported_by_its_path() -> None:
    assert import_string("collections.abc:Mapping.get").__name__ == "get"


@pytest.mark.parametrize("path", ["", "module", ".module.Class", ".x", "x.", ":x", "x:"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ImportError) as caught:
        import_string(path)

    assert str(caught.value) == f"{path!r} is no dotted path such as 'package.module.Class'"


@pytest.mark.parametrize("path", ["collections.abc.Nope", "collections.abc:Nope"])
def test_attribute_that_is_not_there_is_named(path: str) -> None:
    with pytest.raises(ImportError) as caught:
        import_string(path)

    assert str(caught.value) == "module 'collections.abc' has no attribute 'Nope'"


def test_module_that_is_not_there_is_an_import_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'not_there'$"):
        import_string("not_there.Class")


def test_import_module_is_the_one_of_the_standard_library() -> None:
    assert import_module("json").__name__ == "json"
