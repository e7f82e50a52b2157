"""What commands cost before they do anything: CPU time of whole processes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.environment import Environment
from benchmarks.measure import Result, call_s, compare, process_s

__all__ = ["measure_all"]


def measure_all(folder: Path, repeats: int) -> Iterator[Result]:
    """Measure case by case, in an environment that is made in ``folder``."""
    environment = Environment(folder)
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
    with environment.empty_dag() as label:
        yield measured(
            "gluepy dag, one step that does nothing",
            partial(run, gluepy("dag", label)),
            floor,
            bound=8,
        )
