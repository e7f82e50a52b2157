from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from gluepy.app import get_app
from gluepy.commands import cli
from gluepy.commands._group import BUILT_IN
from gluepy.testing.distributions import write_distribution

Run = Callable[..., Result]

COMMAND = """\
import click
from pathlib import Path

Path("imported-{name}").touch()

@click.command()
@click.argument("words", nargs=-1)
def sync(words):
    "Synchronise."
    click.echo("synced by {name} " + " ".join(words))
"""

PROJECT_COMMANDS = """\
import click
from gluepy.commands import cli

@cli.command()
def greet():
    "Say hello."
    click.echo("hello")

@cli.command(hidden=True)
def secret():
    pass
"""

HOOKS = """\
import click
from gluepy import hookimpl

calls = []

@hookimpl
def register_commands(cli):
    calls.append("register_commands")

    @cli.command()
    def from_hook():
        "From a hook."
        click.echo("hooked")

@hookimpl
def before_command(command):
    calls.append(f"before {command.name} {' '.join(command.arguments)}".rstrip())

@hookimpl
def after_command(command, exit_code):
    calls.append(f"after {command.name} {exit_code}")
"""


def install(
    folder: Path, name: str, *, group: str = "gluepy.commands", entry: str = "sync"
) -> None:
    write_distribution(
        folder / "site",
        name,
        entry_points={group: {entry: f"{name}_cli:sync"}},
        modules={f"{name}_cli": COMMAND.format(name=name)},
    )


def make_project(folder: Path, **files: str) -> None:
    module = folder / "churn"
    module.mkdir()
    (module / "__init__.py").touch()
    for name, text in files.items():
        (module / f"{name}.py").write_text(text)
    hooks = ', hooks = ["churn.hooks"]' if "hooks" in files else ""
    (folder / "gluepy.toml").write_text(
        'installed_modules = ["churn"]\n' + hooks.replace(", ", "", 1)
    )


# -- help --------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_commands_by_section(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)

    assert result.exit_code == 0
    assert result.stderr == ""
    for section, commands in BUILT_IN.items():
        assert f"\n{section}\n" in result.stdout
        for name, text in commands.items():
            assert f"  {name:<12}  {text}\n" in result.stdout


@pytest.mark.parametrize("name", [name for section in BUILT_IN.values() for name in section])
def test_every_command_that_help_lists_is_there(run: Run, name: str) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert command.name == name
    assert command.help


def test_text_of_every_command_is_a_sentence(run: Run) -> None:
    texts = [text for section in BUILT_IN.values() for text in section.values()]

    assert all(text[0].isupper() and text.endswith(".") for text in texts)


def test_help_lists_commands_of_the_project_and_of_distributions(run: Run, folder: Path) -> None:
    install(folder, "acme")
    make_project(folder, commands=PROJECT_COMMANDS)

    result = run("--help")

    assert "\nOf this project\n  greet         Say hello.\n" in result.stdout
    assert "\nFrom plugins\n" in result.stdout
    assert "  sync          from acme 1.0\n" in result.stdout
    assert "secret" not in result.stdout
    assert not (folder / "imported-acme").exists()


def test_help_is_there_when_the_project_is_broken(run: Run, folder: Path) -> None:
    (folder / "gluepy.toml").write_text("not toml")

    result = run("--help")

    assert result.exit_code == 0
    assert "Run a DAG." in result.stdout
    assert result.stderr.startswith("Warning: settings from ")


def test_version_is_there_when_the_project_is_broken(run: Run, folder: Path) -> None:
    (folder / "gluepy.toml").write_text("not toml")

    result = run("--version")

    assert result.exit_code == 0
    assert result.stdout.startswith("gluepy 0.1.0 (Python 3.")
    assert result.stderr.startswith("Warning: settings from ")


def test_version_names_the_distributions_that_contribute(run: Run, folder: Path) -> None:
    install(folder, "acme")

    assert "\nacme 1.0\n" in run("-V").stdout


# -- commands of others ------------------------------------------------------------------------


def test_command_of_a_distribution_is_imported_when_it_is_called(run: Run, folder: Path) -> None:
    install(folder, "acme")

    result = run("sync", "a", "b")

    assert result.stdout == "synced by acme a b\n"
    assert result.exit_code == 0


