"""Switching plugins off and on: it acts before anything of them is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

# Both leave a trace when they are imported, and when their hook is called.
HOOKS = """\
from gluepy import hookimpl

NAME = __name__.partition("_")[0]

def note(word):
    with open("traces.txt", "a") as file:
        print(NAME, word, file=file)

note("imported")

@hookimpl
def before_dag(): note("called")
"""

DAGS = """\
from gluepy import DAG, Task

class Work(Task):
    label = LABEL + "-task"
    def run(self): ...

class Main(DAG):
    label = LABEL
    tasks = [Work]
"""

AMY = ["amy imported", "amy called"]
BEN = ["ben imported", "ben called"]


@pytest.fixture
def plugins(sandbox: Sandbox) -> Sandbox:
    """A folder where two distributions offer a hook plugin and a DAG each."""
    for name in ("amy", "ben"):
        sandbox.install(
            f"gluepy-{name}",
            entry_points={
                "gluepy.hooks": {name: f"{name}_hooks"},
                "gluepy.dags": {f"{name}-dag": f"{name}_dags:Main"},
            },
            modules={
                f"{name}_hooks": HOOKS,
                f"{name}_dags": f'LABEL = "{name}-dag"\n{DAGS}',
            },
        )
    return sandbox


@pytest.mark.parametrize(
    ("options", "env", "toml", "used"),
    [
        ("", {}, "", "amy ben"),
        ("--no-plugins", {}, "", ""),
        ("--no-plugin amy", {}, "", "ben"),
        ("--no-plugin Gluepy_Amy", {}, "", "ben"),
        ("--no-plugin amy --no-plugin ben", {}, "", ""),
        ("--no-plugins --plugin amy", {}, "", "amy"),
        ("--no-plugins --plugin gluepy-ben", {}, "", "ben"),
        ("--plugin amy --no-plugin amy", {}, "", "ben"),
        ("", {"GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "1"}, "", ""),
        ("", {"GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "0"}, "", "amy ben"),
        ("--plugin ben", {"GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "1"}, "", "ben"),
        ("", {"GLUEPY_PLUGINS_BLOCK": "amy"}, "", "ben"),
        ("", {"GLUEPY_PLUGINS_BLOCK": "amy,ben"}, "", ""),
        ("--plugin amy", {"GLUEPY_PLUGINS_BLOCK": "amy"}, "", "amy ben"),
        ("", {"GLUEPY_PLUGINS_ALLOW": "ben,gluepy-amy"}, "", "amy ben"),
        ("", {}, 'plugins_block = ["ben"]', "amy"),
        ("", {"GLUEPY_PLUGINS_BLOCK": "amy"}, 'plugins_block = ["ben"]', "ben"),
        ("", {}, 'plugins_allow = ["gluepy-amy"]', "amy"),
        ("", {}, 'plugins_allow = ["gluepy-amy"]\nplugins_block = ["amy"]', ""),
    ],
)
def test_only_plugins_that_are_on_are_imported_and_called(
    options: str, env: dict[str, str], toml: str, used: str, plugins: Sandbox
) -> None:
    plugins.write({"gluepy.toml": toml})
    label = "ben-dag" if "ben" in toml + used and "ALLOW" not in str(env) + toml else "amy-dag"
    if options == "--no-plugin Gluepy_Amy":
        label = "ben-dag"

    done = plugins.gluepy(*options.split(), "dag", label, env=env)

    assert done.code == 0, done.err
    expected = [line for name in used.split() for line in (AMY if name == "amy" else BEN)]
    assert sorted(plugins.lines("traces.txt")) == sorted(expected)


def test_options_may_stand_after_the_command(plugins: Sandbox) -> None:
    done = plugins.gluepy("dag", "ben-dag", "--no-plugin", "amy")

    assert done.code == 0, done.err
    assert plugins.lines("traces.txt") == BEN


@pytest.mark.parametrize(
    ("env", "reason"),
    [
        ({"GLUEPY_PLUGINS_BLOCK": "gluepy-amy"}, "PLUGINS_BLOCK"),
        ({"GLUEPY_PLUGINS_ALLOW": "gluepy-ben"}, "PLUGINS_ALLOW"),
    ],
)
def test_blocked_distribution_keeps_its_place_in_the_lists(
    env: dict[str, str], reason: str, plugins: Sandbox
) -> None:
    listed = plugins.gluepy("list", "-f", "json", env=env).json()
    shown = plugins.gluepy("plugins", env=env)
    done = plugins.gluepy("dag", "amy-dag", env=env)

    assert [(one["label"], one["state"], one["reason"]) for one in listed["dags"]] == [
        ("amy-dag", "blocked", reason),
        ("ben-dag", "available", ""),
    ]
    (row,) = [line for line in shown.out.splitlines() if "gluepy-amy" in line]
    assert row.endswith(f"  off ({reason})")
    assert done.code == 2
    assert "Traceback" not in done.err
    assert not any(line.startswith("amy") for line in plugins.lines("traces.txt"))


def test_blocked_plugin_is_shown_with_what_blocks_it(plugins: Sandbox) -> None:
    shown = plugins.gluepy("--no-plugins", "--plugin", "ben", "plugins", "-f", "json").json()

    states = {
        one["name"]: one["state_text"] for one in shown["contributions"] if one["kind"] == "hook"
    }
    assert states == {"amy": "blocked by --no-plugins", "ben": "available"}


@pytest.mark.parametrize(
    ("options", "env", "where", "name"),
    [
        ("--no-plugin ami", {}, "--no-plugin", "ami"),
        ("--plugin bem", {}, "--plugin", "bem"),
        ("", {"GLUEPY_PLUGINS_BLOCK": "gluepy-amie"}, "PLUGINS_BLOCK", "gluepy-amie"),
        ("", {"GLUEPY_PLUGINS_ALLOW": "gluepy-bem"}, "PLUGINS_ALLOW", "gluepy-bem"),
    ],
)
@pytest.mark.parametrize("command", ["dag amy-dag", "list", "plugins", "hooks"])
def test_unknown_plugin_is_one_error_with_a_suggestion(
    options: str, env: dict[str, str], where: str, name: str, command: str, plugins: Sandbox
) -> None:
    done = plugins.gluepy(*options.split(), *command.split(), env=env)

    assert (done.code, done.out) == (2, "")
    error, hint = done.err.splitlines()
    assert error == f"Error: {where}: no plugin or distribution is called {name!r}"
    assert hint.startswith("Hint: Did you mean '")
    assert plugins.snapshot() == {}
