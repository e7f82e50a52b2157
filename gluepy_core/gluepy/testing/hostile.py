"""Names that are meant to do harm, for tests of plugins that show runs.

`MODULE` is the source of a module with DAGs and tasks of such names. A plugin that shows their runs
on a page, in a terminal, as files or in addresses shows all of them, and executes none::

    (tmp_path / "hostile.py").write_text(hostile.MODULE)
    (tmp_path / "gluepy.toml").write_text('installed_modules = ["hostile"]')
    Commands(tmp_path).run("dag", hostile.MARKUP)
"""

from __future__ import annotations

__all__ = ["LABELS", "MARKUP", "MODULE"]

#: Empties a page that takes it for markup. `MODULE` has a DAG of this label, with this as the
#: description, and a step that prints it, logs it as metric and parameter, and fails with it.
MARKUP = "<script>document.body.remove()</script><img src=x onerror=document.body.remove()>"

#: Labels that are no plain part of a path or an address, or whose files could meet one another.
#: `MODULE` has a DAG of each, with one step, which succeeds.
LABELS = (
    *("a/b", "a b", "a-b", "A-B", "../up", "..", "end/"),
    *("é.json", "tilde~", "q?a=1#x", "x" * 200),
)

_HEAD = f"""
from gluepy import DAG, Task
from gluepy.ops import default_mlops

MARKUP = {MARKUP!r}


class Hostile(Task):
    label = MARKUP

    def run(self):
        print(MARKUP)
        default_mlops.log_metric(MARKUP, 1)
        default_mlops.log_param(MARKUP, MARKUP)
        raise ValueError(MARKUP)


class HostileDag(DAG):
    __doc__ = MARKUP
    label = MARKUP
    tasks = [Hostile]


class Nothing(Task):
    label = "nothing"

    def run(self):
        pass
"""

_DAG = """

class Odd{number}(DAG):
    label = {label!r}
    tasks = [Nothing]
"""

#: The source of the module.
MODULE = _HEAD + "".join(
    _DAG.format(number=number, label=label) for number, label in enumerate(LABELS)
)
