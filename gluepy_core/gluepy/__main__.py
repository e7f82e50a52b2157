"""The ``gluepy`` command: ``python -m gluepy`` is the same."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Starting up and listing make thousands of objects and no garbage: the collector would only
    # walk through them, now and once more at the end. Commands that run something enable it.
    gc.disable()
    try:
        from gluepy.utils.streams import open_closed_streams

        open_closed_streams()
        from gluepy.commands import cli

        cli(prog_name="gluepy")
    except KeyboardInterrupt:  # while all this is being imported, before it can say so itself
        sys.exit(130)
    finally:
        if not gc.isenabled():
            gc.freeze()


if __name__ == "__main__":
    main()
