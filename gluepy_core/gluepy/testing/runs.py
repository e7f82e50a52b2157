"""Running a DAG in a test: in a folder of its own, with the plugins that the test gives it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gluepy.engine.run import RunResult
    from gluepy.exec import DAG

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
) -> RunResult:
    """Run a DAG with no other plugins than these.

    Args:
        dag: The class; it need not be published or installed.
        plugins: Modules or instances with hooks.
        parameters: Go over those of the YAML files, nested as they are.

    Returns:
        How it ended, and the run with its folder; a task that fails is no exception.

    Raises:
        AssertionError: If an observer raised: a run goes on then, but a test should not.
        PluginError: If a plugin implements a hook wrongly.
    """
    from gluepy.conf import default_settings
    from gluepy.engine.run import RunRequest, run
    from gluepy.exec.plan import make_plan
    from gluepy.plugin.manager import Hooks

    hooks = Hooks()
    for plugin in plugins:
        hooks.add(plugin, getattr(plugin, "__name__", type(plugin).__name__), "this test")
    request = RunRequest(overrides=parameters or {})
    result = run(make_plan(dag), request, default_settings, hooks)
    failures = [f"{one.who}: {one.hook} raised {one.error}" for one in hooks.failures]
    if failures:
        raise AssertionError("\n".join(failures))
    return result
