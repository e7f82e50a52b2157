"""Two runs side by side: code, versions, parameters, times and metrics."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gluepy.views._runs import OURS, find_run, split_plugin

if TYPE_CHECKING:
    from gluepy.runs.state import RunState, StepState

__all__ = ["diff_view"]

# Durations are never the same twice. Those that differ by less than a tenth, or by less than this
# many seconds, tell nothing.
_NOISE = 0.1
_NOISE_S = 0.1

# Of the context: what is another in every run.
_OWN = "gluepy"

_BAD = ("failed", "timed-out", "lost", "interrupted")

#: Name and value of what there is to compare, in order.
Facts = dict[str, Any]


def diff_view(a: str, b: str) -> dict[str, Any]:
    """Return what two runs have in common, and what not.

    Args:
        a: Any reference to the one run: its id or the beginning of it, its folder, ``@-2``.
        b: To the other.

    Raises:
        CommandError: If there is no such run, or several are meant.
        RunRecordError: If nothing is recorded of one, or its record cannot be read.
    """
    states = [find_run(run).state for run in (a, b)]
    first, second = (_facts(state) for state in states)
    rows = []
    for section, facts in first.items():
        others = second[section]
        # In the order of the later run, as far as it goes.
        names = [*others, *(name for name in facts if name not in others)]
        if section in {"code", "plugins", "context", "metrics", "params"}:
            names.sort()
        rows += [_row(section, name, facts.get(name), others.get(name)) for name in names]
    return {"schema": "gluepy.runs.diff/1", "runs": [_run(one) for one in states], "rows": rows}


def _run(state: RunState) -> dict[str, Any]:
    return {
        "run_id": state.run_id,
        "dag": state.dag,
        "status": state.status,
        "started_at": state.sessions[-1].started_at.isoformat(),
        "seconds": state.seconds,
    }


def _facts(state: RunState) -> dict[str, Facts]:
    """Return all that is compared, by section."""
    last = state.sessions[-1]
    plugins = {name: source for name, source in map(split_plugin, last.plugins) if source != OURS}
    hooked = {source.partition(" ")[0] for source in plugins.values()}
    return {
        "run": {
            "dag": state.dag or None,
            "status": _status(state),
            "took": state.seconds,
            "command": shlex.join(["gluepy", *last.command]) if last.command else None,
            "executor": last.executor,
            "user": last.user or None,
            "host": last.host,
            "python": last.python,
        },
        "code": {name: text for name, text in last.distributions.items() if name not in hooked},
        "git": {"commit": _commit(last.git)},
        "plugins": plugins,
        "context": _flat({key: value for key, value in last.parameters.items() if key != _OWN}),
        "steps": {label: _step(step) for label, step in state.steps.items()},
        "metrics": _metrics(state),
        "params": dict(state.params),
    }


def _row(section: str, name: str, a: Any, b: Any) -> dict[str, Any]:
    is_duration = section == "steps" or (section, name) == ("run", "took")
    change = _change(a, b) if is_duration or section == "metrics" else None
    is_equal = a == b
    if is_duration and isinstance(a, float) and isinstance(b, float):
        is_equal = abs(b - a) < _NOISE_S or (change is not None and abs(change) < _NOISE)
    return {
        "section": section,
        "name": name,
        "a": a,
        "b": b,
        "change": change,
        "is_equal": is_equal,
    }


def _change(a: Any, b: Any) -> float | None:
    """Return how much more the second is, as a part of the first; None where that says nothing."""
    if not (isinstance(a, float) and isinstance(b, float) and a):
        return None
    change = (b - a) / abs(a)
    return change if math.isfinite(change) else None


def _status(state: RunState) -> str:
    """Return how a run stands and, where it is bad, the first step that is to blame."""
    for step in state.steps.values():
        if step.status in _BAD:
            why = step.error.partition("\n")[0] or step.reason
            return f"{state.status} ({step.label}: {why or step.status})"
    return state.status


def _step(step: StepState) -> float | str:
    is_done = step.status == "succeeded" and step.seconds is not None
    return step.seconds if is_done and step.seconds is not None else step.status


def _metrics(state: RunState) -> Facts:
    from gluepy.ops.metrics import metric_to_json

    return {name: metric_to_json(value) for name, value in state.metrics.items()}


def _commit(git: Mapping[str, object] | None) -> str | None:
    if git is None:
        return None
    commit = str(git.get("commit", ""))
    return f"{commit} (with changes)" if git.get("dirty") else commit


def _flat(values: Mapping[str, Any], prefix: str = "") -> Facts:
    """Return nested parameters with dotted names."""
    flat: Facts = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat
