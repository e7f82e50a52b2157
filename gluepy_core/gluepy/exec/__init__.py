"""What a pipeline is: DAGs, tasks, their registries and the plan of a run."""

from gluepy.exec.boot import bootstrap
from gluepy.exec.dags import DAG
from gluepy.exec.dags import REGISTRY as DAG_REGISTRY
from gluepy.exec.tasks import REGISTRY as TASK_REGISTRY
from gluepy.exec.tasks import EvaluationTask, Task

__all__ = ["DAG", "DAG_REGISTRY", "TASK_REGISTRY", "EvaluationTask", "Task", "bootstrap"]
