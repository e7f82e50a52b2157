from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
from gluepy.conf import default_context, default_context_manager, default_settings
from gluepy.utils.loading import empty

for proxy in (default_settings, default_context_manager, default_context):
    assert proxy._wrapped is empty
print(default_settings.EXECUTOR, default_settings.source_of("EXECUTOR"))
print(default_context["train"].horizon == default_context.train.horizon == 7)
print(type(default_context_manager._wrapped).__name__)
"""


def run_script(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if "GLUEPY" not in name}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_proxies_find_the_project_of_the_current_folder(tmp_path: Path) -> None:
    tmp_path.joinpath("gluepy.toml").write_text('executor = "threads"\n')
    configs = tmp_path / "configs" / "context"
    configs.mkdir(parents=True)
    configs.joinpath("base.yaml").write_text("train: {horizon: 7}\n")

    done = run_script(configs, SCRIPT)

    assert done.stdout == "threads gluepy.toml\nTrue\nDefaultContextManager\n", done.stderr


def test_context_backend_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("gluepy.toml").write_text('context_backend = "not_there.Manager"\n')

    done = run_script(tmp_path, "from gluepy.conf import default_context; default_context.x")

    assert done.stderr.splitlines()[-1] == (
        "gluepy.exceptions.ModuleLoadError: CONTEXT_BACKEND names 'not_there.Manager', which "
        "cannot be imported: ModuleNotFoundError: No module named 'not_there'"
    )
