"""Names of distributions, as folders, settings and labels spell them."""

from __future__ import annotations

import re

__all__ = ["PROJECT", "normalise"]

#: What stands for the project where the name of a distribution is asked for.
PROJECT = "project"


def normalise(name: str) -> str:
    """Return the name of a distribution in the one form of PEP 503."""
    name = name.lower().replace("_", "-").replace(".", "-")
    # Runs are rare, and a regular expression for every name would show in the time of a scan.
    return re.sub("-+", "-", name) if "--" in name else name
