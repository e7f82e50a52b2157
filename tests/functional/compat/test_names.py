"""The names that projects written for Gluepy 1.6 import, in a base install."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

# S3Storage and GoogleStorage come with the remote storages.
NAMES = {
    "gluepy": "VERSION",
    "gluepy.conf": "default_settings default_context default_context_manager",
    "gluepy.conf.settings": "Settings",
    "gluepy.conf.context": "Context DefaultContextManager",
    "gluepy.exec": "DAG Task EvaluationTask DAG_REGISTRY TASK_REGISTRY bootstrap",
    "gluepy.exec.dags": "DAG REGISTRY",
    "gluepy.exec.tasks": "Task BootstrapTask EvaluationTask REGISTRY",
    "gluepy.exec.boot": "bootstrap",
    "gluepy.files.data": "data_manager BaseDataManager PandasDataManager",
    "gluepy.files.storages": "default_storage BaseStorage",
    "gluepy.files.storages.local": "LocalStorage",
    "gluepy.files.storages.memory": "MemoryStorage",
    "gluepy.files.storages.utils": "plot",
    "gluepy.ops": "default_mlops BaseOpsBackend",
    "gluepy.ops.backend": "BaseOpsBackend LoggingOpsBackend",
    "gluepy.commands": "cli",
    "gluepy.commands.dag": "run_dag",
    "gluepy.utils.loading": "LazyProxy empty SingletonMixin import_string import_module",
    "gluepy.utils.dict": "merge",
    "gluepy.exceptions": "CommandError BootstrapError",
}

MEMBERS = {
    "gluepy.conf.context:Context": "to_dict __str__",
    "gluepy.conf.context:DefaultContextManager": "create_context load_context get_run_meta",
    "gluepy.exec.dags:DAG": "label tasks eval_tasks extra_options inject_tasks",
    "gluepy.exec.tasks:Task": "label run",
    "gluepy.exec.tasks:REGISTRY": "keys items get __contains__ __len__ __iter__ __delitem__",
    "gluepy.files.data:BaseDataManager": "read read_sql write",
    "gluepy.files.storages:BaseStorage": (
        "MAX_CHUNK_SIZE separator abspath relpath runpath touch open rm cp ls mkdir isdir isfile "
        "exists"
    ),
    "gluepy.ops:BaseOpsBackend": (
        "create_run get_run list_runs log_metric log_param log_artifact log_input set_terminated "
        "delete_run get_metrics"
    ),
    "gluepy.commands:cli": "command group",
}

SIGNATURES = {
    "gluepy.commands.dag:run_dag": (
        "label retry=None patch=None from_task=None task=None local_patch=None skip_eval=False "
        "eval_only=False compare=None"
    ),
    "gluepy.conf.context:DefaultContextManager.create_context": (
        "self run_id=None run_folder=None patches=None local_patches=None evaluate_lazy=False"
    ),
    "gluepy.conf.context:DefaultContextManager.load_context": (
        "self path patches=None local_patches=None"
    ),
    "gluepy.exec.dags:DAG.inject_tasks": "self skip_eval=False eval_only=False",
    "gluepy.files.storages:BaseStorage.touch": "self file_path content=b''",
    "gluepy.files.storages:BaseStorage.open": "self file_path mode='rb'",
    "gluepy.files.storages:BaseStorage.rm": "self path recursive=False",
    "gluepy.files.storages:BaseStorage.cp": (
        "self src_path dest_path recursive=False overwrite=False"
    ),
    "gluepy.files.storages:BaseStorage.mkdir": "self path make_parents=False",
    "gluepy.files.storages.utils:plot": "file_path root=False",
    "gluepy.ops:BaseOpsBackend.create_run": (
        "self dag run_id=None config=None username='AnonymousUser'"
    ),
    "gluepy.ops:BaseOpsBackend.log_metric": "self key value timestamp=None",
    "gluepy.ops:BaseOpsBackend.log_artifact": "self local_path artifact_path=None",
    "gluepy.ops:BaseOpsBackend.log_input": "self df context=None tags=None",
    "gluepy.ops:BaseOpsBackend.set_terminated": "self run_id status end_time=None",
    "gluepy.utils.dict:merge": "a b path=None allow_new_key=True",
}

# Prints what is missing; imports nothing that is not in a base install.
CHECK = """\
import importlib, inspect, sys

def find(target):
    module, _, path = target.partition(":")
    found = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found

for module, names in NAMES.items():
    for name in names.split():
        if not hasattr(importlib.import_module(module), name):
            print("no", module, name)
for target, names in MEMBERS.items():
    for name in names.split():
        if not hasattr(find(target), name):
            print("no", target, name)
