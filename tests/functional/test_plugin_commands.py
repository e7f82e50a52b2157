"""Commands of distributions: listed without import, imported when called, never instead of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Sandbox

COMMANDS = """\
open("imported.txt", "w").close()
import click

@click.command()
@click.option("--code", default=0)
def serve(code):
    "Serve it."
    click.echo("serving")
    raise SystemExit(code)

@click.command()
def fail():
    1 / 0

@click.group()
def models(): ...

@models.command("prune")
def prune():
    click.echo("pruned")
"""

HOOKS = """\
from gluepy import hookimpl

@hookimpl
def before_command(command): note("before", command.name, *command.arguments)
@hookimpl
def after_command(command, exit_code): note("after", command.name, exit_code)

def note(*words):
    with open("calls.txt", "a") as file:
        print(*words, file=file)
"""


@pytest.fixture
def acme(sandbox: Sandbox) -> Sandbox:
    """A folder where a distribution offers commands, one of which has the name of a built-in."""
    sandbox.install(
        "acme",
        "1.2",
        entry_points={
            "gluepy.commands": {
                "serve": "acme_commands:serve",
                "models": "acme_commands:models",
                "fail": "acme_commands:fail",
                "list": "acme_commands:serve",
                "broken": "acme_commands:nothing",
                "number": "acme_commands:click.__version__",
            },
        },
        modules={"acme_commands": COMMANDS},
    )
    return sandbox


def test_help_lists_commands_with_their_distribution_and_imports_none(acme: Sandbox) -> None:
    done = acme.gluepy("--help")

    assert done.code == 0
    rows = [line.split(maxsplit=1) for line in done.out.splitlines()]
    assert ["serve", "from acme 1.2"] in rows
    assert ["models", "from acme 1.2"] in rows
    assert ["list", "List DAGs and tasks."] in rows
    assert not (acme.folder / "imported.txt").exists()


@pytest.mark.parametrize("code", [0, 7])
def test_command_runs_with_its_own_exit_code(code: int, acme: Sandbox) -> None:
    done = acme.gluepy("serve", "--code", code)

    assert done == (code, "serving\n", "")


def test_group_of_commands_works(acme: Sandbox) -> None:
    assert acme.gluepy("models", "prune") == (0, "pruned\n", "")


def test_built_in_command_is_not_replaced(acme: Sandbox) -> None:
    done = acme.gluepy("list", "-f", "json")
    check = acme.gluepy("check", "-f", "json")
    shown = acme.gluepy("plugins")

    assert done.json()["schema"] == "gluepy.list/1"
    assert "conflict with the built-in command" in shown.out
    assert "acme 1.2" in check.out


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken", "'acme_commands' has no attribute 'nothing'"),
        ("number", "it is of type str, not a click command"),
    ],
)
def test_broken_command_is_one_error(name: str, reason: str, acme: Sandbox) -> None:
    done = acme.gluepy(name)

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"Error: command {name!r} of acme 1.2 (acme_commands:")
    assert reason in done.err


def test_command_that_raises_is_no_task_that_failed(acme: Sandbox) -> None:
    done = acme.gluepy("fail")

    assert (done.code, done.out) == (3, "")
    assert "ZeroDivisionError: division by zero" in done.err
    assert "Traceback (most" not in done.err


@pytest.mark.parametrize(("words", "code"), [("serve --code 3", 3), ("models prune", 0)])
def test_hooks_hear_of_commands_of_plugins(words: str, code: int, acme: Sandbox) -> None:
    acme.install(
        "watch", entry_points={"gluepy.hooks": {"watch": "watch"}}, modules={"watch": HOOKS}
    )

    done = acme.gluepy(*words.split())
    acme.gluepy("list")

    assert done.code == code
    name = words.split(maxsplit=1)[0]
    before = f"before {words}"
    assert acme.lines("calls.txt") == [before, f"after {name} {code}"]


def test_hook_plugin_may_add_commands(acme: Sandbox) -> None:
    acme.install(
        "late",
        entry_points={"gluepy.hooks": {"late": "late"}},
        modules={
            "late": (
                "open('late.txt', 'w').close()\n"
                "import click\nfrom gluepy import hookimpl\n\n"
                "@hookimpl\ndef register_commands(cli):\n"
                "    @cli.command()\n    def sing(): click.echo('la')\n"
                "    @cli.command('list')\n    def other(): click.echo('not yours')\n"
            )
        },
    )

    listed = acme.gluepy("list", "-f", "json")
    was_imported = (acme.folder / "late.txt").exists()
    done = acme.gluepy("sing")

    assert listed.json()["schema"] == "gluepy.list/1"
    assert not was_imported
    assert (done.code, done.out) == (0, "la\n")
