"""New folders from templates: checked before they are written, and there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gluepy.commands._output import note, print_result
from gluepy.exceptions import TargetExistsError, TargetWriteError
from gluepy.utils.text import count

__all__ = ["check_sources", "create_folder", "render", "replace_file", "report"]


def render(template: str, /, **values: str) -> str:
    """Return a template with its ``$names`` filled in.

    Args:
        template: Its path below ``templates/``, without ``.tmpl``.
        values: Validated names: they stand in Python and TOML as they are.
    """
    from importlib.resources import files
    from string import Template

    source = files("gluepy.commands").joinpath("templates", f"{template}.tmpl")
    return Template(source.read_text("utf-8")).substitute(values)


def check_sources(sources: Mapping[str, str]) -> None:
    """Parse the Python and TOML among ``sources``; what we generate must be valid.

    Raises:
        SyntaxError: If a Python file cannot be parsed.
        tomllib.TOMLDecodeError: If a TOML file cannot be parsed.
    """
    import ast
    import tomllib

    for path, source in sources.items():
        if path.endswith(".py"):
            ast.parse(source, path)
        elif path.endswith(".toml"):
            tomllib.loads(source)


def create_folder(target: str, sources: Mapping[str, str]) -> None:
    """Create a folder with the files that ``sources`` holds by relative path.

    It is filled under another name beside its place and then moved there in one step.

    Raises:
        TargetExistsError: If something of that name is there.
        TargetWriteError: If it cannot be written; nothing is left behind.
    """
    import shutil
    import tempfile

    check_sources(sources)
    if os.path.lexists(target):
        raise TargetExistsError(target)
    staging = None
    try:
        staging = tempfile.mkdtemp(prefix=".gluepy-", dir=os.path.dirname(target))
        folder = os.path.join(staging, os.path.basename(target))
        for path, source in sources.items():
            _write(os.path.join(folder, path), source)
        os.rename(folder, target)
    except OSError as error:
        raise TargetWriteError(target, error.strerror or str(error)) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def replace_file(path: str, content: bytes) -> None:
    """Give a file new content in one step; its permissions, and links to it, stay.

    Raises:
        TargetWriteError: If it cannot be written; it is unchanged then.
    """
    import shutil
    import tempfile

    real = os.path.realpath(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".gluepy-", dir=os.path.dirname(real))
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(real, temporary)
        os.replace(temporary, real)
    except OSError as error:
        if temporary is not None:
            os.unlink(temporary)
        raise TargetWriteError(path, error.strerror or str(error)) from error


def report(folder: str, sources: Mapping[str, str], *, then: str, dry_run: bool) -> None:
    """Say which files were created, or would be, and what to do next."""
    did = "Would create" if dry_run else "Created"
    print_result(f"{did} {folder}/ ({count(len(sources), 'file')}): {', '.join(sources)}")
    if not dry_run:
        note(f"Next:  {then}")


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "x", encoding="utf-8", newline="\n") as file:
        file.write(text)