def test_command_that_two_distributions_offer_is_called_by_its_qualified_name(
    run: Run, folder: Path
) -> None:
    install(folder, "acme")
    install(folder, "beta")

    short, qualified = run("sync"), run("beta:sync", "x")

    assert short.exit_code == 2
    assert "'acme:sync' and 'beta:sync'" in short.stderr
    assert qualified.stdout == run("BETA:sync", "x").stdout == "synced by beta x\n"
    assert "  acme:sync" in run("--help").stdout


@pytest.mark.parametrize("name", ["sync", "acme:sync", "Acme:sync"])
def test_blocked_command_says_so(run: Run, folder: Path, name: str) -> None:
    install(folder, "acme")

    result = run("--no-plugin", "acme", name)

    assert result.exit_code == 2
    assert f"the command {name!r} of acme 1.0 is blocked by --no-plugin\n" in result.stderr


def test_prefer_chooses_between_commands(run: Run, folder: Path) -> None:
    install(folder, "acme")
    install(folder, "beta")
    (folder / "gluepy.toml").write_text('prefer = {sync = "beta"}')

    assert run("sync").stdout == "synced by beta \n"


def test_built_in_command_is_never_replaced(run: Run, folder: Path) -> None:
    install(folder, "acme", entry="list")

    assert "synced" not in run("list").stdout
    assert run("acme:list").stdout == "synced by acme \n"


def test_broken_command_is_named_with_its_distribution(run: Run, folder: Path) -> None:
    entry_points = {"gluepy.commands": {"sync": "no_such_module:sync"}}
    write_distribution(folder / "site", "acme", entry_points=entry_points)

    result = run("sync")

    assert result.exit_code == 3
    assert "command 'sync' of acme 1.0" in result.stderr
    assert "Traceback" not in result.stderr


def test_project_adds_commands(run: Run, folder: Path) -> None:
    make_project(folder, commands=PROJECT_COMMANDS)

    assert run("greet").stdout == "hello\n"


def test_second_command_of_a_name_is_refused(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    @click.command("greet")
    def first() -> None:
        pass

    @click.command("greet")
    def second() -> None:
        pass

    cli.add_command(first)
    cli.add_command(first)
    cli.add_command(second)
    cli.add_command(second, "list")

    assert cli.commands["greet"] is first
    assert capsys.readouterr().err == (
        "Warning: the command 'greet' is there already; another of that name is left out\n"
        "Warning: the command 'list' is there already; another of that name is left out\n"
    )


def test_command_that_is_defined_again_replaces_itself(run: Run) -> None:
    made = []
    for _ in range(2):

        @click.command("greet")
        def again() -> None:
            pass

        made.append(again)
        cli.add_command(again)

    assert cli.commands["greet"] is made[1]


def test_hook_of_the_project_adds_commands_once(run: Run, folder: Path) -> None:
    make_project(folder, hooks=HOOKS)

    result = run("from-hook")

    assert result.stdout == "hooked\n"
    assert sys.modules["churn.hooks"].calls == [
        "register_commands",
        "before from-hook",
        "after from-hook 0",
    ]


def test_hook_of_a_distribution_is_asked_only_for_unknown_commands(run: Run, folder: Path) -> None:
    write_distribution(
        folder / "site",
        "acme",
        entry_points={"gluepy.hooks": {"acme": "acme_hooks"}},
        modules={"acme_hooks": HOOKS},
    )

    assert run("list").exit_code == 0
    assert "acme_hooks" not in sys.modules
    assert run("from-hook").stdout == "hooked\n"


@pytest.mark.parametrize("name", ["lst", "lists"])
def test_unknown_command_suggests_the_nearest(run: Run, name: str) -> None:
    result = run(name)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"Error: there is no command {name!r}\nHint: Did you mean 'list'?\n"


# -- running -----------------------------------------------------------------------------------


def test_commands_that_only_list_are_not_told_to_observers(run: Run, folder: Path) -> None:
    make_project(folder, hooks=HOOKS)

    run("list")

    assert "churn.hooks" not in sys.modules


def test_observers_hear_of_a_command_that_fails_without_its_secrets(run: Run, folder: Path) -> None:
    make_project(folder, hooks=HOOKS)

    run("dag", "nothing", "--set", "db.password=hunter2")

    assert sys.modules["churn.hooks"].calls == [
        "before dag nothing --set db.password=***",
        "after dag 2",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-plugin", "acme", "list"],
        ["list", "--no-plugin", "acme"],
        ["list", "--no-plugin=acme"],
        ["-q", "list", "--dags", "--no-plugin", "acme", "-l"],
    ],
)
def test_plugin_options_may_stand_before_or_after_the_command(
    run: Run, folder: Path, arguments: list[str]
) -> None:
    install(folder, "acme", group="gluepy.dags", entry="training")

    result = run(*arguments)

    assert result.exit_code == 0, result.stderr
    assert "blocked by --no-plugin" in result.stdout


