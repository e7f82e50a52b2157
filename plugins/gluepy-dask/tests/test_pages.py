"""A reader who types what the pages say gets what they show."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import find_port

HERE = Path(__file__).parents[1]
README = HERE / "README.md"
HOW_TO = HERE.parents[1] / "docs" / "how-to" / "run-on-dask.md"

Blocks = list[tuple[str, str]]


def blocks_of(page: Path) -> Blocks:
    """Return language and text of the code of a page, on a port that is free."""
    text = page.read_text().replace("8786", str(find_port()))
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


def write_files(blocks: Blocks, folder: Path) -> None:
    for language, text in blocks:
        if language in ("toml", "python"):
            name, _, content = text.removeprefix("# ").partition("\n")
            (folder / name).write_text(content)


def type_in(blocks: Blocks, language: str, folder: Path) -> str:
    """Type the commands of a page into one shell, and return what that shows."""
    typed = [text.replace("\\\n", "") for kind, text in blocks if kind == language]
    lines = [
        line.removeprefix("$ ")
        for text in typed
        for line in text.splitlines()
        if line.startswith("$ ") and not line.startswith("$ pip install ")
    ]
    # What goes on in the background writes its log elsewhere.
    script = [re.sub(r" &$", " >>log 2>&1 &", line) for line in lines]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell = subprocess.Popen(
        ["bash", "-e", "-c", "\n".join(script)],
        cwd=folder,
        env={**os.environ, "PATH": path, "GLUEPY_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        out, _ = shell.communicate(timeout=100)
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, out
    return out


def test_readme_shows_what_its_commands_print(tmp_path: Path) -> None:
    blocks = blocks_of(README)
    write_files(blocks, tmp_path)

    printed = type_in(blocks, "console", tmp_path)

    shown = "".join(
        f"{line}\n"
        for kind, text in blocks
        if kind == "console"
        for line in text.replace("\\\n", "").splitlines()
        if not line.startswith("$ ")
    )
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    assert re.fullmatch(pattern, printed), printed


@pytest.mark.skipif(not HOW_TO.exists(), reason="not beside the documents of the core")
def test_commands_of_the_guide_work(tmp_path: Path) -> None:
    write_files(blocks_of(README), tmp_path)

    printed = type_in(blocks_of(HOW_TO), "text", tmp_path)

    assert printed.count("3 done in ") == 2