for target, wanted in SIGNATURES.items():
    parameters = inspect.signature(find(target)).parameters.values()
    ours = [
        one.name if one.default is one.empty else f"{one.name}={one.default!r}"
        for one in parameters
        if one.kind is one.POSITIONAL_OR_KEYWORD
    ]
    if ours[: len(wanted.split())] != wanted.split():
        print("differs", target, *ours)
    if any(word and "=" not in word for word in ours[len(wanted.split()) :]):
        print("needs more", target, *ours)
"""

BEHAVIOUR = {
    "proxies wrap nothing until first use": """
        from gluepy.conf import default_settings
        from gluepy.utils.loading import LazyProxy, empty
        assert object.__getattribute__(default_settings, "_wrapped") is empty
        assert isinstance(default_settings, LazyProxy)
        default_settings.STORAGE_ROOT
        assert default_settings._wrapped is not empty
    """,
    "the context is frozen": """
        import box
        from gluepy.conf.context import Context
        context = Context({"a": {"b": 1}})
        assert context.a.b == context["a"]["b"] == 1
        assert context.to_dict() == {"a": {"b": 1}}
        try:
            context.a = 1
        except TypeError:
            pass
        else:
            raise AssertionError
        try:
            context.a.b = 2
        except box.exceptions.BoxError:
            pass
        else:
            raise AssertionError
    """,
    "the registry is used as a dict": """
        from gluepy.exec.dags import DAG, REGISTRY
        from gluepy.exec.tasks import Task
        class A(DAG): label = "a"
        class B(DAG): pass
        assert REGISTRY["a"] is A and "b" in REGISTRY and len(REGISTRY) == 2
        assert list(REGISTRY) == list(REGISTRY.keys()) == ["a", "b"]
        assert dict(REGISTRY.items()) == {"a": A, "b": B}
        assert REGISTRY.get("c") is None
        try:
            class Second(DAG): label = "a"
        except KeyError:
            pass
        else:
            raise AssertionError
        del REGISTRY["a"]
        assert list(REGISTRY) == ["b"]
        try:
            Task().run()
        except NotImplementedError:
            pass
        else:
            raise AssertionError
    """,
    "the start task comes first": """
        from gluepy.exec import DAG, EvaluationTask, Task
        from gluepy.exec.tasks import BootstrapTask
        class One(Task): ...
        class Two(EvaluationTask): ...
        class A(DAG):
            tasks = [One]
            eval_tasks = [Two]
        assert A().inject_tasks() == [BootstrapTask, One, Two]
        assert A().inject_tasks(skip_eval=True) == [BootstrapTask, One]
        assert A().inject_tasks(eval_only=True) == [BootstrapTask, Two]
        assert BootstrapTask.label == "bootstraptask"
    """,
    "settings are read from a module": """
        import sys, types
        module = types.ModuleType("mine")
        module.STORAGE_ROOT, module.MY_OWN, module.lower = "/tmp/x", 5, 6
        sys.modules["mine"] = module
        from gluepy.conf.settings import Settings
        settings = Settings("mine")
        assert settings.STORAGE_ROOT == "/tmp/x" and settings.MY_OWN == 5
        assert not hasattr(settings, "lower")
    """,
    "every setting has a default": """
        from gluepy.conf import default_settings
        for name in '''
            BASE_DIR CONFIG_PATH INSTALLED_MODULES STORAGE_BACKEND STORAGE_ROOT DATA_BACKEND
            CONTEXT_BACKEND START_TASK MLOPS_BACKEND LOGGING AIRFLOW_DAG_PREFIX AIRFLOW_TEMPLATE
            AIRFLOW_IMAGE AIRFLOW_CONFIGMAPS AIRFLOW_POD_RESOURCES AIRFLOW_KUBERNETES_CONFIG
            CELERY_BROKER_URL CELERY_RESULT_BACKEND GOOGLE_GCS_BUCKET GCP_PROJECT_ID
            AWS_S3_REGION_NAME AWS_S3_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
            AWS_STORAGE_BUCKET_NAME
        '''.split():
            getattr(default_settings, name)
    """,
    "dicts are merged by their types": """
        from gluepy.utils.dict import merge
        assert merge({"a": {"b": 1}}, {"a": {"b": 2.5, "c": 3}}) == {"a": {"b": 2.5, "c": 3}}
        try:
            merge({"a": {"b": 1}}, {"a": {"b": "x"}})
        except Exception as error:
            assert "a.b" in str(error)
        else:
            raise AssertionError
    """,
}


def test_every_name_is_there_with_its_signature(sandbox: Sandbox) -> None:
    tables = f"NAMES = {NAMES!r}\nMEMBERS = {MEMBERS!r}\nSIGNATURES = {SIGNATURES!r}\n"

    done = sandbox.python("-W", "error", "-c", tables + CHECK)

    assert done == (0, "", "")


@pytest.mark.parametrize("behaviour", BEHAVIOUR)
def test_name_behaves(behaviour: str, sandbox: Sandbox) -> None:
    done = sandbox.python("-W", "error", "-c", textwrap.dedent(BEHAVIOUR[behaviour]))

    assert done == (0, "", "")
