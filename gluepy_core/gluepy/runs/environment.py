"""What a run was started in: by whom, and the state of the code, as far as git knows it."""

from __future__ import annotations

import os
import subprocess

__all__ = ["find_git", "find_user"]

_TIMEOUT_S = 2.0


def find_git(folder: str = "") -> dict[str, object] | None:
    """Return the commit that a folder is at, and whether tracked files differ from it.

    It is a courtesy and never fails, nor waits for long.

    Args:
        folder: In the repository; empty for the current one.

    Returns:
        ``commit`` and ``dirty``; None if the folder is in no repository, or git does not tell.
    """
    try:
        folder = os.path.abspath(folder)
        if not _is_in_repository(folder):
            return None
        done = subprocess.run(
            # What a repository names as its monitor is a program, and not ours to start.
            [
                *("git", "-c", "core.fsmonitor=false", "status"),
                *("--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules"),
            ],
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
    if not commits or commits[0] == "(initial)":
        return None
    return {"commit": commits[0], "dirty": any(not line.startswith("#") for line in lines)}


def find_user() -> str:
    """Return the name of the user that this process belongs to; empty where it has none."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # as in containers that are given a user id
        return ""


def _is_in_repository(folder: str) -> bool:
    """Return whether git is worth being asked: starting it takes longer than a small run."""
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent
    return True
