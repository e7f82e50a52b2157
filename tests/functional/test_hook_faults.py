"""Hook plugins at fault: each is named, the others are called, and the result stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Result, Sandbox

PIPES = """\
from pathlib import Path
from gluepy import DAG, Task
from gluepy.ops import default_mlops

class Work(Task):
    def run(self):
        Path("worked").touch()
        default_mlops.log_metric("rows", 3)

class Fail(Task):
    def run(self):
        raise ValueError("no rows")

class Good(DAG):
    tasks = [Work]

class Bad(DAG):
    tasks = [Fail]
"""

WITNESS = """\
from gluepy import hookimpl

@hookimpl(trylast=True)
def before_dag(): note("before_dag")
@hookimpl(trylast=True)
def before_task(): note("before_task")
@hookimpl(trylast=True)
def on_metric(name, value): note(f"on_metric {name} {value}")
@hookimpl(trylast=True)
def after_task(outcome): note(f"after_task {outcome.status}")
@hookimpl(trylast=True)
def after_dag(report): note(f"after_dag {report.status}")
@hookimpl(trylast=True)
def after_command(exit_code): note(f"after_command {exit_code}")

def note(text):
    with open("heard.txt", "a") as file:
        print(text, file=file)
"""

HEARD = [
    *("before_dag", "before_task", "on_metric rows 3.0"),
    *("after_task succeeded", "after_dag succeeded", "after_command 0"),
]

WHO = "plugin 'faulty' of gluepy-faulty 0.3"


@pytest.fixture
def pipes(sandbox: Sandbox) -> Sandbox:
    """A folder with two DAGs, and a plugin that hears whether the others are called."""
    sandbox.install(
        "pipes",
        entry_points={
            "gluepy.dags": {"good": "pipes:Good", "bad": "pipes:Bad"},
            "gluepy.hooks": {"witness": "witness"},
        },
        modules={"pipes": PIPES, "witness": WITNESS},
    )
    return sandbox


def add_plugin(sandbox: Sandbox, source: str) -> None:
    sandbox.install(
        "gluepy-faulty",
        "0.3",
        entry_points={"gluepy.hooks": {"faulty": "faulty"}},
        modules={"faulty": f"from gluepy import SkipTask, hookimpl\n{source}"},
    )


def observer(hook: str, body: str) -> str:
    return f"@hookimpl\ndef {hook}():\n    {body}\n"


def wrapper(*lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"@hookimpl(wrapper=True)\ndef around_task():\n{body}"


def assert_stands(sandbox: Sandbox, done: Result) -> None:
    """Check that the run ended as if the faulty plugin were not there."""
    assert done.code == 0, done.err
    assert done.out == ""
    assert done.steps() == {"work": "done"}
    assert (sandbox.folder / "worked").exists()
    assert sandbox.lines("heard.txt") == HEARD
    assert "Traceback" not in done.err


# -- observers -------------------------------------------------------------------------------------

OBSERVERS = (
    *("configure", "before_command", "before_dag", "before_task", "on_metric"),
    *("after_task", "after_dag"),
)


@pytest.mark.parametrize("hook", OBSERVERS)
@pytest.mark.parametrize(
    ("body", "error"),
    [("raise OSError('disk is full')", "OSError: disk is full"), ("raise SystemExit(0)", "Sys")],
)
def test_observer_that_raises_loses_its_own_observation_only(
    hook: str, body: str, error: str, pipes: Sandbox
) -> None:
    add_plugin(pipes, observer(hook, body))

    done = pipes.gluepy("dag", "good")

    assert_stands(pipes, done)
    assert f"{WHO}: hook {hook!r} failed: {error}" in done.err


def test_observer_that_raises_at_the_very_end_is_named_too(pipes: Sandbox) -> None:
    add_plugin(pipes, observer("after_command", "1 / 0"))

    done = pipes.gluepy("dag", "good")

    assert_stands(pipes, done)
    assert f"{WHO}: its hook 'after_command' raised ZeroDivisionError" in done.err


def test_all_observers_that_raise_are_summed_up(pipes: Sandbox) -> None:
    add_plugin(pipes, "".join(observer(hook, "1 / 0") for hook in OBSERVERS))

    done = pipes.gluepy("dag", "good")

    assert_stands(pipes, done)
    summed_up = [line for line in done.err.splitlines() if " failed: " in line]
    assert len(summed_up) == len(OBSERVERS)


def test_observer_that_prints_leaves_the_results_clean(pipes: Sandbox) -> None:
    add_plugin(pipes, "".join(observer(hook, "print('noise')") for hook in OBSERVERS))

    done = pipes.gluepy("dag", "good")

    assert_stands(pipes, done)
    assert done.err.count("noise\n") == len(OBSERVERS)
    assert f"{WHO}: its hook 'before_task' printed to standard output" in done.err


def test_observer_that_hangs_a_little_is_named(pipes: Sandbox) -> None:
    add_plugin(pipes, observer("before_task", "import time; time.sleep(5.1)"))

    done = pipes.gluepy("dag", "good")

    assert_stands(pipes, done)
    assert f"{WHO}: its hook 'before_task' took 5." in done.err


def test_failing_observer_does_not_save_a_failing_task(pipes: Sandbox) -> None:
    add_plugin(pipes, observer("after_task", "raise SystemExit(0)"))

    done = pipes.gluepy("dag", "bad")

    assert done.code == 1
    assert done.steps() == {"fail": "FAILED"}
    assert pipes.lines("heard.txt")[-3:] == [
        *("after_task failed", "after_dag failed", "after_command 1")
    ]


# -- wrappers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dag", ["good", "bad"])
def test_wrapper_can_skip_a_task(dag: str, pipes: Sandbox) -> None:
    add_plugin(pipes, wrapper("raise SkipTask('not on a Sunday')", "yield"))

    done = pipes.gluepy("dag", dag)

    assert done.code == 0, done.err
    assert list(done.steps().values()) == ["skipped"]
    assert "not on a Sunday" in done.err
    assert not (pipes.folder / "worked").exists()
    assert "after_task skipped" in pipes.lines("heard.txt")


@pytest.mark.parametrize(
    "lines",
    [("1 / 0", "yield"), ("yield", "1 / 0"), ("try:", "    yield", "finally:", "    1 / 0")],
)
def test_wrapper_that_raises_fails_the_task_and_is_named(
    lines: tuple[str, ...], pipes: Sandbox
) -> None:
    add_plugin(pipes, wrapper(*lines))

    done = pipes.gluepy("dag", "good")

    assert done.code == 1
    assert done.out == ""
    assert done.steps() == {"work": "FAILED"}
    assert f"{WHO}: its hook 'around_task' raised ZeroDivisionError: division by zero" in done.err
    assert "Traceback" not in done.err
    assert pipes.lines("heard.txt")[-3:] == [
        *("after_task failed", "after_dag failed", "after_command 1")
    ]


@pytest.mark.parametrize("lines", [("yield", "yield"), ("if False:", "    yield")])
def test_wrapper_that_does_not_yield_just_once_is_named(
    lines: tuple[str, ...], pipes: Sandbox
) -> None:
    add_plugin(pipes, wrapper(*lines))

    done = pipes.gluepy("dag", "good")

    assert done.code == 1
    assert f"{WHO}: its hook 'around_task' raised RuntimeError: " in done.err


def test_wrapper_that_exits_fails_the_task(pipes: Sandbox) -> None:
    add_plugin(pipes, wrapper("raise SystemExit(0)", "yield"))

    done = pipes.gluepy("dag", "good")

    assert done.code == 1
    assert done.steps() == {"work": "FAILED"}
    assert f"{WHO}: its hook 'around_task' raised SystemExit: 0" in done.err


def test_wrapper_can_handle_the_error_of_a_task(pipes: Sandbox) -> None:
    add_plugin(pipes, wrapper("try:", "    yield", "except ValueError:", "    pass"))

    done = pipes.gluepy("dag", "bad")

    assert done.code == 0, done.err
    assert done.steps() == {"fail": "done"}


def test_error_of_a_task_that_passes_through_a_wrapper_stays_the_tasks(pipes: Sandbox) -> None:
    add_plugin(pipes, wrapper("try:", "    return (yield)", "finally:", "    pass"))

    done = pipes.gluepy("dag", "bad")

    assert done.code == 1
    assert "Task 'fail' failed: ValueError: no rows" in done.err
    assert WHO not in done.err


# -- plugins that are written wrongly --------------------------------------------------------------

WRONG = {
    "misspelt hook": (
        "@hookimpl\ndef after_tsk(): ...",
        f"{WHO}: there is no hook 'after_tsk'",
        "Did you mean 'after_task'",
    ),
    "misspelt argument": (
        "@hookimpl\ndef after_task(outcom): ...",
        f"{WHO}: the hook 'after_task' has no argument 'outcom'",
        "Did you mean 'outcome'",
    ),
    "observer written as a wrapper": (
        "@hookimpl(wrapper=True)\ndef after_task():\n    yield",
        f"{WHO}: the hook 'after_task' is an observer",
        "Write @hookimpl",
    ),
    "wrapper written as an observer": (
        "@hookimpl\ndef around_task(): ...",
        f"{WHO}: the hook 'around_task' is a wrapper",
        "wrapper=True",
    ),
    "import that raises": (
        "1 / 0",
        "plugin 'faulty' of gluepy-faulty 0.3 (faulty): its import raises ZeroDivisionError",
        "pip uninstall gluepy-faulty",
    ),
    "import that exits": (
        "raise SystemExit(0)",
        "plugin 'faulty' of gluepy-faulty 0.3 (faulty): its import calls sys.exit(0)",
        "pip uninstall gluepy-faulty",
    ),
    "missing dependency": (
        "import leftpad",
        "plugin 'faulty' of gluepy-faulty 0.3 (faulty): it needs the module 'leftpad'",
        "Install what provides 'leftpad'",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_plugin_is_named_and_left_out(kind: str, pipes: Sandbox) -> None:
    source, message, hint = WRONG[kind]
    add_plugin(pipes, source)

    done = pipes.gluepy("dag", "good")

    assert_stands(pipes, done)
    (warning,) = [line for line in done.err.splitlines() if line.startswith("Warning: ")]
    assert message in warning
    assert hint in warning


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_plugin_is_fatal_when_asked_for(kind: str, pipes: Sandbox) -> None:
    source, message, hint = WRONG[kind]
    add_plugin(pipes, source)
    before = pipes.snapshot()

    done = pipes.gluepy("--strict-plugins", "dag", "good")

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"Error: {message}")
    assert hint in done.err
    assert pipes.snapshot() == before


@pytest.mark.parametrize("kind", WRONG)
def test_check_names_a_wrong_plugin(kind: str, pipes: Sandbox) -> None:
    source, message, _ = WRONG[kind]
    add_plugin(pipes, source)

    done = pipes.gluepy("check", "-f", "json")

    assert done.code == 3
    failed = [one["text"] for one in done.json()["findings"] if one["level"] == "FAIL"]
    assert len(failed) == 1
    assert message.split(": ", 1)[1] in failed[0]
    assert "gluepy-faulty 0.3" in failed[0]


def test_plugin_of_the_project_that_is_wrong_is_one_error(pipes: Sandbox) -> None:
    pipes.write(
        {
            "gluepy.toml": 'hooks = ["own"]\n',
            "own.py": "from gluepy import hookimpl\n@hookimpl\ndef befor_dag(): ...\n",
        }
    )
    before = pipes.snapshot()

    done = pipes.gluepy("dag", "good")

    assert (done.code, done.out) == (3, "")
    assert "there is no hook 'befor_dag'" in done.err
    assert "Did you mean 'before_dag'" in done.err
    assert pipes.snapshot() == before
