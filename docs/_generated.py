"""The parts of the reference that are written by the code: hooks, settings, commands, errors.

A page says where such a part goes with a comment of its own line, ``<!-- generated: hooks -->``.
It is put there while Sphinx reads the page, so no file is written and nothing can be out of date.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import click
from sphinx.application import Sphinx

from gluepy import exceptions
from gluepy.commands import cli
from gluepy.commands._group import BUILT_IN
from gluepy.conf._defaults import SETTINGS, Setting
from gluepy.plugin import hookspecs
from gluepy.plugin.manager import Hooks

_MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)

#: Settings that projects written for Gluepy 1.6 have and that nothing in this release reads.
_UNREAD = ("AIRFLOW_", "AWS_", "CELERY_", "GCP_", "GOOGLE_")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the generator, and the roles and targets ``setting`` and ``hook``."""
    app.add_crossref_type("setting", "setting", indextemplate="pair: %s; setting")
    app.add_crossref_type("hook", "hook", indextemplate="pair: %s; hook")
    app.connect("source-read", _fill_in)
    app.connect("env-get-outdated", _generated_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _fill_in(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = _MARK.sub(lambda mark: "\n".join(_PARTS[mark[1]]()), source[0])


def _generated_pages(app: Sphinx, env: Any, *_: set[str]) -> list[str]:
    """Name the pages to read again in every build: the code may have changed."""
    pages = []
    for docname in env.found_docs:
        with open(env.doc2path(docname), encoding="utf-8") as file:
            if _MARK.search(file.read()):
                pages.append(docname)
    return pages


# -- hooks -----------------------------------------------------------------------------------------


def hooks() -> Iterator[str]:
    """Write a section per hook, in calling order, with its exact signature."""
    for name in Hooks.names():
        hookspec = getattr(hookspecs, name)
        text, arguments = _split_docstring(hookspec)
        yield from _heading(2, name, target="hook")
        yield from ("```python", signature(hookspec), "```", "", text, "")
        yield from _definitions(arguments)


def signature(function: Callable[..., Any]) -> str:
    """Return the ``def`` line of a function as its source has it."""
    tree = ast.parse(inspect.getsource(function))
    (node,) = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}"


def _split_docstring(documented: object) -> tuple[str, dict[str, str]]:
    """Return the text of a Google-style docstring, and what it says under ``Args``."""
    text, _, rest = (inspect.getdoc(documented) or "").partition("\n\nArgs:\n")
    arguments: dict[str, str] = {}
    for entry in re.split(r"\n(?= {4}\S)", rest.partition("\n\n")[0]):
        name, colon, meaning = entry.strip().partition(": ")
        if colon:
            arguments[name] = " ".join(meaning.split())
    return text, arguments


# -- settings --------------------------------------------------------------------------------------


def settings() -> Iterator[str]:
    """Write an entry per setting that Gluepy reads."""
    yield from _settings(is_read=True)


def unread_settings() -> Iterator[str]:
    """Write an entry per setting that is known for the sake of projects written for 1.6."""
    yield from _settings(is_read=False)


def _settings(*, is_read: bool) -> Iterator[str]:
    for setting in SETTINGS:
        if setting.name.startswith(_UNREAD) is not is_read:
            yield from _heading(3, setting.name, target="setting")
            yield from (setting.doc, "")
            yield from (f"A {setting.kind}; default: {_default(setting)}.", "")


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "not set"
    return f"`{setting.default}`" if setting.default != "" else "empty"


# -- commands --------------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    """Write the options of ``gluepy``, then a section per built-in command."""
    root = click.Context(cli, info_name="gluepy", **cli.context_settings)
    yield from _options(cli, root)
    for title, section in BUILT_IN.items():
        yield from _heading(2, title)
        for name in section:
            command = import_module(f"gluepy.commands.{name.replace('-', '_')}").command
            yield f"(cli_{name.replace('-', '_')})="
            yield from _heading(3, f"gluepy {name}")
            with click.Context(command, info_name=name, parent=root) as ctx:
                yield from ("```text", command.get_usage(ctx).removeprefix("Usage: "), "```", "")
                yield from (inspect.cleandoc(command.help or ""), "")
                yield from _options(command, ctx)
                yield from _subcommands(command, ctx)


def _subcommands(command: click.Command, ctx: click.Context) -> Iterator[str]:
    children = command.commands if isinstance(command, click.Group) else {}
    for name, child in children.items():
        with click.Context(child, info_name=name, parent=ctx) as inner:
            yield from _heading(4, inner.command_path)
            yield from ("```text", child.get_usage(inner).removeprefix("Usage: "), "```", "")
            yield from (inspect.cleandoc(child.help or ""), "")
            yield from _options(child, inner)


def _options(command: click.Command, ctx: click.Context) -> Iterator[str]:
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    records = [option.get_help_record(ctx) for option in options]
    yield from _definitions(dict(record for record in records if record))


# -- errors ----------------------------------------------------------------------------------------


def errors() -> Iterator[str]:
    """Write the classes of errors as a nested list: name, exit code and meaning."""
    yield from _subclasses(exceptions.GluepyError, depth=0)


def _subclasses(cls: type[exceptions.GluepyError], depth: int) -> Iterator[str]:
    meaning = (inspect.getdoc(cls) or "").partition("\n")[0]
    outside = [base for base in cls.__bases__ if base.__module__ != cls.__module__]
    names = " and ".join(f"`{base.__name__}`" for base in outside if depth)
    also = f" Caught as {names} too." if names else ""
    indent = "  " * depth
    yield f"{indent}- (error-{cls.__name__})="
    yield f"{indent}  `{cls.__name__}`, exit code {cls.exit_code}: {meaning}{also}"
    for child in cls.__subclasses__():
        if child.__module__ == cls.__module__:
            yield from _subclasses(child, depth + 1)


# -- Markdown --------------------------------------------------------------------------------------


def _heading(level: int, title: str, *, target: str = "") -> Iterator[str]:
    if target:
        yield from (f"```{{{target}}} {title}", "```", "")
    yield from (f"{'#' * level} {title}", "")


def _definitions(meanings: dict[str, str]) -> Iterator[str]:
    for term, meaning in meanings.items():
        yield from (f"`{term}`", f": {meaning}", "")


_PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "hooks": hooks,
    "settings": settings,
    "unread_settings": unread_settings,
    "commands": commands,
    "errors": errors,
}
