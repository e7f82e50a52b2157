"""Measure start-up and discovery: ``python -m benchmarks [REPEATS]``.

The exit code is 1 when a bound is not kept.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.environment import Environment
from benchmarks.measure import Result, call_s, compare, process_s

_REPEATS = 20


def main() -> int:
    """Print a table of all cases and return the exit code."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else _REPEATS
    print(f"{'CASE':<44} {'GLUEPY':>9} {'FLOOR':>9} {'RATIO':>6} {'BOUND':>6}")
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        for result in measure_all(Environment(Path(folder)), repeats):
            print(render(result), flush=True)
            is_good = is_good and result.holds
    return 0 if is_good else 1


def measure_all(environment: Environment, repeats: int) -> Iterator[Result]:
    """Measure case by case."""
    measured = partial(compare, repeats=repeats)
    run = partial(process_s, environment)
    gluepy, bare = partial(environment.command, "gluepy"), partial(environment.command, "bare")

    floor = partial(run, bare("--help"))
    yield measured("gluepy --help", partial(run, gluepy("--help")), floor, bound=1.2)
    yield measured("gluepy --version", partial(run, gluepy("--version")), floor, bound=1.2)
    for number in (10, 1_000):
        with environment.distributions(number):
            yield measured(
                f"gluepy list, {number:,} distributions",
                partial(run, gluepy("list")),
                partial(run, bare("list")),
                bound=1.25,
            )
    with environment.distributions(500):
        site = [str(environment.site)]
        yield measured(
            "names of all groups, 500 distributions",
            partial(
                call_s,
                environment,
                "from gluepy.plugin.discovery import discover",
                f"{{one.name for one in discover({site})}}",
            ),
            partial(
                call_s,
                environment,
                "from bare import read_entry_points",
                f"read_entry_points({site[0]!r})",
            ),
            bound=1.3,
        )


def render(result: Result) -> str:
    """Return a line of the table."""
    verdict = "" if result.holds else "  too slow"
    return (
        f"{result.case:<44} {result.subject_s * 1000:>6.1f} ms {result.floor_s * 1000:>6.1f} ms "
        f"{result.ratio:>6.2f} {result.bound:>6.2f}{verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())
