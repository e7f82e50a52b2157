"""The project that the conformance suite of executors runs: its tasks and its hooks, as source."""

from __future__ import annotations

__all__ = ["HOOKS", "TASKS"]

#: All that happens is noted in one file, by appending, so in the order in which it has happened.
TASKS = """
import concurrent.futures, json, os, signal, subprocess, sys, threading, time
from gluepy import DAG, Task
from gluepy.conf import default_context, default_settings
from gluepy.files.storages import default_storage
from gluepy.ops import default_mlops

HERE = @HERE@


def note(*words):
    line = " ".join(map(str, words)) + "\\n"
    file = os.open(os.path.join(HERE, "notes"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, line.encode())
    os.close(file)


def is_allowed(name):
    return os.path.exists(os.path.join(HERE, name))


def wait_for(name):
    for _ in range(3000):
        if is_allowed(name):
            return
        time.sleep(0.01)
    raise TimeoutError(name)


class Noted(Task, abstract=True):
    def run(self):
        name = f"{self.label}[{self.partition}]" if self.partition else self.label
        note("run", name, os.getpid())
        self.work()

    def work(self):
        pass


# -- hooks and work

class First(Noted):
    label = "first"
    def work(self):
        default_mlops.log_metric("rows", 7)

class Second(Noted):
    label = "second"

class Line(DAG):
    label = "line"
    tasks = [First, Second]


class Vetoed(Noted):
    label = "vetoed"

class Spoilt(Noted):
    label = "spoilt"

class Wrapped(DAG):
    label = "wrapped"
    tasks = {Vetoed: [], Spoilt: []}


class Many(Noted):
    label = "many"
    partitions = [f"{number:02}" for number in range(40)]
    def work(self):
        default_mlops.log_metric(f"square-{self.partition}", int(self.partition) ** 2)

class Crowd(DAG):
    label = "crowd"
    tasks = [Many]


class Left(Noted):
    label = "left"
    def work(self):
        note("arrived", "left")
        open(os.path.join(HERE, "left-is-here"), "w").close()
        if is_allowed("together"):
            wait_for("right-is-here")

class Right(Noted):
    label = "right"
    def work(self):
        open(os.path.join(HERE, "right-is-here"), "w").close()
        if is_allowed("together"):
            wait_for("left-is-here")

class Both(DAG):
    label = "both"
    tasks = {Left: [], Right: []}


class Speak(Noted):
    label = "speak"
    partitions = [f"{number:02}" for number in range(20)]
    def work(self):
        for number in range(20):
            print(f"<{self.partition} {number:02} {'=' * 30}>\\n", end="")
        sys.stdout.flush()
        subprocess.run([sys.executable, "-c", f"print('<child of {self.partition}>\\\\n', end='')"]
                       if self.partition == "07" else ["true"], check=True)

class Speaking(DAG):
    label = "speaking"
    tasks = [Speak]


class Store(Noted):
    label = "store"
    def work(self):
        default_storage.touch(f"{default_context.gluepy.run_folder}/stored.txt", "by store")

class Look(Noted):
    label = "look"
    def work(self):
        folder = default_context.gluepy.run_folder
        seen = {
            "horizon": default_context.train.horizon,
            "run_id": default_context.gluepy.run_id,
            "stored": default_storage.open(f"{folder}/stored.txt").decode(),
            "location": default_storage.location(folder),
            "favourite": default_settings.FAVOURITE,
            "metrics": default_mlops.get_metrics(),
        }
        note("sees", json.dumps(seen, sort_keys=True).replace(" ", ""))

class Looking(DAG):
    label = "looking"
    tasks = [Store, Look]


class Stubborn:
    def __repr__(self):
        return "cannot travel"
    def __reduce__(self):
        raise TypeError("it is at home here")

class Log(Noted):
    label = "log"
    partitions = ["a", "b"]
    def work(self):
        default_mlops.log_metric(f"loss-{self.partition}", 0.5)
        default_mlops.log_metric("loss", 2.0 if self.partition == "b" else 1.0)
        default_mlops.log_param("depth", 3)
        default_mlops.log_param("password", "hunter2")
        default_mlops.log_param("odd", Stubborn())

class Logging(DAG):
    label = "logging"
    tasks = [Log]


class Choose(Noted):
    label = "choose"

class Part(Noted):
    label = "part"
    def partitions(self):
        note("chosen", os.getpid())
        return ["AA", 7, "x y"]
    def work(self):
        if self.partition == "7" and not is_allowed("mended"):
            raise ValueError("seven")

class Merge(Noted):
    label = "merge"

class Parts(DAG):
    label = "parts"
    tasks = {Choose: [], Part: [Choose], Merge: [Part]}


class Tagged(Noted):
    label = "tagged"
    tags = ["slow", "gpu"]

class Apart(Noted):
    label = "apart"
    executor = "serial"

class Mixed(DAG):
    label = "mixed"
    tasks = [Tagged, Apart]


# -- ends

class Odd(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()

class Unpicklable(Noted):
    label = "unpicklable"
    def work(self):
        raise Odd("it broke")

class Local(Noted):
    label = "local"
    def work(self):
        class Hidden(Exception): pass
        raise Hidden("inside") from Odd("cause")

class Exits(Noted):
    label = "exits"
    def work(self):
        sys.exit(0)

class Bare(Noted):
    label = "bare"
    def work(self):
        raise BaseException("bare")

class Cancelled(Noted):
    label = "cancelled"
    def work(self):
        raise concurrent.futures.CancelledError

class Deep(Noted):
    label = "deep"
    def work(self):
        self.work()

class Fine(Noted):
    label = "fine"

class Odds(DAG):
    label = "odds"
    tasks = {Unpicklable: [], Local: [], Exits: [], Bare: [], Cancelled: [], Deep: [], Fine: []}


class Vanish(Noted):
    label = "vanish"
    def work(self):
        if not is_allowed("mended"):
            if is_allowed("once"):
                open(os.path.join(HERE, "mended"), "w").close()
            if is_allowed("by-signal"):
                os.kill(os.getpid(), signal.SIGKILL)
            os._exit(0)

class Needy(Noted):
    label = "needy"

class Vanishing(DAG):
    label = "vanishing"
    tasks = {Fine: [], Vanish: [], Needy: [Vanish]}


class Victim(Noted):
    label = "victim"
    def work(self):
        if not is_allowed("mended"):
            time.sleep(60)

class Neighbour(Noted):
    label = "neighbour"
    def work(self):
        if not is_allowed("mended"):
            wait_for("victim-is-dead")

class Street(DAG):
    label = "street"
    tasks = {Victim: [], Neighbour: []}


class Slow(Noted):
    label = "slow"
    timeout_s = 2.0
    def work(self):
        if not is_allowed("mended"):
            time.sleep(60)

class Slowly(DAG):
    label = "slowly"
    tasks = {Slow: [], Fine: []}


class Busy(Noted):
    label = "busy"
    partitions = ["1", "2"]
    def work(self):
        try:
            for _ in range(6000):
                if is_allowed("mended"):
                    return
                note("beat", self.partition, os.getpid())
                time.sleep(0.01)
        finally:
            note("tidied", self.partition)

class Working(DAG):
    label = "working"
    tasks = [Fine, Busy, Needy]
"""

