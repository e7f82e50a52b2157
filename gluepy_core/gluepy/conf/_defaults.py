"""All settings that Gluepy knows: name, default, kind and meaning."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["BY_NAME", "SETTINGS", "Kind", "Setting"]

#: What a value is, and so how the text of an environment variable is read.
Kind = Literal["text", "flag", "number", "list", "table"]


class Setting(NamedTuple):
    """A setting that Gluepy, or a plugin of ours, reads.

    Attributes:
        name: In upper case.
        default: None for one that is not set; whoever reads it then says what that means, and what
            else it may be.
        kind: What a value is. Not enforced where the default is None.
        doc: One sentence: what the setting does.
        item: What the items of a list, and keys and values of a table, must be.
    """

    name: str
    default: object
    kind: Kind
    doc: str
    item: type = object


SETTINGS: tuple[Setting, ...] = (
    # The project
    Setting("BASE_DIR", "", "text", "The project's root folder; that of the project file."),
    Setting("INSTALLED_MODULES", [], "list", "Modules whose DAGs and tasks are registered.", str),
    Setting("LOGGING", {}, "table", "Configuration for logging.config.dictConfig."),
    # Parameters
    Setting("CONFIG_PATH", "configs/context", "text", "Folder of the YAML files of parameters."),
    Setting(
        "CONTEXT_BACKEND",
        "gluepy.conf.context.DefaultContextManager",
        "text",
        "Class that makes and loads the context.",
    ),
    # Files and data
    Setting(
        "STORAGE_BACKEND",
        "gluepy.files.storages.local.LocalStorage",
        "text",
        "Class of the storage.",
    ),
    Setting("STORAGE_ROOT", "data", "text", "Folder that holds the runs and all data."),
    Setting(
        "DATA_BACKEND",
        "gluepy.files.data.PandasDataManager",
        "text",
        "Class of the data manager.",
    ),
    # Runs
    Setting(
        "EXECUTOR",
        "serial",
        "text",
        "What carries steps out: serial, threads, processes, or a plugin's.",
    ),
    Setting("WORKERS", 0, "number", "How many steps run at once; 0 for one per core."),
    Setting(
        "START_METHOD",
        "forkserver",
        "text",
        "How the executor processes starts workers: forkserver, spawn or fork.",
    ),
    Setting(
        "START_TASK",
        "gluepy.exec.tasks.BootstrapTask",
        "text",
        "Task that runs before all others.",
    ),
    Setting(
        "TASK_OPTIONS",
        {},
        "table",
        "Retries, time-outs, tags, executors of tasks, by label or glob.",
    ),
    Setting(
        "JOURNAL_SYNC",
        "group",
        "text",
        "When the journal of a run is forced to the disk: group at most once a second and at the "
        "end, always after every line, or never.",
    ),
    Setting(
        "MLOPS_BACKEND",
        "gluepy.ops.backend.LoggingOpsBackend",
        "text",
        "Class that tracks metrics and parameters.",
    ),
    # Plugins
    Setting("HOOKS", [], "list", "Dotted paths of the project's own hook plugins.", str),
    Setting("PREFER", {}, "table", "Which distribution a label means that several offer.", str),
    Setting("PLUGINS_ALLOW", [], "list", "Only these plugins or distributions are used.", str),
    Setting("PLUGINS_BLOCK", [], "list", "These plugins or distributions are not used.", str),
    # Airflow
    Setting("AIRFLOW_DAG_PREFIX", "", "text", "Put before the label of every generated DAG."),
    Setting("AIRFLOW_TEMPLATE", None, "text", "Template of a generated DAG file."),
    Setting("AIRFLOW_IMAGE", None, "text", "Container image that runs the tasks."),
    Setting("AIRFLOW_CONFIGMAPS", [], "list", "Config maps that the containers read."),
    Setting("AIRFLOW_POD_RESOURCES", None, "table", "Resources that the containers ask for."),
    Setting("AIRFLOW_KUBERNETES_CONFIG", None, "table", "Further options of the containers."),
    # Celery; every other CELERY_* setting is Celery's own
    Setting("CELERY_BROKER_URL", None, "text", "URL of the message broker."),
    Setting("CELERY_RESULT_BACKEND", None, "text", "URL of the store of results."),
    # Clouds
    Setting("GOOGLE_GCS_BUCKET", None, "text", "Bucket of GoogleStorage."),
    Setting("GCP_PROJECT_ID", None, "text", "Project that the bucket belongs to."),
    Setting("AWS_S3_REGION_NAME", None, "text", "Region of S3Storage."),
    Setting("AWS_S3_ENDPOINT_URL", None, "text", "Server of S3Storage, when it is not Amazon's."),
    Setting("AWS_ACCESS_KEY_ID", None, "text", "Account of S3Storage."),
    Setting("AWS_SECRET_ACCESS_KEY", None, "text", "Password of that account."),
    Setting("AWS_STORAGE_BUCKET_NAME", None, "text", "Bucket of S3Storage."),
)

BY_NAME: dict[str, Setting] = {setting.name: setting for setting in SETTINGS}
