"""The command line. ``cli`` is the click group; a project's ``commands.py`` adds to it."""

from gluepy.commands._cli import cli

__all__ = ["cli"]
