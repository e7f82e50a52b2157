"""The ``gluepy`` command: ``python -m gluepy`` is the same."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from gluepy.commands import cli

    cli(prog_name="gluepy")


if __name__ == "__main__":
    main()
