"""What the commands create works at once, as their last line promises."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

# -- projects and modules ------------------------------------------------------------------------


@pytest.fixture
def project(sandbox: Sandbox) -> Path:
    """Create a project with two modules; the second must not break it (a fault of 1.6)."""
    root = sandbox.folder / "shop"
    done = [
        sandbox.gluepy("startproject", "shop"),
        sandbox.gluepy("startmodule", "sales", cwd=root),
        sandbox.gluepy("startmodule", "stock_take", cwd=root),
    ]
    assert [one.code for one in done] == [0, 0, 0]
    return root


def test_new_project_lists_the_pipelines_of_its_modules(sandbox: Sandbox, project: Path) -> None:
    listed = sandbox.gluepy("list", "-f", "names", cwd=project)

    assert sorted(listed.out.split()) == ["sales", "sales-greet", "stock-take", "stock-take-greet"]
    assert listed.err == ""


@pytest.mark.parametrize("label", ["sales", "stock-take"])
@pytest.mark.parametrize("program", [["-m", "gluepy"], ["manage.py"]])
def test_new_project_runs_them(
    label: str, program: list[str], sandbox: Sandbox, project: Path
) -> None:
    done = sandbox.python(*program, "dag", label, cwd=project)

    assert done.code == 0, done.err
    assert done.steps() == {f"{label}-greet": "done"}
    (greeting,) = project.glob("data/runs/*/*/*/*/greeting.txt")
    assert greeting.read_text().startswith("Hello from s")


def test_new_project_is_never_overwritten(sandbox: Sandbox, project: Path) -> None:
    before = sandbox.snapshot()

    refused = (
        sandbox.gluepy("startproject", "shop"),
        sandbox.gluepy("startmodule", "sales", cwd=project),
    )

    assert [one.code for one in refused] == [2, 2]
    assert all("is there already and nothing was changed\nHint: " in one.err for one in refused)
    assert sandbox.snapshot() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("startproject", "../x"), "Error: the project name '../x' cannot be the name of a folder"),
        (("startproject", "a\x1b[31m"), r"Error: the project name 'a\x1b[31m' cannot be"),
        (("startmodule", "sales"), "Error: there is no project in "),
        (("startplugin", "json"), "Error: the plugin name 'json' is the name of a module of Py"),
        (("startplugin", "x", "--kind", "y"), "Error: Invalid value for '--kind': 'y' is not one"),
        (("entry-points", "nowhere"), "Error: there is no module 'nowhere'"),
        (("completion", "tcsh"), "Error: Invalid value for "),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_written(
    arguments: tuple[str, ...], message: str, sandbox: Sandbox
) -> None:
    done = sandbox.gluepy(*arguments)

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert sandbox.snapshot() == {}


# -- plugins -------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kind", "shows", "expected"),
    [("hooks", "hooks", "jobs-hooks"), ("pipelines", "list", "jobs-pipelines-greet")],
)
def test_new_plugin_installs_and_passes_its_own_tests(
    kind: str, shows: str, expected: str, own_sandbox: Sandbox
) -> None:
    name = f"gluepy-jobs-{kind}"
    created = own_sandbox.gluepy("startplugin", name, "--kind", kind)
    root = own_sandbox.folder / name
    own_sandbox.environment.pip("install", "pytest", "--editable", root)

    listed = own_sandbox.gluepy(shows)
    tested = own_sandbox.python("-m", "pytest", cwd=root)

    assert created.err == f"Next:  cd {name} && pip install -e . && gluepy {shows} && pytest\n"
    assert expected in listed.out
    assert (tested.code, tested.err) == (0, ""), tested.out
    assert "= 1 passed in " in tested.out


def test_entry_points_of_a_new_plugin_are_those_that_it_declares(sandbox: Sandbox) -> None:
    sandbox.gluepy("startplugin", "acme-jobs", "--kind", "pipelines")
    root = sandbox.folder / "acme-jobs"
    declared = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"]

    as_toml = sandbox.gluepy("entry-points", "acme_jobs", cwd=root)
    as_json = sandbox.gluepy("entry-points", "acme_jobs", "-f", "json", cwd=root)

    assert tomllib.loads(as_toml.out) == {"project": {"entry-points": declared}}
    assert as_json.json()["groups"] == declared


def test_entry_points_of_a_broken_module_are_one_error(sandbox: Sandbox) -> None:
    sandbox.write({"bad.py": "print('noise')\nimport no_such_thing\n"})

    done = sandbox.gluepy("entry-points", "bad")

    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "noise\n"
        "Error: module 'bad' cannot be imported: ModuleNotFoundError: No module named "
        f"'no_such_thing' ({sandbox.folder / 'bad.py'}:2)\n"
        "Hint: Mend the module, then run the command again.\n"
    )


# -- completion ----------------------------------------------------------------------------------

# Asks the script that 'gluepy completion' prints, as bash does when a person presses the tab key.
ASK = """
source <(gluepy completion bash)
_gluepy_completion gluepy
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gluepy start", ["startmodule", "startplugin", "startproject"]),
        ("gluepy dag acme-", ["acme-test", "acme-train"]),
    ],
)
def test_bash_completes_commands_and_labels_and_imports_nothing(
    line: str, offered: list[str], sandbox: Sandbox
) -> None:
    sandbox.install(
        "acme",
        entry_points={
            "gluepy.dags": {"acme-train": "acme:Train", "acme-test": "acme:Test"},
            "gluepy.hooks": {"acme": "acme"},
        },
        modules={"acme": "open('imported', 'w')"},
    )
    ask = f"COMP_LINE='{line}'; COMP_POINT={len(line)}\n{ASK}"

    done = sandbox.execute("bash", "--norc", "-c", ask)

    assert (done.code, done.err) == (0, "")
    assert sorted(done.out.split()) == offered
    assert sandbox.snapshot() == {}
