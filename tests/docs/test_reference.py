"""Everything that users can name has its place in the reference, as the code has it."""

from __future__ import annotations

import configparser
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

import gluepy
from gluepy import exceptions
from gluepy.commands import cli
from gluepy.commands._group import BUILT_IN
from gluepy.conf._defaults import SETTINGS, Setting
from gluepy.exceptions import GluepyError
from gluepy.plugin import hookspecs
from gluepy.plugin.contributions import GROUPS
from gluepy.plugin.manager import Hooks
from gluepy.testing import distributions, plugin, runs, storages

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

COMMANDS = [name for section in BUILT_IN.values() for name in section]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the documents as plain text, and return the folder of the reference."""
    out = tmp_path_factory.mktemp("text")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "--quiet", "-b", "text"]
    subprocess.run([*build, "-d", out / "doctrees", DOCS, out / "text"], check=True)
    return out / "text" / "reference"


# -- hooks -----------------------------------------------------------------------------------------


def test_hooks_stand_in_calling_order(built: Path) -> None:
    titles = list(sections(built / "hooks.txt"))

    assert titles == ["Hooks", *Hooks.names()]


@pytest.mark.parametrize("name", Hooks.names())
def test_hook_has_its_exact_signature(built: Path, name: str) -> None:
    section = sections(built / "hooks.txt")[name]

    hookspec = getattr(hookspecs, name)
    signature = str(inspect.signature(hookspec)).replace("'", "")
    assert f"   def {name}{signature}\n" in section
    assert first_sentence(hookspec) in joined(section)
    for argument in inspect.signature(hookspec).parameters:
        assert f'\n"{argument}"\n' in section


# -- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_setting_has_its_meaning_and_default(built: Path, setting: Setting) -> None:
    section = joined(sections(built / "settings.txt")[setting.name])

    assert setting.doc in section
    default = f'"{setting.default}"' if setting.default != "" else "empty"
    assert f"default: {'not set' if setting.default is None else default}." in section


def test_settings_that_nothing_reads_stand_apart(built: Path) -> None:
    titles = list(sections(built / "settings.txt"))
    unread = titles[titles.index("Known and not read") + 1 :]

    package = ROOT / "gluepy_core" / "gluepy"
    sources = [path for path in package.rglob("*.py") if path.name != "_defaults.py"]
    code = "\n".join(path.read_text("utf-8") for path in sources)
    read = {name for name in (one.name for one in SETTINGS) if re.search(rf"\.{name}\b", code)}
    assert read.isdisjoint(unread)


# -- commands --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_its_usage_and_options(built: Path, name: str) -> None:
    section = sections(built / "commands.txt")[f"gluepy {name}"]

    command = import_module(f"gluepy.commands.{name.replace('-', '_')}").command
    ctx = click.Context(command, info_name=f"gluepy {name}")
    assert command.get_usage(ctx).removeprefix("Usage: ") in section
    assert first_sentence(command.callback) in joined(section)
    assert set(option_names(command, ctx)) <= set(re.findall(r"--?[a-z][a-z-]*", section))


def test_options_of_the_group_are_there(built: Path) -> None:
    section = sections(built / "commands.txt")["Options of gluepy"]

    ctx = click.Context(cli, info_name="gluepy")
    names = list(option_names(cli, ctx))
    assert "--no-plugins" in names
    assert set(names) <= set(re.findall(r"--?[a-zA-Z][a-z-]*", section))


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name for name in exceptions.__all__ if name != "SkipTask"], ids=lambda name: name
)
def test_error_has_its_exit_code_and_meaning(built: Path, name: str) -> None:
    page = joined((built / "errors.txt").read_text("utf-8"))

    cls: type[GluepyError] = getattr(exceptions, name)
    assert f'"{name}", exit code {cls.exit_code}: {first_sentence(cls)}' in page


def test_every_error_is_public() -> None:
    assert {cls.__name__ for cls in subclasses(GluepyError)} <= set(exceptions.__all__)


# -- the rest --------------------------------------------------------------------------------------


def test_names_and_labels_of_the_first_page_are_kept(built: Path) -> None:
    source = DOCS.joinpath("reference", "dags.md").read_text("utf-8")
    page = (built / "dags.txt").read_text("utf-8")

    for label in ("dags", "dags_registry", "tasks", "tasks_registry"):
        assert f"\n({label})=\n" in source
    for name in ("class gluepy.exec.dags.DAG", "class gluepy.exec.tasks.Task"):
        assert f"\n{name}" in page
    for name in ("gluepy.exec.dags.REGISTRY", "gluepy.exec.tasks.REGISTRY"):
        assert f'"{name}"' in page


def test_every_group_of_entry_points_is_there(built: Path) -> None:
    page = (built / "entry-points.txt").read_text("utf-8")

    assert [group for group in GROUPS if f'"{group}"' not in page] == []


def test_everything_in_the_testing_package_is_there(built: Path) -> None:
    page = (built / "testing.txt").read_text("utf-8")

    for module in (distributions, plugin, runs, storages):
        for name in module.__all__:
            assert f"{module.__name__}.{name}" in page


def test_everything_that_gluepy_exports_is_there(built: Path) -> None:
    pages = "".join(path.read_text("utf-8") for path in built.glob("*.txt"))

    assert [name for name in gluepy.__all__ if not re.search(rf"\b{name}\b", pages)] == ["VERSION"]


def test_architecture_names_every_layer() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / "setup.cfg")
    layers = re.findall(r"\w+", contracts["importlinter:contract:layers"]["layers"])
    page = DOCS.joinpath("contributing", "architecture.md").read_text("utf-8")

    assert [layer for layer in layers if f"| `gluepy.{layer}` |" not in page] == []


# -- helpers ---------------------------------------------------------------------------------------


def sections(page: Path) -> dict[str, str]:
    """Return the sections of a page of plain text by title; an underlined line is a title."""
    parts = re.split(r"^(\S.*)\n([*=\-~])\2{2,}\n", page.read_text("utf-8"), flags=re.MULTILINE)
    return {parts[place]: parts[place + 2] for place in range(1, len(parts), 3)}


def joined(text: str) -> str:
    """Return text on one line, as wrapping does not matter."""
    return " ".join(text.split())


def first_sentence(documented: object) -> str:
    """Return the first line of a docstring as plain text shows it."""
    line = (inspect.getdoc(documented) or "").partition("\n")[0]
    return line.replace("``", '"').replace("`", '"')


def option_names(command: click.Command, ctx: click.Context) -> Iterator[str]:
    for option in command.get_params(ctx):
        if isinstance(option, click.Option) and not option.hidden:
            yield from option.opts


def subclasses(cls: type[GluepyError]) -> Iterator[type[GluepyError]]:
    for child in cls.__subclasses__():
        if child.__module__ == exceptions.__name__:
            yield child
            yield from subclasses(child)