HOOKS = """
import os
from gluepy import SkipTask, hookimpl
from steps import note

begun, ended, metrics = [], [], {}

@hookimpl
def configure(settings):
    note("configure", os.getpid())

@hookimpl
def before_command(command):
    note("before_command", command.name, os.getpid())

@hookimpl
def before_dag(run):
    note("before_dag", run.dag, os.getpid())

@hookimpl
def worker_started(worker):
    assert worker.settings.get("FAVOURITE") == "blue"
    note("worker_started", worker.executor, worker.pid, os.getpid())

@hookimpl
def before_task(task, run):
    begun.append(task.label)
    note("before_task", task.label, task.attempt, os.getpid())

@hookimpl(wrapper=True)
def around_task(task, run):
    note("enter", task.label, task.attempt, os.getpid())
    note("tags", task.label, ",".join(task.tags))
    if task.label == "vetoed":
        raise SkipTask("not today")
    result = yield
    if task.label == "spoilt":
        raise ValueError("spoilt by a hook")
    note("leave", task.label, task.attempt, os.getpid())
    return result

@hookimpl
def on_metric(run, task, name, value):
    metrics[name] = value
    note("on_metric", task.label, name, value, os.getpid())

@hookimpl
def after_task(task, run, outcome):
    ended.append(task.label)
    note("after_task", task.label, task.attempt, outcome.status, os.getpid())
    note("outcome", task.label, outcome.pid, outcome.plugin.replace(" ", "_"))

@hookimpl
def worker_stopped(worker):
    note("worker_stopped", worker.executor, worker.pid, os.getpid())

@hookimpl
def after_dag(run, report):
    note("state", len(begun), len(ended), len(metrics), int(sum(metrics.values())))
    note("after_dag", report.status, os.getpid())

@hookimpl
def after_command(command, exit_code):
    note("after_command", exit_code, os.getpid())
"""
