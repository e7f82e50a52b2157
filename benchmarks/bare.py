"""The floor: a click application that does what nobody can do without, and nothing else.

It is copied into the environment that is measured, as a module, so that it is compiled like Gluepy.
"""

import os
import sys

import click


@click.group()
@click.version_option("1.0")
def cli() -> None:
    """Do nothing, as quickly as click can."""


@cli.command("list")
def list_() -> None:
    """Read what every command that lists plugins has to read."""
    click.echo(sum(len(read_entry_points(folder)) for folder in sys.path if os.path.isdir(folder)))


def read_entry_points(site: str) -> list[bytes]:
    """Return the content of each ``entry_points.txt`` in a folder."""
    found = []
    for entry in os.scandir(site):
        if entry.name.endswith(".dist-info"):
            try:
                with open(f"{entry.path}/entry_points.txt", "rb") as file:
                    found.append(file.read())
            except FileNotFoundError:
                pass
    return found


def main() -> None:
    """Run the command, as the script of a distribution does."""
    cli(prog_name="bare")