def test_options_of_a_plugins_command_are_its_own(run: Run, folder: Path) -> None:
    install(folder, "acme")

    assert run("sync", "--", "--no-plugins").stdout == "synced by acme --no-plugins\n"
    assert run("sync", "list", "--no-plugins").exit_code == 2


@pytest.mark.parametrize("option", ["-C", "--project"])
def test_value_of_an_option_may_be_called_like_a_command(
    run: Run, folder: Path, option: str
) -> None:
    (folder / "list").mkdir()
    (folder / "list" / "gluepy.toml").touch()

    result = run(option, "list", "settings", "--no-plugins")

    assert result.exit_code == 0, result.stderr


def test_what_follows_two_hyphens_is_no_option(run: Run) -> None:
    result = run("list", "--", "--no-plugins")

    assert result.exit_code == 0


def test_plugin_option_without_its_value_is_a_usage_error(run: Run) -> None:
    result = run("list", "--no-plugin")

    assert result.exit_code == 2
    assert "requires an argument" in result.stderr


def test_folder_without_a_project_is_an_error_when_it_was_named(run: Run, folder: Path) -> None:
    result = run("-C", str(folder), "settings")

    assert result.exit_code == 2
    assert "there is no project in" in result.stderr


def test_project_of_a_named_folder_is_used(run: Run, folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "gluepy.toml").write_text('storage_root = "elsewhere"')

    result = run("-C", "other", "settings", "storage_root")

    assert str(folder / "other" / "elsewhere") in result.stdout


def test_fault_of_a_command_leaves_its_traceback_in_a_file(run: Run, folder: Path) -> None:
    modules = {"acme_cli": "import click\n@click.command()\ndef sync(): 1 / 0\n"}
    entry_points = {"gluepy.commands": {"sync": "acme_cli:sync"}}
    write_distribution(folder / "site", "acme", entry_points=entry_points, modules=modules)

    result = run("sync")

    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    assert "ZeroDivisionError: division by zero" in result.stderr
    file = result.stderr.split("The traceback is in ")[1].split(";")[0]
    assert "acme_cli.py" in Path(file).read_text()
    Path(file).unlink()


def test_interrupt_outside_a_run_exits_130(run: Run, folder: Path) -> None:
    modules = {"acme_cli": "import click\n@click.command()\ndef sync(): raise KeyboardInterrupt\n"}
    entry_points = {"gluepy.commands": {"sync": "acme_cli:sync"}}
    write_distribution(folder / "site", "acme", entry_points=entry_points, modules=modules)

    result = run("sync")

    assert result.exit_code == 130
    assert "Interrupted.\n" in result.stderr


def test_group_can_be_called_from_python(run: Run) -> None:
    assert cli.main(["settings", "executor"], standalone_mode=False) is None


@pytest.mark.parametrize(
    ("variables", "arguments", "colored"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False),
    ],
)
def test_color_is_as_options_and_environment_say(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    arguments: list[str],
    colored: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    result = run(*arguments, "dag", "nothing")

    assert ("\x1b[" in result.stderr) is colored


def test_app_of_the_command_has_its_options(run: Run) -> None:
    run("--strict-plugins", "settings", "executor")

    assert get_app().options.strict_plugins
