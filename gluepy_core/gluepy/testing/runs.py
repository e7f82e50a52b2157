"""Running a DAG in a test: in a folder of its own, with the plugins that the test gives it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gluepy.conf.settings import Settings
    from gluepy.engine.request import RunResult
    from gluepy.exec import DAG
    from gluepy.plugin.manager import Hooks

__all__ = ["isolated", "run_dag"]


@contextlib.contextmanager
def isolated(folder: str | Path) -> Iterator[None]:
    """Let settings and storage be those of a new project in ``folder``, while the block runs.

    All settings have their defaults, whatever the environment says: runs and data lie in
    ``folder/data``, YAML files of parameters in ``folder/configs/context``, if there are any.
    """
    from gluepy.conf import default_settings
    from gluepy.conf.project import Project
    from gluepy.conf.settings import load_settings
    from gluepy.files.storages import default_storage
    from gluepy.files.storages.local import LocalStorage
    from gluepy.utils.loading import scoped

    project = Project(str(folder), marker="", table={}, settings_module="")
    settings = load_settings(project, environ={})
    storage = LocalStorage(settings.STORAGE_ROOT)
    with scoped(default_settings, settings), scoped(default_storage, storage):
        yield


def run_dag(
    dag: type[DAG],
    *,
    plugins: Iterable[object] = (),
    parameters: Mapping[str, object] | None = None,
    executor: str = "serial",
    workers: int | None = None,
) -> RunResult:
    """Run a DAG with no other plugins than these.

    Args:
        dag: The class; it need not be published or installed.
        plugins: Modules or instances with hooks.
        parameters: Go over those of the YAML files, nested as they are.
        executor: One of those that are built in; for other processes, the DAG stands in a module.
        workers: How many steps at once.

    Returns:
        How it ended, and the run with its folder; a task that fails is no exception.

    Raises:
        AssertionError: If an observer raised: a run goes on then, but a test should not.
        PluginError: If a plugin implements a hook wrongly.
    """
    from gluepy.conf import default_settings
    from gluepy.engine.executors import BUILT_IN
    from gluepy.engine.request import RunRequest, Surroundings
    from gluepy.engine.run import run
    from gluepy.exec.plan import make_plan
    from gluepy.exec.policy import policy_of
    from gluepy.plugin.manager import Hooks

    home = _Home(tuple(plugins))
    hooks = Hooks()
    home.add_to(hooks)
    plan = make_plan(dag)
    around = Surroundings(
        settings=default_settings,
        hooks=hooks,
        home=home,
        find_factory=BUILT_IN.__getitem__,
        policies=[policy_of(planned.task) for planned in plan.tasks],
    )
    request = RunRequest(overrides=parameters or {}, executor=executor, workers=workers)
    result = run(plan, request, around)
    failures = [f"{one.who}: {one.hook} raised {one.error}" for one in hooks.failures]
    if failures:
        raise AssertionError("\n".join(failures))
    return result


class _Home(NamedTuple):
    """Gives worker processes the plugins of the test: a `gluepy.engine.messages.Home`."""

    plugins: tuple[object, ...]

    def add_to(self, hooks: Hooks) -> None:
        for plugin in self.plugins:
            hooks.add(plugin, getattr(plugin, "__name__", type(plugin).__name__), "this test")

    def move_in(self, settings: Settings) -> Hooks:
        from gluepy.plugin.manager import Hooks

        hooks = Hooks()
        self.add_to(hooks)
        return hooks
