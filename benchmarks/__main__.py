"""Measure all cases, or some groups: ``python -m benchmarks [GROUP]... [--repeats N]``.

The exit code is 1 when a bound is not kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import plans, runs, startup, steps, workers
from benchmarks.measure import render

# With how often each case is measured: what takes longer is disturbed less.
_GROUPS = {
    "startup": (startup.measure_all, 20),
    "steps": (steps.measure_all, 10),
    "workers": (workers.measure_all, 10),
    "plans": (plans.measure_all, 5),
    "runs": (runs.measure_all, 20),
}


def main() -> int:
    """Print a table of all cases and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(_GROUPS)}")
    parser.add_argument("--repeats", type=int, help="how often each case is measured")
    options = parser.parse_args()
    unknown = set(options.groups) - set(_GROUPS)
    if unknown:
        parser.error(f"there is no group {min(unknown)!r}; there are {', '.join(_GROUPS)}")
    print(f"{'CASE':<48} {'GLUEPY':>11} {'FLOOR':>11} {'RATIO':>6} {'BOUND':>6}")
    is_good = True
    for group in options.groups or _GROUPS:
        measure_all, repeats = _GROUPS[group]
        with tempfile.TemporaryDirectory() as folder:
            for result in measure_all(Path(folder), options.repeats or repeats):
                print(render(result), flush=True)
                is_good = is_good and result.holds
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
